from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_async.reconcile.postings import Line, exact_sum
from loyalty_async.reconcile.totals import by_account, check_nets, movements, restated, rounding_bound, running
from tests.reconcile.books import CARD, DAY, MAIN, STARS, START, entry, line

AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**30), max_value=10**30)


@given(st.lists(AMOUNTS, max_size=40))
def test_sums_are_exact_where_decimal_by_itself_rounds(amounts: list[Decimal]) -> None:
    assert Fraction(exact_sum(amounts)) == sum(map(Fraction, amounts))


def test_a_sum_of_large_and_small_loses_nothing() -> None:
    assert str(exact_sum([Decimal("1e40"), Decimal("0.001")])) == "10000000000000000000000000000000000000000.001"


@pytest.mark.parametrize(
    ("amounts", "rounding", "bound"),
    [
        (["46.69"], "nearest", "0.005"),
        (["46.69"], "any", "0.01"),
        (["46.69"], "none", "0"),
        (["20.000", "46.69", "7"], "nearest", "0.5055"),
        ([], "nearest", "0"),
    ],
)
def test_the_bound_is_a_share_of_the_last_place_of_each_amount(amounts: list[str], rounding: Any, bound: str) -> None:
    assert rounding_bound(map(Decimal, amounts), rounding) == Decimal(bound)


@given(st.lists(st.decimals(min_value=-1000, max_value=1000, places=3), max_size=30))
def test_rounding_to_the_nearest_never_leaves_the_bound(exact: list[Decimal]) -> None:
    printed = [amount.quantize(Decimal("0.01"), "ROUND_HALF_UP") for amount in exact]
    assert abs(exact_sum(printed) - exact_sum(exact)) <= rounding_bound(printed)


@given(
    st.lists(st.decimals(min_value=-1000, max_value=1000, places=3), max_size=30),
    st.sampled_from(["ROUND_DOWN", "ROUND_CEILING"]),
)
def test_cutting_off_never_leaves_the_wider_bound(exact: list[Decimal], mode: str) -> None:
    printed = [amount.quantize(Decimal("0.01"), mode) for amount in exact]
    assert abs(exact_sum(printed) - exact_sum(exact)) <= rounding_bound(printed, "any")


def test_movements_are_counted_and_summed_by_kind_and_event() -> None:
    postings = [
        entry(1, START, line(MAIN, "5.00"), line(STARS, "7")),
        entry(2, START + DAY, line(MAIN, "-2.50"), name="PointsRedemption"),
        entry(3, START + 2 * DAY, line(MAIN, "1.25")),
    ]
    found = movements(by_account(postings)[MAIN])
    assert [(each.kind, each.event_name, each.count, str(each.points)) for each in found] == [
        ("CREDIT", "TransactionAdd", 2, "6.25"),
        ("DEBIT", "PointsRedemption", 1, "2.50"),
    ]


def test_the_running_balance_has_a_step_for_each_entry() -> None:
    """An entry that debits and credits one account is one step."""
    postings = [
        entry(1, START, line(MAIN, "5.00")),
        entry(2, START + DAY, line(CARD, "1")),
        entry(3, START + DAY, line(MAIN, "-2.00"), line(MAIN, "3.00")),
    ]
    steps = running(Decimal(10), START - DAY, by_account(postings)[MAIN])
    assert [(step.event_log_id, str(step.balance)) for step in steps] == [(None, "10"), (1, "15.00"), (3, "16.00")]


def test_what_an_opening_balance_finds_is_what_it_may_restate() -> None:
    opening = Line(MAIN, "OPENING_BALANCE", Decimal("15.00"))
    postings = [
        entry(1, START, line(MAIN, "5.00")),
        entry(2, START + DAY, opening),
        entry(3, START + DAY, line(MAIN, "1")),
    ]
    assert restated(Decimal(10), by_account(postings)[MAIN]) == 15
    assert restated(Decimal(0), by_account(postings[1:])[MAIN]) == 0


@pytest.mark.parametrize(
    ("net", "differing"),
    [("15.00", 0), ("15.0", 0), ("115.00", 0), ("14.998", 1), ("0", 1), (None, 0)],
)
def test_nets_are_held_against_points_alone_and_with_currencies(net: str | None, differing: int) -> None:
    """Alternate currencies are added in or kept apart (facts D2): both are right."""
    posting = entry(1, START, line(MAIN, "20.00"), line(CARD, "-5.00"), line(STARS, "100"), net=net)
    found = check_nets([posting])
    assert (found.compared, found.differing) == (0 if net is None else 1, differing)


def test_the_largest_difference_of_a_net_is_told() -> None:
    """Seed 002: 46.688 beside a detail of 46.69."""
    assert str(check_nets([entry(1, START, line(MAIN, "46.69"), net="46.688")]).largest) == "0.002"
