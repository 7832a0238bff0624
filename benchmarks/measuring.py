"""Runs contenders in turn, several rounds, each in a process of its own."""

from __future__ import annotations

import json
import os
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
    scenario: str, settings: Sequence[Setting], rounds: int, on_run: Callable[[str], object]
) -> Iterator[Result]:
    """Measure all settings of a scenario in the same rounds: A B C, A B C, and so on.

    Raises:
        RuntimeError: A contender failed, or did not bring what there is.
    """
    absent = left_out(settings)
    counted: dict[tuple[int, str], list[Mapping[str, float]]] = {}
    with ExitStack() as servers:
        tasks = [_task(servers, setting) for setting in settings]
        for number, place, contender in _turns(settings, rounds):
            if contender.name not in absent:
                on_run(f"{scenario}: {settings[place].name}, {contender.name}, round {number}")
                found = _checked(_run(contender, tasks[place]), settings[place], contender)
                if number:
                    counted.setdefault((place, contender.name), []).append(found)
    for (place, name), measured in counted.items():
        setting = settings[place]
        yield Result.of(measured, scenario=scenario, setting=setting.name, size=setting.size, contender=name)


def _turns(settings: Sequence[Setting], rounds: int) -> Iterator[tuple[int, int, Contender]]:
    """Say in which round, in which setting, and who; round 0 warms the disk and the server, where others follow."""
    for number in range(0 if rounds > 1 else 1, rounds + 1):
        for place, setting in enumerate(settings):
            if number <= setting.rounds and (number or setting.rounds > 1):
                for contender in setting.contenders:
                    yield number, place, contender


def _task(servers: ExitStack, setting: Setting) -> Task:
    served = setting.served
    url = servers.enter_context(serving(partial(answers, served), latency_s=served.latency_s))
    return Task(url=url, served=served, **setting.task)


def _checked(found: Mapping[str, float], setting: Setting, contender: Contender) -> Mapping[str, float]:
    if found["units"] != setting.units:
        raise RuntimeError(f"{contender.name} brought {found['units']:,} of {setting.units:,} in {setting.name}")
    return found


def _run(contender: Contender, task: Task) -> Mapping[str, float]:
    """Let one contender do a task once, in a fresh process.

    Raises:
        RuntimeError: It failed.
    """
    command = [sys.executable, "-m", "benchmarks.contending"]
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    done = subprocess.run(  # noqa: S603 - ourselves
        command, env=environment, input=pickle.dumps((contender, task)), capture_output=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{contender.name} failed:\n{done.stderr.decode()}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found
