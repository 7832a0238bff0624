from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from loyalty_async.sandbox.books import Book
from loyalty_async.sandbox.records import (
    CARD_PROGRAM,
    DEFAULT_ORGANISATION,
    DEFAULT_PROGRAM,
    MAIN,
    PROMISED,
    TRIGGER_BASED,
    Detail,
    Entry,
)
from loyalty_async.sandbox.sandboxes import Sandbox
from tests.sandbox.calls import NOON, ask, ids, open_world

SECOND = timedelta(seconds=1)
POINT = Decimal("1.000")
TILLS = {till.code: till for till in DEFAULT_ORGANISATION.tills}


@pytest.fixture
def sandbox() -> Sandbox:
    return open_world()[0]


def add(sandbox: Sandbox, number: int, **fields: Any) -> None:
    sandbox.ledger.add_entry(7001, event_log_id=number, **{"created_at": NOON, **fields})


def lines(answer: Any) -> list[tuple[str, str, str | None]]:
    return [
        (line["ledgerEntryType"], line["pointsCategory"], line.get("alternateCurrencyName"))
        for entry in answer["ledgerEntries"]
        for line in entry["entryDetails"]
    ]


@pytest.fixture
def mixed(sandbox: Sandbox) -> Sandbox:
    """One entry of points of each category, one of points and a currency, one of a currency only."""
    for number, category in enumerate((MAIN, PROMISED, TRIGGER_BASED), start=1):
        add(sandbox, number, category=category, points=1)
    stars = Detail("CREDIT", POINT, MAIN, DEFAULT_PROGRAM, "Stars")
    add(sandbox, 4, details=[Detail("CREDIT", POINT, MAIN, DEFAULT_PROGRAM), stars])
    add(sandbox, 5, details=[Detail("CREDIT", POINT, PROMISED, DEFAULT_PROGRAM, "Stamps")])
    return sandbox


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, [4, 3, 2, 1]),
        ({"pointCategoryType": "REGULAR"}, [4, 1]),
        ({"pointCategoryType": "PROMISED"}, [2]),
        ({"pointCategoryType": "TRIGGER_BASED"}, [3]),
        ({"includeAlternateCurrencies": "true"}, [5, 4, 3, 2, 1]),
        ({"includeAlternateCurrencies": "true", "pointCategoryType": "REGULAR"}, [4, 1]),
        ({"includeAlternateCurrencies": "true", "pointCategoryType": "PROMISED"}, [5, 2]),
        ({"includeAlternateCurrencies": "true", "excludePointCategories": "true"}, [5, 4]),
        (
            {"includeAlternateCurrencies": "true", "excludePointCategories": "true", "pointCategoryType": "REGULAR"},
            [5, 4],
        ),
        ({"alternateCurrencyNames": "Stars"}, [4]),
        ({"alternateCurrencyNames": "Stars,Stamps"}, [5, 4]),
        ({"alternateCurrencyNames": "Stars,Stamps", "includeAlternateCurrencies": "false"}, [5, 4]),
        ({"alternateCurrencyNames": "Stamps", "excludePointCategories": "true"}, [5]),
    ],
)
def test_categories_and_currencies_follow_the_table(mixed: Sandbox, query: dict[str, str], expected: list[int]) -> None:
    """The table of behaviour of seed 002."""
    assert ids(ask(mixed, **query)) == expected


def test_lines_that_were_not_asked_for_are_not_shown(mixed: Sandbox) -> None:
    """The lines of alternate currencies of a mixed entry are left out, and shown on their own."""
    assert ("CREDIT", MAIN, "Stars") not in lines(ask(mixed))
    assert lines(ask(mixed, alternateCurrencyNames="Stars")) == [("CREDIT", MAIN, "Stars")]


@pytest.mark.parametrize(("kind", "expected"), [("CREDIT", [3, 1]), ("DEBIT", [3, 2]), ("OPENING_BALANCE", [4])])
def test_entry_types_select_lines(sandbox: Sandbox, kind: str, expected: list[int]) -> None:
    """An entry with a debit and a credit is found by each, with the line that was asked for."""
    debit = Detail("DEBIT", POINT, PROMISED, DEFAULT_PROGRAM)
    add(sandbox, 1, points=1)
    add(sandbox, 2, points=-1)
    add(sandbox, 3, details=[debit, Detail("CREDIT", POINT, MAIN, DEFAULT_PROGRAM)])
    add(sandbox, 4, details=[Detail("OPENING_BALANCE", POINT, MAIN, DEFAULT_PROGRAM)])
    answer = ask(sandbox, ledgerEntryType=kind)
    assert ids(answer) == expected
    assert {line[0] for line in lines(answer)} == {kind}


def test_a_program_selects_lines(sandbox: Sandbox) -> None:
    """By the program of the line."""
    add(sandbox, 1, program=DEFAULT_PROGRAM)
    add(sandbox, 2, program=CARD_PROGRAM)
    assert ids(ask(sandbox, programId=CARD_PROGRAM.program_id)) == [2]


