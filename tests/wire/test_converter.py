"""Documents to models: every value survives, and what does not fit is refused by name and path, never by value."""

import traceback
from decimal import Decimal
from typing import Any

import attrs
import pytest
from hypothesis import given

from loyalty_async.errors import MalformedAnswerError
from loyalty_async.models.ledger import EntryDetail, MemberIdentifier
from loyalty_async.models.pages import LedgerPage
from loyalty_async.wire.converter import make_converter
from loyalty_async.wire.documents import decode_json, decoder_of, encode_json
from loyalty_async.wire.forms import form_of
from tests._support.full_answer import CANARY, decoded, full_answer
from tests._support.ledger_json import (
    FIELDS,
    Number,
    Place,
    at_place,
    differences,
    exact,
    models_in,
    places,
    with_unknown,
    with_value,
    written,
)
from tests._support.ledger_strategies import pages
from tests.samples import FIRST_PAGES, as_printed, samples, settled

CONVERTER = make_converter()


DECODE = decoder_of(LedgerPage)


def page_of(body: bytes) -> LedgerPage:
    """Build a page both ways: from the forms that C makes, and from plain values; they must come to the same."""
    page = CONVERTER.structure(DECODE(body), LedgerPage)
    assert repr(attrs.asdict(page)) == repr(attrs.asdict(CONVERTER.structure(decode_json(body), LedgerPage)))
    return page


def refusal(document: Any) -> MalformedAnswerError:
    with pytest.raises(MalformedAnswerError) as raised:
        CONVERTER.structure(document, LedgerPage)
    return raised.value


def reason_and_path(document: Any) -> str:
    text = str(refusal(document))
    prefix = "the answer is not what the API documents: "
    assert text.startswith(prefix)
    return text.removeprefix(prefix)


# ---- Everything survives ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", samples())
def test_every_value_of_a_printed_answer_survives(name: str) -> None:
    assert differences(exact(as_printed(name)), page_of(as_printed(name))) == []


@pytest.mark.parametrize("name", samples())
def test_every_value_of_an_answer_with_settled_paging_survives(name: str) -> None:
    assert differences(exact(settled(name)), page_of(settled(name))) == []


@pytest.mark.parametrize("name", samples())
def test_settling_an_answer_changes_its_total_and_page_count_and_nothing_else(name: str) -> None:
    paging = page_of(settled(name)).paging
    printed = page_of(as_printed(name))
    assert paging.total_entries == len(printed.entries)
    assert paging.page_count == 1
    figures = attrs.evolve(paging, total_entries=printed.paging.total_entries, page_count=printed.paging.page_count)
    assert attrs.evolve(page_of(settled(name)), paging=figures) == printed


def test_the_first_pages_are_those_that_print_fewer_entries_than_they_count() -> None:
    shortened = {name for name in samples() if settled(name) != as_printed(name)}
    assert shortened == set(FIRST_PAGES)


@given(pages)
def test_structuring_a_made_up_answer_returns_what_was_put_in(document: Any) -> None:
    body = written(document)
    assert differences(exact(body), page_of(body)) == []


def test_every_documented_field_is_read_into_its_attribute() -> None:
    page = page_of(full_answer())
    assert differences(exact(full_answer()), page) == []
    found = list(models_in(page))
    assert {type(model) for model in found} == FIELDS.keys()
    for model in found:
        assert model.extra == {}
        assert all(getattr(model, attribute) is not None for attribute in FIELDS[type(model)].values())


def test_an_answer_of_documented_fields_is_decoded_into_forms_throughout() -> None:
    page = DECODE(full_answer()).form
    (entry,) = page.entries
    inside = [page, entry.entry_details[0], entry.customer_details.identifier]
    assert [type(form) for form in inside] == [form_of(kind) for kind in (LedgerPage, EntryDetail, MemberIdentifier)]


def test_every_attribute_of_a_model_comes_from_a_documented_field() -> None:
    for model, fields in FIELDS.items():
        assert {*fields.values(), "extra"} == {field.name for field in attrs.fields(model)}


def test_a_number_with_a_fraction_or_an_exponent_never_passes_through_a_float() -> None:
    body = full_answer().replace(b"210.12515", b"0.1234567890123456789012345").replace(b"200.0", b"2.00e2")
    transaction = page_of(body).entries[0].transaction_details
    assert transaction is not None
    assert transaction.gross_bill_amount == Decimal("0.1234567890123456789012345")
    assert str(transaction.amount) == str(Decimal("2.00e2"))


