from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import attrs
import pytest

from loyalty_async.errors import InvalidArgument
from loyalty_async.models.ledger import (
    EntryDetail,
    EntryMember,
    EventDetails,
    LedgerEntry,
    MemberIdentifier,
    Transaction,
)
from loyalty_async.models.pages import LedgerPage
from loyalty_async.wire.converter import make_converter
from loyalty_async.wire.documents import decode_json, decoder_of, encode_json
from loyalty_async.wire.rows import read_row, read_rows, write_rows
from tests._support.full_answer import full_answer

FULL = LedgerEntry(
    event_log_id=5,
    event_name="SomethingNew",
    created_at=datetime(2025, 1, 2, 3, 4, 5, 678_000, UTC),
    customer_id=-7,
    customer_details=EntryMember(first_name="Mia", identifier=MemberIdentifier(type="mobile", value="9"), user_id="12"),
    entry_details=(
        EntryDetail(ledger_entry_type="CREDIT", points=Decimal("46.690"), points_category="Main", program_id=973),
        EntryDetail(ledger_entry_type="TWIST", points=Decimal(100), alternate_currency_name="Stars"),
    ),
    net_points_on_event=Decimal("46.688"),
    net_alternate_currencies_on_event={"Stars": Decimal("0.1")},
    transaction_details=Transaction(transaction_id=2**40, date=datetime(2025, 1, 2, 9, 0), amount=Decimal("1.50")),  # noqa: DTZ001 - a till's wall clock
    event_details=EventDetails(reason="GOODWILL", extra={"level": 3}),
    extra={"fresh": ["a", None, 1]},
)


def test_an_entry_comes_back_as_it_was_written() -> None:
    """Every digit, the wall clock without an offset, words that are new, and what this version does not know."""
    [read] = read_rows([encode_json(FULL) + b"\n"])
    assert read == FULL
    assert [str(each.points) for each in read.entry_details] == ["46.690", "100"]


def test_empty_lines_are_skipped() -> None:
    assert list(read_rows([b"\n", encode_json(FULL), b"  \n"])) == [FULL]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"{", "line 2 is no entry: .*the body is not JSON"),
        (b"[]", "an object was expected"),
        (b'{"event_log_id": 1, "event_name": "x"}', "missing"),
        (b'{"event_log_id": "1", "event_name": "x", "created_at": "2025-01-01T00:00:00Z"}', "an integer"),
        (b'{"event_log_id": 1, "event_name": "x", "created_at": "917406401004"}', "a date was expected"),
        (b'{"event_log_id": 1, "event_name": "x", "created_at": 5}', "a date was expected"),
        (
            encode_json(FULL).replace(b'"46.690"', b'"NaN"'),
            "a decimal number was expected",
        ),
    ],
)
def test_a_line_that_is_no_entry_is_named_without_its_content(line: bytes, words: str) -> None:
    rows: Any = read_rows([encode_json(FULL), line])
    assert next(rows) == FULL
    with pytest.raises(InvalidArgument, match=words) as raised:
        next(rows)
    assert "9174" not in str(raised.value)


def test_a_row_that_is_written_is_read_back() -> None:
    assert read_row(decode_json(write_rows([FULL]))) == FULL
    assert list(decode_json(write_rows([FULL]))) == [field.name for field in attrs.fields(LedgerEntry)]


def test_a_row_is_written_of_an_entry_that_nobody_has_looked_at() -> None:
    page = make_converter().structure(decoder_of(LedgerPage)(full_answer()), LedgerPage)
    (entry,) = page.entries
    assert read_row(decode_json(write_rows([entry]))) == entry
