"""What this version does not know is counted by name, and nothing else is."""

from collections import Counter
from typing import Any

import pytest

from loyalty_async.models.pages import LedgerPage
from loyalty_async.planning.drift import unfamiliar
from loyalty_async.wire.converter import make_converter
from loyalty_async.wire.documents import decode_json, decoder_of
from tests._support.full_answer import decoded, full_answer
from tests._support.ledger_json import Place, at_place, with_value
from tests.samples import as_printed, samples


def counted(document: Any) -> Counter[str]:
    return unfamiliar(make_converter().structure(document, LedgerPage))


@pytest.mark.parametrize("name", samples())
def test_nothing_in_a_printed_answer_is_unfamiliar(name: str) -> None:
    assert counted(decode_json(as_printed(name))) == Counter()


def test_nothing_that_the_documents_name_is_unfamiliar() -> None:
    assert counted(decode_json(full_answer())) == Counter()


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ((), "page.tomorrow"),
        (("customerDetails",), "page.owner.tomorrow"),
        (("ledgerDetails",), "page.paging.tomorrow"),
        (("warnings", 0), "page.warnings.tomorrow"),
        (("ledgerEntries", 0), "tomorrow"),
        (("ledgerEntries", 0, "customerDetails"), "customer_details.tomorrow"),
        (("ledgerEntries", 0, "customerDetails", "identifier"), "customer_details.identifier.tomorrow"),
        (("ledgerEntries", 0, "entryDetails", 0), "entry_details.tomorrow"),
        (("ledgerEntries", 0, "transactionDetails"), "transaction_details.tomorrow"),
        (("ledgerEntries", 0, "eventDetails"), "event_details.tomorrow"),
    ],
)
@pytest.mark.parametrize("value", [None, "text", 7, {"a": 1}, []])
def test_an_unknown_field_is_counted_once_by_its_place(path: Place, name: str, value: object) -> None:
    document = decoded()
    at_place(document, path)["tomorrow"] = value
    assert counted(document) == Counter({name: 1})


@pytest.mark.parametrize(
    ("path", "word", "name"),
    [
        (("customerDetails", "entityType"), "HERD", "entity_type=HERD"),
        (("ledgerEntries", 0, "eventName"), "TomorrowsEvent", "event_name=TomorrowsEvent"),
        (("ledgerEntries", 0, "entryDetails", 0, "ledgerEntryType"), "SIDEWAYS", "ledger_entry_type=SIDEWAYS"),
        (("ledgerEntries", 0, "entryDetails", 0, "pointsCategory"), "Beans", "points_category=Beans"),
    ],
)
def test_an_unknown_word_is_counted_with_its_field(path: Place, word: str, name: str) -> None:
    assert counted(with_value(decoded(), path, word)) == Counter({name: 1})


def test_every_entry_is_counted() -> None:
    document = decoded()
    document["ledgerEntries"] = [{**document["ledgerEntries"][0], "eventName": "New", "field": 1}] * 3
    assert counted(document) == Counter({"event_name=New": 3, "field": 3})


def test_no_value_of_an_unknown_field_is_counted() -> None:
    document = decoded()
    document["mobile"] = document["ledgerEntries"][0]["mobile"] = "917406401004"
    assert not any("917406401004" in name for name in counted(document))


def test_a_name_is_cut_where_it_is_too_long_to_be_one() -> None:
    answer = decoded()
    answer["ledgerEntries"][0]["eventName"] = "x" * 10_000
    assert max(map(len, counted(answer))) == 100


def test_a_new_word_is_counted_once_whether_somebody_has_looked_or_not() -> None:
    body = full_answer().replace(b'"CREDIT"', b'"SIDEWAYS"')
    page = make_converter().structure(decoder_of(LedgerPage)(body), LedgerPage)
    before = unfamiliar(page)
    assert page.entries[0].entry_details
    assert unfamiliar(page) == before == Counter({"ledger_entry_type=SIDEWAYS": body.count(b"SIDEWAYS")})
