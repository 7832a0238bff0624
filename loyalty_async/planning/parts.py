"""How one span is read until it is proved: which pages to ask for, when to split, when to give up.

A reading is a generator: it yields the pages that it wants next, is sent them or is thrown the server's refusal, and
returns what came out. It sleeps on nothing and knows no network, so every decision can be tested without an event loop.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

import attrs

from loyalty_async.errors import IntervalTooLongError, NoEntriesError
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.pages import LedgerPage
from loyalty_async.models.spans import Span
from loyalty_async.planning.accounts import Account
from loyalty_async.planning.density import cut, divisible, halves
from loyalty_async.planning.ends import LONGEST, read_from_end, too_long
from loyalty_async.planning.histories import read_everything
from loyalty_async.planning.jobs import Job, PageRequest, Part, Reading, Split, Terms
from loyalty_async.planning.proofs import READINGS, incomplete, proved_part, require_dates, whole, why_not
from loyalty_async.planning.windows import asked, at_second, joined

__all__ = ["read"]

_MOST_PAGES = 200
"""How many pages of a span too short to be split are read at most, whatever the server says that there are."""
_DIFFER = "a span too short to be split holds more than a page, and no two readings of it agree"
_TOO_MANY = f"a span too short to be split holds more than {_MOST_PAGES} pages"


def read(job: Job, terms: Terms) -> Reading:
    """Read the span of a job.

    One answer that holds everything proves it. A few pages of a settled span prove it if they add up. Whatever does not
    add up, is longer, or may still change, is split in time. What cannot be split is read until two readings agree.

    Raises:
        IncompleteLedgerError: It cannot be proved.
    """
    return _read_dated(job, terms) if job.dated else read_everything(job, terms)


def _read_dated(job: Job, terms: Terms) -> Reading:
    wanted = job.asked or asked(job.span, terms.zone)
    if not divisible(job.span, wanted):
        return (yield from _read_second(job, wanted, terms))
    try:
        pages = yield from _read_pages(job, wanted, terms)
    except IntervalTooLongError:
        return _take_the_place(job, halves(job.span))
    if not pages:
        return Part(job)
    if whole(pages[0]) or (len(pages) > 1 and not why_not(pages)):
        return proved_part(job, pages)
    return (
        (yield from read_from_end(job, wanted, pages, terms))
        or _split(job, wanted, pages[0], terms)
        or (yield from _read_second(job, wanted, terms))
    )


def _read_second(job: Job, wanted: Span, terms: Terms) -> Reading:
    """Read what cannot be split: once if that proves it, else until two readings agree."""
    job = attrs.evolve(job, pages=())
    settled = job.span.until <= terms.settled_before
    reason, earlier = _DIFFER, None
    for again in range(READINGS):
        pages = yield from _read_pages(job, wanted, terms, again, _MOST_PAGES)
        if not pages:
            return Part(job)
        if pages[0].paging.page_count > _MOST_PAGES:
            raise incomplete(_TOO_MANY, job.span)
        doubt = None if whole(pages[0]) else why_not(pages, _row)
        part = proved_part(job, pages)
        proved = whole(pages[0]) or (settled and len(pages) <= terms.pages_per_part)
        if not doubt and (proved or part.entries == earlier):
            return part
        reason, earlier = doubt or _DIFFER, None if doubt else part.entries
    raise incomplete(reason, job.span)


def _read_pages(
    job: Job, wanted: Span, terms: Terms, again: int = 0, most: int | None = None
) -> Generator[Sequence[PageRequest], Sequence[LedgerPage], Sequence[LedgerPage]]:
    """Read page 0 and, if they may be walked and are there, the others; those that are here already are not."""
    try:
        pages = job.pages or (yield (PageRequest(wanted, 0, again),))
    except NoEntriesError:
        return ()
    require_dates(pages, job.span, wanted, terms.zone)
    first = pages[0]
    most = most or terms.pages_at_once(job.span, first.paging.page_size)
    if whole(first) or not 1 < first.paging.page_count <= most:
        return pages
    here = [0, *(page.paging.page_number for page in pages[1:])]
    numbers = [number for number in range(first.paging.page_count) if number not in here]
    try:
        rest = yield [PageRequest(wanted, number) for number in numbers]
    except NoEntriesError:  # There were fewer than page 0 said: the ledger shrank.
        return pages
    require_dates(rest, job.span, wanted, terms.zone)
    by_number = dict(zip([*here, *numbers], [*pages, *rest], strict=True))
    return [by_number[number] for number in range(first.paging.page_count)]


def _row(entry: LedgerEntry) -> object:
    return entry


def _split(job: Job, wanted: Span, first: LedgerPage, terms: Terms) -> Split | None:
    """Split by what page 0 shows; other pages were not asked for, or do not add up. None if there is no place to."""
    total, size = first.paging.total_entries, max(first.paging.page_size, 1)
    settled, by_ends = at_second(terms.settled_before), True
    if job.span.since < settled < job.span.until:
        spans = [Span(job.span.since, settled), Span(settled, job.span.until)]
    else:
        seen = [entry.created_at for entry in first.entries]
        by_ends = too_long(job, first, terms)
        room = size * terms.pages_at_once(job.span, size) * (LONGEST if by_ends else 1)
        spans = cut(job.span, seen, total, room)
    spans = joined(spans, terms.zone)
    if len(spans) == 1:
        return None
    account = Account(job.span, wanted, total, len(spans), job.account)
    return Split([Job(span, account, by_ends=by_ends) for span in spans])


def _take_the_place(job: Job, spans: Sequence[Span]) -> Split:
    """Split a job of which the server did not say how much it holds: its pieces are pieces of what it is a piece of."""
    if job.account is not None:
        job.account.replace(len(spans))
    return Split([Job(span, job.account) for span in spans])
