"""Many verdicts as a few numbers: what came out, and totals by program, category and currency.

A summary takes one verdict after the other and keeps none of them: its size is that of the chart of accounts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

import attrs

from loyalty_async.errors import InvalidArgument
from loyalty_async.models.vocabulary import LedgerEntryType
from loyalty_async.reconcile.postings import Account, exact_sum
from loyalty_async.reconcile.verdicts import AccountVerdict, Agreement, MemberVerdict, Movement

__all__ = ["AccountTotals", "Limit", "Summary"]

_WHOLE = Decimal(100)


@attrs.define(kw_only=True)
class AccountTotals:
    """One account, over all members.

    Attributes:
        account: Program, category and currency.
        members: How many members have it.
        agreements: How many of them by agreement.
        opening: Sum of the openings.
        movements: What came and went: lines and points, by kind and event name.
        calculated: Sum of the openings and all entries.
        reported: Sum of what the server reports at the end.
        difference: Reported minus calculated.
    """

    account: Account
    members: int = 0
    agreements: Counter[Agreement] = attrs.field(factory=Counter)
    opening: Decimal = Decimal(0)
    movements: dict[tuple[str, str], Movement] = attrs.field(factory=dict)
    calculated: Decimal = Decimal(0)
    reported: Decimal = Decimal(0)
    difference: Decimal = Decimal(0)

    def add(self, verdict: AccountVerdict) -> None:
        """Take in one member's account."""
        self.members += 1
        self.agreements[verdict.agreement] += 1
        self.opening = exact_sum((self.opening, verdict.opening))
        self.calculated = exact_sum((self.calculated, verdict.calculated))
        self.reported = exact_sum((self.reported, verdict.reported or Decimal(0)))
        self.difference = exact_sum((self.difference, verdict.difference))
        for movement in verdict.movements:
            key = (movement.kind, movement.event_name)
            before = self.movements.get(key)
            self.movements[key] = movement if before is None else _merged(before, movement)

    def moved(self, kind: LedgerEntryType | str) -> Decimal:
        """Give the points of all lines of one kind, without a sign."""
        return exact_sum(movement.points for movement in self.movements.values() if movement.kind == kind)

    def lines(self, kind: LedgerEntryType | str) -> int:
        """Count the lines of one kind."""
        return sum(movement.count for movement in self.movements.values() if movement.kind == kind)


@attrs.frozen(kw_only=True)
class Limit:
    """When so much is wrong that going on is a waste of the quota.

    Attributes:
        mismatches: The number of mismatching members beyond which to stop; None for no such limit.
        percent: Their share of the members seen, in percent, beyond which to stop; None for no such limit.
        after: How many members to see before the share counts.
    """

    mismatches: int | None = None
    percent: Decimal | None = None
    after: int = 100

    def __attrs_post_init__(self) -> None:
        if self.mismatches is not None and self.mismatches < 0:
            raise InvalidArgument("Limit.mismatches must be at least 0")
        if self.percent is not None and not 0 <= self.percent <= _WHOLE:
            raise InvalidArgument("Limit.percent must lie between 0 and 100")
        if self.after < 1:
            raise InvalidArgument("Limit.after must be at least 1")


@attrs.define
class Summary:
    """All members so far.

    Attributes:
        members: How many.
        agreements: How many of them by agreement.
        reasons: How many cannot be told, by reason.
        entries: How many entries they have in the span.
        stopped: Whether the limit was passed, so that there may be more members.
        nets_compared: Entries that have a net.
        nets_differing: Those whose net is not the sum of their details; it decides nothing.
    """

    members: int = 0
    agreements: Counter[Agreement] = attrs.field(factory=Counter)
    reasons: Counter[str] = attrs.field(factory=Counter)
    entries: int = 0
    stopped: bool = False
    nets_compared: int = 0
    nets_differing: int = 0
    _accounts: dict[Account, AccountTotals] = attrs.field(factory=dict, repr=False)

    def add(self, verdict: MemberVerdict) -> None:
        """Take in one member."""
        self.members += 1
        self.agreements[verdict.agreement] += 1
        if verdict.reason is not None:
            self.reasons[verdict.reason] += 1
        self.entries += verdict.entries
        self.nets_compared += verdict.nets.compared
        self.nets_differing += verdict.nets.differing
        for each in verdict.accounts:
            self._accounts.setdefault(each.account, AccountTotals(account=each.account)).add(each)

    @property
    def accounts(self) -> Sequence[AccountTotals]:
        """The totals, by program, currency and category."""
        return sorted(self._accounts.values(), key=lambda totals: totals.account.sort_key)

    @property
    def agreement(self) -> Agreement:
        """The worst that came out."""
        for agreement in (Agreement.MISMATCH, Agreement.INDETERMINATE):
            if self.agreements[agreement]:
                return agreement
        return Agreement.MATCH

    def passes(self, limit: Limit) -> bool:
        """Tell whether so much is wrong that it is better to stop."""
        wrong = self.agreements[Agreement.MISMATCH]
        if limit.mismatches is not None and wrong > limit.mismatches:
            return True
        enough = limit.percent is not None and self.members >= limit.after
        return enough and wrong * _WHOLE > (limit.percent or Decimal(0)) * self.members


def _merged(one: Movement, other: Movement) -> Movement:
    points = exact_sum((one.points, other.points))
    return attrs.evolve(one, count=one.count + other.count, points=points)
