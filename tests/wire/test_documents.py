"""Bytes to plain values, and every way in which bytes are no document."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_async.errors import MalformedAnswerError
from loyalty_async.wire.documents import decode_json, decoder_of, encode_json, raw_decoder_of
from loyalty_async.wire.forms import form_of
from loyalty_async.wire.names import RAW
from tests._support.ledger_json import Number, exact, written
from tests._support.ledger_strategies import pages
from tests.samples import as_printed, samples

NO_DOCUMENT = "the body is not JSON, or was cut off"


def refusal(body: bytes) -> MalformedAnswerError:
    with pytest.raises(MalformedAnswerError) as raised:
        decode_json(body)
    return raised.value


def same(sent: Any, read: Any) -> bool:
    """Compare an `exact` document with decoded values, every digit of a number included."""
    if isinstance(sent, Number):
        kind = int if sent.lstrip("-").isdigit() else Decimal
        return type(read) is kind and Decimal(sent).as_tuple()[1:] == Decimal(read).as_tuple()[1:]
    if isinstance(sent, dict):
        return isinstance(read, dict) and sent.keys() == read.keys() and all(same(sent[k], read[k]) for k in sent)
    if isinstance(sent, list):
        return isinstance(read, list) and len(sent) == len(read) and all(map(same, sent, read))
    return type(sent) is type(read) and bool(sent == read)


@pytest.mark.parametrize("name", samples())
def test_a_printed_answer_is_decoded_exactly(name: str) -> None:
    assert same(exact(as_printed(name)), decode_json(as_printed(name)))


@given(pages)
def test_a_made_up_answer_is_decoded_exactly(document: Any) -> None:
    assert same(exact(written(document)), decode_json(written(document)))


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=9))
def test_what_is_encoded_decodes_to_itself(document: Any) -> None:
    assert decode_json(encode_json(document)) == document


@pytest.mark.parametrize("body", [b"", b" ", b"\r\n\t "])
def test_an_empty_body_is_told_apart(body: bytes) -> None:
    assert str(refusal(body)).endswith("the body is empty @ the whole answer")


@pytest.mark.parametrize("name", ["user_group", "target_completed"])
def test_an_answer_cut_off_at_any_byte_is_refused(name: str) -> None:
    body = as_printed(name).rstrip()
    for length in range(1, len(body)):
        assert NO_DOCUMENT in str(refusal(body[:length]))


@pytest.mark.parametrize(
    "body",
    [
        b"<html><body>502 Bad Gateway</body></html>",
        b"OK",
        b"NaN",
        b'{"points": NaN}',
        b'{"points": Infinity}',
        b'{"points": -Infinity}',
        b"{'points': 1}",
        b'{"points": 01}',
        b'{"points": 1.}',
        b'{"points": .5}',
        b'{"points": +1}',
        b'{"points": 1e999999999999999999999}',
        b'{"points": ' + b"9" * 5000 + b"}",
        b'{"a": 1,}',
        b'{"a": 1} {"a": 2}',
        b'{"a": 1}//',
        b'{"a": "\xff"}',
        b'{"a": "\xed\xa0\x80"}',
        b'{"a": "\\ud800"}',
        b'{"a": "\t"}',
        b'{"a": "\x00"}',
        b"\x00",
        b"\xef\xbb\xbf",
        b"\xef\xbb\xbf\xef\xbb\xbf{}",
        '{"a": 1}'.encode("utf-16"),
        b"\x1f\x8b\x08\x00",
    ],
)
def test_what_is_not_json_is_refused(body: bytes) -> None:
    told = str(refusal(body))
    assert any(words in told for words in (NO_DOCUMENT, "the body is empty", "a number in the JSON is too long"))


@pytest.mark.parametrize(
    ("body", "cut_off"),
    [(b"", True), (b'{"a": ', True), (b"<html>", True), (b"[" * 5000, False), (b'{"a": ' + b"9" * 5000 + b"}", False)],
)
def test_only_what_may_have_been_cut_off_is_worth_another_try(body: bytes, cut_off: bool) -> None:
    assert refusal(body).cut_off is cut_off


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000, b"[" * 100_000 + b"]" * 100_000])
def test_a_body_nested_too_deeply_is_refused(body: bytes) -> None:
    assert "the JSON is nested too deeply" in str(refusal(body))


@given(st.binary(max_size=60))
def test_arbitrary_bytes_are_a_document_or_refused_within_the_tree(body: bytes) -> None:
    with suppress(MalformedAnswerError):
        decode_json(body)


def test_a_byte_order_mark_is_read_over() -> None:
    assert decode_json(b"\xef\xbb\xbf" + as_printed("user_group")) == decode_json(as_printed("user_group"))


def test_of_a_key_that_comes_twice_the_last_one_counts() -> None:
    assert decode_json(b'{"points": "1", "points": "2"}') == {"points": "2"}


def test_an_integer_of_any_length_that_python_computes_with_is_exact() -> None:
    assert decode_json(b"[18446744073709551616, -123456789012345678901234567890]") == [
        18446744073709551616,
        -123456789012345678901234567890,
    ]


def test_a_refusal_says_nothing_of_the_body() -> None:
    error = refusal(b'{"mobile": "917406401004", ')
    assert "917406401004" not in f"{error}{error!r}{error.__cause__}{error.__context__}"


# ---- Into forms ------------------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Row:
    points: Decimal | None = None
    x: str | None = None
    raw: bytes | None = None
    extra: Mapping[str, Any] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Rows:
    a: int | None = None
    rows: tuple[Row, ...] = ()
    extra: Mapping[str, Any] = attrs.field(factory=dict)


decode = decoder_of(Rows)
decode_raw = raw_decoder_of(Rows, "rows")


def test_a_document_that_fits_becomes_forms() -> None:
    document = decode(b'\xef\xbb\xbf{"a":1,"rows":[{"points":1.50},{"x":"y"}]}').form
    assert [type(document)] == [form_of(Rows)]
    assert [type(row) for row in document.rows] == [form_of(Row)] * 2
    assert str(document.rows[0].points) == "1.50"


@pytest.mark.parametrize(
    "body",
    [
        *(b'{"b":1}', b'{"rows":[{"y":1}]}', b'{"rows":[1]}', b'{"rows":{}}', b'{"a":"1"}', b'{"a":1.0}'),
        *(b"[]", b"null", b"7", b'{"errors":[{"code":8015}]}', b'{"rows":[{"x":7}]}'),
    ],
)
def test_a_document_with_anything_else_becomes_plain_values(body: bytes) -> None:
    assert decode(body) == decode_json(body)
    assert decode_raw(body) == decode_json(body) or b'"rows":[{' in body


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"rows":[{]}', b'{"rows":[' + b"[" * 5000, b'{"a":' + b"9" * 5000 + b"}"]
)
@pytest.mark.parametrize("decode_body", [decode, decode_raw])
def test_what_is_no_document_makes_no_forms_either(decode_body: Callable[[bytes], Any], body: bytes) -> None:
    with pytest.raises(MalformedAnswerError) as raised:
        decode_body(body)
    assert str(raised.value) == str(refusal(body))
    assert raised.value.cut_off is refusal(body).cut_off


def test_a_form_can_be_read_once_more_with_all_texts() -> None:
    body = b'{"a":1,"rows":[{"points":1.50}]}'
    assert decode(body).plain() == decode_json(body)
    assert decode_raw(body).plain()["rows"] == [{"points": Decimal("1.50"), RAW: b'{"points":1.50}'}]


@pytest.mark.parametrize("number", [b"1e999999999999999999999", b"1e41", b"1." + b"1" * 80])
def test_a_number_that_is_too_long_has_no_form(number: bytes) -> None:
    body = b'{"rows":[{"points":%b}]}' % number
    with suppress(MalformedAnswerError):
        assert isinstance(decode(body), dict)


FIRST, SECOND = b'{ "points" : 1.50,\n"x":"\\u00e9" }', '{"x":"é"}'.encode()


def test_each_object_of_a_list_can_keep_the_text_that_it_came_from() -> None:
    document = decode_raw(b'\xef\xbb\xbf{"a":1,"rows":[' + FIRST + b" , " + SECOND + b"]}").form
    assert [(row.x, row.raw) for row in document.rows] == [("é", FIRST), ("é", SECOND)]


def test_each_object_of_a_list_can_keep_its_text_where_the_document_is_not_familiar() -> None:
    document = decode_raw(b'{"a":1,"rows":[' + FIRST + b" , " + SECOND + b', 3],"b":[]}')
    assert document["rows"] == [
        {"points": Decimal("1.50"), "x": "é", RAW: FIRST},
        {"x": "é", RAW: SECOND},
        3,
    ]
    assert (document["a"], document["b"]) == (1, [])
