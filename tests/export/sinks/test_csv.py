from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from loyalty_async import Customer
from loyalty_async.export import Csv
from tests.cli.conftest import Served
from tests.export.conftest import NOON
from tests.export.outputs import rows_of
from tests.export.test_engine import members_of, run, true_of

pytestmark = [pytest.mark.anyio, pytest.mark.real_time]


async def test_no_cell_of_text_is_run_by_a_spreadsheet(served: Served, tmp_path: Path) -> None:
    member = served.sandbox.ledger.add_member(external_id="=cmd|' /C calc'!A0")
    served.sandbox.ledger.add_entry(member.user_id, created_at=NOON - timedelta(days=2), points="-5")
    listed = Customer.by_external_id("=cmd|' /C calc'!A0", source="INSTORE")
    sink = Csv(tmp_path)
    await run(served, [listed], sink)
    (row,) = rows_of(sink)
    assert row["member_identifier_value"] == "'=cmd|' /C calc'!A0"
    assert row["created_at"] == "2025-06-28T12:00:00.000000Z"


async def test_each_detail_may_have_a_row(served: Served, tmp_path: Path) -> None:
    sink = Csv(tmp_path, details="rows", compressed=True)
    summary = await run(served, members_of(served, 5), sink)
    rows = list(rows_of(sink))
    truth = true_of(served, members_of(served, 5))
    assert len(rows) == summary.rows == sum(max(len(fact[3]), 1) for fact in truth.elements())
    assert summary.entries == truth.total()
