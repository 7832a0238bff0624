"""What is new, and only that."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from loyalty_async import Customer, InvalidArgument
from loyalty_async.export import JsonLines, Sink, Stretch, Summary, export_ledgers, verify_export
from tests.cli.conftest import Served
from tests.export.conftest import BEGINNING, NOON, MakeSink
from tests.export.outputs import truth, written
from tests.export.test_engine import client_of, members_of, true_of

pytestmark = [pytest.mark.anyio, pytest.mark.real_time]

DAY = timedelta(days=1)
EARLIER = NOON - 40 * DAY


async def run(served: Served, members: list[Customer], span: Stretch, sink: Sink, **options: Any) -> Summary:
    filters = {"include_alternate_currencies": True}
    async with client_of(served) as client:
        return await export_ledgers(
            client, members, span, sink, filters=filters, clock=lambda: NOON, settle=timedelta(0), **options
        )


@pytest.mark.parametrize("kind", ["jsonl", "postgres"])
async def test_the_next_run_adds_what_is_new_and_what_was_booked_late_and_nothing_twice(
    kind: str, served: Served, make_sink: MakeSink
) -> None:
    members, sink = members_of(served, 30), make_sink(kind)
    first = await run(served, members, Stretch(BEGINNING, EARLIER), sink, lookback=10 * DAY)
    ledger = served.sandbox.ledger
    late = ledger.add_entry(int(members[0].identifier_value), created_at=EARLIER - 5 * DAY, points="7")
    second = await run(served, members, Stretch("last"), sink, lookback=10 * DAY)
    assert (first.run, second.run, second.read) == (1, 2, 30)
    assert written(sink) == true_of(served, members)
    assert late.event_log_id in {fact[1] for fact in written(sink)}
    assert second.since == BEGINNING.isoformat()
    again = await run(served, members, Stretch("last"), sink, lookback=10 * DAY)
    assert (again.run, again.read, again.skipped) == (2, 0, 30)


async def test_many_small_runs_are_one_large_one(served: Served, tmp_path: Path) -> None:
    members, sink = members_of(served, 12), JsonLines(tmp_path)
    await run(served, members, Stretch(BEGINNING, EARLIER), sink, lookback=3 * DAY)
    for days in range(9, 46, 9):
        summary = await run(served, members, Stretch("last", EARLIER + days * DAY), sink, lookback=3 * DAY)
    assert summary.run == 6
    assert written(sink) == true_of(served, members)
    found = verify_export(tmp_path)
    assert (found.problems, found.complete) == ((), True)


async def test_a_member_who_is_new_to_the_list_is_read_from_the_beginning(served: Served, tmp_path: Path) -> None:
    members, sink = members_of(served, 10), JsonLines(tmp_path)
    await run(served, members[:6], Stretch(BEGINNING, EARLIER), sink)
    await run(served, members, Stretch("last"), sink)
    assert written(sink) == true_of(served, members)


async def test_a_member_who_missed_a_run_is_read_from_where_it_was(served: Served, tmp_path: Path) -> None:
    members, sink = members_of(served, 10), JsonLines(tmp_path)
    await run(served, members, Stretch(BEGINNING, EARLIER), sink)
    await run(served, members[:5], Stretch("last", EARLIER + 20 * DAY), sink)
    await run(served, members, Stretch("last"), sink)
    assert written(sink) == true_of(served, members)


async def test_whole_ledgers_go_on_as_well(served: Served, tmp_path: Path) -> None:
    members, sink = members_of(served, 6), JsonLines(tmp_path)
    await run(served, members, Stretch(None, EARLIER), sink)
    await run(served, members, Stretch("last"), sink)
    assert written(sink) == truth(served.sandbox.ledger, [int(member.identifier_value) for member in members])


async def test_what_is_new_is_not_asked_of_a_run_that_is_not_there(served: Served, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="begin with a date"):
        await run(served, [], Stretch("last"), JsonLines(tmp_path))
