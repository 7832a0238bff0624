from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from loyalty_async.errors import InvalidArgument
from loyalty_async.models.spans import Span
from loyalty_async.reconcile import AccountVerdict, Agreement, Reason, Rules, match_accounts
from loyalty_async.reconcile.matching import worst
from tests.reconcile.books import CARD, DAY, MAIN, PROMISED, STARS, START, entry, line

SPAN = Span(START - DAY, START + 9 * DAY)


def matched(opening: str | None, *effects: str, closing: str | None, rules: Rules | None = None) -> AccountVerdict:
    """Reconcile one account."""
    [verdict] = match_accounts(
        span=SPAN,
        opening={} if opening is None else {MAIN: Decimal(opening)},
        postings=[entry(number, START + number * DAY, line(MAIN, each)) for number, each in enumerate(effects)],
        closing={} if closing is None else {MAIN: Decimal(closing)},
        rules=rules,
    )
    return verdict


@pytest.mark.parametrize(
    ("opening", "effects", "closing", "agreement", "difference"),
    [
        ("100.000", ("5.00", "-2.50"), "102.500", Agreement.MATCH, "0.000"),
        ("100.000", (), "100.000", Agreement.MATCH, "0.000"),
        ("100.000", (), "100.0", Agreement.MATCH, "0.000"),
        (None, ("5.00",), "5.000", Agreement.MATCH, "0.000"),
        ("5.000", ("-5.00",), None, Agreement.MATCH, "0.000"),
        ("100.000", ("5.00",), "105.001", Agreement.INDETERMINATE, "0.001"),
        ("100.000", ("5.00",), "105.006", Agreement.INDETERMINATE, "0.006"),
        ("100.000", ("5.00",), "105.007", Agreement.MISMATCH, "0.007"),
        ("100.000", ("5.00",), "106.000", Agreement.MISMATCH, "1.000"),
        ("5.000", (), None, Agreement.MISMATCH, "-5.000"),
        (None, (), "7.000", Agreement.MISMATCH, "7.000"),
    ],
)
def test_opening_and_entries_against_the_closing(
    opening: str | None, effects: tuple[str, ...], closing: str | None, agreement: Agreement, difference: str
) -> None:
    verdict = matched(opening, *effects, closing=closing)
    assert verdict.agreement is agreement
    assert verdict.difference == Decimal(difference)
    assert verdict.reported == (None if closing is None else Decimal(closing))
    assert verdict.calculated == (verdict.reported or 0) - verdict.difference


def test_differences_are_never_rounded() -> None:
    big = "123456789012345678901234567890.123"
    verdict = matched(big, "0.001", closing="123456789012345678901234567890.125", rules=Rules(rounding="none"))
    assert str(verdict.difference) == "0.001"


@pytest.mark.parametrize(
    ("tolerance", "closing", "agreement"),
    [("0.5", "105.500", Agreement.MATCH), ("0.5", "104.500", Agreement.MATCH), ("0.5", "105.501", Agreement.MISMATCH)],
)
def test_the_tolerance_is_included(tolerance: str, closing: str, agreement: Agreement) -> None:
    assert matched("100.000", "5.00", closing=closing, rules=Rules(tolerance=Decimal(tolerance))).agreement is agreement


def test_without_rounding_the_smallest_difference_is_a_mismatch() -> None:
    assert matched("1.000", "5.00", closing="6.001", rules=Rules(rounding="none")).agreement is Agreement.MISMATCH


def test_an_opening_balance_that_may_restate_is_indeterminate() -> None:
    posting = entry(1, START, line(MAIN, "80.00"))
    opening_line = type(posting.lines[0])(MAIN, "OPENING_BALANCE", Decimal("80.00"))
    [verdict] = match_accounts(
        span=SPAN,
        opening={MAIN: Decimal("80.000")},
        postings=[entry(1, START, opening_line)],
        closing={MAIN: Decimal("80.000")},
    )
    assert (verdict.agreement, verdict.reason) == (Agreement.INDETERMINATE, Reason.OPENING)


def test_every_account_is_there_in_order_and_judged_alone() -> None:
    """Programs by id, points before currencies, the main category first."""
    verdicts = match_accounts(
        span=SPAN,
        opening={CARD: Decimal(1)},
        postings=[entry(1, START, line(STARS, "3"), line(PROMISED, "2"))],
        closing={MAIN: Decimal(4), CARD: Decimal(1), STARS: Decimal(3), PROMISED: Decimal(2)},
        rules=Rules(rounding="none"),
    )
    assert [each.account for each in verdicts] == [MAIN, PROMISED, STARS, CARD]
    assert [each.agreement for each in verdicts] == [Agreement.MISMATCH, *[Agreement.MATCH] * 3]


def test_a_trail_is_kept_only_of_what_does_not_match() -> None:
    assert matched("1.000", "5.00", closing="6.000").trail == ()
    assert [str(step.balance) for step in matched("1.000", "5.00", closing="9.000").trail] == ["1.000", "6.000"]


def test_the_worst_counts() -> None:
    assert worst([]) is Agreement.MATCH
    assert worst([Agreement.MATCH, Agreement.INDETERMINATE]) is Agreement.INDETERMINATE
    assert worst([Agreement.INDETERMINATE, Agreement.MISMATCH]) is Agreement.MISMATCH


@pytest.mark.parametrize(
    "options",
    [
        {"tolerance": Decimal(-1)},
        {"tolerance": Decimal("NaN")},
        {"tolerance": 0.5},
        {"rounding": "up"},
        {"rounds": 1},
        {"rounds": True},
        {"pause_s": -1},
        {"pause_s": "1"},
        {"probes": -1},
    ],
)
def test_rules_that_cannot_be_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument, match=next(iter(options))):
        Rules(**options)
