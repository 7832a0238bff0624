"""An export is a ledger like the server's: what is reconciled from it comes to the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from loyalty_async.errors import IncompleteLedgerError, InvalidArgument, OutputError
from loyalty_async.export import Csv, JsonLines, Parquet, Sink, Stretch, export_ledgers
from loyalty_async.models.members import Customer
from loyalty_async.models.spans import Span
from loyalty_async.reconcile import Agreement, ExportedLedgers, MemberVerdict, Reason, Rules, reconcile_members
from loyalty_async.reconcile.instants import MARGIN
from loyalty_async.sandbox import Move, Sandbox
from tests.sandbox.clients import NOW, capillary, customer, seeded_ledger

pytestmark = pytest.mark.anyio

SPAN = Span(NOW - timedelta(days=200), NOW - timedelta(days=20))
WIDE = Span(SPAN.since - timedelta(days=30), SPAN.until + timedelta(days=5))
WITH_CURRENCIES = {"include_alternate_currencies": True}
SINKS: dict[str, Callable[[Path], Sink]] = {
    "jsonl": JsonLines,
    "gzip": lambda folder: JsonLines(folder, compressed=True),
    "parquet": Parquet,
    "parquet, a row a detail": lambda folder: Parquet(folder, details="rows"),
}


def sandbox() -> Sandbox:
    """Some members; the balance of the third is wrong, and an entry of the fifth comes twice."""
    ledger = seeded_ledger()
    third, fifth = (str(ledger.members[place].user_id) for place in (2, 4))
    moves = [
        Move(action="misstate", path="/v2", where={"identifierValue": third}, points="-5", created_at=middle()),
        Move(action="double", path="/v2", where={"identifierValue": fifth}),
    ]
    return Sandbox(ledger, moves=moves, now=lambda: NOW)


def middle() -> Any:
    return SPAN.since + (SPAN.until - SPAN.since) / 2


def members(served: Sandbox) -> list[Customer]:
    return [Customer.by_id(member.user_id, source="INSTORE") for member in served.ledger.members]


async def exported(served: Sandbox, sink: Sink, span: Span | Stretch = WIDE, **options: Any) -> None:
    async with capillary(served, clock=lambda: NOW) as client:
        options = {"filters": WITH_CURRENCIES, **options}
        await export_ledgers(client, members(served), span, sink, clock=lambda: NOW, **options)


async def judged(served: Sandbox, source: Any = None) -> dict[int, MemberVerdict]:
    async with (
        capillary(served, clock=lambda: NOW) as client,
        reconcile_members(client, members(served), SPAN, rules=Rules(pause_s=0), entries=source) as verdicts,
    ):
        return {verdict.number: verdict async for verdict in verdicts}


def figures(verdicts: dict[int, MemberVerdict]) -> dict[int, Any]:
    return {
        number: (
            verdict.agreement,
            verdict.entries,
            [(a.account, a.difference, a.divergence) for a in verdict.accounts],
        )
        for number, verdict in verdicts.items()
    }


@pytest.mark.parametrize("name", SINKS)
async def test_an_export_and_balances_come_to_what_live_calls_come_to(name: str, tmp_path: Path) -> None:
    served = sandbox()
    await exported(served, SINKS[name](tmp_path))
    live = await judged(served)
    with ExportedLedgers(tmp_path, SPAN) as ledgers:
        assert ledgers.has_currencies
        before = served.stats.entries_served
        from_export = await judged(served, ledgers.source)
    assert served.stats.entries_served == before
    assert figures(from_export) == figures(live)
    assert from_export[3].agreement is Agreement.MISMATCH
    assert from_export[1].agreement is Agreement.MATCH


@pytest.mark.parametrize("name", SINKS)
async def test_entries_come_back_as_they_were(name: str, tmp_path: Path) -> None:
    served = sandbox()
    await exported(served, SINKS[name](tmp_path))
    count = 0
    with ExportedLedgers(tmp_path, SPAN, whole=True) as ledgers:
        for member in members(served):
            async with capillary(served, clock=lambda: NOW) as client:
                query = client.ledger.entries(
                    member, since=SPAN.since - MARGIN, until=SPAN.until + MARGIN, include_alternate_currencies=True
                )
                now = await query.collect()
            then = ledgers.entries(member)
            assert [bare(entry) for entry in then] == [bare(entry) for entry in now]
            count += len(then)
    assert count > 50


def bare(entry: Any) -> Any:
    """Leave out what a folder does not keep apart: nothing, and an object without anything known in it."""
    details = [
        (d.ledger_entry_type, d.points, d.points_category, d.alternate_currency_name) for d in entry.entry_details
    ]
    return entry.event_log_id, entry.event_name, entry.created_at, entry.net_points_on_event, entry.store, details


async def test_several_runs_of_one_member_are_one_ledger(tmp_path: Path) -> None:
    served = sandbox()
    await exported(served, JsonLines(tmp_path), Span(WIDE.since, middle()))
    await exported(served, JsonLines(tmp_path), Stretch("last", WIDE.until))
    with ExportedLedgers(tmp_path, SPAN) as ledgers:
        assert figures(await judged(served, ledgers.source)) == figures(await judged(served))


async def test_a_member_who_was_not_exported_cannot_be_told(tmp_path: Path) -> None:
    served = sandbox()
    await exported(served, JsonLines(tmp_path))
    stranger = customer(served.ledger.members[0])  # By the mobile number: the export knows user ids.
    with ExportedLedgers(tmp_path, SPAN) as ledgers:
        assert ledgers.covered(stranger) is None
        async with (
            capillary(served) as client,
            reconcile_members(client, [stranger], SPAN, entries=ledgers.source) as verdicts,
        ):
            [verdict] = [verdict async for verdict in verdicts]
    assert (verdict.agreement, verdict.reason) == (Agreement.INDETERMINATE, Reason.UNEXPORTED)


@pytest.mark.parametrize(
    ("sink", "options", "span", "problem"),
    [
        (JsonLines, {}, Span(WIDE.since - timedelta(days=1), SPAN.until), "does not cover"),
        (JsonLines, {}, Span(SPAN.since, WIDE.until + timedelta(days=1)), "does not cover"),
        (JsonLines, {"filters": {"program_id": 973}}, SPAN, r"leaves entries out \(program_id\)"),
        (JsonLines, {"raw": True}, SPAN, "raw"),
        (Csv, {}, SPAN, "CSV does not keep"),
    ],
)
async def test_what_would_not_add_up_is_refused(
    tmp_path: Path, sink: Any, options: dict[str, Any], span: Span, problem: str
) -> None:
    await exported(sandbox(), sink(tmp_path), **options)
    with pytest.raises(InvalidArgument, match=problem):
        ExportedLedgers(tmp_path, span)


async def test_a_file_that_is_not_as_it_was_written_is_refused(tmp_path: Path) -> None:
    await exported(sandbox(), JsonLines(tmp_path))
    file = tmp_path / "entries-000001.jsonl"
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(OutputError, match="not as the manifest says"):
        ExportedLedgers(tmp_path, SPAN)
    file.unlink()
    with pytest.raises(OutputError, match="not as the manifest says"):
        ExportedLedgers(tmp_path, SPAN)


async def test_nobody_exports_into_the_folder_meanwhile_but_afterwards(tmp_path: Path) -> None:
    served = sandbox()
    await exported(served, JsonLines(tmp_path))
    with ExportedLedgers(tmp_path, SPAN), pytest.raises(OutputError, match="at work"):
        await exported(served, JsonLines(tmp_path))
    await exported(served, JsonLines(tmp_path))


async def test_a_member_whose_run_ended_before_the_span_is_incomplete(tmp_path: Path) -> None:
    """One who was not on the list of the last run."""
    served = sandbox()
    await exported(served, JsonLines(tmp_path), Span(WIDE.since, middle()))
    async with capillary(served, clock=lambda: NOW) as client:
        await export_ledgers(
            client,
            members(served)[1:],
            Stretch("last", WIDE.until),
            JsonLines(tmp_path),
            filters=WITH_CURRENCIES,
            clock=lambda: NOW,
        )
    with ExportedLedgers(tmp_path, SPAN) as ledgers:
        found = await judged(served, ledgers.source)
        with pytest.raises(IncompleteLedgerError, match="does not cover the span for this member"):
            await ledgers.ledger(members(served)[0])
        assert await ledgers.ledger(members(served)[1])
    assert found[1].reason is Reason.INCOMPLETE
    assert found[2].agreement is Agreement.MATCH


def test_a_folder_without_an_export_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no export"):
        ExportedLedgers(tmp_path, SPAN)
