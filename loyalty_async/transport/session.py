"""One call: admitted, sent, deciphered, and sent again where that helps.

httpx's client logs the full URL, phone number and all, at INFO. So a session builds the request itself and hands it to
the transport; timeouts, proxy and environment are then its own business.
"""

from __future__ import annotations

import itertools
import random
import ssl
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import anyio
import attrs
import httpx

from loyalty_async.errors import (
    AuthenticationError,
    ConnectionFailedError,
    DeadlineExceededError,
    InvalidArgument,
    LoyaltyError,
    MalformedAnswerError,
    PendingEventsError,
    TransportError,
)
from loyalty_async.models.fields import require_positive
from loyalty_async.protocol.backoff import RetryPolicy, next_delay_s
from loyalty_async.protocol.efforts import Effort
from loyalty_async.protocol.requests import Call
from loyalty_async.protocol.responses import LARGEST_BODY, Answer, decipher, described
from loyalty_async.transport.auth import Authenticator
from loyalty_async.transport.bodies import CODINGS, read_body
from loyalty_async.transport.gate import Gate
from loyalty_async.transport.pool import Transport, engine, parse_base_url
from loyalty_async.transport.quiet import quiet
from loyalty_async.transport.running import Running
from loyalty_async.wire.problems import cut_off

__all__ = ["Session", "Timeouts", "session_to"]

T = TypeVar("T")

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


def _always(_: object) -> bool:
    return True


