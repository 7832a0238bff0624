"""Does what arrived add up?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo

from loyalty_async.errors import IncompleteLedgerError
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.pages import LedgerPage
from loyalty_async.models.spans import Span

__all__ = ["event_log_id", "foreign_offset", "incomplete", "stray_page", "whole", "why_not"]


def event_log_id(entry: LedgerEntry) -> object:
    """Tell entries apart by their event."""
    return entry.event_log_id


def whole(page: LedgerPage) -> bool:
    """Tell whether one answer holds everything that it says there is: then nothing can have moved under it."""
    return page.paging.page_number == 0 and page.paging.total_entries == len(page.entries)


def why_not(pages: Sequence[LedgerPage], identity: Callable[[LedgerEntry], object] = event_log_id) -> str | None:
    """Say why pages 0, 1, 2, … do not prove that they are everything; None if they do.

    They do when totals and page counts are the same in all, each page is the one asked for, the entries are as many as
    was said, and no *identity* stands on two pages. Equal rows within one page are all real: a group's event has a row
    for each member.
    """
    first = pages[0].paging
    for number, page in enumerate(pages):
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
    if sum(len(page.entries) for page in pages) != first.total_entries:
        return "the server served another number of entries than it counted"
    distinct = [{identity(entry) for entry in page.entries} for page in pages]
    if len(set().union(*distinct)) < sum(map(len, distinct)):
        return "an entry stands on two pages"
    return None


def stray_page(pages: Sequence[LedgerPage], allowed: Span) -> int | None:
    """Find the page with an entry dated before or after what is allowed: the server filters by another date."""
    for page in pages:
        if any(not allowed.since <= entry.created_at <= allowed.until for entry in page.entries):
            return page.paging.page_number
    return None


def foreign_offset(pages: Sequence[LedgerPage], zone: tzinfo) -> str | None:
    """Find an entry whose own offset from UTC is not that of the zone in which the server is asked.

    Dates in requests have no offset: read by another clock than ours they name another stretch of time.
    """
    for page in pages:
        for entry in page.entries:
            if entry.created_at.utcoffset() != entry.created_at.astimezone(zone).utcoffset():
                return f"{entry.created_at:%z}"
    return None


def incomplete(reason: str, span: Span, page: int | None = None) -> IncompleteLedgerError:
    """Say what did not add up, and where."""
    where = f"{span}" if page is None else f"{span}, page {page}"
    error = IncompleteLedgerError(f"the ledger cannot be proved complete: {reason} ({where})")
    error.reason, error.since, error.until, error.page = reason, span.since, span.until, page
    return error
