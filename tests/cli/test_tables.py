from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from loyalty_async.cli.tables import ledger_table, signed_points
from loyalty_async.models.ledger import EntryDetail, LedgerEntry
from tests.cli.conftest import drawn


def line(kind: str = "CREDIT", points: str = "1.50", **fields: Any) -> EntryDetail:
    return EntryDetail(**{"ledger_entry_type": kind, "points": Decimal(points), "points_category": "Main", **fields})


def entry(*details: EntryDetail, **fields: Any) -> LedgerEntry:
    known = {
        "event_log_id": 1,
        "event_name": "TransactionAdd",
        "created_at": datetime(2025, 1, 31, 22, 15, 59, tzinfo=UTC),
        "net_points_on_event": Decimal("1.500"),
        "store": "Harbour Mall",
    }
    return LedgerEntry(**{**known, "entry_details": details, **fields})


def shown(*entries: LedgerEntry, zone: Any = UTC) -> list[str]:
    return drawn(ledger_table(entries, zone))


@pytest.mark.parametrize(
    ("detail", "written"),
    [
        (line("CREDIT", "1.50"), "+1.50"),
        (line("DEBIT", "10247.330"), "-10247.330"),
        (line("OPENING_BALANCE", "0.00"), "=0.00"),
        (line("CREDIT", "0E-7"), "+0.0000000"),
        (line("CREDIT", "12345678901234567890.123"), "+12345678901234567890.123"),
        (line("FROZEN", "5"), "FROZEN 5"),
    ],
)
def test_points_are_exact_and_have_the_sign_of_their_way(detail: EntryDetail, written: str) -> None:
    assert signed_points(detail) == written


def test_a_row_has_date_event_account_points_net_and_store() -> None:
    assert shown(entry(line()))[1].split() == [
        *("2025-01-31", "22:15", "TransactionAdd", "Main", "+1.50", "+1.500", "Harbour", "Mall")
    ]


def test_each_line_of_an_entry_has_a_row_and_what_they_share_stands_once() -> None:
    lines = (
        line(),
        line("DEBIT", "20", points_category="DelayedAccrualPointCategory"),
        line(alternate_currency_name="Stars"),
    )
    rows = shown(entry(*lines))[1:-1]
    assert [row.split()[-2:] for row in rows[1:]] == [["promised", "-20"], ["Stars", "+1.50"]]


def test_an_entry_without_lines_has_a_row() -> None:
    assert shown(entry())[1].split()[2] == "TransactionAdd"


def test_points_stand_in_a_column_that_ends_together() -> None:
    first, second = shown(entry(line(points="1.5")), entry(line(points="1000.25")))[1:3]
    assert first.index("+1.5 ") + len("+1.5") == second.index("+1000.25") + len("+1000.25")


def test_times_are_shown_in_the_zone() -> None:
    zone = ZoneInfo("Asia/Kolkata")
    rows = shown(entry(line()), zone=zone)
    assert rows[1].startswith("2025-02-01 03:45")
    assert "times in Asia/Kolkata" in rows[-1]


def test_eighty_columns_are_enough_for_millions_and_long_names() -> None:
    rows = shown(
        entry(
            line("DEBIT", "1234567.890", alternate_currency_name="Tier-points"),
            event_name="PointsRedemptionReversal",
            net_points_on_event=Decimal("-1234567.890"),
        )
    )
    text = "\n".join(rows)
    assert max(map(len, rows)) <= 80
    for whole in ("PointsRedemption", "Reversal", "-1234567.890", "Tier-points"):
        assert whole in text


def test_nothing_that_the_server_sends_steers_the_terminal_or_the_markup() -> None:
    text = "\n".join(shown(entry(line(), store="\x1b[2J[red]shop", event_name="\x1b]0;x\x07")))
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "[red]" in text.replace("\n", "").replace(" ", "")
