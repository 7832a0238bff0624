"""Killed at any moment, finished by running it again: each entry of the truth exactly once."""

from __future__ import annotations

import random

import pytest

from loyalty_async.export import Sink, verify_export
from loyalty_async.sandbox import Fault
from tests.cli.conftest import Served
from tests.export.children import Task, start
from tests.export.conftest import BEGINNING, NOON, MakeSink
from tests.export.outputs import jobs_by_member, small_files, truth, written

pytestmark = [pytest.mark.real_time, pytest.mark.timeout(90)]

KILLS, FEWEST_KILLS = 24, 8
SIZES = {"jsonl.gz": 1, "csv": 6_000, "parquet": 1_000, "postgres": 4_000}
"""Of files or transactions, in bytes."""
FAULTS = (
    Fault(delay_s=0.003, jitter_s=0.006, times=None),
    Fault(status=503, every=41, times=None),
    Fault(status=200, damage="truncated", every=53, times=None),
    Fault(status=429, headers={"Retry-After": "0"}, every=67, times=None),
)


@pytest.mark.parametrize("kind", list(SIZES))
def test_an_export_that_is_killed_at_random_moments_has_each_entry_once(
    kind: str, served: Served, make_sink: MakeSink
) -> None:
    served.sandbox.faults.add(*FAULTS)
    sink = small_files(make_sink(kind), SIZES[kind])
    user_ids = [member.user_id for member in served.sandbox.ledger.members]
    rng, longest_s = random.Random(kind), 0.15
    for kills in range(1, KILLS + 1):
        process = start(task_for(served, sink, rng))
        process.join(rng.uniform(0.0, longest_s))
        if process.exitcode is not None:
            assert kills > FEWEST_KILLS, "the machine was so quick that it was done too early"
            break
        process.kill()
        process.join()
        # So fast, or slow, that the last kill comes shortly before the end.
        done = len(jobs_by_member(sink)) / len(user_ids)
        longest_s = min(longest_s * (0.4 if done > 0.75 * kills / KILLS else 1.25), 0.35)
    process = start(task_for(served, sink, rng))
    process.join(40)
    assert process.exitcode == 0
    assert written(sink) == truth(served.sandbox.ledger)
    assert len(set(jobs_by_member(sink))) >= 3  # Those that were killed did some of it.
    if hasattr(sink, "folder"):
        assert verify_export(sink.folder).problems == ()
        assert not [path for path in sink.folder.iterdir() if path.name.startswith(".")]


def task_for(served: Served, sink: Sink, rng: random.Random) -> Task:
    return Task(
        url=served.url,
        sink=sink,
        user_ids=[member.user_id for member in served.sandbox.ledger.members],
        since=BEGINNING,
        until=NOON,
        backend=rng.choice(["asyncio", "trio"]),
        options={"workers": 2},
    )
