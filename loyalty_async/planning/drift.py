"""What of an answer this version does not know: how a change of the API is noticed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
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
    names = list(_in_page(page))
    for entry in page.entries:
        _add_those_of(entry, names)
    return Counter(name[:_LONGEST_NAME] for name in names)


def _in_page(page: LedgerPage) -> Iterator[str]:
    yield from _fields("page", page)
    yield from _fields("page.paging", page.paging)
    yield from _fields("page.owner", page.owner)
    if page.owner is not None and page.owner.entity_type.__class__ is str:
        yield f"entity_type={page.owner.entity_type}"
    for warning in page.warnings:
        yield from _fields("page.warnings", warning)


def _add_those_of(entry: LedgerEntry, names: list[str]) -> None:
    """Add what is unfamiliar in an entry, of which there is nothing in nearly all."""
    if entry.extra:
        names += entry.extra
    if type(entry.event_name) is str:
        names.append(f"event_name={entry.event_name}")
    for detail in entry.entry_details:
        if type(detail.ledger_entry_type) is str:
            names.append(f"ledger_entry_type={detail.ledger_entry_type}")
        if type(detail.points_category) is str:
            names.append(f"points_category={detail.points_category}")
        if detail.extra:
            names += _fields("entry_details", detail)
    if entry.transaction_details is not None:
        names += _fields("transaction_details", entry.transaction_details)
    if entry.event_details is not None:
        names += _fields("event_details", entry.event_details)
    if entry.customer_details is not None:
        names += _fields("customer_details", entry.customer_details)
        names += _fields("customer_details.identifier", entry.customer_details.identifier)


def _fields(path: str, model: Any) -> Sequence[str]:
    return [f"{path}.{name}" for name in model.extra] if model is not None and model.extra else ()
