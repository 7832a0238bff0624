"""How one span is read until it is proved: which pages to ask for, when to split, when to give up.

A reading is a generator: it yields the pages that it wants next, is sent them or is thrown the server's refusal, and
returns what came out. It sleeps on nothing and knows no network, so every decision can be tested without an event loop.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from datetime import timedelta
from operator import attrgetter

from loyalty_async.errors import IntervalTooLongError, NoEntriesError
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.pages import LedgerPage
from loyalty_async.models.spans import Span
from loyalty_async.planning.accounts import Account
from loyalty_async.planning.density import cut, divisible
from loyalty_async.planning.jobs import Job, PageRequest, Part, Reading, Split, Terms
from loyalty_async.planning.proofs import foreign_offset, incomplete, stray_page, whole, why_not
from loyalty_async.planning.windows import asked, at_second, windows

__all__ = ["read"]

_READINGS = 4
"""How often a span that cannot be split is read before it is given up."""
_FULL = 0.8
"""How full the pieces of a split are meant to be: entries do not come evenly, and one too many means to split again."""
_MOST_PIECES = 64
_MOST_PAGES = 200
"""How many pages of one second are read at most, whatever the server says that there are."""
_IN_ORDER = attrgetter("created_at", "event_log_id")
_OUT_OF_ORDER = timedelta(days=1)
"""How much older than the oldest entry seen one may be: the server orders by id, which is nearly the order of dates."""
_SHRANK = "the ledger kept shrinking while it was read"
_DIFFER = "a second holds more than a page, and no two readings of it agree"


def read(job: Job, terms: Terms) -> Reading:
    """Read the span of a job.

    One answer that holds everything proves it. A few pages of a settled span prove it if they add up. Whatever does not
    add up, is longer, or may still change, is split in time. What cannot be split is read until two readings agree.

    Raises:
        IncompleteLedgerError: It cannot be proved.
    """
    return _read_dated(job, terms) if job.dated else _read_everything(job, terms)


def _read_dated(job: Job, terms: Terms) -> Reading:
    wanted = asked(job.span, terms.zone)
    if not divisible(job.span, wanted):
        return (yield from _read_second(job, wanted, terms))
    most = terms.pages_per_part if job.span.until <= terms.settled_before else 1
    for _ in range(_READINGS):
        try:
            pages = yield from _read_pages(job, wanted, terms, most)
        except IntervalTooLongError:
            return _halves(job)
        if pages is None:
            continue
        if not pages:
            return Part(job)
        if whole(pages[0]) or (len(pages) > 1 and not why_not(pages)):
            return _part(job, pages)
        return _split(job, pages, terms)
    raise incomplete(_SHRANK, job.span)


def _read_second(job: Job, wanted: Span, terms: Terms) -> Reading:
    """Read what cannot be split: once if that proves it, else until two readings agree."""
    settled = job.span.until <= terms.settled_before
    reason, earlier = _SHRANK, None
    for _ in range(_READINGS):
        pages = yield from _read_pages(job, wanted, terms, _MOST_PAGES)
        if pages is None:
            continue
        if not pages:
            return Part(job)
        doubt = None if whole(pages[0]) else why_not(pages, _row)
        part = _part(job, pages)
        proved = whole(pages[0]) or (settled and len(pages) <= terms.pages_per_part)
        if not doubt and (proved or part.entries == earlier):
            return part
        reason, earlier = doubt or _DIFFER, None if doubt else part.entries
    raise incomplete(reason, job.span)


def _read_pages(
    job: Job, wanted: Span, terms: Terms, most: int
) -> Generator[Sequence[PageRequest], Sequence[LedgerPage], Sequence[LedgerPage] | None]:
    """Read page 0 and, if there are at most *most* pages, the others; None if there were fewer than page 0 said."""
    try:
        (first,) = yield (PageRequest(wanted, 0),)
    except NoEntriesError:
        return ()
    _require_dates((first,), job.span, wanted, terms)
    if whole(first) or not 1 < first.paging.page_count <= most:
        return (first,)
    try:
        rest = yield [PageRequest(wanted, number) for number in range(1, first.paging.page_count)]
    except NoEntriesError:
        return None
    _require_dates(rest, job.span, wanted, terms)
    return (first, *rest)


def _read_everything(job: Job, terms: Terms) -> Reading:
    """Ask without dates: one page suffices, or the oldest entry's date tells where the windows begin."""
    for _ in range(_READINGS):
        try:
            (first,) = yield (PageRequest(None, 0),)
        except NoEntriesError:
            return Part(job)
        _require_zone((first,), job.span, terms)
        _require_calendar((first,), job.span)
        if whole(first):
            return _part(job, (first,))
        try:
            rest = yield [PageRequest(None, first.paging.page_count - 1)] if first.paging.page_count > 1 else []
        except NoEntriesError:
            continue
        _require_calendar(rest, job.span)
        seen = [entry.created_at for page in (first, *rest) for entry in page.entries]
        if not seen:
            raise incomplete("the server counts entries and serves none", job.span)
        later = sum(moment >= job.span.until for moment in seen)
        account = Account(job.span, None, first.paging.total_entries - later)
        since = min(at_second(min(seen)), job.span.until) - _OUT_OF_ORDER
        return _under(account, list(windows(Span(since, job.span.until), terms.window)))
    raise incomplete(_SHRANK, job.span)


