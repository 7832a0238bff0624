"""Runs contenders in turn, several rounds, each in a process of its own."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial

from benchmarks.answering import serving
from benchmarks.databases import available
from benchmarks.ledgers import Served, answers
from benchmarks.raw import Ceiling, ceiling
from benchmarks.results import Result
from benchmarks.scenarios import Setting
from benchmarks.tasks import Contender, Task

__all__ = ["left_out", "measure", "server_ceiling"]


def server_ceiling(requests: int) -> Ceiling:
    """Say how fast the server answers with pages of a hundred entries, one after the other."""
    served = Served(entries=10_000)
    with serving(partial(answers, served), latency_s=0) as url:
        return ceiling(Task(url=url, served=served), requests)


def left_out(settings: Sequence[Setting]) -> Mapping[str, str]:
    """Say who cannot take part, and why."""
    everybody = {each.name: each for setting in settings for each in setting.contenders}
    reasons = ((name, _reason(contender)) for name, contender in everybody.items())
    return {name: reason for name, reason in reasons if reason}


def _reason(contender: Contender) -> str | None:
    missing = contender.missing()
    if not missing and "psycopg" in contender.needs and not available():
        return "no PostgreSQL answers"
    return missing


def measure(
    scenario: str, settings: Sequence[Setting], rounds: int, on_round: Callable[[str], object]
) -> Iterator[Result]:
    """Measure all settings of a scenario in the same rounds: A B C, A B C, and so on.

    A round before the first, which is not counted, warms the disk and the server, if there are several.
    """
    absent = left_out(settings)
    counted: dict[tuple[int, str], list[Mapping[str, float]]] = {}
    with ExitStack() as servers:
        tasks = [_task(servers, setting) for setting in settings]
        for number in range(rounds if rounds == 1 else rounds + 1):
            for place, (setting, task) in enumerate(zip(settings, tasks, strict=True)):
                if number > setting.rounds or (number == 0 and setting.rounds < rounds):
                    continue
                for contender in setting.contenders:
                    if contender.name in absent:
                        continue
                    on_round(f"{scenario}: {setting.name}, {contender.name}, round {number}")
                    found = run(contender, task)
                    if number or rounds == 1:
                        counted.setdefault((place, contender.name), []).append(found)
    for (place, name), measured in counted.items():
        setting = settings[place]
        yield Result.of(measured, scenario=scenario, setting=setting.name, size=setting.size, contender=name)


def _task(servers: ExitStack, setting: Setting) -> Task:
    served = setting.served
    url = servers.enter_context(serving(partial(answers, served), latency_s=served.latency_s))
    return Task(url=url, served=served, **setting.task)


def run(contender: Contender, task: Task) -> Mapping[str, float]:
    """Let one contender do a task once, in a fresh process.

    Raises:
        RuntimeError: It failed, or did not bring what there is.
    """
    command = [sys.executable, "-m", "benchmarks.contending"]
    done = subprocess.run(command, input=pickle.dumps((contender, task)), capture_output=True, check=False)  # noqa: S603
    if done.returncode:
        raise RuntimeError(f"{contender.name} failed:\n{done.stderr.decode()}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found
