"""How a whole history is read, of which nobody knows where it begins.

The API takes no dates at all, or dates at most 90 days apart. Without dates it says how many entries there are and
shows the newest, or whichever it sorts first. If that is everything, one request was enough. Otherwise the last page
tells where the windows begin, and what they bring is held against the total without dates.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from heapq import nlargest

from loyalty_async.errors import NoEntriesError
from loyalty_async.models.pages import LedgerPage
from loyalty_async.models.spans import Span
from loyalty_async.planning.accounts import Account
from loyalty_async.planning.jobs import Job, PageRequest, Part, Reading, Split, Terms
from loyalty_async.planning.proofs import READINGS, SHRANK, incomplete, proved_part, require_zone, whole
from loyalty_async.planning.windows import BEGINNING, at_second, windows

__all__ = ["read_everything"]

_OUT_OF_ORDER = timedelta(days=1)
"""How much older than the oldest entry seen one may be: the server orders by id, which is nearly the order of dates."""

_GREW = "the ledger kept growing while it was read"
"""What was the last page when it was asked for is not the last any more: the oldest entry stands behind it."""


def read_everything(job: Job, terms: Terms) -> Reading:
    """Ask without dates: one page suffices, or what it shows tells where to look.

    Raises:
        IncompleteLedgerError: It cannot be proved.
    """
    reason = SHRANK
    for again in range(READINGS):
        try:
            (first,) = yield (PageRequest(None, 0, again),)
        except NoEntriesError:
            return Part(job)
        require_zone((first,), job.span, terms.zone)
        _require_calendar((first,), job.span)
        if whole(first):
            return proved_part(job, (first,))
        account = job.account or _account(job, first)
        if job.span.since > BEGINNING:  # An earlier walk came this far: the beginning is known.
            return _in_windows(account, job.span, terms)
        newest = _newest(job, first, terms)
        if newest is not None:
            return _newest_first(account, job, newest, terms)
        try:
            rest = yield [PageRequest(None, first.paging.page_count - 1)] if first.paging.page_count > 1 else []
        except NoEntriesError:
            reason = SHRANK
            continue
        _require_calendar(rest, job.span)
        if any(page.paging.page_count > first.paging.page_count for page in rest):
            reason = _GREW
            continue
        return _in_windows(account, Span(_oldest((first, *rest), job.span), job.span.until), terms)
    raise incomplete(reason, job.span)


def _account(job: Job, first: LedgerPage) -> Account:
    """Open the account of everything, without what this very answer shows to be later than the walk."""
    later = job.later or job.span.until
    shown = sum(entry.created_at >= later for entry in first.entries)
    return Account(job.span, None, first.paging.total_entries - shown, 1, kept=job.earlier)


def _newest(job: Job, first: LedgerPage, terms: Terms) -> datetime | None:
    """Find the second since which there are enough entries; None if that is not known, or not what is wanted."""
    if not terms.descending or terms.enough is None:
        return None
    shown = nlargest(terms.enough, (entry.created_at for entry in first.entries if entry.created_at in job.span))
    newest = at_second(shown[-1]) if len(shown) == terms.enough else None
    return newest if newest and newest > job.span.since else None


def _oldest(pages: Sequence[LedgerPage], span: Span) -> datetime:
    seen = [entry.created_at for page in pages for entry in page.entries]
    if not seen:
        raise incomplete("the server counts entries and serves none", span)
    return min(at_second(min(seen)) - _OUT_OF_ORDER, at_second(span.until) - _OUT_OF_ORDER)


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


def _require_calendar(pages: Sequence[LedgerPage], span: Span) -> None:
    """Refuse the zero dates of other calendars: no window could hold such an entry."""
    if any(entry.created_at < BEGINNING for page in pages for entry in page.entries):
        raise incomplete(f"an entry is dated before {BEGINNING.year}", span)
