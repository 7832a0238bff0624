"""XML is read strictly, and in bounded time and memory whatever a server sends."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_async.errors import MalformedAnswerError
from loyalty_async.wire.xml import decode_xml, encode_xml

LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]><xml><error>&j;</error></xml>"
)
CANARY = b"917406401004"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "the body is empty"),
        (b"  \n", "the body is empty"),
        (LAUGHS, "document type or entities"),
        (b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><xml/>', "document type or entities"),
        (b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><xml>&e;</xml>', "document type or entities"),
        (b"<xml>" * 100_000 + b"</xml>" * 100_000, "nested too deeply"),
        (b"<xml>" + b"<a>" * 50 + b"</a>" * 50 + b"</xml>", "nested too deeply"),
        (b"<html><body>502</body></html>", "the root is not <xml>"),
        (b'{"error": 0}', "not XML"),
        (b"<xml><error>0</error>", "not XML, or was cut off"),
        (b"<xml>&undefined;</xml>", "not XML"),
        (b'<?xml version="1.0" encoding="no-such"?><xml/>', "not XML"),
        (b"<xml>\xff</xml>", "not XML"),
    ],
)
def test_what_is_no_plain_document_is_refused(body: bytes, told: str) -> None:
    with pytest.raises(MalformedAnswerError, match=told):
        decode_xml(body)


@pytest.mark.parametrize("body", [LAUGHS, b"<xml>" + b"<a>" * 1_000_000, b"<xml>" + b"<a/>" * 1_000_000 + b"</xml>"])
def test_a_large_document_takes_little_memory(body: bytes) -> None:
    """It is refused while it is parsed, at its thousandth element or its ninth level."""
    tracemalloc.start()
    try:
        with pytest.raises(MalformedAnswerError) as caught:
            decode_xml(body)
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
        assert not caught.value.cut_off
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("cut", range(len(b"<xml><error>917406401004</error></xml>")))
def test_no_error_quotes_the_document(cut: int) -> None:
    body = b"<xml><error>" + CANARY + b"</error></xml>"
    with pytest.raises(MalformedAnswerError) as caught:
        decode_xml(body[:cut])
    assert CANARY.decode() not in str(caught.value)


def test_elements_become_a_dictionary_and_the_last_of_a_name_counts() -> None:
    body = b"<xml> <error>1</error><error> 0 </error><data><total_balance>1.50</total_balance><empty/></data></xml>"
    assert decode_xml(body) == {"error": "0", "data": {"total_balance": "1.50", "empty": ""}}


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1)


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,20}", fullmatch=True), st.integers() | TEXT, min_size=1))
def test_what_is_written_is_read_again(document: dict[str, int | str]) -> None:
    assert decode_xml(encode_xml(document)) == {key: str(value) for key, value in document.items()}
