"""What a member has, by program, category and currency.

Source: getCustomerLedgerBalance, "Response parameter".
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import attrs

from loyalty_async.models.fields import mapping
from loyalty_async.models.ledger import LedgerOwner
from loyalty_async.models.pages import ServerWarning
from loyalty_async.models.vocabulary import PointsCategory

__all__ = ["BalanceDetails", "ClosingBalance", "LedgerBalance"]


@attrs.frozen(kw_only=True)
class ClosingBalance:
    """What is in one account.

    Attributes:
        closing_balance: How many points, exactly as sent.
        points_category: Main, promised or trigger-based; an alternate currency has a category of its own.
        program_name: The program.
        program_id: Its id.
        alternate_currency: The currency; None for points.
        alternate_currency_category: REGULAR and so on, for an alternate currency.
        extra: What else the server sent.
    """

    closing_balance: Decimal
    points_category: PointsCategory | str | None = None
    program_name: str | None = None
    program_id: int | None = None
    alternate_currency: str | None = None
    alternate_currency_category: str | None = None
    extra: Mapping[str, Any] = mapping()


@attrs.frozen(kw_only=True)
class BalanceDetails:
    """The accounts, and paging figures that count the *entries* of the ledger: there is nothing to page here."""

    ledger_closing_balance: tuple[ClosingBalance, ...] = ()
    page_number: int | None = None
    page_size: int | None = None
    total_entries: int | None = None
    page_count: int | None = None
    extra: Mapping[str, Any] = mapping()


@attrs.frozen(kw_only=True)
class LedgerBalance:
    """Everything a member has, at one instant.

    Attributes:
        owner: Whose it is.
        details: The accounts, with the server's figures around them.
        warnings: What the server wants known.
        extra: What else the server sent.
    """

    owner: LedgerOwner | None = None
    details: BalanceDetails = attrs.field(factory=BalanceDetails)
    warnings: tuple[ServerWarning, ...] = ()
    extra: Mapping[str, Any] = mapping()

    @property
    def balances(self) -> tuple[ClosingBalance, ...]:
        """The accounts."""
        return self.details.ledger_closing_balance

    def find(
        self,
        *,
        program_id: int | None = None,
        points_category: PointsCategory | str | None = None,
        alternate_currency: str | None = None,
    ) -> ClosingBalance | None:
        """Find one account; what is None is not looked at, but points are only found without a currency.

        Returns:
            The account; None if there is none.

        Raises:
            LookupError: Several accounts fit; say more.
        """
        found = [
            balance
            for balance in self.balances
            if balance.alternate_currency == alternate_currency
            and program_id in (None, balance.program_id)
            and points_category in (None, balance.points_category)
        ]
        if len(found) > 1:
            raise LookupError(f"{len(found)} accounts fit; give program_id, points_category and alternate_currency")
        return found[0] if found else None
