from __future__ import annotations

import time

import pytest

from loyalty_async.sandbox.altcraft import Dialect, dialect_of
from loyalty_async.sandbox.refusals import Refusal


def dialect(content_type: str) -> Dialect:
    found = dialect_of(content_type)
    assert found is not None
    return found


IN_JSON, IN_XML = dialect("application/json"), dialect("application/xml")
BILLION_LAUGHS = (
    b'<!DOCTYPE xml [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + step, b"&%c;" % (97 + step) * 10) for step in range(10))
    + b"]><xml><token>&k;</token></xml>"
)


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("application/json", "application/json"),
        ("Application/JSON; charset=utf-8", "application/json"),
        ("application/xml", "application/xml"),
        ("text/xml;charset=UTF-8", "application/xml"),
    ],
)
def test_a_dialect_is_found_by_the_media_type(content_type: str, expected: str) -> None:
    """In any case, whatever its parameters."""
    assert dialect(content_type).content_type == expected


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded"])
def test_other_media_types_are_not_spoken(content_type: str) -> None:
    """Also none at all."""
    assert dialect_of(content_type) is None


def test_a_request_means_the_same_in_both() -> None:
    """But for the types: in XML all is text."""
    assert IN_JSON.read(b'{"matching":"email","loyalty_program_id":123}') == {
        "matching": "email",
        "loyalty_program_id": 123,
    }
    body = (
        '<?xml version="1.0" encoding="UTF-8"?><xml>\n <matching>email</matching>\n <email>Ł&amp;x@y</email><a/></xml>'
    )
    assert IN_XML.read(body.encode()) == {"matching": "email", "email": "Ł&x@y", "a": ""}


def test_the_last_of_a_name_counts() -> None:
    """In both."""
    assert IN_JSON.read(b'{"a":"1","a":"2"}') == {"a": "2"}
    assert IN_XML.read(b"<xml><a>1</a><a>2</a></xml>") == {"a": "2"}


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"text"', b"\xff", b"[" * 10_000, b'{"a":"' + b"x" * 20_000 + b'"}']
)
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    """Also what is nested too deeply, or too long."""
    with pytest.raises(Refusal) as refused:
        IN_JSON.read(body)
    assert refused.value.code == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<xml>",
        b"not xml",
        b"<root><a>1</a></root>",
        b"<xml><a><b>1</b></a></xml>",
        b"<xml>" * 2_000 + b"</xml>" * 2_000,
        b'<?xml version="1.0" encoding="martian"?><xml/>',
        b"<xml><a>\xff</a></xml>",
        b"<!DOCTYPE xml><xml/>",
        b'<!DOCTYPE xml SYSTEM "http://192.0.2.1/x.dtd"><xml/>',
        b'<!DOCTYPE xml [<!ENTITY e SYSTEM "file:///etc/passwd">]><xml><a>&e;</a></xml>',
        b"<xml><a>&undeclared;</a></xml>",
        BILLION_LAUGHS,
        b"<xml><a>" + b"x" * 20_000 + b"</a></xml>",
    ],
)
def test_hostile_xml_is_refused_at_once(body: bytes) -> None:
    """Document types, entities, deep nesting, another root, what is no XML."""
    started = time.perf_counter()
    with pytest.raises(Refusal) as refused:
        IN_XML.read(body)
    assert refused.value.code == 400
    assert time.perf_counter() - started < 1


def test_an_answer_looks_as_documented_in_both() -> None:
    """Texts are escaped, and amounts are texts."""
    answer = {"error": 0, "error_text": 'a<b & "c"', "data": {"total_balance": "1000.00"}}
    assert IN_JSON.write(answer) == b'{"error":0,"error_text":"a<b & \\"c\\"","data":{"total_balance":"1000.00"}}'
    assert IN_XML.write(answer) == (
        b'<?xml version="1.0" encoding="UTF-8"?>\n<xml><error>0</error><error_text>a&lt;b &amp; "c"</error_text>'
        b"<data><total_balance>1000.00</total_balance></data></xml>"
    )
