"""Does what arrived add up?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo

from loyalty_async.errors import IncompleteLedgerError
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.pages import LedgerPage, Paging
from loyalty_async.models.spans import Span
from loyalty_async.planning.jobs import Job, Part
from loyalty_async.planning.orders import in_order
from loyalty_async.planning.windows import asked

__all__ = [
    "READINGS",
    "UNSERVED",
    "event_log_id",
    "foreign_offset",
    "incomplete",
    "proved_part",
    "require_dates",
    "require_zone",
    "stray_page",
    "whole",
    "why_not",
]

READINGS = 4
"""How often a span that cannot be split is read before it is given up."""
UNSERVED = "the server counts pages that it does not serve"


def event_log_id(entry: LedgerEntry) -> object:
    """Tell entries apart by their event."""
    return entry.event_log_id


def whole(page: LedgerPage) -> bool:
    """Tell whether one answer holds everything that it says there is: then nothing can have moved under it."""
    paging = page.paging
    return paging.page_number == 0 and paging.page_count <= 1 and paging.total_entries == len(page.entries)


def why_not(
    pages: Sequence[LedgerPage],
    identity: Callable[[LedgerEntry], object] = event_log_id,
    numbers: Sequence[int] | None = None,
) -> str | None:
    """Say why pages 0, 1, 2, … do not prove that they are everything; None if they do.

    They do when totals and page counts are the same in all, each page is the one asked for, the entries are as many as
    was said, and no *identity* stands on two pages. Equal rows within one page are all real: a group's event has a row
    for each member. Of pages with other *numbers* the same says that they are those of one reading.
    """
    first = pages[0].paging
    for number, page in zip(numbers or range(len(pages)), pages, strict=True):
        paging = page.paging
        if paging.page_number != number:
            return "the server answered with another page than the one asked for"
        if (paging.total_entries, paging.page_count, paging.page_size) != (
            first.total_entries,
            first.page_count,
            first.page_size,
        ):
            return "the server's totals changed from page to page"
    if first.page_size < 1 or first.page_count != -(-first.total_entries // first.page_size):
        return "the server's page count does not fit its total"
    if sum(len(page.entries) for page in pages) != _counted(first, numbers):
        return "the server served another number of entries than it counted"
    distinct = [{identity(entry) for entry in page.entries} for page in pages]
    if len(set().union(*distinct)) < sum(map(len, distinct)):
        return "an entry stands on two pages"
    return None


def _counted(paging: Paging, numbers: Sequence[int] | None) -> int:
    """Say how many entries pages hold by what was said of the whole; without numbers, all of them."""
    if numbers is None:
        return paging.total_entries
    return sum(min(paging.total_entries - number * paging.page_size, paging.page_size) for number in numbers)


def stray_page(pages: Sequence[LedgerPage], allowed: Span) -> int | None:
    """Find the page with an entry dated before or after what is allowed: the server filters by another date."""
    for page in pages:
        dates = [entry.created_at for entry in page.entries]
        if dates and not allowed.since <= min(dates) <= max(dates) <= allowed.until:
            return page.paging.page_number
    return None


def foreign_offset(pages: Sequence[LedgerPage], zone: tzinfo) -> str | None:
    """Find an entry whose own offset from UTC is not that of the zone in which the server is asked.

    Dates in requests have no offset: read by another clock than ours they name another stretch of time.
    """
    for page in pages:
        for created_at in [entry.created_at for entry in page.entries]:
            if created_at.tzinfo is not zone and created_at.utcoffset() != created_at.astimezone(zone).utcoffset():
                return f"{created_at:%z}"
    return None


def require_dates(pages: Sequence[LedgerPage], span: Span, wanted: Span, zone: tzinfo) -> None:
    """Refuse entries that were not asked for.

    Raises:
        IncompleteLedgerError: There is one.
    """
    require_zone(pages, span, zone)
    # A server may round the fraction of a second, or take a date for that of the other fold.
    stray = stray_page(pages, asked(wanted, zone))
    if stray is not None:
        reason = "the server filters by another date than ledgerCreatedDate, or its clock is not in server_timezone"
        raise incomplete(reason, span, stray)


def require_zone(pages: Sequence[LedgerPage], span: Span, zone: tzinfo) -> None:
    """Refuse entries of another clock than the one by which the server is asked.

    Raises:
        IncompleteLedgerError: There is one.
    """
    offset = foreign_offset(pages, zone)
    if offset is not None:
        raise incomplete(f"the server's clock is at UTC{offset}, not in the client's server_timezone", span)


def proved_part(job: Job, pages: Sequence[LedgerPage]) -> Part:
    """Make the part of a job out of the pages that prove it."""
    entries = [entry for page in pages for entry in page.entries]
    since, until = job.span.since, job.span.until
    kept = in_order(entry for entry in entries if since <= entry.created_at < until)
    before = sum(entry.created_at < since for entry in entries) if len(kept) < len(entries) else 0
    return Part(job, kept, before, len(entries) - len(kept) - before)


def incomplete(reason: str, span: Span, page: int | None = None, *, advice: str = "") -> IncompleteLedgerError:
    """Say what did not add up, and where, and what may help."""
    where = f"{span}" if page is None else f"{span}, page {page}"
    error = IncompleteLedgerError(f"the ledger cannot be proved complete: {reason} ({where}){advice}")
    error.reason, error.since, error.until, error.page = reason, span.since, span.until, page
    return error
