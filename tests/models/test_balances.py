from decimal import Decimal

import pytest

from loyalty_async import BalanceDetails, ClosingBalance, LedgerBalance, PointsCategory


def account(program_id: int, category: str, currency: str | None = None) -> ClosingBalance:
    return ClosingBalance(
        closing_balance=Decimal("1.000"), program_id=program_id, points_category=category, alternate_currency=currency
    )


MAIN, PROMISED, STARS, OTHER = (
    account(1, "Main"),
    account(1, "DelayedAccrualPointCategory"),
    account(1, "Stars_PointCategory", "Stars"),
    account(2, "Main"),
)
BALANCE = LedgerBalance(details=BalanceDetails(ledger_closing_balance=(MAIN, PROMISED, STARS, OTHER)))


def test_one_account_is_found_by_program_category_and_currency() -> None:
    assert BALANCE.find(program_id=1, points_category=PointsCategory.MAIN) is MAIN
    assert BALANCE.find(program_id=2) is OTHER
    assert BALANCE.find(alternate_currency="Stars") is STARS


def test_an_account_that_is_not_there_is_none() -> None:
    assert BALANCE.find(program_id=3) is None
    assert BALANCE.find(program_id=2, alternate_currency="Stars") is None


def test_several_that_fit_are_told() -> None:
    with pytest.raises(LookupError, match="2 accounts fit"):
        BALANCE.find(program_id=1)
