"""How a whole history is read, of which nobody knows where it begins.

The API takes no dates at all, or dates at most 90 days apart. Without dates it says how many entries there are and
shows the newest, or whichever it sorts first. If that is everything, one request was enough. Otherwise the last page
tells where the windows begin, and what they bring is held against the total without dates.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from datetime import datetime, timedelta
from heapq import nlargest

from loyalty_async.errors import NoEntriesError
from loyalty_async.models.pages import LedgerPage
from loyalty_async.models.spans import Span
from loyalty_async.planning.accounts import Account
from loyalty_async.planning.jobs import Job, PageRequest, Part, Reading, Split, Terms
from loyalty_async.planning.proofs import READINGS, UNSERVED, incomplete, proved_part, require_zone, whole
from loyalty_async.planning.windows import BEGINNING, at_second, windows

__all__ = ["read_everything"]

_OUT_OF_ORDER = timedelta(days=1)
"""How much older than the oldest entry seen one may be: the server orders by id, which is nearly the order of dates."""
_FEW = 10
"""Fewer dates may be in order by chance."""
_LAST_PAGES = 50
"""How often the last page is looked for behind the one that was the last when it was asked for."""
_GREW = "the number of pages kept growing while the last one was looked for"


def read_everything(job: Job, terms: Terms) -> Reading:
    """Ask without dates: one page suffices, or what it shows tells where to look.

    Raises:
        IncompleteLedgerError: It cannot be proved.
    """
    for again in range(READINGS):
        try:
            (first,) = yield (PageRequest(None, 0, again),)
        except NoEntriesError:
            return Part(job)
        require_zone((first,), job.span, terms.zone)
        _dates(job, first)
        if whole(first):
            return proved_part(job, (first,))
        account = job.account or _account(job, first)
        newest = _newest(job, first, terms)
        if newest is not None:
            return _newest_first(account, job, newest, terms)
        try:
            oldest = yield from _oldest(job, first, terms)
        except NoEntriesError:
            continue
        since = min(at_second(oldest), at_second(job.span.until)) - _OUT_OF_ORDER
        return _in_windows(account, Span(since, job.span.until), terms)
    raise incomplete(UNSERVED, job.span)


def _account(job: Job, first: LedgerPage) -> Account:
    """Open the account of everything, without what this very answer shows to be later than the walk."""
    later = job.later or job.span.until
    shown = sum(entry.created_at >= later for entry in first.entries)
    return Account(job.span, None, first.paging.total_entries - shown, 1, earlier=job.earlier)


def _newest(job: Job, first: LedgerPage, terms: Terms) -> datetime | None:
    """Find the second since which there are enough entries; None if that is not known, or not what is wanted."""
    if not terms.descending or terms.enough is None:
        return None
    shown = nlargest(terms.enough, (entry.created_at for entry in first.entries if entry.created_at in job.span))
    newest = at_second(shown[-1]) if len(shown) == terms.enough else None
    return newest if newest and newest > job.span.since else None


_Search = Generator[Sequence[PageRequest], Sequence[LedgerPage], datetime]


def _oldest(job: Job, first: LedgerPage, terms: Terms) -> _Search:
    """Find the date of the oldest entry.

    It is on the last page or the first, unless the server's order is not that of dates, or entries were back-dated:
    a few pages are all looked at, of many those between only if the two are not in order.
    """
    dates, last, number = _dates(job, first), _dates(job, first), 0
    for _ in range(_LAST_PAGES):
        if first.paging.page_count <= number + 1:
            break
        number = first.paging.page_count - 1
        (first,) = yield (PageRequest(None, number),)
        last = _dates(job, first)
    else:
        raise incomplete(_GREW, job.span)
    if not dates + last:
        raise incomplete("the server counts entries and serves none", job.span)
    if number > terms.pages_per_part and _in_order(dates + last):
        return min(dates + last)
    return min(*dates, *last, (yield from _oldest_between(job, number, terms)))


def _in_order(dates: Sequence[datetime]) -> bool:
    """Tell whether the server's order is that of dates, as far as some of them show."""
    return len(set(dates)) >= _FEW and list(dates) in (sorted(dates), sorted(dates, reverse=True))


def _oldest_between(job: Job, last: int, terms: Terms) -> _Search:
    """Look through the pages between the first and the last, a few at a time."""
    oldest = job.span.until
    for number in range(1, last, terms.pages_per_part):
        numbers = range(number, min(number + terms.pages_per_part, last))
        pages = yield [PageRequest(None, number) for number in numbers]
        oldest = min([oldest, *(date for page in pages for date in _dates(job, page))])
    return oldest


def _dates(job: Job, page: LedgerPage) -> list[datetime]:
    """Give the dates of a page; refuse the zero dates of other calendars: no window could hold such an entry."""
    dates = [entry.created_at for entry in page.entries]
    if any(date < BEGINNING for date in dates):
        raise incomplete(f"an entry is dated before {BEGINNING.year}", job.span)
    return dates


def _in_windows(account: Account, span: Span, terms: Terms) -> Split:
    return _under(account, [Job(window, account) for window in windows(span, terms.window)])


def _newest_first(account: Account, job: Job, newest: datetime, terms: Terms) -> Split:
    """Read what is enough by date, and look for the rest only when it is asked for."""
    older = Job(Span(job.span.since, newest), account, dated=False)
    newer = windows(Span(newest, job.span.until), terms.window)
    return _under(account, [older, *(Job(window, account) for window in newer)])


def _under(account: Account, jobs: Sequence[Job]) -> Split:
    account.replace(len(jobs))
    return Split(jobs)
