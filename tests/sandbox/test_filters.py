from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from loyalty_async.sandbox.books import Book
from loyalty_async.sandbox.paths import LEDGER_BALANCE_PATH
from loyalty_async.sandbox.records import (
    CARD_PROGRAM,
    DEFAULT_ORGANISATION,
    DEFAULT_PROGRAM,
    MAIN,
    PROMISED,
    TRIGGER_BASED,
    Detail,
    Entry,
    Transaction,
)
from loyalty_async.sandbox.sandboxes import Sandbox
from tests.sandbox.calls import NOON, ask, get, ids, open_world

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
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


def dated(sandbox: Sandbox) -> None:
    """Add entries of noon whose bill, event or neither has a date, an hour before; the till's clock has no zone."""
    wall = (NOON - HOUR).replace(tzinfo=None)
    bill = Transaction(transaction_id=1, number="1", date=wall, amount=POINT, gross_amount=POINT)
    add(sandbox, 1, transaction=bill)
    add(sandbox, 2, transaction=bill, event_details={"eventDate": NOON})
    add(sandbox, 3, event_details={"eventDate": NOON - HOUR})
    add(sandbox, 4, event_details={"eventDate": wall})
    add(sandbox, 5)


@pytest.mark.parametrize(
    ("filters_by", "at", "expected"),
    [
        ("created", NOON, [5, 4, 3, 2, 1]),
        ("created", NOON - HOUR, []),
        ("event", NOON, [5]),
        ("event", NOON - HOUR, [4, 3, 2, 1]),
    ],
)
def test_a_server_may_filter_by_another_date(filters_by: str, at: datetime, expected: list[int]) -> None:
    """That of the bill, or of the event, where an entry has one; without dates everything is found."""
    sandbox, _ = open_world(filters_by=filters_by)
    dated(sandbox)
    span = [(at + shift * SECOND).strftime("%Y-%m-%dT%H:%M:%S") for shift in (0, 1)]
    assert ids(ask(sandbox, startDate=span[0], endDate=span[1])) == expected
    assert ids(ask(sandbox)) == [5, 4, 3, 2, 1]


def test_a_tills_wall_clock_is_read_in_the_servers_zone() -> None:
    """As servers do; what has a zone stays where it is."""
    sandbox, _ = open_world(filters_by="event", timezone=timezone(5.5 * HOUR))
    dated(sandbox)
    assert ids(ask(sandbox, startDate="2025-03-01T11:00:00", endDate="2025-03-01T11:00:00")) == [4, 2, 1]
    assert ids(ask(sandbox, startDate="2025-03-01T16:30:00", endDate="2025-03-01T16:30:00")) == [3]


def test_spans_of_another_date_are_half_open() -> None:
    """Where endDate is exclusive, as those of the creation."""
    sandbox, _ = open_world(filters_by="event", end_date_inclusive=False)
    for number, shift in enumerate((-1, 0, 1)):
        add(sandbox, number, event_details={"eventDate": NOON - HOUR + shift * SECOND})
    assert ids(ask(sandbox, startDate="2025-03-01T11:00:00", endDate="2025-03-01T11:00:01")) == [1]


def test_a_balance_is_of_the_creations_date() -> None:
    """Whatever date the ledger's pages are filtered by."""
    sandbox, _ = open_world(filters_by="event")
    dated(sandbox)
    query = {"endDate": "2025-03-01T11:30:00"}
    assert ids(get(sandbox, LEDGER_BALANCE_PATH, **query)) == []
    assert ids(ask(sandbox, **query)) == [4, 3, 2, 1]


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
