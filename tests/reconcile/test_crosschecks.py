from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from loyalty_async.models.accounts import AccountBalance, Profile
from loyalty_async.models.balances import BalanceDetails, ClosingBalance, LedgerBalance
from loyalty_async.models.members import Customer
from loyalty_async.reconcile import Agreement, Reason, Rules, match_systems
from loyalty_async.sandbox import Move, Sandbox
from tests.sandbox.clients import altcraft, capillary, seeded_ledger

NOW = datetime(2025, 11, 1, tzinfo=UTC)


def balance(**points: str) -> LedgerBalance:
    """Make a balance of program 973, with one of another program that does not count."""
    categories = {"main": "Main", "promised": "DelayedAccrualPointCategory"}
    accounts = [
        ClosingBalance(closing_balance=Decimal(each), points_category=categories[name], program_id=973)
        for name, each in points.items()
    ]
    other = ClosingBalance(closing_balance=Decimal(99), points_category="Main", program_id=2199)
    return LedgerBalance(details=BalanceDetails(ledger_closing_balance=(*accounts, other)))


def account(active: str, total: str) -> AccountBalance:
    return AccountBalance(active_balance=Decimal(active), total_balance=Decimal(total))


def test_what_can_be_spent_is_main_and_everything_is_all_categories() -> None:
    found = match_systems(account("100.50", "130.50"), balance(main="100.500", promised="30.000"), program_id=973)
    assert (found.active.agreement, found.total.agreement) == (Agreement.MATCH, Agreement.MATCH)
    assert (found.total.ledger, found.total.account) == (Decimal("130.500"), Decimal("130.50"))


@pytest.mark.parametrize(
    ("active", "agreement", "reason"),
    [
        ("100.5", Agreement.MATCH, None),
        ("100.4", Agreement.MISMATCH, None),
        ("100.50", Agreement.MATCH, None),
        ("100.51", Agreement.MISMATCH, None),
        ("101", Agreement.INDETERMINATE, Reason.ROUNDING),
    ],
)
def test_decimals_that_one_side_does_not_print_are_rounding(
    active: str, agreement: Agreement, reason: Reason | None
) -> None:
    found = match_systems(account(active, active), balance(main="100.500"), program_id=973).active
    assert (found.agreement, found.reason) == (agreement, reason)


def test_the_tolerance_and_the_rules_of_rounding_hold() -> None:
    loose, strict = Rules(tolerance=Decimal("0.1")), Rules(rounding="none")
    assert (
        match_systems(account("1.1", "1.1"), balance(main="1.0"), program_id=973, rules=loose).active.agreement
        == "match"
    )
    assert (
        match_systems(account("1", "1"), balance(main="1.001"), program_id=973, rules=strict).active.agreement
        == "mismatch"
    )


def test_a_program_that_is_not_there_holds_nothing() -> None:
    found = match_systems(account("5.00", "5.00"), balance(main="5.000"), program_id=1)
    assert (found.active.ledger, found.active.difference) == (Decimal(0), Decimal("5.00"))


@pytest.mark.anyio
@pytest.mark.parametrize(("currency", "name"), [(None, None), ("Stars", "Stars")])
async def test_both_systems_of_the_sandbox_agree_until_one_errs(currency: str | None, name: str | None) -> None:
    served = Sandbox(seeded_ledger(), now=lambda: NOW)
    member = served.ledger.members[1]
    customer, profile = Customer.by_id(member.user_id, source="INSTORE"), Profile.by_email(member.email)
    async with capillary(served) as left, altcraft(served) as right:
        held = await left.balances.closing(customer, include_alternate_currencies=True)
        account = await right.accounts.balance(program_id=973, member=profile, currency=currency)
        found = match_systems(account, held, program_id=973, currency=name)
        assert (found.active.agreement, found.total.agreement) == (Agreement.MATCH, Agreement.MATCH)
        served.moves.add(Move(action="misstate", path="/v2/pointsLedger", points="3.00"))
        wrong = await left.balances.closing(customer, include_alternate_currencies=True)
        totals = [
            match_systems(
                await right.accounts.balance(program_id=program.program_id, member=profile, currency=each),
                wrong,
                program_id=program.program_id,
                currency=each,
            ).total.difference
            for program in served.ledger.organisation.programs
            for each in (None, *served.ledger.organisation.currencies)
        ]
    assert sum(totals) == Decimal("-3.00")
