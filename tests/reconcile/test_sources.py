from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import pytest

from loyalty_async.models.members import Customer
from loyalty_async.models.spans import Span
from loyalty_async.reconcile import Agreement, exported_entries, reconcile_member
from loyalty_async.sandbox import LEDGER_INFO_PATH, Ledger, Sandbox
from loyalty_async.wire.rows import write_rows
from tests.sandbox.clients import capillary

pytestmark = [pytest.mark.anyio, pytest.mark.real_time]  # Files are read in threads.

JAN = datetime(2025, 1, 1, tzinfo=UTC)
MONTH = Span(JAN, JAN + timedelta(days=31))
MEMBER = Customer.by_id(7001, source="INSTORE")


def ledger() -> Ledger:
    made = Ledger()
    made.add_member(user_id=7001)
    for days, points in ((-9, "30.00"), (3, "20.00"), (12, "-7.50"), (40, "1.00")):
        made.add_entry(7001, created_at=JAN + timedelta(days=days), points=points)
    return made


async def export(served: Sandbox, path: Path, span: Span = MONTH) -> None:
    async with capillary(served) as client:
        entries = await client.ledger.entries(MEMBER, since=span.since, until=span.until).collect()
    await anyio.Path(path).write_bytes(write_rows(entries))


async def test_an_export_and_balances_are_enough(tmp_path: Path) -> None:
    """No entry is read from the server."""
    served = Sandbox(ledger())
    await export(served, tmp_path / "january.jsonl")
    before = served.stats.requests[LEDGER_INFO_PATH, 200]
    async with capillary(served) as client:
        source = exported_entries(tmp_path / "january.jsonl", MONTH)
        verdict = await reconcile_member(client, MEMBER, MONTH, entries=source)
    assert (verdict.agreement, verdict.entries) == (Agreement.MATCH, 2)
    assert verdict.span == Span(MONTH.since, MONTH.until - timedelta(seconds=1))
    assert served.stats.requests[LEDGER_INFO_PATH, 200] == before


async def test_an_entry_that_came_after_the_export_is_missed(tmp_path: Path) -> None:
    made = ledger()
    served = Sandbox(made)
    await export(served, tmp_path / "january.jsonl")
    late = made.add_entry(7001, created_at=JAN + timedelta(days=20), points="5.00")
    async with capillary(served) as client:
        source = exported_entries(tmp_path / "january.jsonl", MONTH)
        verdict = await reconcile_member(client, MEMBER, MONTH, entries=source)
    [account] = verdict.unmatched
    assert account.divergence is not None
    assert account.divergence.since <= late.created_at <= account.divergence.until
