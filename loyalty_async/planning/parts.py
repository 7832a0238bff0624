"""How one span is read until it is proved: which pages to ask for, when to split, when to give up.

A reading is a generator: it yields the pages that it wants next, is sent them or is thrown the server's refusal, and
returns what came out. It sleeps on nothing and knows no network, so every decision can be tested without an event loop.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from operator import attrgetter

from loyalty_async.errors import IntervalTooLongError, NoEntriesError
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.pages import LedgerPage
from loyalty_async.models.spans import Span
from loyalty_async.planning.accounts import Account
from loyalty_async.planning.density import cut, divisible
from loyalty_async.planning.jobs import Job, PageRequest, Part, Reading, Split, Terms
from loyalty_async.planning.proofs import event_log_id, incomplete, stray_page, whole, why_not
from loyalty_async.planning.windows import asked, at_second, windows

__all__ = ["read"]

_READINGS = 4
"""How often a span that cannot be split is read before it is given up."""
_FULL = 0.8
"""How full the pieces of a split are meant to be: entries do not come evenly, and one too many means to split again."""
_MOST_PIECES = 64
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
    allowed = asked(wanted, terms.zone)  # A server may round the fraction of a second, or take a date for another fold.
    splits = divisible(job.span, wanted)
    reason = _SHRANK
    earlier: Sequence[LedgerEntry] | None = None
    for _ in range(_READINGS):
        try:
            (first,) = yield (PageRequest(wanted, 0),)
        except NoEntriesError:
            return Part(job)
        except IntervalTooLongError:
            if not splits:
                raise
            return _halves(job)
        _require_dates((first,), job.span, allowed)
        if whole(first):
            return _part(job, (first,))
        few = first.paging.page_count <= terms.pages_per_part and job.span.until <= terms.settled_before
        if splits and not few:
            return _split(job, (first,), terms)
        try:
            rest = yield [PageRequest(wanted, number) for number in range(1, first.paging.page_count)]
        except NoEntriesError:
            reason = _SHRANK
            continue
        pages = (first, *rest)
        _require_dates(rest, job.span, allowed)
        doubt = why_not(pages, event_log_id if splits else _row)
        if doubt and splits:
            return _split(job, pages, terms)
        part = _part(job, pages)
        if not doubt and (few or part.entries == earlier):
            return part
        reason, earlier = doubt or _DIFFER, None if doubt else part.entries
    raise incomplete(reason, job.span)


def _read_everything(job: Job, terms: Terms) -> Reading:
    """Ask without dates: one page suffices, or the oldest entry's date tells where the windows begin."""
    for _ in range(_READINGS):
        try:
            (first,) = yield (PageRequest(None, 0),)
        except NoEntriesError:
            return Part(job)
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
            continue
        later = sum(moment >= job.span.until for moment in seen)
        account = Account(job.span, None, first.paging.total_entries - later)
        since = min(at_second(min(seen)), job.span.until) - _OUT_OF_ORDER
        return _under(account, list(windows(Span(since, job.span.until), terms.window)))
    raise incomplete(_SHRANK, job.span)


def _require_dates(pages: Sequence[LedgerPage], span: Span, allowed: Span) -> None:
    stray = stray_page(pages, allowed)
    if stray is not None:
        raise incomplete("the server filters by another date than ledgerCreatedDate", span, stray)


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
