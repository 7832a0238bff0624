from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from loyalty_async.models.balances import ClosingBalance
from loyalty_async.models.ledger import EntryDetail, LedgerEntry
from loyalty_async.reconcile import Account, Line, post, reported_of
from loyalty_async.reconcile.postings import minus
from tests.reconcile.books import CARD, MAIN, PROMISED, STARS


@pytest.mark.parametrize(("kind", "effect"), [("CREDIT", "5"), ("DEBIT", "-5"), ("OPENING_BALANCE", "5"), ("NEW", "5")])
def test_only_a_debit_takes_points_away(kind: str, effect: str) -> None:
    assert str(Line(MAIN, kind, Decimal(5)).effect) == effect


def test_an_entry_is_reduced_to_what_moved() -> None:
    entry = LedgerEntry(
        event_log_id=5,
        event_name="TransactionAdd",
        created_at=datetime(2025, 1, 1, tzinfo=UTC),
        net_points_on_event=Decimal("46.688"),
        entry_details=(
            EntryDetail(ledger_entry_type="CREDIT", points=Decimal("46.69"), points_category="Main", program_id=973),
            EntryDetail(
                ledger_entry_type="CREDIT",
                points=Decimal(9),
                points_category="Main",
                program_id=973,
                alternate_currency_name="Stars",
            ),
        ),
    )
    posting = post(entry)
    assert [(each.account, str(each.points)) for each in posting.lines] == [(MAIN, "46.69"), (STARS, "9")]
    assert (posting.event_log_id, posting.net) == (5, Decimal("46.688"))


def test_a_currencys_balance_is_in_the_account_that_its_entries_name() -> None:
    """`AC-hawai_PointCategory`, REGULAR, there; `Main` and the currency's name here (facts D1 and D2)."""
    shared = {"program_id": 973, "alternate_currency": "Stars", "points_category": "Stars_PointCategory"}
    balances = [
        ClosingBalance(closing_balance=Decimal("150.000"), alternate_currency_category="REGULAR", **shared),  # type: ignore[arg-type]
        ClosingBalance(closing_balance=Decimal("7.000"), alternate_currency_category="PROMISED", **shared),  # type: ignore[arg-type]
        ClosingBalance(closing_balance=Decimal("1.000"), points_category="Main", program_id=973),
    ]
    promised = Account(program_id=973, points_category="DelayedAccrualPointCategory", currency="Stars")
    assert reported_of(balances) == {STARS: Decimal(150), promised: Decimal(7), MAIN: Decimal(1)}


def test_the_name_of_a_program_is_no_part_of_an_account() -> None:
    assert Account(program_id=973, points_category="Main", program_name="Renamed") == MAIN
    assert hash(MAIN) == hash(Account(program_id=973, points_category="Main"))


def test_accounts_sort_by_program_then_currency_with_main_first() -> None:
    assert sorted([CARD, STARS, PROMISED, MAIN], key=lambda each: each.sort_key) == [MAIN, PROMISED, STARS, CARD]


def test_a_difference_keeps_every_digit() -> None:
    assert str(minus(Decimal("1e30"), Decimal("0.001"))) == "999999999999999999999999999999.999"
