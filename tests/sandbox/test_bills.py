from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from loyalty_async.sandbox.bills import bill_parts, return_parts
from loyalty_async.sandbox.earnings import Scene, Wish
from loyalty_async.sandbox.ledger import Ledger
from loyalty_async.sandbox.records import (
    CARD_PROGRAM,
    DEFAULT_ORGANISATION,
    DEFAULT_PROGRAM,
    MAIN,
    PROMISED,
    Detail,
    Transaction,
)
from loyalty_async.sandbox.times import Calendar
from tests.sandbox.calls import NOON

BILL = Transaction(
    transaction_id=5,
    number="txn-5",
    date=datetime(2025, 3, 1, 17, 30),  # noqa: DTZ001 - a till's wall clock
    amount=Decimal("150.10"),
    gross_amount=Decimal("160.35"),
)
LINES = (
    Detail("CREDIT", Decimal("46.69"), MAIN, DEFAULT_PROGRAM),
    Detail("CREDIT", Decimal("10.01"), PROMISED, DEFAULT_PROGRAM),
    Detail("CREDIT", Decimal("5.125"), MAIN, CARD_PROGRAM),
    Detail("CREDIT", Decimal("100.000"), MAIN, DEFAULT_PROGRAM, "Stars"),
    Detail("CREDIT", Decimal("20.000"), MAIN, DEFAULT_PROGRAM, "Stamps"),
)


def scene(number: int = 9, lines: tuple[Detail, ...] = LINES, **wish: Any) -> Scene:
    ledger = Ledger()
    member = ledger.add_member(user_id=1)
    return Scene(
        entry=ledger.add_entry(1, created_at=NOON, event_log_id=number, details=lines, transaction=BILL),
        owner=member,
        org_id=5,
        programs=DEFAULT_ORGANISATION.programs,
        wish=Wish(**wish),
        calendar=Calendar(),
        convert_on=lambda _: date(2025, 4, 10),
    )


def bill(number: int = 9, **wish: Any) -> Any:
    return bill_parts(scene(number, **wish), BILL)["billDetails"]


def test_a_bill_is_printed_whole() -> None:
    """What stands on it, in numbers."""
    told = bill(bills=True)
    head = {name: value for name, value in told.items() if name not in {"pointsEarned", "lineItems"}}
    assert head == {
        "type": "loyalty",
        "billNumber": "txn-5",
        "grossAmount": Decimal("160.35"),
        "discount": Decimal("10.25"),
        "billAmount": Decimal("150.10"),
        "note": "",
        "source": "instore",
        "billDate": "2025-03-01 17:30:00.0",
        "billDateISO": "2025-03-01T17:30:00Z",
    }


@pytest.mark.parametrize("number", range(12))
def test_bill_and_lines_add_up_to_the_entry(number: int) -> None:
    """Points by program and kind; amounts over the lines; one to three lines."""
    told = bill(number, bills=True)
    sides = [told["pointsEarned"], *[line["pointsEarned"] for line in told["lineItems"]]]
    sums: dict[tuple[int, bool], Decimal] = {}
    for side in sides:
        for name, rows in side.items():
            for row in rows:
                key = (row["programId"], name == "promised")
                sums[key] = sums.get(key, Decimal(0)) + row["value"]
    assert sums == {(973, False): Decimal("46.69"), (973, True): Decimal("10.01"), (2199, False): Decimal("5.125")}
    assert 1 <= len(told["lineItems"]) <= 3
    assert sum(line["amount"] for line in told["lineItems"]) == BILL.amount
    assert all(line["rate"] * line["qty"] == line["amount"] for line in told["lineItems"])


def test_bills_differ_by_event() -> None:
    """In the number of lines, and in whether a promotion gave the points."""
    told = [bill(number, bills=True) for number in range(40)]
    assert {len(each["lineItems"]) for each in told} == {1, 2, 3}
    assert {bool(each["lineItems"][0]["pointsEarned"]["promo"]) for each in told} == {True, False}


