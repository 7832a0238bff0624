"""How a long settled span is read without reading a page of it twice.

Pages are read from the end that the walk wants first, and cut off at a gap between their entries. The rest is then
asked for without them. If the server counts there what it counted before, less what was cut off, then every other entry
lies in the rest, whatever the server's order: what was cut off is proved. The answers that say so are the next to be
cut.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from datetime import datetime, timedelta, tzinfo

import attrs

from loyalty_async.errors import IntervalTooLongError, NoEntriesError
from loyalty_async.models.pages import LedgerPage
from loyalty_async.models.spans import Span
from loyalty_async.planning.accounts import Account
from loyalty_async.planning.density import shows_newest_first
from loyalty_async.planning.jobs import Job, PageRequest, Split, Terms
from loyalty_async.planning.proofs import proved_part, require_dates, why_not
from loyalty_async.planning.windows import at_second, joined

__all__ = ["LONGEST", "read_from_end", "too_long"]

_SECOND = timedelta(seconds=1)
LONGEST = 3
"""How many times the pages of a part are read from one end, one after the other: of a longer span pieces of about that
length are read, so that those who look ahead need not wait for each end in turn."""


def read_from_end(
    job: Job, wanted: Span, pages: Sequence[LedgerPage], terms: Terms
) -> Generator[Sequence[PageRequest], Sequence[LedgerPage], Split | None]:
    """Read the end of a span that is wanted first.

    Args:
        job: The span, of more pages than may be read at once.
        wanted: What the server is asked for.
        pages: Those that are here: page 0, or those of the job.
        terms: Those of the walk.

    Returns:
        The end, as a part, and the rest; None if the span cannot be read so.
    """
    paging, way = pages[0].paging, _way(job, pages[0], terms)
    if way is None:
        return None
    here = _Begun(job.span, wanted, pages)
    begun = here if job.pages else (yield from _with_next(here, paging.page_count, way))
    end = _cut_off(begun, way) if begun else None
    if end is None:
        return None
    rest = yield from _with_next(end.rest, -(-end.left // paging.page_size), way)
    if rest is None or rest.pages[0].paging.total_entries != end.left:
        return None
    account = _account(job, wanted, paging.total_entries)
    further = Job(rest.span, account, asked=rest.asked, pages=rest.pages)
    return Split([further], proved_part(Job(end.span, account), end.pages))


def too_long(job: Job, first: LedgerPage, terms: Terms) -> bool:
    """Tell whether a span is to be cut into pieces that may then be read from their ends."""
    at_once = terms.pages_at_once(job.span, first.paging.page_size)
    return job.by_ends and _most(at_once) > 0 and first.paging.page_count > LONGEST * at_once


def _account(job: Job, wanted: Span, total: int) -> Account:
    """Let two pieces take the place of the span: of what is left of a longer one the whole keeps the account."""
    if not job.pages or job.account is None:
        return Account(job.span, wanted, total, 2, job.account)
    job.account.replace(2)
    return job.account


@attrs.frozen
class _Way:
    """How pages are read.

    Attributes:
        most: How many are asked for at once: what is cut off, what proves it and page 0 fit into a part.
        from_last: Whether those that the walk wants first come last; page 0 is then kept until it is their turn.
        descending: Whether the walk wants the newest first.
        zone: The time zone of the server's clock.
    """

    most: int
    from_last: bool
    descending: bool
    zone: tzinfo

    def next_numbers(self, pages: Sequence[LedgerPage], count: int) -> range:
        """Say which pages of so many to read next, when some are here."""
        if not self.from_last:
            return range(len(pages), min(self.most, count))
        behind = pages[1].paging.page_number if len(pages) > 1 else count
        return range(max(behind - self.most, 1), behind)


def _most(at_once: int) -> int:
    return (at_once - 1) // 2


def _way(job: Job, first: LedgerPage, terms: Terms) -> _Way | None:
    at_once = terms.pages_at_once(job.span, first.paging.page_size)
    most = _most(at_once)
    if not (job.by_ends and most and at_once < first.paging.page_count <= LONGEST * at_once):
        return None
    if job.pages:  # It goes on as it began, whatever this page 0 looks like.
        from_last = job.pages[-1].paging.page_number == first.paging.page_count - 1
    else:
        newest_first = shows_newest_first([entry.created_at for entry in first.entries])
        if newest_first is None:
            return None
        from_last = newest_first != terms.descending
    return _Way(most, from_last, terms.descending, terms.zone)


@attrs.frozen
class _Begun:
    """A span that is asked for, and those of its pages that are here."""

    span: Span
    asked: Span
    pages: Sequence[LedgerPage]


def _with_next(
    begun: _Begun, count: int, way: _Way
) -> Generator[Sequence[PageRequest], Sequence[LedgerPage], _Begun | None]:
    """Read the next pages; None if with those that are here they are not of one reading."""
    numbers = way.next_numbers(begun.pages, count)
    try:
        more = (yield [PageRequest(begun.asked, number) for number in numbers]) if numbers else ()
    except (NoEntriesError, IntervalTooLongError):
        return None
    require_dates(more, begun.span, begun.asked, way.zone)
    here = [page.paging.page_number for page in begun.pages]
    pages = [*begun.pages[:1], *more, *begun.pages[1:]]
    if why_not(pages, numbers=[*here[:1], *numbers, *here[1:]]):
        return None
    return attrs.evolve(begun, pages=pages)


@attrs.frozen
class _End:
    """What can be cut off.

    Attributes:
        span: Its span.
        pages: Those that have its entries, and some others.
        left: How many entries there are without it.
        rest: The other span.
    """

    span: Span
    pages: Sequence[LedgerPage]
    left: int
    rest: _Begun


def _cut_off(begun: _Begun, way: _Way) -> _End | None:
    """Cut at the last gap on the last of the pages; None if there is none."""
    pages = begun.pages[:0:-1] if way.from_last else begun.pages
    dates = [entry.created_at for page in pages for entry in (page.entries[::-1] if way.from_last else page.entries)]
    fewest = max(len(dates) - len(pages[-1].entries), len(dates) // 2, 1)
    for place in range(len(dates) - 1, fewest - 1, -1):
        edge = _gap(dates[:place], dates[place:], descending=way.descending)
        if edge is not None and _may_be_cut(begun.span, edge, way.zone):
            left = begun.pages[0].paging.total_entries - place
            span, rest, asked = _spans(begun, edge, descending=way.descending)
            further = _further(begun.pages, len(dates) - place, left) if way.from_last else ()
            return _End(span, pages, left, _Begun(rest, asked, further))
    return None


def _gap(wanted_first: Sequence[datetime], others: Sequence[datetime], *, descending: bool) -> datetime | None:
    """Find a whole second between some dates and the others, with more than a second between it and the others."""
    if descending:
        edge = at_second(min(wanted_first))
        return edge if max(others) < edge - _SECOND else None
    edge = at_second(max(wanted_first)) + _SECOND
    return edge if min(others) > edge + _SECOND else None


def _may_be_cut(span: Span, edge: datetime, zone: tzinfo) -> bool:
    """Tell whether an instant lies inside, and not where a clock that is set back shows it twice."""
    return span.since < edge < span.until and len(joined([Span(span.since, edge), Span(edge, span.until)], zone)) > 1


def _spans(begun: _Begun, edge: datetime, *, descending: bool) -> tuple[Span, Span, Span]:
    """Say what to cut off, what is left, and what to ask for then: a second less, of which nothing is seen.

    So whatever the server makes of fractions, and of an entry at either end, it counts none that was cut off, and shows
    none that is not left.
    """
    older, newer = Span(begun.span.since, edge), Span(edge, begun.span.until)
    if descending:
        return newer, older, Span(begun.asked.since, edge - _SECOND)
    return older, newer, Span(edge + _SECOND, begun.asked.until)


def _further(pages: Sequence[LedgerPage], shown: int, total: int) -> Sequence[LedgerPage]:
    """Give page 0, and of page 1 of those that are here so many entries, as pages of what is left: its first and last.

    What was cut off stood on the last pages: those before them stay as they were, but for the total that they say.
    """
    first, last = pages[0].paging, pages[1]
    paging = attrs.evolve(first, total_entries=total, page_count=-(-total // first.page_size))
    here = [pages[0], attrs.evolve(last, entries=last.entries[:shown])]
    return [attrs.evolve(page, paging=attrs.evolve(paging, page_number=page.paging.page_number)) for page in here]
