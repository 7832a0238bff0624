from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from loyalty_async.sandbox.ledger import Ledger
from loyalty_async.sandbox.promises import conversion_day, open_lots, redeemable_from
from loyalty_async.sandbox.records import CARD_PROGRAM, DEFAULT_PROGRAM, MAIN, PROMISED, Detail, Entry, Transaction
from loyalty_async.sandbox.times import Calendar
from tests.sandbox.calls import NOON

DAY = timedelta(days=1)
CALENDAR = Calendar()


@pytest.fixture
def ledger() -> Ledger:
    ledger = Ledger()
    ledger.add_member(user_id=1)
    return ledger


def promise(ledger: Ledger, points: str, days: int, **fields: Any) -> Entry:
    return ledger.add_entry(1, created_at=NOON + days * DAY, points=points, category=PROMISED, **fields)


def held(ledger: Ledger, now: datetime) -> list[tuple[str, date]]:
    lots = open_lots(ledger.entries(1), DEFAULT_PROGRAM, PROMISED, now)
    return [(str(lot.points), redeemable_from(lot, CALENDAR, now.date())) for lot in lots]


def test_lots_convert_on_the_days_of_the_ledger(ledger: Ledger) -> None:
    """The oldest first; a debit may end one lot and begin another."""
    promise(ledger, "100.00", 0)
    promise(ledger, "50.00", 10)
    promise(ledger, "-120.00", 31)
    promise(ledger, "-30.00", 41)
    assert held(ledger, NOON + 11 * DAY) == [
        ("100.00", date(2025, 4, 1)),
        ("20.00", date(2025, 4, 1)),
        ("30.00", date(2025, 4, 11)),
    ]
    assert held(ledger, NOON + 31 * DAY) == [("30.00", date(2025, 4, 11))]
    assert held(ledger, NOON + 41 * DAY) == []


@pytest.mark.parametrize(("days", "expected"), [(0, 30), (29, 30), (30, 60), (59, 60), (60, 90), (400, 420)])
def test_a_lot_that_the_ledger_does_not_convert_waits_for_the_next_job(
    ledger: Ledger, days: int, expected: int
) -> None:
    """Which comes every thirty days, and never today."""
    promise(ledger, "5.00", 0)
    assert held(ledger, NOON + days * DAY) == [("5.00", (NOON + expected * DAY).date())]


def test_what_is_later_than_now_is_not_there_yet(ledger: Ledger) -> None:
    """Neither points nor what is taken from them."""
    promise(ledger, "5.00", 1)
    promise(ledger, "-5.00", 2)
    assert held(ledger, NOON) == []


def test_a_debit_of_more_than_there_is_leaves_a_debt(ledger: Ledger) -> None:
    """Negative points, so that the sum is still the balance."""
    promise(ledger, "5.00", 0)
    promise(ledger, "-7.50", 1)
    promise(ledger, "1.00", 2)
    promise(ledger, "-0.50", 3)
    assert [points for points, _ in held(ledger, NOON + 2 * DAY)] == ["-2.500", "1.00"]
    assert [points for points, _ in held(ledger, NOON + 3 * DAY)] == ["-2.500", "1.00", "-0.500"]


def test_points_may_be_nothing(ledger: Ledger) -> None:
    """A credit of nothing is a lot; an opening balance of nothing is none."""
    nothing = Detail("OPENING_BALANCE", Decimal("0.00"), PROMISED, DEFAULT_PROGRAM)
    ledger.add_entry(1, created_at=NOON, details=[nothing])
    promise(ledger, "0.00", 1)
    assert [points for points, _ in held(ledger, NOON + DAY)] == ["0.00"]


def test_an_opening_balance_is_a_lot(ledger: Ledger) -> None:
    """It was promised before the ledger began."""
    line = Detail("OPENING_BALANCE", Decimal("9.00"), PROMISED, DEFAULT_PROGRAM)
    ledger.add_entry(1, created_at=NOON, details=[line])
    assert [points for points, _ in held(ledger, NOON)] == ["9.00"]


def test_other_accounts_are_not_looked_at(ledger: Ledger) -> None:
    """Another program, category or currency."""
    promise(ledger, "1", 0, program=CARD_PROGRAM)
    promise(ledger, "1", 0, currency="Stars")
    ledger.add_entry(1, created_at=NOON, points=1, category=MAIN)
    assert held(ledger, NOON) == []


def test_lots_have_the_types_of_the_documents(ledger: Ledger) -> None:
    """By the entry: of bills four, of everything else one."""
    bill = Transaction(transaction_id=1, number="1", date=NOON, amount=Decimal(1), gross_amount=Decimal(1))
    for number in range(4):
        promise(ledger, "1", number, event_log_id=number, transaction=bill)
    promise(ledger, "1", 5)
    lots = open_lots(ledger.entries(1), DEFAULT_PROGRAM, PROMISED, NOON + 9 * DAY)
    assert [lot.points_type for lot in lots] == [
        "bill_regular",
        "line_item_regular",
        "bill_promotions",
        "line_item_promotions",
        "customer_promotions",
    ]


def test_an_entry_knows_the_last_day_of_its_promises(ledger: Ledger) -> None:
    """Of its own points: by the ledger if it says, else by the next job."""
    first, second = promise(ledger, "10", 0), promise(ledger, "10", 1)
    promise(ledger, "-15", 20)
    entries, now = ledger.entries(1), NOON + 21 * DAY
    assert conversion_day(entries, first, DEFAULT_PROGRAM, CALENDAR, now) == (NOON + 20 * DAY).date()
    assert conversion_day(entries, second, DEFAULT_PROGRAM, CALENDAR, now) == (NOON + 31 * DAY).date()
