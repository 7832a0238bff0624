"""Killed at any moment, finished by running it again: each entry of the truth exactly once."""

from __future__ import annotations

import random

import pytest

from loyalty_async.export import verify_export
from loyalty_async.export.files import is_own
from loyalty_async.sandbox import Fault
from tests.cli.conftest import Served
from tests.export.children import Task, start
from tests.export.conftest import BEGINNING, NOON, MakeSink
from tests.export.outputs import small_files, truth, written

pytestmark = [pytest.mark.real_time, pytest.mark.timeout(90)]

KILLS = 24
LONGEST_S = 0.25
FAULTS = (
    Fault(delay_s=0.001, jitter_s=0.004, times=None),
    Fault(status=503, every=41, times=None),
    Fault(status=200, damage="truncated", every=53, times=None),
    Fault(status=429, headers={"Retry-After": "0"}, every=67, times=None),
)


@pytest.mark.parametrize("kind", ["jsonl", "jsonl.gz", "csv", "parquet", "postgres"])
def test_an_export_that_is_killed_at_random_moments_has_each_entry_once(
    kind: str, served: Served, make_sink: MakeSink
) -> None:
    for fault in FAULTS:
        served.sandbox.faults.add(fault)
    sink = small_files(make_sink(kind), 4_000)
    user_ids = [member.user_id for member in served.sandbox.ledger.members]
    rng, kills = random.Random(kind), 0
    while True:
        task = Task(
            url=served.url,
            sink=sink,
            user_ids=user_ids,
            since=BEGINNING,
            until=NOON,
            backend=rng.choice(["asyncio", "trio"]),
        )
        process = start(task)
        process.join(rng.uniform(0.0, LONGEST_S) if kills < KILLS else 40.0)
        if process.exitcode is not None:
            break
        process.kill()
        process.join()
        kills += 1
    assert (process.exitcode, kills) == (0, KILLS)
    assert written(sink) == truth(served.sandbox.ledger)
    if hasattr(sink, "folder"):
        assert verify_export(sink.folder).problems == ()
        assert all(is_own(path) and path.name[0] != "." for path in sink.folder.iterdir() if "manifest" not in path.name)

