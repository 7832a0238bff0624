from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty_async.errors import (
    ApiError,
    AuthenticationError,
    LoyaltyError,
    MalformedAnswerError,
    MemberNotFoundError,
    NoEntriesError,
    PermissionDeniedError,
    RateLimitedError,
    RequestRefusedError,
    UnavailableError,
)
from loyalty_async.models.members import Customer
from loyalty_async.protocol import responses
from loyalty_async.protocol.requests import Call
from loyalty_async.protocol.responses import Answer, decipher, retry_after_s
from tests._support.profiles import examples

PHONE = "917406401004"
MEMBER = Customer.by_mobile(PHONE, source="INSTORE")
CALL = Call(method="GET", path="/v2/pointsLedger/x", query={"identifierValue": PHONE}, member=MEMBER)
GATEWAY_PAGE = b"<html><body><h1>504 Gateway Time-out</h1></body></html>"
NOW = datetime(2025, 3, 1, 12, tzinfo=UTC)


def answer(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, headers or {}, body if isinstance(body, bytes) else json.dumps(body).encode())


def refusal(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> LoyaltyError:
    with pytest.raises(LoyaltyError) as caught:
        decipher(CALL, answer(body, status, headers))
    return caught.value


def one_error(code: object, message: str = "said the server") -> dict[str, Any]:
    return {"errors": [{"status": False, "code": code, "message": message}], "warnings": []}


# ---- Documents -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "document", [{"a": 1}, {"a": 1, "errors": None}, {"a": 1, "errors": []}, {"a": 1, "warnings": [{"code": 9018}]}]
)
@pytest.mark.parametrize("status", [200, 201, 207])
def test_an_answer_without_errors_is_its_document(document: object, status: int) -> None:
    assert decipher(CALL, answer(document, status)) == document


def test_numbers_are_exact() -> None:
    document = decipher(CALL, answer(b'{"points": 0.1000000000000000055511151231257827, "id": 3745617329}'))
    assert document["points"] == Decimal("0.1000000000000000055511151231257827")
    assert type(document["id"]) is int


@pytest.mark.parametrize("body", [b"[1, 2]", b"12", b'"text"', b"true", b"null", b"[]"])
def test_a_document_that_is_no_object_is_left_to_its_reader(body: bytes) -> None:
    assert decipher(CALL, answer(body)) == json.loads(body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" \r\n ",
        GATEWAY_PAGE,
        b'{"ledgerEntries": [{"eventLogId": 1',
        b'{"points": NaN}',
        b'{"name": "\xff"}',
        b"[" * 100_000,
        b'{"a": 1} {"b": 2}',
    ],
    ids=["empty", "blank", "html", "cut off", "NaN", "not UTF-8", "too deep", "two documents"],
)
def test_a_successful_answer_that_is_no_document_is_malformed(body: bytes) -> None:
    error = refusal(body, headers={"x-cap-requestid": "r-1"})
    assert type(error) is MalformedAnswerError
    assert (error.status, error.request_id, error.member, error.path) == (200, "r-1", MEMBER, "")


def test_an_answer_that_is_too_long_is_malformed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(responses, "LARGEST_BODY", 10)
    assert decipher(CALL, answer(b'{"a":1234}')) == {"a": 1234}
    error = refusal(b'{"a":12345}')
    assert type(error) is MalformedAnswerError
    assert "10 bytes" in str(error)
    assert error.status == 200


# ---- Refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 201, 400, 401, 404, 500, 503])
def test_the_code_decides_at_any_status(status: int) -> None:
    error = refusal(one_error(8015), status)
    assert type(error) is MemberNotFoundError
    assert (error.codes, error.status) == ((8015,), status)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, RequestRefusedError),
        (302, RequestRefusedError),
        (400, RequestRefusedError),
        (401, AuthenticationError),
        (403, PermissionDeniedError),
        (404, RequestRefusedError),
        (418, ApiError),
        (429, RateLimitedError),
        (461, UnavailableError),
        (500, UnavailableError),
        (502, UnavailableError),
        (504, UnavailableError),
        (521, UnavailableError),
        (599, UnavailableError),
    ],
)
@pytest.mark.parametrize(
    "body",
    [b"", GATEWAY_PAGE, b"Too many requests", b"[cut off", b"{}", b"[]", b"null", b'{"errors": []}'],
    ids=["empty", "html", "text", "cut off", "object", "list", "null", "no errors"],
)
def test_without_a_code_the_status_decides(status: int, kind: type[ApiError], body: bytes) -> None:
    error = refusal(body, status)
    assert type(error) is kind
    assert (error.codes, error.status, error.member) == ((), status, MEMBER)
    assert str(status) in str(error)


def test_a_code_may_be_a_text() -> None:
    assert refusal({"errors": [{"code": "8015"}]}).codes == (8015,)


@pytest.mark.parametrize(
    ("status", "kind"), [(400, MalformedAnswerError), (401, AuthenticationError), (503, UnavailableError)]
)
def test_a_business_error_that_was_cut_off_may_have_said_anything(status: int, kind: type[LoyaltyError]) -> None:
    assert type(refusal(b'{"errors": [{"code": 11003, ', status)) is kind


@pytest.mark.parametrize(
    ("status", "kind"), [(200, ApiError), (400, RequestRefusedError), (429, RateLimitedError), (503, UnavailableError)]
)
def test_an_unknown_code_leaves_the_decision_to_the_status(status: int, kind: type[ApiError]) -> None:
    error = refusal(one_error(987_654), status)
    assert type(error) is kind
    assert error.codes == (987_654,)


