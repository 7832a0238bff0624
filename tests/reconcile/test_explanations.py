from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from loyalty_async.reconcile import Account, AccountVerdict, Agreement, Divergence, Reason, explain
from loyalty_async.reconcile.explanations import REASONS, account_words, program_words, verdict_words
from tests.reconcile.books import DAY, MAIN, STARS, START


def verdict(difference: str = "-5.00", **fields: Any) -> AccountVerdict:
    return AccountVerdict(
        account=MAIN,
        agreement=Agreement.MISMATCH,
        opening=Decimal(0),
        calculated=Decimal("1005.00"),
        difference=Decimal(difference),
        rounding=Decimal(0),
        **{"reported": Decimal("1000.000"), **fields},
    )


def divergence(**fields: Any) -> Divergence:
    return Divergence(since=START, until=START + DAY, difference=Decimal("-5.00"), **fields)


def test_the_amounts_are_told_exactly() -> None:
    assert explain(verdict()) == (
        "The server reports 1,000.000: 5.00 less than the 1,005.00 that the opening balance and the entries make."
    )
    assert "names no such account: 5.00 less" in explain(verdict(reported=None))


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (
            divergence(event_log_ids=(7,), event_names=("ReturnBill",)),
            "With event 7 (ReturnBill) the server has 5.00 too little.",
        ),
        (divergence(event_log_ids=(7,), event_names=("ReturnBill",), uncounted=7), "it does not count it."),
        (divergence(event_log_ids=(7, 8), event_names=("A", "B")), "With the events 7, 8, too close in time"),
        (divergence(event_log_ids=(7, 8), event_names=("A", "A"), uncounted=8), "Without event 8 it would add up."),
        (divergence(follows=6), "after event 6, the server has 5.00 too little, and no entry in between says why"),
        (divergence(), "By 11 Jan 2025 12:00:00 UTC the server has"),
    ],
)
def test_where_it_goes_wrong_is_told(found: Divergence, words: str) -> None:
    text = explain(verdict(divergence=found))
    assert words in text
    assert "The two agree until 10 Jan 2025 12:00:00 UTC." in text


def test_every_reason_has_words() -> None:
    assert set(REASONS) == set(Reason)
    assert REASONS[Reason.ROUNDING] in explain(verdict(reason=Reason.ROUNDING))


def test_accounts_and_verdicts_have_names() -> None:
    assert (account_words(MAIN), account_words(STARS), account_words(Account())) == (
        "Main",
        "Main, Stars",
        "No category",
    )
    assert (program_words(MAIN), program_words(Account(program_id=5)), program_words(Account())) == (
        "Everyday",
        "Program 5",
        "No program",
    )
    assert verdict_words(Agreement.INDETERMINATE, Reason.MOVED) == "Indeterminate: moved"
