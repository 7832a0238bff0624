from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from loyalty_async import Customer, EntryDetail, InvalidArgument, LedgerEntry, RawEntry, Transaction
from loyalty_async.export.columns import Kind, entry_table, member_values, raw_table, table_of

MOMENT = datetime(2025, 1, 31, 18, tzinfo=UTC)
OWNER = member_values(Customer.by_mobile("91", source="INSTORE"))


def detail(points: str) -> EntryDetail:
    return EntryDetail(ledger_entry_type="CREDIT", points=Decimal(points))


def entry(*details: EntryDetail) -> LedgerEntry:
    bill = Transaction(amount=Decimal("1.50"), extra={"new": 1})
    return LedgerEntry(
        event_log_id=7, event_name="X", created_at=MOMENT, entry_details=details, transaction_details=bill
    )


def test_every_field_of_the_models_has_a_column_and_a_kind() -> None:
    kinds = {column.name: column.kind for column in entry_table().columns}
    assert kinds["member_identifier_value"] is Kind.TEXT
    assert kinds["event_log_id"] is Kind.INTEGER
    assert kinds["event_name"] is Kind.TEXT
    assert kinds["created_at"] is Kind.INSTANT
    assert kinds["transaction_details_date"] is Kind.CLOCK
    assert kinds["transaction_details_amount"] is Kind.DECIMAL
    assert kinds["net_alternate_currencies_on_event"] is Kind.AMOUNTS
    assert kinds["customer_details_user_id"] is Kind.TEXT
    assert kinds["customer_details_identifier_extra"] is Kind.OBJECT
    assert kinds["entry_details"] is Kind.DETAILS
    assert len(kinds) == len(entry_table().columns) == 46


def test_a_row_has_the_values_at_their_places() -> None:
    table = entry_table()
    (row,) = table.rows(OWNER, entry(detail("1.0"), detail("2")))
    values = dict(zip([column.name for column in table.columns], row, strict=True))
    assert values["member_identifier_name"] == "mobile"
    assert values["member_entity_type"] is None
    assert values["transaction_details_amount"] == Decimal("1.50")
    assert values["transaction_details_extra"] == {"new": 1}
    assert values["event_details_reason"] is None
    assert [each[1] for each in values["entry_details"]] == [Decimal("1.0"), Decimal(2)]  # type: ignore[attr-defined]


def test_a_row_a_detail_leaves_no_entry_out() -> None:
    table = entry_table(a_row_a_detail=True)
    names = [column.name for column in table.columns]
    number, points = names.index("entry_details_number"), names.index("entry_details_points")
    rows = list(table.rows(OWNER, entry(detail("1.0"), detail("2"))))
    assert [(row[number], row[points]) for row in rows] == [(0, Decimal("1.0")), (1, Decimal(2))]
    ((*_, last),) = table.rows(OWNER, entry())
    assert last is None
    assert {len(row) for row in rows} == {len(names)}


def test_raw_entries_are_not_taken_apart() -> None:
    raw = RawEntry(event_log_id=7, event_name="X", created_at=MOMENT, raw=b"{}")
    assert list(raw_table().rows(OWNER, raw)) == [[*OWNER, 7, MOMENT, b"{}"]]
    with pytest.raises(InvalidArgument):
        table_of("rows", raw=True)
    with pytest.raises(InvalidArgument):
        table_of("columns", raw=False)