def test_the_breakup_adds_up_with_the_lines_or_without_them() -> None:
    """Each flag by itself, and both."""
    both, alone = bill(bills=True, breakup=True), bill(breakup=True)
    assert alone["lineItems"] == []
    assert "pointsEarned" not in alone
    assert "pointsEarnedBreakup" not in bill(bills=True)
    sides = [both["pointsEarnedBreakup"], *[line["pointsEarnedBreakup"] for line in both["lineItems"]]]
    for side in (sides, [alone["pointsEarnedBreakup"]]):
        assert sum(row["value"] for each in side for row in each["regular"]) == Decimal("61.825")


@pytest.mark.parametrize(
    ("currencies", "expected"),
    [(frozenset(), []), (frozenset({"Stars"}), ["Stars"]), (frozenset({"Moons"}), []), (None, ["Stars", "Stamps"])],
)
def test_alternate_currencies_come_if_they_are_asked_for(
    currencies: frozenset[str] | None, expected: list[str]
) -> None:
    """In short and in full; None is all of them."""
    told = bill(bills=True, breakup=True, currencies=currencies)
    for name in ("alternateCurrencyValueEarned", "alternateCurrencyValueEarnedBreakup"):
        rows = told.get(name, [])
        assert [row["alternateCurrencyName"] for row in rows] == expected
        assert [row["regular"][0]["value"] for row in rows] == [100, 20][: len(expected)]


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ({}, set()),
        ({"bills": True}, {"billDetails", "pointInTimeSlabs"}),
        ({"breakup": True}, {"billDetails"}),
        ({"custom_fields": True}, {"customFields"}),
        ({"extended_fields": True}, {"extendedFields"}),
        ({"payment_modes": True}, {"paymentModes"}),
    ],
)
def test_each_flag_brings_its_part(wish: dict[str, Any], expected: set[str]) -> None:
    """And nothing else."""
    assert bill_parts(scene(**wish), BILL).keys() == expected


def test_the_last_day_of_conversion_stands_with_the_points() -> None:
    """Of the bill and of its lines."""
    told = bill(bills=True, max_conversion=True)
    days = {each["pointsEarned"]["maxConversionDate"] for each in (told, *told["lineItems"])}
    assert days == {"2025-04-10 00:00:00.0"}


@pytest.mark.parametrize("number", range(12))
def test_a_return_takes_back_what_the_entry_debits(number: int) -> None:
    """On the bill or on its line, in either spelling."""
    lines = (Detail("DEBIT", Decimal("5.25"), MAIN, DEFAULT_PROGRAM),)
    told: Any = return_parts(scene(number, lines, bills=True, breakup=True), BILL)["billDetails"]
    sides = [told, *told["lineItems"]]
    rows = [row for side in sides for name in ("regular", "promo") for row in side["pointsEarned"][name]]
    assert sum(row.get("returnPoints", 0) + row.get("returnedPoints", 0) for row in rows) == Decimal("5.25")
    full = [row for side in sides for row in side["pointsEarnedBreakup"]["regular"]]
    assert sum(row["returnPoints"] for row in full) == Decimal("5.25")
    assert bool(told["lineItems"]) == (told["returnType"] == "LINE_ITEM")
    assert (told["returnAmount"], told["returnDate"]) == (Decimal("150.10"), "2025-03-01 12:00:00.0")


def test_returns_are_of_each_type() -> None:
    """AMOUNT, FULL, LINE_ITEM and CANCELLED (facts D3)."""
    lines = (Detail("DEBIT", Decimal("5.25"), MAIN, DEFAULT_PROGRAM),)
    told: list[Any] = [return_parts(scene(number, lines, bills=True), BILL)["billDetails"] for number in range(40)]
    assert {each["returnType"] for each in told} == {"AMOUNT", "FULL", "LINE_ITEM", "CANCELLED"}
    assert return_parts(scene(lines=lines), BILL) == {}
