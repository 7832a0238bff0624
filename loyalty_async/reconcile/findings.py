"""What does not match, as rows of a report: the worst so many, in bounded memory."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import count

import attrs

from loyalty_async.reconcile.verdicts import AccountVerdict, Agreement, Divergence, MemberVerdict, Reason, Step

__all__ = ["Finding", "Findings", "thinned"]

_BUCKETS = 100
"""Of a drawn running balance; a screen shows no more."""
_NEAR = 3
"""Steps kept on each side of a divergence, to be shown as a table."""


@attrs.frozen(kw_only=True)
class Finding:
    """One row: an account that does not match, or a member of whom nothing can be told.

    Attributes:
        number: The member's place in the input.
        member: The member as shown.
        agreement: Mismatch or indeterminate.
        reason: Why it cannot be told.
        account: The account with a thinned trail; None if nothing can be told.
        near: The steps about the divergence, complete.
        codes: The server's codes, if it refused.
    """

    number: int
    member: str
    agreement: Agreement
    reason: Reason | None = None
    account: AccountVerdict | None = None
    near: tuple[Step, ...] = ()
    codes: tuple[int, ...] = ()

    @property
    def weight(self) -> tuple[bool, Decimal]:
        """Mismatches before the rest, large before small."""
        size = self.account.difference.copy_abs() if self.account else Decimal(0)
        return self.agreement is Agreement.MISMATCH, size


@attrs.define
class Findings:
    """The findings of greatest weight.

    Attributes:
        most: How many to keep.
        seen: How many there were.
    """

    most: int = 1_000
    seen: int = 0
    _kept: list[tuple[tuple[bool, Decimal], int, Finding]] = attrs.field(factory=list, repr=False)
    _order: Iterator[int] = attrs.field(factory=lambda: count(0, -1), repr=False)

    def add(self, verdict: MemberVerdict, member: str) -> None:
        """Take in what does not match of one member."""
        for finding in _findings(verdict, member):
            self.seen += 1
            kept = (finding.weight, next(self._order), finding)
            (heapq.heappush if len(self._kept) < self.most else heapq.heappushpop)(self._kept, kept)

    @property
    def rows(self) -> Sequence[Finding]:
        """What was kept, the heaviest first."""
        return [finding for *_, finding in sorted(self._kept, key=lambda kept: kept[:2], reverse=True)]


def thinned(trail: Sequence[Step], buckets: int = _BUCKETS) -> tuple[Step, ...]:
    """Keep what can be seen of a running balance: of each stretch the lowest, the highest and the last step."""
    if len(trail) <= 3 * buckets:
        return tuple(trail)
    size = -(-len(trail) // buckets)
    stretches = [range(start, min(start + size, len(trail))) for start in range(0, len(trail), size)]
    places = {0}
    for stretch in stretches:
        balances = [trail[place].balance for place in stretch]
        places |= {stretch[balances.index(min(balances))], stretch[balances.index(max(balances))], stretch[-1]}
    return tuple(trail[place] for place in sorted(places))


def _findings(verdict: MemberVerdict, member: str) -> Iterator[Finding]:
    if verdict.agreement is Agreement.MATCH:
        return
    for account in verdict.unmatched:
        yield Finding(
            number=verdict.number,
            member=member,
            agreement=account.agreement,
            reason=account.reason,
            account=attrs.evolve(account, trail=thinned(account.trail)),
            near=_near(account.trail, account.divergence),
        )
    if not verdict.unmatched:
        yield Finding(
            number=verdict.number,
            member=member,
            agreement=verdict.agreement,
            reason=verdict.reason,
            codes=verdict.codes,
        )


def _near(trail: Sequence[Step], divergence: Divergence | None) -> tuple[Step, ...]:
    """Give the steps about a divergence, with one more before them, to see what the first of them did."""
    if divergence is None:
        return ()
    first = next((place for place, step in enumerate(trail) if step.at >= divergence.since and place), len(trail))
    last = next((place for place, step in enumerate(trail) if step.at >= divergence.until and place), len(trail))
    return tuple(trail[max(0, first - _NEAR - 1) : last + _NEAR])