@pytest.mark.parametrize(("included", "expected"), [("false", [1]), ("true", [2, 1])])
def test_debits_at_the_tills_of_a_concept_can_be_included(sandbox: Sandbox, included: str, expected: list[int]) -> None:
    """Debits of another program, at a till of this program's concept; no credits, and at no other till."""
    here, elsewhere = TILLS["highstreet.1"], TILLS["highstreet.2"]
    add(sandbox, 1, program=DEFAULT_PROGRAM, till=elsewhere)
    add(sandbox, 2, program=CARD_PROGRAM, till=here, points=-1)
    add(sandbox, 3, program=CARD_PROGRAM, till=elsewhere, points=-1)
    add(sandbox, 4, program=CARD_PROGRAM, till=here, points=1)
    answer = ask(sandbox, programId=DEFAULT_PROGRAM.program_id, includeTillConceptEvents=included)
    assert ids(answer) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"tillId": "700101"}, [1]),
        ({"tillIds": "700101,700201"}, [3, 1]),
        ({"storeId": "51001"}, [2, 1]),
        ({"storeCode": "harbour"}, [3]),
        ({}, [4, 3, 2, 1]),
    ],
)
def test_tills_and_stores_select_entries(sandbox: Sandbox, query: dict[str, str], expected: list[int]) -> None:
    """An entry without a till is found only without such a filter."""
    for number, code in enumerate(("highstreet.1", "highstreet.2", "harbour.1"), start=1):
        add(sandbox, number, till=TILLS[code])
    add(sandbox, 4, till=None)
    assert ids(ask(sandbox, **query)) == expected


@pytest.mark.parametrize(("order", "expected"), [("newest", [3, 2, 1]), ("oldest", [1, 2, 3])])
def test_the_order_is_by_id(order: str, expected: list[int]) -> None:
    """Not by date, in which these are 2, 3, 1."""
    sandbox, _ = open_world(order=order)
    for number, shift in [(1, 3), (2, 1), (3, 2)]:
        add(sandbox, number, created_at=NOON + shift * SECOND)
    assert ids(ask(sandbox)) == expected


@pytest.mark.parametrize("parameter", ["order", "sort", "sortOrder"])
@pytest.mark.parametrize(("direction", "expected"), [("ASC", [2, 3, 1]), ("DESC", [1, 3, 2])])
def test_a_request_may_ask_for_an_order_by_date(
    sandbox: Sandbox, parameter: str, direction: str, expected: list[int]
) -> None:
    """Each of the three spellings that the documents have."""
    for number, shift in [(1, 3), (2, 1), (3, 2)]:
        add(sandbox, number, created_at=NOON + shift * SECOND)
    assert ids(ask(sandbox, **{parameter: direction})) == expected


def test_an_arbitrary_order_is_stable_and_loses_nothing() -> None:
    """Pages of it fit together."""
    sandbox, _ = open_world(order="arbitrary", order_seed=5)
    for number in range(40):
        add(sandbox, number)
    pages = [ids(ask(sandbox, limit=10, offset=page)) for page in range(4)]
    served = [number for page in pages for number in page]
    assert sorted(served) == list(range(40))
    assert served not in (list(range(40)), list(range(39, -1, -1)))
    assert ids(ask(sandbox, limit=40)) == served


def test_another_seed_gives_another_arbitrary_order() -> None:
    """The seed chooses."""
    orders = []
    for seed in (1, 2):
        sandbox, _ = open_world(order="arbitrary", order_seed=seed)
        for number in range(40):
            add(sandbox, number)
        orders.append(ids(ask(sandbox, limit=40)))
    assert orders[0] != orders[1]


def test_changes_are_seen_at_once(sandbox: Sandbox) -> None:
    """Pages are of the ledger as it is now."""
    add(sandbox, 1)
    assert ids(ask(sandbox)) == [1]
    add(sandbox, 2)
    assert ids(ask(sandbox)) == [2, 1]
    sandbox.ledger.remove_entry(7001, 1)
    assert ids(ask(sandbox)) == [2]


def test_an_entry_without_lines_is_shown_unless_lines_are_asked_for(sandbox: Sandbox) -> None:
    """No filter of lines can let it through."""
    add(sandbox, 1, details=[])
    assert ids(ask(sandbox)) == [1]
    assert ids(ask(sandbox, ledgerEntryType="CREDIT")) == []


def test_many_pages_sort_once(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A walk over ten pages reads the book once."""
    for number in range(100):
        add(sandbox, number)
    reads: list[object] = []

    def between(book: Book, *span: int | None) -> list[Entry]:
        reads.append(span)
        return book.entries

    monkeypatch.setattr(Book, "between", between)
    for page in range(10):
        ask(sandbox, offset=page)
    assert len(reads) == 1
