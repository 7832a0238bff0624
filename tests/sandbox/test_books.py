from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from loyalty_async.sandbox.books import Book, microseconds
from loyalty_async.sandbox.records import Entry
from tests.sandbox.calls import NOON

SECOND = timedelta(seconds=1)


def entry(number: int, shift: int = 0) -> Entry:
    return Entry(
        event_log_id=number,
        event_name="E",
        customer_id=1,
        created_at=NOON + shift * SECOND,
        details=(),
        net_points=Decimal(0),
    )


def numbers(book: Book) -> list[int]:
    return [each.event_log_id for each in book.entries]


def test_microseconds_are_exact() -> None:
    """No float is on the way."""
    assert microseconds(NOON.replace(microsecond=999_999)) - microseconds(NOON) == 999_999


def test_entries_are_put_in_their_places() -> None:
    """By creation, then by id; filling does the same."""
    given = [entry(5), entry(9, -1), entry(4), entry(1, 1)]
    inserted, filled = Book(), Book()
    for each in given:
        inserted.insert(each)
    filled.fill(given)
    assert numbers(inserted) == numbers(filled) == [9, 4, 5, 1]
    twin = entry(5)
    inserted.insert(twin)
    assert inserted.entries[3] is twin


def test_an_event_may_have_several_entries() -> None:
    """They are found together, and after a change as well."""
    book = Book()
    book.fill([entry(1), entry(2), entry(1, 5)])
    assert [each.created_at for each in book.with_id(1)] == [NOON, NOON + 5 * SECOND]
    assert book.with_id(3) == []
    book.insert(entry(3))
    assert len(book.with_id(3)) == 1
    book.remove(1)
    assert len(book.with_id(1)) == 1


def test_what_is_not_there_cannot_be_removed() -> None:
    """An error, and no change."""
    book = Book()
    book.insert(entry(1))
    with pytest.raises(KeyError):
        book.remove(2)
    assert numbers(book) == [1]


def test_views_are_kept_until_the_book_changes() -> None:
    """A page costs a sort only once."""
    book = Book()
    changes: list[Callable[[], object]] = [
        lambda: book.insert(entry(1)),
        lambda: book.remove(1),
        lambda: book.fill([]),
    ]
    for number, change in enumerate(changes):
        book.remember("view", [number])
        assert book.views == {"view": [number]}
        change()
        assert not book.views


def test_few_views_are_kept() -> None:
    """A walk over many windows does not fill the memory."""
    book = Book()
    for number in range(1000):
        book.remember(number, [number])
    assert len(book.views) <= 16
