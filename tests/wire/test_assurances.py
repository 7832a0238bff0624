"""A form that is said to be sure becomes a model without fail; every other one is built, and refused, at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import attrs
import pytest
from hypothesis import given

from loyalty_async.errors import MalformedAnswerError
from loyalty_async.models.late import NO_NEWS, NOT_YET, late_fields, news_of
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.pages import LedgerPage
from loyalty_async.models.vocabulary import EntityType, Source
from loyalty_async.wire.assurances import sureness_of
from loyalty_async.wire.converter import make_converter
from loyalty_async.wire.documents import decode_json, decoder_of
from tests._support.full_answer import full_answer
from tests._support.ledger_json import written
from tests._support.ledger_strategies import pages

DECODE, CONVERTER = decoder_of(LedgerPage), make_converter()


@attrs.frozen(kw_only=True)
class Leaf:
    size: Decimal
    kind: EntityType | str | None = None
    source: Source | str | None = None
    extra: Mapping[str, Any] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Tree:
    name: str | None = None
    height: Decimal | None = None
    felled: datetime | None = None
    budding: date | None = None
    top: Leaf | None = None
    leaves: tuple[Leaf, ...] = ()
    heights: Mapping[str, Decimal] = attrs.field(factory=dict)
    extra: Mapping[str, Any] = attrs.field(factory=dict)


def form(body: str) -> Any:
    return decoder_of(Tree)(body.encode()).form


def is_sure(body: str) -> bool:
    return sureness_of(Tree)(form(body), [])


SURE = """
{}
{"name": "oak", "height": "1.50", "felled": "2024-05-04 07:16:34.0"}
{"height": 2.5}
{"height": 3}
{"felled": "2024-05-04 07:16:34.0", "felledISO": "2024-05-04T07:16:34Z"}
{"felledISO": "2024-05-04T07:16:34Z"}
{"top": {"size": "1"}, "leaves": [{"size": "1", "kind": "CUSTOMER"}, {"size": "2", "kind": "HERD", "source": "x"}]}
{"leaves": []}
{"heights": null}
""".strip().splitlines()
DOUBTFUL = """
{"height": "many"}
{"height": "1e5"}
{"height": []}
{"height": true}
{"felled": "2024-05-04 07:16:34.0", "felledISO": "2024-05-04T08:16:34Z"}
{"budding": "2024-05-04"}
{"buddingISO": "2024-05-04"}
{"top": {"size": "many"}}
{"top": {"size": null}}
{"leaves": [{"size": "1"}, {"size": "many"}]}
{"heights": {"m": "1"}}
""".strip().splitlines()


@pytest.mark.parametrize("body", SURE)
def test_where_nothing_can_fail_it_is_sure(body: str) -> None:
    assert is_sure(body)


@pytest.mark.parametrize("body", DOUBTFUL)
def test_what_may_fail_or_needs_its_text_is_not_sure(body: str) -> None:
    assert not is_sure(body)


@pytest.mark.parametrize("content", [None, {}, [], 7, "x"])
def test_what_is_no_form_is_not_sure(content: object) -> None:
    assert not sureness_of(Tree)(content, [])


@pytest.mark.parametrize("content", [None, {}, 7, "x", [{}]])
def test_what_is_no_list_of_forms_is_not_sure(content: object) -> None:
    assert not sureness_of(tuple[Tree, ...])(content, [])


def test_unknown_words_are_noted_but_for_sources() -> None:
    news: list[str] = []
    assert sureness_of(Tree)(form('{"top": {"size": "1", "kind": "HERD", "source": "attic"}}'), news)
    assert news == ["kind=HERD"]


def test_an_amount_is_read_where_it_stands() -> None:
    tree = form('{"height": "1.50"}')
    assert sureness_of(Tree)(tree, [])
    assert str(tree.height) == "1.50"
    assert type(tree.height) is Decimal


# ---- In an entry -----------------------------------------------------------------------------------------------------


def read(body: bytes) -> LedgerPage:
    return CONVERTER.structure(DECODE(body), LedgerPage)


def looked_at(entry: LedgerEntry) -> set[str]:
    return {name for name, slot in late_fields(LedgerEntry).items() if slot.__get__(entry) is not NOT_YET}


def test_what_is_in_an_entry_is_not_built_until_it_is_looked_at() -> None:
    (entry,) = read(full_answer()).entries
    assert looked_at(entry) == set()
    assert news_of(entry) is NO_NEWS
    assert entry.transaction_details is not None
    assert looked_at(entry) == {"transaction_details"}


def test_what_is_in_an_entry_of_unfamiliar_fields_is_built_at_once() -> None:
    (entry,) = read(full_answer().replace(b'"points"', b'"tomorrow":1,"points"')).entries
    assert looked_at(entry) == set(late_fields(LedgerEntry))
    assert news_of(entry) is not NO_NEWS
    assert not any(news_of(entry).values())


@pytest.mark.parametrize("points", [b'"many"', b"null", b"true", b"1e99"])
def test_an_amount_in_an_entry_that_is_none_is_told_when_the_page_is_read(points: bytes) -> None:
    start, _, rest = full_answer().partition(b'"points":')
    broken = start + b'"points":' + points + rest[rest.index(b",") :]
    with pytest.raises(MalformedAnswerError) as raised:
        read(broken)
    assert raised.value.path == "ledgerEntries[0].entryDetails[0].points"


@given(pages)
def test_an_entry_built_late_is_the_entry_built_at_once(document: Any) -> None:
    body = written(document)
    assert read(body) == CONVERTER.structure(decode_json(body), LedgerPage)
