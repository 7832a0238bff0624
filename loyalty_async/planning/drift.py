"""What of an answer this version does not know: how a change of the API is noticed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.pages import LedgerPage

__all__ = ["unfamiliar"]

_LONGEST_NAME = 100
"""A report stays small, whatever a server sends."""


def unfamiliar(page: LedgerPage) -> Counter[str]:
    """Count unknown fields and values of a page.

    A field is named from its entry, as `newField` or `transaction_details.newField`; one outside the entries from the
    page, as `page.paging.newField`; a value, as `event_name=NewEvent`. Sources are not looked at: the documents print
    them in capitals, the samples in small letters. A name is cut where it is too long to be one.
    """
    counts = Counter(name[:_LONGEST_NAME] for name in _in_page(page))
    for entry in page.entries:
        counts.update(name[:_LONGEST_NAME] for name in _in_entry(entry))
    return counts


def _in_page(page: LedgerPage) -> Iterator[str]:
    yield from _fields("page", page)
    yield from _fields("page.paging", page.paging)
    yield from _fields("page.owner", page.owner)
    if page.owner is not None and page.owner.entity_type.__class__ is str:
        yield f"entity_type={page.owner.entity_type}"
    for warning in page.warnings:
        yield from _fields("page.warnings", warning)


def _in_entry(entry: LedgerEntry) -> Iterator[str]:
    yield from entry.extra
    if entry.event_name.__class__ is str:
        yield f"event_name={entry.event_name}"
    for detail in entry.entry_details:
        if detail.ledger_entry_type.__class__ is str:
            yield f"ledger_entry_type={detail.ledger_entry_type}"
        if detail.points_category.__class__ is str:
            yield f"points_category={detail.points_category}"
        yield from _fields("entry_details", detail)
    yield from _fields("transaction_details", entry.transaction_details)
    yield from _fields("event_details", entry.event_details)
    if entry.customer_details is not None:
        yield from _fields("customer_details", entry.customer_details)
        yield from _fields("customer_details.identifier", entry.customer_details.identifier)


def _fields(path: str, model: Any) -> Iterator[str]:
    if model is not None:
        for name in model.extra:
            yield f"{path}.{name}"
