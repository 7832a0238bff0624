"""What of an answer this version does not know: how a change of the API is noticed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from loyalty_async.models.late import NO_NEWS, NOT_YET, late_fields, news_of
from loyalty_async.models.ledger import EntryDetail, EntryMember, LedgerEntry
from loyalty_async.models.pages import LedgerPage

__all__ = ["unfamiliar"]

_LONGEST_NAME = 100
"""A report stays small, whatever a server sends."""
_CONTENTS = [(name, slot.__get__) for name, slot in late_fields(LedgerEntry).items()]
"""What gives a late field of an entry as it is, without building it."""


def unfamiliar(page: LedgerPage) -> Counter[str]:
    """Count unknown fields and values of a page.

    A field is named from its entry, as `newField` or `transaction_details.newField`; one outside the entries from the
    page, as `page.paging.newField`; a value, as `event_name=NewEvent`. Sources are not looked at: the documents print
    them in capitals, the samples in small letters. A name is cut where it is too long to be one.
    """
    names = list(_in_page(page))
    for entry in page.entries:
        if entry.extra or type(entry.event_name) is str or news_of(entry) is not NO_NEWS:
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
    """Add what is unfamiliar in an entry; in nearly all there is nothing, which was seen when they were read.

    What is in it and not built yet has no unknown field, and its unknown words were noted when it was read.
    """
    if entry.extra:
        names += entry.extra
    if type(entry.event_name) is str:
        names.append(f"event_name={entry.event_name}")
    news = news_of(entry)
    for path, content in _CONTENTS:
        inside = content(entry)
        if inside is NOT_YET:
            names += news.get(path, ())
        elif inside is not None:
            names += _inside(path, inside)


def _inside(path: str, inside: Any) -> Iterator[str]:
    if isinstance(inside, tuple):
        for each in inside:
            yield from _inside(path, each)
    else:
        yield from _fields(path, inside)
        yield from _words(inside)
        if isinstance(inside, EntryMember) and inside.identifier is not None:
            yield from _fields(f"{path}.identifier", inside.identifier)


def _words(inside: Any) -> Iterator[str]:
    if isinstance(inside, EntryDetail):
        if type(inside.ledger_entry_type) is str:
            yield f"ledger_entry_type={inside.ledger_entry_type}"
        if type(inside.points_category) is str:
            yield f"points_category={inside.points_category}"


def _fields(path: str, model: Any) -> Sequence[str]:
    return [f"{path}.{name}" for name in model.extra] if model is not None and model.extra else ()
