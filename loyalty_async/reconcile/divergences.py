"""Where a running balance first leaves the reported one: which instants to ask about, and what the answers say.

The stretch between two instants at which the server's balance is known is itself a small reconciliation: what the
server says came to the account there, against the entries there. Halving the stretch that does not add up leads, in
about log2 of the entries readings, to one entry, or to the gap between two; and halving the time of the gap, in about
log2 of its seconds, to the second in which points came or went without an entry. It finds the first one unless a later
error undoes an earlier one exactly.

Halving also settles what rounding left open: a difference that rounding of a thousand amounts could explain may sit in
one single entry, whose rounding cannot.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import accumulate, pairwise

import attrs

from loyalty_async.models.spans import Span
from loyalty_async.reconcile.instants import boundaries
from loyalty_async.reconcile.postings import Account, Posting, Reported, exact_sum, minus
from loyalty_async.reconcile.totals import Rounding, rounding_bound
from loyalty_async.reconcile.verdicts import AccountVerdict, Agreement, Divergence, Reason, Step

__all__ = ["Search", "next_instant", "settle"]

_SECOND = timedelta(seconds=1)


@attrs.frozen
class _Stretch:
    """What lies between two boundaries at which the balance is known, by their places."""

    first: int
    last: int
    difference: Decimal
    bound: Decimal

    @property
    def exceeds(self) -> bool:
        """Whether rounding cannot explain it."""
        return self.difference.copy_abs() > self.bound

    @property
    def is_atomic(self) -> bool:
        """Whether there is no instant in it to ask about."""
        return self.last == self.first + 1


@attrs.define(init=False)
class Search:
    """The search in one account.

    Attributes:
        account: Which.
    """

    account: Account
    _postings: Sequence[Posting]
    _boundaries: list[tuple[datetime, int]]
    _effects: Sequence[Decimal]
    _bounds: Sequence[Decimal]
    _rounding: Rounding
    _known: dict[datetime, Decimal | None]

    def __init__(
        self, account: Account, span: Span, postings: Sequence[Posting], *, rounding: Rounding = "nearest"
    ) -> None:
        self.account, self._postings, self._rounding = account, postings, rounding
        self._boundaries, self._known = boundaries(span, postings), {}
        lines = [[line for line in posting.lines if line.account == account] for posting in postings]
        self._effects = _sums([exact_sum(line.effect for line in group) for group in lines])
        self._bounds = _sums([rounding_bound((line.points for line in group), rounding) for group in lines])

    def learn(self, readings: Mapping[datetime, Reported]) -> None:
        """Take in what the server reported at instants of the search."""
        for instant, reported in readings.items():
            if self._is_boundary(instant):
                self._known[instant] = reported.get(self.account)

    def next_instant(self) -> datetime | None:
        """Say which instant to ask about next; None if nothing more can be learnt."""
        stretch = self._suspect()
        if stretch is None:
            return None
        if not stretch.is_atomic:
            return self._boundaries[(stretch.first + stretch.last) // 2][0]
        (since, first), (until, last) = self._boundaries[stretch.first], self._boundaries[stretch.last]
        seconds = (until - since) // _SECOND // 2
        return since + seconds * _SECOND if first == last and seconds and stretch.exceeds else None

    def divergence(self, *, proved: bool) -> Divergence | None:
        """Say where it goes wrong, as far as that is known.

        Args:
            proved: Only if rounding cannot explain it.
        """
        stretch = self._suspect()
        if stretch is None or (proved and not stretch.exceeds):
            return None
        (since, first), (until, last) = self._boundaries[stretch.first], self._boundaries[stretch.last]
        inside, before = self._touching(first, last), self._touching(0, first)
        return Divergence(
            since=since,
            until=until,
            difference=stretch.difference,
            event_log_ids=tuple(posting.event_log_id for posting in inside),
            event_names=tuple(posting.event_name for posting in inside),
            follows=before[-1].event_log_id if before else None,
            uncounted=max((each.event_log_id for each in inside if self._undoes(each, stretch)), default=None),
        )

    def readings(self) -> tuple[Step, ...]:
        """Give what the server reported."""
        return tuple(Step(at=instant, balance=points or Decimal(0)) for instant, points in sorted(self._known.items()))

    def _is_boundary(self, instant: datetime) -> bool:
        """Tell whether nothing is ambiguous at an instant; one between two entries is a boundary from now on."""
        place = bisect_left(self._boundaries, (instant, 0))
        if place < len(self._boundaries) and self._boundaries[place][0] == instant:
            return True
        about = {count for _, count in self._boundaries[max(0, place - 1) : place + 1]}
        if not 0 < place < len(self._boundaries) or len(about) > 1:
            return False
        self._boundaries.insert(place, (instant, about.pop()))
        return True

    def _suspect(self) -> _Stretch | None:
        """Choose the first stretch that rounding cannot explain, else the one that is furthest off."""
        places = [place for place, (instant, _) in enumerate(self._boundaries) if instant in self._known]
        stretches = [self._stretch(*ends) for ends in pairwise(places)]
        wrong = [stretch for stretch in stretches if stretch.difference]
        if not wrong:
            return None
        return next((each for each in wrong if each.exceeds), max(wrong, key=lambda each: each.difference.copy_abs()))

    def _stretch(self, first: int, last: int) -> _Stretch:
        (since, begin), (until, end) = self._boundaries[first], self._boundaries[last]
        before, after = self._known[since], self._known[until]
        printed = rounding_bound((amount for amount in (before, after) if amount is not None), self._rounding)
        reported = minus(after or Decimal(0), before or Decimal(0))
        return _Stretch(
            first,
            last,
            minus(reported, minus(self._effects[end], self._effects[begin])),
            exact_sum((printed, minus(self._bounds[end], self._bounds[begin]))),
        )

    def _undoes(self, posting: Posting, stretch: _Stretch) -> bool:
        """Tell whether a stretch would add up without an entry."""
        effect = exact_sum(line.effect for line in posting.lines if line.account == self.account)
        return effect == stretch.difference.copy_negate()

    def _touching(self, first: int, last: int) -> list[Posting]:
        postings = self._postings[first:last]
        return [posting for posting in postings if any(line.account == self.account for line in posting.lines)]


def next_instant(searches: Sequence[Search]) -> datetime | None:
    """Say which instant to ask about next for several accounts at once: one answer holds all of them."""
    return next((instant for search in searches if (instant := search.next_instant()) is not None), None)


def settle(verdict: AccountVerdict, search: Search) -> AccountVerdict:
    """Put into a verdict what a search found; what rounding could explain no longer becomes a mismatch."""
    by_rounding = verdict.reason is Reason.ROUNDING
    divergence = search.divergence(proved=by_rounding)
    settled = attrs.evolve(verdict, divergence=divergence, readings=search.readings())
    if divergence is None or not by_rounding:
        return settled
    return attrs.evolve(settled, agreement=Agreement.MISMATCH, reason=None)


def _sums(amounts: Sequence[Decimal]) -> list[Decimal]:
    return list(accumulate(amounts, lambda left, right: exact_sum((left, right)), initial=Decimal(0)))
