"""A server that is nothing but arithmetic: it lists entries and reports balances, and may disagree with itself.

It stands where a client stands (`books.client`, `books.entries`), so that thousands of ledgers can be tried.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import attrs

from loyalty_async.errors import NoEntriesError
from loyalty_async.models.balances import BalanceDetails, ClosingBalance, LedgerBalance
from loyalty_async.models.members import Customer, Member
from loyalty_async.models.pages import ServerWarning
from loyalty_async.models.spans import Span
from loyalty_async.reconcile.postings import Account, Line, Posting
from loyalty_async.reconcile.sources import Proved

MEMBER = Customer.by_mobile("917406401004", source="INSTORE")
START = datetime(2025, 1, 10, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
MAIN = Account(program_id=973, points_category="Main", program_name="Everyday")
CARD = Account(program_id=2199, points_category="Main", program_name="Card")
PROMISED = Account(program_id=973, points_category="DelayedAccrualPointCategory", program_name="Everyday")
STARS = Account(program_id=973, points_category="Main", currency="Stars", program_name="Everyday")


def line(account: Account, effect: str | Decimal) -> Line:
    """Make a line out of a signed amount."""
    points = Decimal(effect)
    return Line(account, "DEBIT" if points < 0 else "CREDIT", points.copy_abs())


def entry(number: int, at: datetime, *lines: Line, name: str = "TransactionAdd", net: str | None = None) -> Posting:
    """Make an entry."""
    return Posting(
        event_log_id=number, event_name=name, created_at=at, lines=lines, net=None if net is None else Decimal(net)
    )


@attrs.define(eq=False)
class Books:
    """One member's books.

    Attributes:
        listed: What the ledger shows.
        counted: What balances count; the same unless told.
        inclusive: Whether a balance counts what was booked at its very instant.
        fractions: Whether it looks at fractions of a second.
        shift: How much later than asked for balances are cut off.
        settled_until: Until when entries are known.
        calls: The instants at which balances were asked for.
        reads: How often the entries were read.
        warning: A warning's code on every balance.
    """

    listed: list[Posting]
    counted: list[Posting] = attrs.Factory(lambda self: list(self.listed), takes_self=True)
    inclusive: bool = True
    fractions: bool = True
    shift: timedelta = timedelta(0)
    settled_until: datetime = datetime(2030, 1, 1, tzinfo=UTC)
    calls: list[datetime] = attrs.field(factory=list)
    reads: int = 0
    warning: int | None = None
    pending: bool = False

    @property
    def client(self) -> Any:
        """Stand in for a client."""
        return _Client(balances=self)

    async def entries(self, _member: Member, span: Span) -> Proved:
        """Stand in for a source of entries."""
        self.reads += 1
        self.on_read()
        within = Span(span.since, min(span.until, self.settled_until))
        found = sorted(
            (each for each in self.listed if each.created_at in within),
            key=lambda each: (each.created_at, each.event_log_id),
        )
        return Proved(postings=tuple(found), span=within, pending=self.pending)

    def on_read(self) -> None:
        """Change something just before the entries are read; nothing unless overridden."""

    async def closing(
        self, _member: Member, *, at: datetime, include_alternate_currencies: bool | None = None
    ) -> LedgerBalance:
        """Stand in for `client.balances.closing`."""
        self.calls.append(at)
        counted = [each for each in self.counted if self.counts(each.created_at, at + self.shift)]
        if not counted:
            raise NoEntriesError("no entries")
        sums: dict[Account, Decimal] = {}
        for each in (each for posting in counted for each in posting.lines):
            if each.account.currency is None or include_alternate_currencies:
                sums[each.account] = sums.get(each.account, Decimal("0.000")) + each.effect
        warnings = () if self.warning is None else (ServerWarning(code=self.warning),)
        balances = tuple(_closing(account, points) for account, points in sums.items())
        return LedgerBalance(details=BalanceDetails(ledger_closing_balance=balances), warnings=warnings)

    def counts(self, booked: datetime, end: datetime) -> bool:
        """Say whether a balance with that end counts what was booked then."""
        moment = booked if self.fractions else booked.replace(microsecond=0)
        return moment <= end if self.inclusive else moment < end


@attrs.frozen
class _Client:
    balances: Books


def effect(postings: Iterable[Posting], account: Account) -> Decimal:
    """Add up what entries do to an account."""
    lines = (each for posting in postings for each in posting.lines)
    return sum((each.effect for each in lines if each.account == account), start=Decimal(0))


def _closing(account: Account, points: Decimal) -> ClosingBalance:
    alternate = account.currency is not None
    return ClosingBalance(
        closing_balance=points,
        points_category=f"{account.currency}_PointCategory" if alternate else account.points_category,
        program_name=account.program_name,
        program_id=account.program_id,
        alternate_currency=account.currency,
        alternate_currency_category="REGULAR" if alternate else None,
    )
