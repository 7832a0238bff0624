"""A view of an entry shows what the entry would, and builds none of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import attrs
import pytest
from hypothesis import example, given

from loyalty_async.models.late import NOT_YET, late_fields
from loyalty_async.models.ledger import LedgerEntry, Transaction
from loyalty_async.models.pages import LedgerPage, RawPage
from loyalty_async.wire.converter import make_converter
from loyalty_async.wire.documents import decode_json, decoder_of, encode_json, raw_decoder_of
from loyalty_async.wire.views import viewer_of
from tests._support.full_answer import full_answer
from tests._support.ledger_json import written
from tests._support.ledger_strategies import pages

CONVERTER = make_converter()
VIEW = viewer_of()


def read(body: bytes) -> LedgerPage:
    return CONVERTER.structure(decoder_of(LedgerPage)(body), LedgerPage)


def shown(entry: LedgerEntry) -> bytes:
    return encode_json(VIEW(entry))


def looked_at(entry: LedgerEntry) -> set[str]:
    return {name for name, slot in late_fields(LedgerEntry).items() if slot.__get__(entry) is not NOT_YET}


@given(pages)
@example(json.loads(full_answer()))
def test_a_view_of_what_is_not_built_is_that_of_what_is(document: Any) -> None:
    """Letter for letter, whether the objects come from forms, were looked at, or were built at once."""
    body = written(document)
    for late, early in zip(read(body).entries, CONVERTER.structure(decode_json(body), LedgerPage).entries, strict=True):
        unseen = shown(late)
        assert decode_json(unseen) == decode_json(encode_json(attrs.asdict(early)))
        assert unseen == shown(early)
        assert looked_at(early) == set(late_fields(LedgerEntry))
        assert late == early  # Looks at all of it.
        assert unseen == shown(late)


@pytest.mark.parametrize(
    "halves",
    [
        {"date": "2024-05-04 12:44:00.25"},
        {"date": "2024-05-04 12:44:00.25", "dateISO": "2024-05-04T12:44:00Z"},
        {"dateISO": "2024-05-04T12:44:00+05:30"},
        {"date": None},
    ],
)
def test_a_clock_is_viewed_as_it_is_built(halves: dict[str, Any]) -> None:
    document = {**json.loads(full_answer())}
    (row,) = document["ledgerEntries"]
    row["transactionDetails"] = {"transactionNumber": "7", **halves}
    (entry,) = read(json.dumps(document).encode()).entries
    unseen = shown(entry)
    assert looked_at(entry) == set()
    assert decode_json(unseen) == decode_json(encode_json(attrs.asdict(entry)))


def test_a_view_builds_nothing() -> None:
    (entry,) = read(full_answer()).entries
    shown(entry)
    assert looked_at(entry) == set()
    assert VIEW(entry).transaction_details.date == entry.transaction_details.date  # type: ignore[union-attr]


def test_a_view_shows_what_its_model_does_in_the_same_order() -> None:
    (entry,) = read(full_answer()).entries
    seen = decode_json(shown(entry))
    assert list(seen) == [field.name for field in attrs.fields(LedgerEntry)]
    assert list(seen["transaction_details"]) == [field.name for field in attrs.fields(Transaction)]


@pytest.mark.parametrize("look", [lambda entry: entry, repr])
def test_the_text_of_a_view_shows_nobody(look: Callable[[LedgerEntry], object]) -> None:
    (entry,) = read(full_answer()).entries
    look(entry)
    assert repr(VIEW(entry)) == "<LedgerEntryView>"
    assert repr(VIEW(entry).entry_details) == "[<EntryDetailView>]"


def test_a_raw_entry_is_viewed_as_any_entry() -> None:
    (raw,) = CONVERTER.structure(raw_decoder_of(RawPage, "entries")(full_answer()), RawPage).entries
    (entry,) = read(full_answer()).entries
    assert shown(raw) == shown(entry)


@pytest.mark.parametrize("change", [lambda entry: entry, lambda entry: attrs.evolve(entry, store="elsewhere")])
def test_an_entry_of_the_callers_own_is_viewed_too(change: Callable[[LedgerEntry], LedgerEntry]) -> None:
    entry = change(read(full_answer()).entries[0])
    assert decode_json(shown(entry)) == decode_json(encode_json(attrs.asdict(entry)))