def _require_dates(pages: Sequence[LedgerPage], span: Span, wanted: Span, terms: Terms) -> None:
    _require_zone(pages, span, terms)
    # A server may round the fraction of a second, or take a date for that of the other fold.
    stray = stray_page(pages, asked(wanted, terms.zone))
    if stray is not None:
        reason = "the server filters by another date than ledgerCreatedDate, or its clock is not in server_timezone"
        raise incomplete(reason, span, stray)


def _require_zone(pages: Sequence[LedgerPage], span: Span, terms: Terms) -> None:
    offset = foreign_offset(pages, terms.zone)
    if offset is not None:
        raise incomplete(f"the server's clock is at UTC{offset}, not in the client's server_timezone", span)


def _require_calendar(pages: Sequence[LedgerPage], span: Span) -> None:
    """Refuse the zero dates of other calendars: no window could hold such an entry."""
    if any(entry.created_at < span.since for page in pages for entry in page.entries):
        raise incomplete(f"an entry is dated before {span.since.year}", span)


def _row(entry: LedgerEntry) -> object:
    return entry


def _part(job: Job, pages: Sequence[LedgerPage]) -> Part:
    entries = [entry for page in pages for entry in page.entries]
    kept = sorted((entry for entry in entries if entry.created_at in job.span), key=_IN_ORDER)
    before = sum(entry.created_at < job.span.since for entry in entries)
    return Part(job, kept, before, len(entries) - len(kept) - before)


def _split(job: Job, pages: Sequence[LedgerPage], terms: Terms) -> Split:
    total = pages[0].paging.total_entries
    account = Account(job.span, asked(job.span, terms.zone), total, job.account, last=job.last)
    settled = at_second(terms.settled_before)
    if job.span.since < settled < job.span.until:
        return _under(account, [Span(job.span.since, settled), Span(settled, job.span.until)])
    room = pages[0].paging.page_size * (terms.pages_per_part if job.span.until <= settled else 1)
    pieces = math.ceil(total / max(room * _FULL, 1))
    seen = [entry.created_at for page in pages for entry in page.entries]
    return _under(account, cut(job.span, seen, total, min(max(pieces, 2), _MOST_PIECES)))


def _halves(job: Job) -> Split:
    older, newer = cut(job.span, (), 0, 2)
    return Split([Job(older, job.account), Job(newer, job.account, last=job.last)])


def _under(account: Account, spans: Sequence[Span]) -> Split:
    return Split([Job(span, account, last=span is spans[-1]) for span in spans])
