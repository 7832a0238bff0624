"""What a reconciliation comes to: for one account, and for one member."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

import attrs

from loyalty_async.models.members import Member
from loyalty_async.models.spans import Span
from loyalty_async.reconcile.postings import Account

__all__ = ["AccountVerdict", "Agreement", "Divergence", "MemberVerdict", "Movement", "NetCheck", "Reason", "Step"]


class Agreement(StrEnum):
    """Whether what was calculated is what the server reports."""

    MATCH = "match"
    """They are equal, or differ by no more than the tolerance."""
    MISMATCH = "mismatch"
    """They differ by more than anything known explains."""
    INDETERMINATE = "indeterminate"
    """It cannot be told; a `Reason` says why."""


class Reason(StrEnum):
    """Why it cannot be told whether a balance is right."""

    ROUNDING = "rounding"
    """The difference is no larger than what rounding of the printed amounts can make."""
    OPENING = "opening"
    """An opening balance came to an account that held points: it may restate them or add to them."""
    MOVED = "moved"
    """The ledger changed from reading to reading."""
    PENDING = "pending"
    """The server warned that it has not booked everything yet."""
    INCOMPLETE = "incomplete"
    """The entries could not be proved complete."""
    UNEXPORTED = "unexported"
    """The entries were to come from an export, and it does not have the member."""
    UNREADABLE = "unreadable"
    """The server refused or failed for this member."""


@attrs.frozen(kw_only=True)
class Movement:
    """What entries of one kind and event name moved in one account.

    Attributes:
        kind: CREDIT, DEBIT or OPENING_BALANCE.
        event_name: What happened.
        count: How many lines.
        points: Their sum, without a sign.
    """

    kind: str
    event_name: str
    count: int
    points: Decimal


@attrs.frozen(kw_only=True)
class Step:
    """One step of a running balance.

    Attributes:
        at: When.
        balance: What the account holds then, calculated.
        event_log_id: The entry that made it so; None for an opening.
        event_name: What happened.
    """

    at: datetime
    balance: Decimal
    event_log_id: int | None = None
    event_name: str | None = None


@attrs.frozen(kw_only=True)
class Divergence:
    """Where a running balance first leaves the reported one.

    At `since` they still agree, at `until` they do not; both are seconds without an entry, at which the server was
    asked. With one entry between them it is the one; several lie in seconds too close to be told apart; with none,
    points came or went without an entry.

    Attributes:
        since: The last instant asked about at which the two agree.
        until: The first at which they do not.
        difference: By how much: reported minus calculated, between the two.
        event_log_ids: The entries between the two.
        event_names: What happened in each of them.
        follows: The entry before; None if there is none in the span.
        uncounted: The entry between the two without which they would agree, as if the server did not count it; of
            several such, as of a bill that was booked twice, the one with the highest id.
    """

    since: datetime
    until: datetime
    difference: Decimal
    event_log_ids: tuple[int, ...] = ()
    event_names: tuple[str, ...] = ()
    follows: int | None = None
    uncounted: int | None = None

    @property
    def event_log_id(self) -> int | None:
        """The entry, where it can be told."""
        return self.event_log_ids[0] if len(self.event_log_ids) == 1 else self.uncounted

    @property
    def is_sharp(self) -> bool:
        """Whether it is known to the minute."""
        return self.until - self.since < timedelta(minutes=1)

    @property
    def words(self) -> str:
        """Say in short what happened: `no entry`, `TransactionAdd 178437000`, `TransactionAdd and 2 more`."""
        if not self.event_log_ids:
            return "no entry"
        if self.event_log_id is None:
            return f"{self.event_names[0]} and {len(self.event_log_ids) - 1:,} more"
        return f"{self.event_names[self.event_log_ids.index(self.event_log_id)]} {self.event_log_id}"


@attrs.frozen(kw_only=True)
class AccountVerdict:
    """One account: opening + entries against closing. Every amount is exact.

    Attributes:
        account: Program, category and currency.
        agreement: Whether they agree.
        reason: Why it cannot be told; None if it can.
        opening: What the server reports at the beginning; nothing is 0.
        calculated: The opening and all entries.
        reported: What the server reports at the end; None if it names no such account.
        difference: Reported minus calculated: positive if the server has too much.
        rounding: The largest difference that rounding of the printed amounts can make.
        movements: What came and went, by kind and event name.
        divergence: Where it goes wrong, if that was looked for and found.
        trail: The running balance; only where the account does not match.
        readings: What the server reported in between, while the divergence was looked for.
    """

    account: Account
    agreement: Agreement
    reason: Reason | None = None
    opening: Decimal
    calculated: Decimal
    reported: Decimal | None
    difference: Decimal
    rounding: Decimal
    movements: tuple[Movement, ...] = ()
    divergence: Divergence | None = None
    trail: tuple[Step, ...] = attrs.field(default=(), repr=lambda steps: f"<{len(steps)}>")
    readings: tuple[Step, ...] = attrs.field(default=(), repr=lambda steps: f"<{len(steps)}>")


@attrs.frozen(kw_only=True)
class NetCheck:
    """How `netPointsOnEvent` stands to the details; it decides nothing.

    Attributes:
        compared: How many entries have a net.
        differing: How many have one that is neither the sum of their points nor that of all their lines.
        largest: The largest such difference, without a sign.
    """

    compared: int = 0
    differing: int = 0
    largest: Decimal = Decimal(0)


@attrs.frozen(kw_only=True)
class MemberVerdict:
    """One member: all accounts.

    Attributes:
        member: Whose; personal data, kept out of the `repr`.
        number: The place of the member among those given, the first is 1.
        span: What was reconciled: at both ends no entry falls into the second that the server was asked about.
        agreement: The worst of the accounts'.
        reason: Why it cannot be told; None if it can.
        accounts: By program, currency and category.
        entries: How many entries lie in the span.
        nets: How the entries' nets stand to their details.
        rounds: How often everything was read.
        codes: The server's codes, if it refused.
    """

    member: Member = attrs.field(repr=False)
    number: int = 1
    span: Span | None = None
    agreement: Agreement
    reason: Reason | None = None
    accounts: tuple[AccountVerdict, ...] = ()
    entries: int = 0
    nets: NetCheck = NetCheck()
    rounds: int = 1
    codes: tuple[int, ...] = ()

    @property
    def unmatched(self) -> Sequence[AccountVerdict]:
        """The accounts that do not match."""
        return [account for account in self.accounts if account.agreement is not Agreement.MATCH]
