"""One request over HTTP, and what came back.

httpx's client logs the full URL, phone number and all, at INFO. So requests are built here and handed to the
transport; timeouts, proxy and environment are then this package's own business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import anyio
import attrs
import httpx

from loyalty_async.errors import ConnectionFailedError, DeadlineExceededError, LoyaltyError, TransportError
from loyalty_async.models.fields import require_positive
from loyalty_async.protocol.requests import Call
from loyalty_async.protocol.responses import LARGEST_BODY, Answer
from loyalty_async.transport.bodies import CODINGS, read_body
from loyalty_async.transport.engines import Transport
from loyalty_async.transport.quiet import quiet
from loyalty_async.wire.problems import cut_off

__all__ = ["Timeouts", "send"]

_OR_NONE: Any = attrs.validators.optional(require_positive)
_HEADERS = {"Accept": "application/json", "Accept-Encoding": ", ".join(CODINGS), "User-Agent": "loyalty-async"}


@attrs.frozen(kw_only=True)
class Timeouts:
    """How long to wait, in seconds; None waits for ever.

    Attributes:
        connect: For a connection.
        read: For the next bytes of an answer; the API's gateway gives up after 20 to 30 s.
        write: For the server to take the next bytes of a request.
        answer: For one whole answer, however slowly it drips.
        total: For one call with everything: its place in the queue, its retries and their waits. A walk makes many
            calls; for a limit on all of it use `anyio.fail_after`.
    """

    connect: float | None = attrs.field(default=10.0, validator=_OR_NONE)
    read: float | None = attrs.field(default=60.0, validator=_OR_NONE)
    write: float | None = attrs.field(default=30.0, validator=_OR_NONE)
    answer: float | None = attrs.field(default=120.0, validator=_OR_NONE)
    total: float | None = attrs.field(default=None, validator=_OR_NONE)


async def send(
    call: Call, credentials: Mapping[str, str], url: httpx.URL, transport: Transport, timeouts: Timeouts
) -> Answer | LoyaltyError:
    """Send once, and give the answer, or the error that came in its place.

    Args:
        call: What to send.
        credentials: Headers that go with it.
        url: Where the API lives.
        transport: What carries the request.
        timeouts: How long to wait.
    """
    with anyio.move_on_after(timeouts.answer):
        return await _exchange(call, _request(call, credentials, url, timeouts), transport)
    error = DeadlineExceededError(f"{call.path}: no whole answer within {timeouts.answer} s")
    error.member = call.member
    return error


async def _exchange(call: Call, request: httpx.Request, transport: Transport) -> Answer | LoyaltyError:
    try:
        with quiet():
            response = await transport.handle_async_request(request)
            try:
                body = await read_body(response, LARGEST_BODY)
            finally:
                await response.aclose()
    except (httpx.RequestError, OSError) as cause:
        return _translated(call, cause)
    return Answer(response.status_code, response.headers, body)


def _request(call: Call, credentials: Mapping[str, str], url: httpx.URL, timeouts: Timeouts) -> httpx.Request:
    content_type = {"Content-Type": "application/json"} if call.body is not None else {}
    # Whole, for httpx takes each URL and each part that it is given apart, letter by letter.
    target = f"{url}".rstrip("/") + call.target() + (f"?{urlencode(call.query)}" if call.query else "")
    timeout = {"connect": timeouts.connect, "read": timeouts.read, "write": timeouts.write, "pool": None}
    return httpx.Request(
        call.method,
        target,
        headers={**_HEADERS, **content_type, **call.headers, **credentials},
        content=call.body,
        extensions={"timeout": timeout},
    )


def _translated(call: Call, cause: httpx.RequestError | OSError) -> LoyaltyError:
    error = _error_for(f"{call.path}: {{}} ({type(cause).__name__})".format, cause)
    error.member = call.member
    if isinstance(cause, httpx.ConnectError):  # Only this one tells nothing of what was sent or received.
        error.__cause__ = cause
    error.__suppress_context__ = True
    return error


def _error_for(say: Callable[[str], str], cause: httpx.RequestError | OSError) -> LoyaltyError:
    if isinstance(cause, httpx.TimeoutException | TimeoutError):
        return DeadlineExceededError(say("the server took too long"))
    if isinstance(cause, httpx.DecodingError):
        return cut_off(say("the compression is broken"))
    if isinstance(cause, httpx.ConnectError | httpx.ProxyError):
        return ConnectionFailedError(say("no connection to the server"))
    if isinstance(cause, httpx.UnsupportedProtocol):
        return TransportError(say("the transport cannot carry this request"))
    return ConnectionFailedError(say("the connection broke"))
