"""What does not match, as rows of a report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

import attrs

from loyalty_async.reconcile.verdicts import AccountVerdict, Agreement, Divergence, MemberVerdict, Reason, Step

__all__ = ["Finding", "findings_of", "thinned"]

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

    @property
    def amounts(self) -> tuple[Decimal, ...]:
        """The figures of the row: calculated, reported (nought if the server names no such account), difference."""
        account = self.account
        if account is None:
            return ()
        return account.calculated, account.reported or Decimal(0), account.difference


def thinned(trail: Sequence[Step], divergence: Divergence | None, buckets: int = _BUCKETS) -> tuple[Step, ...]:
    """Keep what can be seen of a running balance: of each stretch the lowest, the highest and the last step.

    The last step before a divergence ends stays, too.
    """
    if len(trail) <= 3 * buckets:
        return tuple(trail)
    size = -(-len(trail) // buckets)
    stretches = [range(start, min(start + size, len(trail))) for start in range(0, len(trail), size)]
    places = {0}
    if divergence is not None:
        places.add(max((place for place, step in enumerate(trail) if step.at < divergence.until), default=0))
    for stretch in stretches:
        balances = [trail[place].balance for place in stretch]
        places |= {stretch[balances.index(min(balances))], stretch[balances.index(max(balances))], stretch[-1]}
    return tuple(trail[place] for place in sorted(places))


def findings_of(verdict: MemberVerdict, member: str) -> Iterator[Finding]:
    """Give what does not match of one member, who is shown as told."""
    if verdict.agreement is Agreement.MATCH:
        return
    for account in verdict.unmatched:
        yield Finding(
            number=verdict.number,
            member=member,
            agreement=account.agreement,
            reason=account.reason,
            account=attrs.evolve(account, trail=thinned(account.trail, account.divergence)),
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
