"""How a total that did not come out is asked for again.

Of a span that was split it is asked for once more. Of a whole history nobody knows where it begins: what the server
counts without dates is held against what it counts by date, from where the ledger was found to begin. Then it does not
matter what was handed out, nor what came or went since: what is left over lies before that beginning, or nowhere.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TypeVar

from loyalty_async.errors import IntervalTooLongError
from loyalty_async.models.pages import LedgerPage
from loyalty_async.models.spans import Span
from loyalty_async.planning.accounts import Account
from loyalty_async.planning.jobs import PageRequest, Terms
from loyalty_async.planning.windows import asked, at_second, windows

__all__ = ["Counting", "missing"]

T = TypeVar("T")
Counting = Generator[Sequence[PageRequest], Sequence[LedgerPage | None], T]
"""Yields the pages that it wants next, is sent them, None where there are no entries, and returns what it counted."""

_ROUNDS = 5
"""How often both are counted while the ledger moves from count to count."""
_SHORTEST = timedelta(hours=1)
"""A server that refuses so little for being too long refuses everything."""
_FURTHEST_AHEAD = timedelta(days=30)
"""How far ahead of our clock an entry may be dated."""
_RECENT = timedelta(days=1)
"""How far behind our clock the server dates what arrives, at most."""


def missing(account: Account, terms: Terms, *, until: datetime, now: datetime) -> Counting[int | None]:
    """Count what the server has of the span of an account, and did not bring; below zero if it cannot have so few.

    Args:
        account: Whose total did not come out, or is not sure.
        terms: Those of the walk.
        until: The end of the walk: of everything, what is dated here or after does not count.
        now: No entry is dated more than thirty days after.

    Returns:
        The number; None if the ledger moved too much to be counted.
    """
    if not account.of_everything:
        (page,) = yield (PageRequest(account.asked, 0),)
        # What has arrived in the margins since is not missing either.
        arrived = max(_outside(page, account.span) - account.margins, 0)
        return max(_total(page) - arrived - account.brought, 0)
    if not terms.exact:
        (page,) = yield (PageRequest(None, 0),)
        if _total(page) - _later(page, until) == account.brought:
            return 0
    return (yield from _missing_by_date(account.span.since, terms, now))


def _missing_by_date(since: datetime, terms: Terms, now: datetime) -> Counting[int | None]:
    """Hold everything against what is dated since the beginning, in the longest windows that the server takes."""
    span, longest = Span(since, at_second(now + _FURTHEST_AHEAD)), terms.window
    while True:
        signs = _signs(span, terms, longest)
        older = {one: sign for one, sign in signs.items() if one.until <= now - _RECENT}
        recent = {one: sign for one, sign in signs.items() if one not in older}
        try:
            return (yield from _in_rounds(older, recent, exact=terms.exact))
        except IntervalTooLongError:
            if longest < _SHORTEST:
                raise
            longest /= 2


def _signs(span: Span, terms: Terms, longest: timedelta) -> Mapping[Span, int]:
    """Say what to ask for to count a span, and whether it is added (1) or subtracted (-1).

    Windows overlap by their margins. An overlap is asked for, too, and subtracted: so each entry counts once, whichever
    of its ends the server takes for inclusive.
    """
    first, *others = [asked(window, terms.zone) for window in windows(span, longest)]
    spans = [Span(span.since, first.until), *others]  # What lies in the margin before it was not handed out.
    overlaps = [Span(newer.since, older.until) for older, newer in pairwise(spans)]
    return dict.fromkeys(overlaps, -1) | dict.fromkeys(spans, 1)


def _in_rounds(older: Mapping[Span, int], recent: Mapping[Span, int], *, exact: bool) -> Counting[int | None]:
    """Count everything between two counts by date, until it comes out or is short by as many twice.

    What arrives is counted next to everything, before and after. An exact count must not only come out: the two by date
    must agree in each window, for what goes from one and comes into another leaves their sum as it was.
    """
    told = None
    past = yield from _count(older)
    for again in range(_ROUNDS):
        earlier = past | (yield from _count(recent, again))
        (page,) = yield (PageRequest(None, 0),)
        everything = _total(page)
        if everything == sum(earlier.values()) and not exact:
            return 0
        later = yield from _count(recent)
        past = yield from _count(older)
        later |= past
        if everything == sum(earlier.values()) and earlier == later:
            return 0
        number = _surely_missing(everything, sum(earlier.values()), sum(later.values()))
        if number and number == told:
            return number
        told = number
    return None


def _surely_missing(everything: int, earlier: int, later: int) -> int:
    """Say how many more there are than two counts by date found; what lies between the two may have come meanwhile.

    Of 12 in all there is 1 missing if 10 and 11 were found, and none if 11 and 13 were; if 13 and 14 were found, the
    12 are 1 too few.
    """
    fewer, more = sorted((earlier, later))
    return everything - more if everything > more else min(everything - fewer, 0)


def _count(signs: Mapping[Span, int], again: int = 0) -> Counting[dict[Span, int]]:
    pages = yield [PageRequest(span, 0, again) for span in signs]
    return {span: sign * _total(page) for (span, sign), page in zip(signs.items(), pages, strict=True)}


def _total(page: LedgerPage | None) -> int:
    return page.paging.total_entries if page else 0


def _later(page: LedgerPage | None, until: datetime) -> int:
    """Count what this very answer shows to be later than the walk."""
    return sum(entry.created_at >= until for entry in page.entries) if page else 0


def _outside(page: LedgerPage | None, span: Span) -> int:
    """Count what this very answer shows to lie in the margins of a span."""
    return sum(entry.created_at not in span for entry in page.entries) if page else 0
