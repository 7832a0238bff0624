"""How a whole history is read, of which nobody knows where it begins.

The API takes no dates at all, or dates at most 90 days apart. Without dates it says how many entries there are and
shows the newest, or whichever it sorts first. If that is everything, one request was enough. Otherwise the last page
tells where the windows begin, and what they bring is held against the total without dates.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from datetime import datetime, timedelta
from heapq import nlargest
from itertools import accumulate

import attrs

from loyalty_async.errors import NoEntriesError
from loyalty_async.models.pages import LedgerPage
from loyalty_async.models.spans import Span
from loyalty_async.planning.accounts import Account
from loyalty_async.planning.jobs import Job, PageRequest, Part, Reading, Split, Terms
from loyalty_async.planning.proofs import READINGS, UNSERVED, incomplete, proved_part, require_zone, whole
from loyalty_async.planning.windows import BEGINNING, at_second, windows

__all__ = ["EARLIEST", "read_everything"]

_OUT_OF_ORDER = timedelta(days=1)
"""How much older than the oldest entry seen one may be: the server orders by id, which is nearly the order of dates."""
EARLIEST = BEGINNING - _OUT_OF_ORDER
"""No ledger is taken to begin earlier."""
_FEW = 10
"""Fewer dates may be in order by chance."""
_LAST_PAGES = 50
"""How often the last page is looked for behind the one that was the last when it was asked for."""
_MOST_BETWEEN = 200
"""How many of the pages between the first and the last are looked at, in all readings: what lies before the beginning
that they show is found by counting in the end."""
_GREW = "the number of pages kept growing while the last one was looked for"


def read_everything(job: Job, terms: Terms) -> Reading:
    """Ask without dates: one page suffices, or what it shows tells where to look.

    Raises:
        IncompleteLedgerError: It cannot be proved.
    """
    found: tuple[Account, Span] | None = None
    search = _Search(job)
    for again in range(READINGS):
        try:
            (first,) = yield (PageRequest(None, 0, again),)
        except NoEntriesError:
            return _all_seen(Part(job), job.span.until)
        require_zone((first,), job.span, terms.zone)
        search.begin_with(first)
        if whole(first):
            return _all_seen(proved_part(job, (first,)), search.beginning)
        newest = _newest(job, first, terms)
        if newest is not None:
            return _newest_first(_account(search, first), job, newest, terms)
        try:
            all_seen = yield from _look_for_oldest(search, first, terms)
        except NoEntriesError:
            continue
        if search.oldest is None:
            raise incomplete("the server counts entries and serves none", job.span)
        seen = search.steady and search.rows == first.paging.total_entries and not terms.exact
        if seen and search.oldest >= job.span.until:
            return _all_seen(Part(job), search.beginning)
        account = _account(search, first)
        account.sure = account.sure and seen
        account.span = Span(search.beginning, account.span.until)
        found = account, Span(max(search.beginning, job.span.since), job.span.until)
        if search.steady or not all_seen:
            break
    if found is None:
        raise incomplete(UNSERVED, job.span)
    return _in_windows(*found, terms)


def _account(search: _Search, first: LedgerPage) -> Account:
    """Open the account of everything, without what is known to be later than the walk."""
    job = search.job
    return job.account or Account(job.span, None, first.paging.total_entries - search.late, 1, earlier=job.earlier)


def _all_seen(part: Part, beginning: datetime) -> Part:
    """Note where everything begins when all of it was seen, should its total be counted by date in the end.

    Where the server says that there is nothing, everything begins with what was handed out before: if it was wrong,
    what it held back is found to be left over. So is what is dated before the beginning and came only then.
    """
    account = part.job.account
    if account is not None:
        account.span = Span(beginning, account.span.until)
    return part


def _newest(job: Job, first: LedgerPage, terms: Terms) -> datetime | None:
    """Find the second since which there are enough entries; None if that is not known, or not what is wanted."""
    if not terms.descending or terms.enough is None:
        return None
    shown = nlargest(terms.enough, (entry.created_at for entry in first.entries if entry.created_at in job.span))
    newest = at_second(shown[-1]) if len(shown) == terms.enough else None
    return newest if newest and newest > job.span.since else None


@attrs.define
class _Search:
    """What pages without dates show of where a ledger begins; of several readings, the last one.

    Attributes:
        job: What is to be read.
        oldest: The oldest date that they show, in any reading: in another the entry may pass from page to page, unseen.
        between: How many pages between the first and the last may still be looked at.
        rows: How many entries they show.
        late: How many of them are later than the walk.
        figures: What they said of the whole.
    """

    job: Job
    oldest: datetime | None = None
    between: int = _MOST_BETWEEN
    rows: int = 0
    late: int = 0
    figures: set[tuple[int, int]] = attrs.field(factory=set)

    def begin_with(self, first: LedgerPage) -> None:
        """Begin a reading with its first page."""
        self.rows, self.late, self.figures = 0, 0, set()
        self.look_at(first)

    def look_at(self, page: LedgerPage) -> None:
        """Look at a page; refuse the zero dates of other calendars: no window could hold such an entry."""
        dates = [entry.created_at for entry in page.entries]
        self.rows += len(dates)
        self.late += sum(date >= (self.job.later or self.job.span.until) for date in dates)
        self.oldest = min([*dates, *([self.oldest] if self.oldest else [])], default=None)
        if self.oldest is not None and self.oldest < BEGINNING:
            raise incomplete(f"an entry is dated before {BEGINNING.year}", self.job.span, advice="; give `since`")
        self.figures.add((page.paging.total_entries, page.paging.page_count))

    @property
    def steady(self) -> bool:
        """Whether the ledger stood still: otherwise the oldest entry may have moved from page to page, unseen."""
        return len(self.figures) == 1

    @property
    def beginning(self) -> datetime:
        """Where the windows begin."""
        until = self.job.span.until
        return at_second(min(self.oldest or until, until)) - _OUT_OF_ORDER


def _look_for_oldest(
    search: _Search, first: LedgerPage, terms: Terms
) -> Generator[Sequence[PageRequest], Sequence[LedgerPage], bool]:
    """Look where the oldest entry is, and tell whether all pages were looked at.

    It is on the last page or the first, unless the server's order is not that of dates, or entries were back-dated:
    a few pages are all looked at, of many those between, up to a limit, only if the two are not in order.
    """
    last, number = first, 0
    for _ in range(_LAST_PAGES):
        if last.paging.page_count <= number + 1:
            break
        number = last.paging.page_count - 1
        (last,) = yield (PageRequest(None, number),)
        search.look_at(last)
    else:
        raise incomplete(_GREW, search.job.span)
    if number > terms.pages_per_part and _in_order(first, last):
        return False
    last_between = min(number, search.between + 1)
    search.between -= max(last_between - 1, 0)
    for start in range(1, last_between, terms.pages_per_part):
        between = range(start, min(start + terms.pages_per_part, last_between))
        for page in (yield [PageRequest(None, each) for each in between]):
            search.look_at(page)
    return last_between == number


def _in_order(*pages: LedgerPage) -> bool:
    """Tell whether the server's order is that of dates, as far as some pages show, or nearly."""
    dates = [entry.created_at for page in pages for entry in page.entries]
    return len(set(dates)) >= _FEW and (_rising(dates) or _rising(dates[::-1]))


def _rising(dates: Sequence[datetime]) -> bool:
    return all(newest - _OUT_OF_ORDER <= date for newest, date in zip(accumulate(dates, max), dates, strict=True))


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