@attrs.define(eq=False, kw_only=True)
class Session:
    """Sends the calls of one client.

    Attributes:
        url: Where the API lives.
        transport: What carries requests.
        gate: Who may send now.
        retry: When to try again.
        timeouts: How long to wait.
        authenticator: What puts credentials on requests.
        decipher: Gets the document out of an answer, or raises what the server said.
        running: The calls under way.
        requests: How many requests were sent, retries included.
        retries: How many of them were sent again.
    """

    url: httpx.URL
    transport: Transport
    gate: Gate
    retry: RetryPolicy
    timeouts: Timeouts
    authenticator: Authenticator | None = None
    decipher: Callable[[Call, Answer], Any] = decipher
    running: Running = attrs.field(factory=Running)
    requests: int = 0
    retries: int = 0
    _draw: Callable[[], float] = random.random

    async def call(
        self,
        call: Call,
        build: Callable[[Any], T],
        settled: Callable[[T], bool] = _always,
        effort: Effort | None = None,
    ) -> T:
        """Make a call until it succeeds or cannot.

        Args:
            call: What to send.
            build: Makes the result from the decoded document; what does not fit raises `MalformedAnswerError`.
            settled: Tells whether a result is final. One that is not is asked for again, and is returned as it is when
                the attempts are used up.
            effort: What it takes is added here, also if the call fails.

        Raises:
            LoyaltyError: What the last attempt ended in.
        """
        with self.running.one(), anyio.move_on_after(self.timeouts.total):
            return await self._until_final(call, build, settled, effort or Effort())
        error = DeadlineExceededError(f"{call.path}: no result within {self.timeouts.total} s, retries included")
        error.member = call.member
        raise error

    async def _until_final(
        self, call: Call, build: Callable[[Any], T], settled: Callable[[T], bool], effort: Effort
    ) -> T:
        renewed = False
        began = self.authenticator.mark() if self.authenticator else 0
        for attempt in itertools.count(1):
            credentials, sent = await self._exchange(call, began, effort)
            try:
                result = self._result(call, sent, build)
                if settled(result):
                    return result
                delay = next_delay_s(_pending(), attempt, self.retry, self._draw())
                if delay is None:
                    return result
            except AuthenticationError:
                if renewed or not credentials or not self.authenticator or not self.authenticator.refused(credentials):
                    raise
                renewed, delay = True, 0.0
            except LoyaltyError as error:
                delay = next_delay_s(error, attempt, self.retry, self._draw())
                if delay is None:
                    raise
            self.retries += 1
            effort.retries += 1
            effort.waited_s += delay
            await anyio.sleep(delay)
        raise AssertionError("unreachable")

    async def _exchange(
        self, call: Call, began: int, effort: Effort
    ) -> tuple[Mapping[str, str], Answer | LoyaltyError]:
        """Wait for a place and send; give the credentials that went along, and what came back.

        Credentials are taken behind the queue: in it they would grow old. A call for a token needs no place of its own,
        it is made in the place of the call that waits for the token.
        """
        if not call.authenticated:
            return {}, await self._send(call, {}, effort)
        queued_at = anyio.current_time()
        async with self.gate.admission():
            effort.waited_s += anyio.current_time() - queued_at
            credentials = await self.authenticator.headers(began) if self.authenticator else {}
            return credentials, await self._send(call, credentials, effort)

    async def _send(self, call: Call, credentials: Mapping[str, str], effort: Effort) -> Answer | LoyaltyError:
        """Send once, and give the answer, or the error that came in its place."""
        self.requests += 1
        effort.requests += 1
        with anyio.move_on_after(self.timeouts.answer):
            return await self._send_in_time(call, credentials)
        error = DeadlineExceededError(f"{call.path}: no whole answer within {self.timeouts.answer} s")
        error.member = call.member
        return error

    async def _send_in_time(self, call: Call, credentials: Mapping[str, str]) -> Answer | LoyaltyError:
        try:
            with quiet():
                response = await self.transport.handle_async_request(self._request(call, credentials))
                try:
                    body = await read_body(response, LARGEST_BODY)
                finally:
                    await response.aclose()
        except (httpx.RequestError, OSError) as cause:
            return _translated(call, cause)
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, headers, body)

    def _result(self, call: Call, sent: Answer | LoyaltyError, build: Callable[[Any], T]) -> T:
        if isinstance(sent, LoyaltyError):
            raise sent
        try:
            return build(self.decipher(call, sent))
        except MalformedAnswerError as error:
            raise described(error, call, sent) from None

    def _request(self, call: Call, credentials: Mapping[str, str]) -> httpx.Request:
        content_type = {"Content-Type": "application/json"} if call.body is not None else {}
        timeout = httpx.Timeout(
            connect=self.timeouts.connect, read=self.timeouts.read, write=self.timeouts.write, pool=None
        )
        return httpx.Request(
            call.method,
            self.url.copy_with(raw_path=self.url.raw_path.rstrip(b"/") + call.target().encode("ascii")),
            params=call.query or None,
            headers={**_HEADERS, **content_type, **call.headers, **credentials},
            content=call.body,
            extensions={"timeout": timeout.as_dict()},
        )


def session_to(
    base_url: str,
    *,
    engine_name: str,
    max_in_flight: int,
    timeouts: Timeouts | None,
    retry: RetryPolicy | None,
    verify: bool | ssl.SSLContext,
    proxy: str | None,
    transport: Transport | None,
) -> Session:
    """Make a session; nothing is opened or sent.

    Raises:
        InvalidArgument: The URL, the proxy or a number cannot be used.
    """
    url = parse_base_url(base_url)
    for name, value, kind in (("timeouts", timeouts, Timeouts), ("retry", retry, RetryPolicy)):
        if value is not None and not isinstance(value, kind):
            raise InvalidArgument(f"{name} must be a {kind.__name__}, such as {kind.__name__}()")
    gate = Gate(max_in_flight)
    return Session(
        url=url,
        transport=transport or engine(url, name=engine_name, verify=verify, proxy=proxy, max_connections=max_in_flight),
        gate=gate,
        retry=retry or RetryPolicy(),
        timeouts=timeouts or Timeouts(),
    )


def _pending() -> PendingEventsError:
    error = PendingEventsError("the member has events that are not booked yet")
    error.codes = (11002,)
    return error


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