# ---- Nothing, null and {} --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["customerDetails", "transactionDetails", "eventDetails"])
@pytest.mark.parametrize("empty", [None, {}])
def test_an_object_that_is_null_or_empty_is_none(name: str, empty: object) -> None:
    document = decoded()
    document["ledgerEntries"][0][name] = empty
    entry = CONVERTER.structure(document, LedgerPage).entries[0]
    assert getattr(entry, FIELDS[type(entry)][name]) is None


@pytest.mark.parametrize(
    ("sent", "extra"),
    [({"firstName": None, "lastName": None}, None), ({"firstName": None, "tomorrow": None}, {"tomorrow": None})],
)
def test_an_object_of_nulls_is_none_and_one_with_a_new_field_is_not(sent: object, extra: object) -> None:
    body = b'{"ledgerDetails":{"pageNumber":0,"pageSize":1,"totalEntries":0,"pageCount":0},"customerDetails":%b}'
    owner = page_of(body % encode_json(sent)).owner
    assert (owner and owner.extra) == extra


@pytest.mark.parametrize(
    "path",
    [
        path
        for path in places(decoded())
        if path
        and path[-1]
        not in {"eventLogId", "eventName", "ledgerEntryType", "points", "pageNumber", "pageSize", "totalEntries"}
        and path[-1] not in {"pageCount", "ledgerDetails", "ledgerCreatedDate", "Stars", "Coins", 0}
    ],
    ids=lambda path: ".".join(map(str, path)),
)
def test_a_field_that_is_null_counts_as_absent(path: Place) -> None:
    null, absent = with_value(decoded(), path, None), decoded()
    del at_place(absent, path[:-1])[path[-1]]
    assert CONVERTER.structure(null, LedgerPage) == CONVERTER.structure(absent, LedgerPage)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ((), "ledgerDetails"),
        (("ledgerDetails",), "pageNumber"),
        (("ledgerDetails",), "pageSize"),
        (("ledgerDetails",), "totalEntries"),
        (("ledgerDetails",), "pageCount"),
        (("ledgerEntries", 0), "eventLogId"),
        (("ledgerEntries", 0), "eventName"),
        (("ledgerEntries", 0, "entryDetails", 0), "ledgerEntryType"),
        (("ledgerEntries", 0, "entryDetails", 0), "points"),
    ],
)
@pytest.mark.parametrize("present", [True, False])
def test_what_a_ledger_cannot_do_without_is_asked_for_by_name(path: Place, name: str, *, present: bool) -> None:
    document = with_value(decoded(), (*path, name), None)
    if not present:
        del at_place(document, path)[name]
    where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in (*path, name)).lstrip(".")
    assert reason_and_path(document) == f"missing @ {where}"


def test_an_answer_without_entries_and_warnings_has_none() -> None:
    document = decoded()
    del document["ledgerEntries"], document["warnings"]
    page = CONVERTER.structure(document, LedgerPage)
    assert page.entries == ()
    assert page.warnings == ()


# ---- What does not fit -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ((), [], "an object was expected @ the whole answer"),
        ((), None, "an object was expected @ the whole answer"),
        (("ledgerEntries",), {}, "a list was expected @ ledgerEntries"),
        (("ledgerEntries",), "none", "a list was expected @ ledgerEntries"),
        (("ledgerEntries", 0), None, "an object was expected @ ledgerEntries[0]"),
        (("ledgerEntries", 0), [], "an object was expected @ ledgerEntries[0]"),
        (("ledgerEntries", 0, "eventLogId"), "101", "an integer was expected @ ledgerEntries[0].eventLogId"),
        (("ledgerEntries", 0, "eventLogId"), True, "an integer was expected @ ledgerEntries[0].eventLogId"),
        (("ledgerEntries", 0, "eventLogId"), Decimal("1.9"), "an integer was expected @ ledgerEntries[0].eventLogId"),
        (("ledgerEntries", 0, "eventName"), 7, "a text was expected @ ledgerEntries[0].eventName"),
        (
            ("ledgerEntries", 0, "ledgerCreatedDate"),
            1714807000000,
            "a date was expected @ ledgerEntries[0].ledgerCreatedDate",
        ),
        (
            ("ledgerEntries", 0, "entryDetails", 0, "points"),
            "NaN",
            "a decimal number was expected @ ledgerEntries[0].entryDetails[0].points",
        ),
        (
            ("ledgerEntries", 0, "netAlternateCurrenciesOnEvent", "Stars"),
            "many",
            "a decimal number was expected @ ledgerEntries[0].netAlternateCurrenciesOnEvent.*",
        ),
        (
            ("ledgerEntries", 0, "netAlternateCurrenciesOnEvent"),
            [],
            "an object was expected @ ledgerEntries[0].netAlternateCurrenciesOnEvent",
        ),
        (
            ("ledgerEntries", 0, "customerDetails", "identifier"),
            "x",
            "an object was expected @ ledgerEntries[0].customerDetails.identifier",
        ),
        (
            ("ledgerEntries", 0, "customerDetails", "userId"),
            False,
            "an integer or a text was expected @ ledgerEntries[0].customerDetails.userId",
        ),
        (("warnings", 0, "status"), "false", "true or false was expected @ warnings[0].status"),
        (("warnings", 0, "status"), 0, "true or false was expected @ warnings[0].status"),
    ],
)
def test_a_misfit_is_named_by_reason_and_path(path: Place, value: object, message: str) -> None:
    document = with_value(decoded(), path, value)
    assert reason_and_path(document) == message
    expected_path = message.partition(" @ ")[2]
    assert refusal(document).path == ("" if expected_path == "the whole answer" else expected_path)


