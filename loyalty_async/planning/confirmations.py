"""How a total that did not come out is asked for again.

Of a span that was split it is asked for once more. Of a whole history nobody knows where it begins: what the server
counts without dates is held against what it counts by date, from where the ledger was found to begin. Then it does not
matter what was handed out, nor what came or went since: what is left over lies before that beginning, or nowhere.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from loyalty_async.errors import IntervalTooLongError, NoEntriesError
from loyalty_async.models.pages import LedgerPage
from loyalty_async.models.spans import Span
from loyalty_async.planning.accounts import Account
from loyalty_async.planning.jobs import PageRequest, Terms
from loyalty_async.planning.windows import asked, windows

__all__ = ["Counting", "missing"]

Counting = Generator[Sequence[PageRequest], Sequence[LedgerPage], int]
"""Yields the pages that it wants next, is sent them, returns a number of entries."""

_ROUNDS = 5
"""How often both are counted while the ledger moves from count to count."""
_SHORTEST = timedelta(hours=1)
"""A server that refuses so little for being too long refuses everything."""


def missing(
    account: Account, terms: Terms, *, later: datetime, horizon: datetime
) -> Generator[Sequence[PageRequest], Sequence[LedgerPage], int | None]:
    """Count what the server has of the span of an account, and did not bring; below zero if it cannot have so few.

    Args:
        account: Whose total did not come out, or is not sure.
        terms: Those of the walk.
        later: Of everything, what is dated here or after does not count: the end of the walk.
        horizon: No entry is dated here or after.

    Returns:
        The number; None if the ledger moved too much to be counted.
    """
    if account.asked is not None:
        return max((yield from _total(PageRequest(account.asked, 0))) - account.brought, 0)
    if not terms.exact:
        everything = yield from _before(later)
        if everything == account.brought:
            return 0
    return (yield from _missing_by_date(Span(account.span.since, horizon), terms))


def _missing_by_date(span: Span, terms: Terms) -> Generator[Sequence[PageRequest], Sequence[LedgerPage], int | None]:
    """Hold everything against what is dated in a span.

    Both move while they are counted: everything is counted between two counts by date, the newest window next to it.
    What is too much, or too little, for both, and is so twice, is missing; what lies between may have come meanwhile.
    """
    told = None
    dated = yield from _count(span, terms)
    for again in range(1, _ROUNDS + 1):
        everything = yield from _total(PageRequest(None, 0))
        if everything == dated and not terms.exact:
            return 0
        before, dated = dated, (yield from _count(span, terms, again))
        at_least, at_most = everything - max(before, dated), everything - min(before, dated)
        if at_least == at_most == 0:
            return 0
        number = max(at_least, 0) + min(at_most, 0)
        if number and number == told:
            return number
        told = number
    return None


def _count(span: Span, terms: Terms, again: int = 0) -> Counting:
    """Count a span by the totals of its windows: every other time the newest comes last, and first.

    Windows overlap by their margins. An overlap is asked for, too, and subtracted: so each entry counts once, whichever
    of its ends the server takes for inclusive.
    """
    longest = terms.window
    while True:
        first, *others = [asked(window, terms.zone) for window in windows(span, longest)]
        spans = [Span(span.since, first.until), *others]  # What lies in the margin before it was not handed out.
        overlaps = [Span(newer.since, older.until) for older, newer in pairwise(spans)]
        signed = [*((-1, overlap) for overlap in overlaps), *((1, one) for one in spans)]
        try:
            total = 0
            for number, (sign, one) in enumerate(signed[::-1] if again % 2 else signed):
                total += sign * (yield from _total(PageRequest(one, 0, 0 if number else again)))
        except IntervalTooLongError:
            if longest < _SHORTEST:
                raise
            longest /= 2
        else:
            return total


def _total(request: PageRequest) -> Counting:
    try:
        (page,) = yield (request,)
    except NoEntriesError:
        return 0
    return page.paging.total_entries


def _before(later: datetime) -> Counting:
    """Count everything, without what this very answer shows to be later."""
    try:
        (page,) = yield (PageRequest(None, 0),)
    except NoEntriesError:
        return 0
    return page.paging.total_entries - sum(entry.created_at >= later for entry in page.entries)
