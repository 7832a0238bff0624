from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from loyalty_async.cli.balance_tables import account_table, balance_table, schedule_table
from loyalty_async.models.accounts import AccountBalance
from loyalty_async.models.balances import ClosingBalance
from loyalty_async.models.promised_points import PromisedPoints, PromisedPointsSchedule
from tests.cli.conftest import drawn


def account(points: str, **fields: Any) -> ClosingBalance:
    known = {"points_category": "Main", "program_name": "Everyday", "program_id": 973}
    return ClosingBalance(closing_balance=Decimal(points), **{**known, **fields})


def promise(points: str, day: date | None = None, kind: str = "bill_regular") -> PromisedPoints:
    return PromisedPoints(points=Decimal(points), redeemable_from=day, program_id=973, points_type=kind)


def test_each_account_has_a_row_and_the_moment_stands_below() -> None:
    lines = drawn(
        balance_table(
            [
                account("1234.500"),
                account("20", points_category="DelayedAccrualPointCategory"),
                account("0.000", points_category="Stars_PointCategory", alternate_currency="Stars"),
            ],
            "as of now",
        )
    )
    assert lines == [
        "program        account   balance",
        "Everyday (973) Main     1234.500",
        "Everyday (973) promised       20",
        "Everyday (973) Stars       0.000",
        "as of now",
    ]


@pytest.mark.parametrize("points", ["12345678901234567890123456789.123", "-0.001", "0E-7", "1E+3"])
def test_a_balance_is_exact_whatever_its_length(points: str) -> None:
    balances = [account(points, program_name="A program with quite a long name, as people like to give them")]
    lines = drawn(balance_table(balances, "as of now"))
    assert f"{Decimal(points):f}" in "\n".join(lines)
    assert max(map(len, lines)) <= 80


def test_an_account_about_which_little_is_known_has_a_row() -> None:
    balance = ClosingBalance(closing_balance=Decimal(1))
    assert drawn(balance_table([balance], ""))[1].split() == ["1"]


def test_no_balances_are_a_sentence() -> None:
    assert drawn(balance_table([], "as of now")) == ["No balances, as of now."]


def test_promises_come_by_their_day_and_those_that_wait_for_an_event_last() -> None:
    schedule = PromisedPointsSchedule(
        scheduled=(
            promise("390.000", date(2025, 7, 14)),
            promise("-40", date(2025, 7, 2), "line_item_promotions"),
            promise("0", date(2025, 7, 3), "lottery"),
        ),
        trigger_based=(promise("1.5", kind="customer_promotions"),),
    )
    assert drawn(schedule_table(schedule)) == [
        "redeemable from program promised for                  points",
        "2025-07-02      973     promotions on lines of bills     -40",
        "2025-07-03      973     lottery                            0",
        "2025-07-14      973     bills                        390.000",
        "an event        973     promotions for the member        1.5",
    ]


def test_no_promises_are_a_sentence() -> None:
    assert drawn(schedule_table(PromisedPointsSchedule())) == ["No points are promised."]


def test_an_account_has_what_is_active_and_all() -> None:
    balance = AccountBalance(total_balance=Decimal("1700.000"), active_balance=Decimal("42.1"))
    assert drawn(account_table(balance)) == [
        "account   points",
        "active      42.1",
        "total   1700.000",
    ]


def test_nothing_that_the_server_sends_steers_the_terminal_or_the_markup() -> None:
    text = "\n".join(drawn(balance_table([account("1", program_name="\x1b[2J[red]x")], "as of now")))
    assert "\x1b" not in text
    assert "[red]" in text
