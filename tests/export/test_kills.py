"""Killed at any moment, finished by running it again: each entry of the truth exactly once."""

from __future__ import annotations

import contextlib
import random
import sqlite3
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from loyalty_async.export import Sink, verify_export
from loyalty_async.export.files import MANIFEST
from loyalty_async.sandbox import Fault
from tests.cli.conftest import Served
from tests.export.children import Task, start
from tests.export.conftest import BEGINNING, KINDS, NOON, MakeSink
from tests.export.outputs import jobs_by_member, small_files, truth, written

pytestmark = [pytest.mark.real_time, pytest.mark.timeout(150)]

KILLS = 20
SIZES = {"jsonl": 5_000, "jsonl.gz": 1, "csv": 6_000, "parquet": 1_000, "postgres": 4_000}
"""Of files or transactions, in bytes: some members."""
ARRIVALS = 20
"""Before they are merged: some of a manifest's units have been, and some have not."""
FAULTS = (
    Fault(delay_s=0.001, jitter_s=0.002, times=None),
    Fault(status=503, every=41, times=None),
    Fault(status=200, damage="truncated", every=53, times=None),
    Fault(status=429, headers={"Retry-After": "0"}, every=67, times=None),
)


@pytest.mark.parametrize("kind", KINDS)
def test_an_export_that_is_killed_at_random_moments_has_each_entry_once(
    kind: str, served: Served, make_sink: MakeSink
) -> None:
    served.sandbox.faults.add(*FAULTS)
    sink, rng = small_files(make_sink(kind), SIZES[kind]), random.Random(kind)
    # So many requests between two kills that all of them together do not suffice, however fast the machine is: each
    # member takes three or more.
    mean = 3 * len(served.sandbox.ledger.members) / KILLS
    for moment in shuffled_moments(mean, rng):
        process = start(task_for(served, sink, rng))
        wait_until_asked(served, moment, process)
        time.sleep(rng.uniform(0.0, 0.01))  # The moment of an answer, of a write, or of a commit.
        assert process.exitcode is None
        process.kill()
        process.join()
    process = start(task_for(served, sink, rng))
    process.join(60)
    assert process.exitcode == 0
    assert written(sink) == truth(served.sandbox.ledger)
    assert len(set(jobs_by_member(sink))) >= 3  # Those that were killed did some of it.
    if hasattr(sink, "folder"):
        assert verify_export(sink.folder).problems == ()
        assert merged(sink.folder) >= ARRIVALS
        assert not [path for path in sink.folder.iterdir() if path.name.startswith(".")]


def shuffled_moments(mean: float, rng: random.Random) -> list[int]:
    """Give numbers of requests, evenly spread from 0 to twice the mean, in any order."""
    moments = [round(2 * mean * number / (KILLS - 1)) for number in range(KILLS)]
    rng.shuffle(moments)
    return moments


def wait_until_asked(served: Served, requests: int, process: BaseProcess, limit_s: float = 60.0) -> None:
    """Wait until a process has sent so many requests."""
    before, give_up_at = served.sandbox.stats.requests.total(), time.monotonic() + limit_s
    while served.sandbox.stats.requests.total() - before < requests:
        assert process.exitcode is None, "it ended before it was killed"
        assert time.monotonic() < give_up_at
        time.sleep(0.001)


def merged(folder: Path | str) -> int:
    """Count the units that are no arrivals any more."""
    with contextlib.closing(sqlite3.connect(Path(folder, MANIFEST))) as manifest:
        (count,) = manifest.execute("SELECT count(*) FROM units").fetchone()
    return int(count)


def task_for(served: Served, sink: Sink, rng: random.Random) -> Task:
    return Task(
        url=served.url,
        sink=sink,
        user_ids=[member.user_id for member in served.sandbox.ledger.members],
        since=BEGINNING,
        until=NOON,
        backend=rng.choice(["asyncio", "trio"]),
        options={"workers": 2},
        most_arrivals=ARRIVALS,
    )
