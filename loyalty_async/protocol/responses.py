"""Status, headers and body to data, or to the right error.

The body is read at any status: which HTTP status goes with a business error is not documented, and a non-empty `errors`
is a failure even at 200. Source: the page "Errors and warnings", `{"errors": [{"status", "code", "message"}]}`.
"""

from __future__ import annotations

from collections.abc import Mapping
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
from loyalty_async.protocol.codes import meaning
from loyalty_async.protocol.requests import Call
from loyalty_async.wire.documents import decode_json

__all__ = ["Answer", "decipher", "described", "retry_after_s"]

E = TypeVar("E", bound=LoyaltyError)

_REQUEST_ID_HEADERS = ("x-cap-requestid", "x-cap-request-id")
_SUCCESS = range(200, 300)


@attrs.frozen
class Answer:
    """What came back: the HTTP status, the headers with lower-case names, the body."""

    status: int
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)


def decipher(call: Call, answer: Answer) -> Any:
    """Get the document out of an answer.

    Raises:
        ApiError: The server said no; the class tells what about.
        MalformedAnswerError: A successful answer whose body is no JSON document.
    """
    try:
        document = decode_json(answer.body)
    except MalformedAnswerError as malformed:
        if answer.status in _SUCCESS:
            raise described(malformed, call, answer) from None
        document = None
    errors = document.get("errors") if isinstance(document, dict) else None
    if errors or answer.status not in _SUCCESS:
        raise _refusal(call, answer, errors if isinstance(errors, list) else [])
    return document


def retry_after_s(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Read `Retry-After` (RFC 9110, section 10.2.3): seconds, or an HTTP date."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max((at - (now or datetime.now(UTC))).total_seconds(), 0.0)


def _refusal(call: Call, answer: Answer, errors: list[Any]) -> ApiError:
    rows = [row for row in errors if isinstance(row, dict)]
    codes = tuple(row["code"] for row in rows if isinstance(row.get("code"), int))
    kind, sentence = meaning(codes, answer.status)
    error = kind(f"{call.path}: {with_codes(sentence, codes or (answer.status,))}")
    error.codes = codes
    error.server_message = "; ".join(str(row["message"]) for row in rows if row.get("message")) or None
    if isinstance(error, RateLimitedError | UnavailableError):
        error.retry_after_s = retry_after_s(answer.headers)
    return described(error, call, answer)


def described(error: E, call: Call, answer: Answer) -> E:
    """Tell an error which answer it came from."""
    error.status, error.member = answer.status, call.member
    error.request_id = next((answer.headers[name] for name in _REQUEST_ID_HEADERS if name in answer.headers), None)
    return error