def told_by(error: BaseException) -> str:
    """Put together whatever of an error can end in a log: itself, its traceback, and those behind it."""
    told = [str(error), repr(error), *traceback.format_exception(error)]
    behind = error.__context__
    while behind is not None:
        told += [str(behind), repr(behind)]
        behind = behind.__context__
    return "\n".join(told)


def refused(body: bytes) -> MalformedAnswerError | None:
    """Refuse a body both ways; what is said must be the same."""
    errors: list[MalformedAnswerError | None] = []
    for decode in (DECODE, decode_json):
        try:
            CONVERTER.structure(decode(body), LedgerPage)
        except MalformedAnswerError as error:
            errors.append(error)
        else:
            errors.append(None)
    assert str(errors[0]) == str(errors[1])
    return errors[0]


MISPLACED: list[Any] = [
    f"a text with {CANARY}",
    CANARY,
    Number(CANARY),
    Number(f"0.{CANARY}"),
    Number(f"1e{CANARY[:7]}"),
    [f"{CANARY}"],
    {CANARY: CANARY},
    {CANARY: Number(CANARY), "value": [CANARY], "identifier": CANARY},
]


@pytest.mark.parametrize("value", MISPLACED, ids=range(len(MISPLACED)))
@pytest.mark.parametrize("sample", ["target_completed", "one_till", None])
def test_no_value_of_an_answer_is_told_by_an_error(sample: str | None, value: Any) -> None:
    document = exact(as_printed(sample) if sample else full_answer())
    count = 0
    for path in places(document):
        error = refused(written(with_value(document, path, value)))
        if error is not None:
            count += 1
            assert CANARY[:7] not in told_by(error), path
    assert count >= 8


def test_an_error_stands_alone_without_the_steps_that_found_it() -> None:
    error = refusal(with_value(decoded(), ("ledgerEntries", 0, "eventLogId"), "101"))
    assert error.__cause__ is None
    assert "During handling" not in "".join(traceback.format_exception(error))


# ---- Unknown to this version -----------------------------------------------------------------------------------------


def test_an_unknown_field_survives_in_extra_at_every_level() -> None:
    document = with_unknown(exact(full_answer()), "tomorrow", {"at": [Number("1.50"), None]})
    found = list(models_in(page_of(written(document))))
    assert len(found) == len(FIELDS)
    assert all(model.extra == {"tomorrow": {"at": [Decimal("1.50"), None]}} for model in found)


def test_unknown_words_stay_texts() -> None:
    document = decoded()
    entry = document["ledgerEntries"][0]
    document["customerDetails"]["entityType"] = "HERD"
    entry["eventName"] = "TomorrowsEvent"
    entry["entryDetails"][0] |= {"ledgerEntryType": "SIDEWAYS", "pointsCategory": "Beans"}
    entry["transactionDetails"]["source"] = "MOON"
    page = CONVERTER.structure(document, LedgerPage)
    (read,) = page.entries
    assert page.owner is not None
    assert read.transaction_details is not None
    words = [
        page.owner.entity_type,
        read.event_name,
        read.entry_details[0].ledger_entry_type,
        read.entry_details[0].points_category,
        read.transaction_details.source,
    ]
    assert words == ["HERD", "TomorrowsEvent", "SIDEWAYS", "Beans", "MOON"]
    assert {type(word) for word in words} == {str}


def test_a_field_named_extra_is_an_unknown_field_like_any_other() -> None:
    document = decoded()
    document["ledgerEntries"][0]["extra"] = {"a": 1}
    assert CONVERTER.structure(document, LedgerPage).entries[0].extra == {"extra": {"a": 1}}
