"""What a reconciliation needs of a ledger: accounts, and what moved in them, exactly.

The details of an entry are its truth. `netPointsOnEvent` mixes currencies in three ways and is rounded otherwise than
the details (46.69 beside 46.688), so no sum here is made of it.

Source: getCustomerLedgerInfo and getCustomerLedgerBalance, "Response parameter".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Context, Decimal, localcontext

import attrs

from loyalty_async.models.balances import ClosingBalance
from loyalty_async.models.ledger import EntryDetail, LedgerEntry
from loyalty_async.models.vocabulary import LedgerEntryType, PointCategoryType, PointsCategory

__all__ = ["Account", "Line", "Posting", "Reported", "exact_sum", "minus", "post", "reported_of"]

_EXACT = Context(prec=400)
"""Digits: an amount has at most 80 of them (see `wire.scalars`), so that no sum of amounts is rounded."""
_CATEGORIES: Mapping[str, str] = {
    PointCategoryType.REGULAR: PointsCategory.MAIN,
    PointCategoryType.PROMISED: PointsCategory.PROMISED,
    PointCategoryType.TRIGGER_BASED: PointsCategory.TRIGGER_BASED,
}
"""What balances of alternate currencies call a category, to what entries call it."""


@attrs.frozen(kw_only=True, order=False, cache_hash=True)
class Account:
    """Where points are: one category of one program, in points or in one alternate currency.

    Attributes:
        program_id: The program's id.
        points_category: Main, promised or trigger-based.
        currency: The alternate currency; None for points.
        program_name: The program's name; not part of what an account is.
    """

    program_id: int | None = None
    points_category: str | None = None
    currency: str | None = None
    program_name: str | None = attrs.field(default=None, eq=False)

    @property
    def sort_key(self) -> tuple[int, str, str]:
        """Programs by id, points before currencies, the main category first."""
        category = self.points_category or ""
        return self.program_id or 0, self.currency or "", "" if category == PointsCategory.MAIN else category


@attrs.frozen
class Line:
    """Points that moved in one account; *effect* is what they do to its balance.

    An opening balance counts as a credit: it starts the account, which holds nothing before.
    """

    account: Account
    kind: str
    points: Decimal

    @property
    def effect(self) -> Decimal:
        """The points, negative for a debit."""
        return self.points.copy_negate() if self.kind == LedgerEntryType.DEBIT else self.points


@attrs.frozen(kw_only=True)
class Posting:
    """One entry, reduced to what moved.

    Attributes:
        event_log_id: The event's id.
        event_name: What happened.
        created_at: When it was booked, aware.
        lines: What moved where.
        net: `netPointsOnEvent`, which is only reported on.
    """

    event_log_id: int
    event_name: str
    created_at: datetime
    lines: tuple[Line, ...]
    net: Decimal | None = None


Reported = Mapping[Account, Decimal]
"""What the server says is in each account at one instant."""


def post(entry: LedgerEntry) -> Posting:
    """Reduce an entry."""
    return Posting(
        event_log_id=entry.event_log_id,
        event_name=str(entry.event_name),
        created_at=entry.created_at,
        lines=tuple(map(_line, entry.entry_details)),
        net=entry.net_points_on_event,
    )


def reported_of(balances: Iterable[ClosingBalance]) -> dict[Account, Decimal]:
    """Give balances by account; one that comes twice is added up."""
    reported: dict[Account, Decimal] = {}
    for balance in balances:
        account = _account_of(balance)
        reported[account] = exact_sum((reported.get(account, Decimal(0)), balance.closing_balance))
    return reported


def exact_sum(amounts: Iterable[Decimal]) -> Decimal:
    """Add amounts up without rounding; of nothing it is 0."""
    with localcontext(_EXACT):
        return sum(amounts, start=Decimal(0))


def minus(left: Decimal, right: Decimal) -> Decimal:
    """Subtract without rounding."""
    return exact_sum((left, right.copy_negate()))


def _line(detail: EntryDetail) -> Line:
    account = Account(
        program_id=detail.program_id,
        points_category=_text(detail.points_category),
        currency=detail.alternate_currency_name,
        program_name=detail.program_name,
    )
    return Line(account, str(detail.ledger_entry_type), detail.points)


def _account_of(balance: ClosingBalance) -> Account:
    """Name the account of a balance as entries name it.

    Entries of an alternate currency are in `Main` and name the currency; its balance is in `<currency>_PointCategory`
    and says `REGULAR` beside it.
    """
    category = _text(balance.points_category)
    if balance.alternate_currency is not None:
        kind = balance.alternate_currency_category or PointCategoryType.REGULAR
        category = str(_CATEGORIES.get(kind, kind))
    return Account(
        program_id=balance.program_id,
        points_category=category,
        currency=balance.alternate_currency,
        program_name=balance.program_name,
    )


def _text(category: str | None) -> str | None:
    return None if category is None else str(category)