def test_the_first_known_code_decides() -> None:
    rows = [{"code": code, "message": f"m{code}"} for code in (987_654, 11003, 8015)]
    error = refusal({"errors": rows})
    assert type(error) is NoEntriesError
    assert error.codes == (987_654, 11003, 8015)
    assert error.server_message == "m987654; m11003; m8015"


@pytest.mark.parametrize(
    "errors",
    [
        [None],
        ["text"],
        [{}],
        [{"code": "E8015"}],
        [{"code": True}],
        [{"code": 8015.5}],
        [{"code": None, "message": None}],
        {"code": 8015},
        "text",
        True,
        1,
    ],
)
def test_errors_of_any_shape_are_a_refusal(errors: object) -> None:
    error = refusal({"errors": errors, "ledgerEntries": []})
    assert type(error) is ApiError
    assert error.codes == ()


def test_the_words_of_the_server_are_an_attribute_only() -> None:
    error = refusal(one_error(8015, f"Customer {PHONE} not found"))
    assert error.server_message == f"Customer {PHONE} not found"
    assert "no member has this identifier (8015)" in str(error)
    for text in (str(error), repr(error), repr(error.args)):
        assert PHONE not in text
        assert "Customer" not in text


def test_a_message_that_is_no_text_is_still_told() -> None:
    error = refusal({"errors": [{"code": 8015, "message": {"why": 1}}, {"message": ""}]})
    assert error.server_message == "{'why': 1}"


def test_an_answer_does_not_show_what_it_says() -> None:
    shown = repr(answer(one_error(8015, PHONE), headers={"location": f"/?{PHONE}"}))
    assert PHONE not in shown
    assert "200" in shown


# ---- Headers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["x-cap-requestid", "x-cap-request-id"])
def test_the_request_id_is_told(name: str) -> None:
    assert refusal(one_error(8015), headers={name: "r-77"}).request_id == "r-77"


def test_a_missing_request_id_is_none() -> None:
    assert refusal(one_error(8015)).request_id is None


@pytest.mark.parametrize("status", [429, 503])
def test_the_servers_number_is_told(status: int) -> None:
    error = refusal(GATEWAY_PAGE, status, {"retry-after": "17"})
    assert isinstance(error, RateLimitedError | UnavailableError)
    assert error.retry_after_s == 17.0


def test_without_a_number_there_is_none() -> None:
    error = refusal(GATEWAY_PAGE, 429)
    assert isinstance(error, RateLimitedError)
    assert error.retry_after_s is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("2", 2.0),
        ("0000000060", 60.0),
        ("9" * 5000, 1e9),
        (" 120 ", 120.0),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        ("Sat, 01 Mar 2025 12:00:30 -0000", 30.0),
        ("Sat, 01 Mar 2025 17:30:30 +0530", 30.0),
        (format_datetime(NOW - timedelta(days=1), usegmt=True), 0.0),
        ("", None),
        ("-5", None),
        ("1.5", None),
        ("1e3", None),
        ("soon", None),
        ("²", None),
        ("٣", None),  # A digit, in Arabic.
        ("5, 7", None),
        ("Sat, 99 Mar 2025 12:00:00 GMT", None),
        ("Sat, 01 Mar 2025 12:00:00 +99999999999999999", None),
        ("0 JAN 0:0 3000000000", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: float | None) -> None:
    assert retry_after_s({"retry-after": value}, NOW) == seconds


@pytest.mark.parametrize(("date", "seconds"), [("Sat, 01 Mar 2025 12:05:00 GMT", 90.0), ("yesterday", 390.0)])
def test_a_date_counts_from_the_servers_own_date_whatever_our_clock_says(date: str, seconds: float) -> None:
    headers = {"retry-after": "Sat, 01 Mar 2025 12:06:30 GMT", "date": date}
    assert retry_after_s(headers, NOW) == seconds


def test_a_date_without_a_zone_is_universal_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        assert retry_after_s({"retry-after": "Sat, 01 Mar 2025 12:00:30 -0000"}, NOW) == 30.0
        assert retry_after_s({"retry-after": "Sat, 01 Mar 2025 12:00:30"}, NOW) == 30.0
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("value", ["1000000000000", "9" * 5_000, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_huge_number_stays_huge(value: str) -> None:
    seconds = retry_after_s({"retry-after": value}, NOW)
    assert seconds is not None
    assert seconds >= 10**8


def test_a_date_is_measured_from_now() -> None:
    ahead = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    seconds = retry_after_s({"retry-after": ahead})
    assert seconds is not None
    assert 3590 < seconds <= 3600


_numbers = st.integers(0, 10**15)
_dates = st.builds(
    "{} {} {} {}:{}{} {}".format,
    _numbers,
    st.sampled_from(["Jan", "DEC", "Foo"]),
    _numbers,
    _numbers,
    _numbers,
    _numbers.map(":{}".format) | st.just(""),
    st.sampled_from(["GMT", "EST", ""]) | _numbers.map("+{}".format),
)


@given(st.text(max_size=20) | _dates)
@settings(max_examples=examples(50))
def test_no_header_can_break_the_reading(value: str) -> None:
    seconds = retry_after_s({"retry-after": value}, NOW)
    assert seconds is None or seconds >= 0


@given(
    st.binary(max_size=60)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["errors", "code", "message", "status"]), inner, max_size=4)
        ),
        max_leaves=8,
    ).map(lambda document: json.dumps(document).encode()),
    st.integers(100, 599),
)
def test_any_answer_is_a_document_or_one_error_of_ours(body: bytes, status: int) -> None:
    told: LoyaltyError | None = None
    try:
        decipher(CALL, answer(body, status))
    except LoyaltyError as error:
        told = error
    if told is None:
        assert 200 <= status < 300
    else:
        assert (told.status, told.member) == (status, MEMBER)
