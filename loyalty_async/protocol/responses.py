"""Status, headers and body to data, or to the right error.

The body is read at any status: which HTTP status goes with a business error is not documented, and a non-empty `errors`
is a failure even at 200. Source: the page "Errors and warnings", `{"errors": [{"status", "code", "message"}]}`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import attrs

from loyalty_async.errors import (
    ApiError,
    LoyaltyError,
    MalformedAnswerError,
    RateLimitedError,
    UnavailableError,
    with_codes,
)
from loyalty_async.protocol.codes import ALTCRAFT_CODES, CODES, Meanings, meaning
from loyalty_async.protocol.requests import Call
from loyalty_async.wire.problems import Misfit, malformed

__all__ = ["LARGEST_BODY", "Answer", "decipher", "decipher_altcraft", "described", "retry_after_s"]

E = TypeVar("E", bound=LoyaltyError)

LARGEST_BODY = 64 * 1024 * 1024
"""Bytes after decompression; a page of 100 entries takes about 0.1 MB. Of a longer body the beginning will do."""
_LONGEST_S = 1e9
"""Some thirty years: no wait that is asked for is taken to be longer, or infinite."""
_REQUEST_ID_HEADERS = ("x-cap-requestid", "x-cap-request-id")
_SUCCESS = range(200, 300)
_BUSINESS_ERROR = 400
"""The status of answers with codes, where it is not 200."""


@attrs.frozen
class Answer:
    """What came back: the HTTP status, the headers, found by their lower-case names, the body."""

    status: int
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)


def decipher(call: Call, answer: Answer) -> Any:
    """Get the document out of an answer of Capillary's.

    Raises:
        ApiError: The server said no; the class tells what about.
        MalformedAnswerError: A successful answer whose body is no JSON document.
    """
    document = _decode(call, answer, call.decode)
    errors = document.get("errors") if isinstance(document, dict) else None
    if errors or answer.status not in _SUCCESS:
        rows = [row for row in errors if isinstance(row, dict)] if isinstance(errors, list) else []
        codes = tuple(code for row in rows if (code := _integer(row.get("code"))) is not None)
        words = "; ".join(str(row["message"]) for row in rows if row.get("message"))
        raise _refusal(call, answer, codes, words)
    return document


def decipher_altcraft(call: Call, answer: Answer, decode_body: Callable[[bytes], Any]) -> Any:
    """Get the document out of an answer of Altcraft's, `{"error", "error_text", "data"}`, in JSON or XML.

    Raises:
        ApiError: `error` is not zero, or the HTTP status is none of success.
        MalformedAnswerError: A successful answer that is no document, or has no `error`.
    """
    document = _decode(call, answer, decode_body)
    code = _integer(document.get("error")) if isinstance(document, dict) else None
    if answer.status not in _SUCCESS or code:
        words = str(document.get("error_text") or "") if isinstance(document, dict) else ""
        raise _refusal(call, answer, (code,) if code else (), words, ALTCRAFT_CODES)
    if code is None:
        raise described(malformed(Misfit("an integer was expected", "error")), call, answer)
    return document


def _integer(written: object) -> int | None:
    """Read a code: a number, or the text of one."""
    readable = type(written) in (int, str) and re.fullmatch(r"-?\d{1,18}", str(written), re.ASCII)
    return int(str(written)) if readable else None


def _decode(call: Call, answer: Answer, decode_body: Callable[[bytes], Any]) -> Any:
    """Decode a body; that of a failure need not be a document: gateways answer with pages of their own.

    A document that was cut off may have said anything, "no entries" too, and is worth another try.
    """
    if answer.status in _SUCCESS and len(answer.body) > LARGEST_BODY:
        raise described(MalformedAnswerError(f"the answer is longer than {LARGEST_BODY} bytes"), call, answer)
    try:
        return decode_body(answer.body)
    except MalformedAnswerError as problem:
        if answer.status in _SUCCESS or (answer.status == _BUSINESS_ERROR and answer.body.lstrip()[:1] == b"{"):
            raise described(problem, call, answer) from None
        return None


def retry_after_s(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Read `Retry-After` (RFC 9110, section 10.2.3): seconds, or an HTTP date, by the clock that wrote `Date`."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value), _LONGEST_S)
    at = _http_date(value)
    if at is None:
        return None
    now = _http_date(headers.get("date", "")) or now or datetime.now(UTC)
    return max((at - now).total_seconds(), 0.0)


def _http_date(value: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _refusal(
    call: Call, answer: Answer, codes: Sequence[int], server_message: str, meanings: Meanings = CODES
) -> ApiError:
    """Make the error for what the server said."""
    kind, sentence = meaning(codes, answer.status, meanings)
    error = kind(f"{call.path}: {with_codes(sentence, codes or (answer.status,))}")
    error.codes, error.server_message = tuple(codes), server_message or None
    if isinstance(error, RateLimitedError | UnavailableError):
        error.retry_after_s = retry_after_s(answer.headers)
    return described(error, call, answer)


def described(error: E, call: Call, answer: Answer) -> E:
    """Tell an error which answer it came from."""
    error.status, error.member = answer.status, call.member
    error.request_id = next((answer.headers[name] for name in _REQUEST_ID_HEADERS if name in answer.headers), None)
    return error
