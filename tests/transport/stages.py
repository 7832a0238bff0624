"""A stage at the HTTP seam: it answers as told, takes its time, and keeps account of what is open."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any

import anyio
import anyio.lowlevel
import attrs
import httpx

from loyalty_async.models.members import Customer
from loyalty_async.protocol.backoff import RetryPolicy
from loyalty_async.protocol.requests import Call
from loyalty_async.transport.auth import Authenticator
from loyalty_async.transport.concurrency import Places
from loyalty_async.transport.engines import parse_base_url
from loyalty_async.transport.exchanges import Timeouts
from loyalty_async.transport.gate import Gate
from loyalty_async.transport.permits import Permits
from loyalty_async.transport.session import Session

HOST = "api.example.com"
PHONE = "917406401004"
MEMBER = Customer.by_mobile(PHONE, source="INSTORE")
CALL = Call(method="GET", path="/v2/ledger", query={"identifierValue": PHONE}, member=MEMBER)


@attrs.frozen(kw_only=True)
class Reply:
    """What happens to one request, and how long each step takes in seconds."""

    status: int = 200
    chunks: tuple[bytes, ...] = (b'{"answer": 42}',)
    headers: dict[str, str] = attrs.field(factory=dict)
    wait_s: float = 0.0
    chunk_wait_s: float = 0.0
    close_wait_s: float = 0.0
    error: Exception | None = None
    body_error: Exception | None = None
    on_close: Callable[[], object] = lambda: None


def document(value: Any, status: int = 200, **fields: Any) -> Reply:
    return Reply(status=status, chunks=(json.dumps(value).encode(),), **fields)


def failure(code: int, status: int = 200, message: str = "no", **fields: Any) -> Reply:
    return document({"errors": [{"status": False, "code": code, "message": message}]}, status, **fields)


Answering = Callable[[httpx.Request], Reply]


class Stage(httpx.AsyncBaseTransport):
    """Gives replies one after the other, or as a function says.

    Attributes:
        requests: What was sent.
        at: When.
        in_flight: How many requests have no answer yet, or an answer that is not closed.
        most: How many there were at most.
        open_bodies: How many answers are not closed.
    """

    def __init__(self, *replies: Reply, answering: Answering | None = None) -> None:
        self._replies: Iterator[Reply] = iter(replies)
        self._answering = answering or self._next
        self.requests: list[httpx.Request] = []
        self.at: list[float] = []
        self.in_flight = self.most = self.open_bodies = 0

    def _next(self, _request: httpx.Request) -> Reply:
        reply = next(self._replies, None)
        assert reply is not None, "one request too many"
        return reply

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.at.append(anyio.current_time())
        self.in_flight += 1
        self.most = max(self.most, self.in_flight)
        try:
            response = await self._respond(request)
        except BaseException:
            self.in_flight -= 1
            raise
        self.open_bodies += 1
        return response

    async def _respond(self, request: httpx.Request) -> httpx.Response:
        # Like a server, it decides when the request arrives and answers when it is done.
        reply = self._answering(request)
        await _pass(reply.wait_s)
        if reply.error is not None:
            raise reply.error
        return httpx.Response(reply.status, headers=reply.headers, stream=_Body(self, reply))


class _Body(httpx.AsyncByteStream):
    def __init__(self, stage: Stage, reply: Reply) -> None:
        self._stage, self._reply = stage, reply
        self._chunks = iter(reply.chunks)
        self._closed = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        assert not self._closed
        await _pass(self._reply.chunk_wait_s)
        for chunk in self._chunks:
            return chunk
        if self._reply.body_error is not None:
            raise self._reply.body_error
        raise StopAsyncIteration

    async def aclose(self) -> None:
        if not self._closed:
            self._closed = True
            self._stage.open_bodies -= 1
            self._stage.in_flight -= 1
            self._reply.on_close()
        await _pass(self._reply.close_wait_s)


async def _pass(seconds: float) -> None:
    if seconds:
        await anyio.sleep(seconds)
    else:
        await anyio.lowlevel.checkpoint()


def open_session(
    stage: httpx.AsyncBaseTransport,
    *,
    url: str = f"https://{HOST}",
    max_in_flight: int = 10,
    permits: Permits | None = None,
    retry: RetryPolicy | None = None,
    timeouts: Timeouts | None = None,
    authenticator: Authenticator | None = None,
) -> Session:
    """Make a session whose waits are as short as they can be."""
    return Session(
        url=parse_base_url(url),
        transport=stage,
        gate=Gate(Places(max_in_flight), permits, retry),
        retry=retry or RetryPolicy(),
        timeouts=timeouts or Timeouts(),
        authenticator=authenticator,
        draw=lambda: 0.0,
    )


def as_it_is(document: Any) -> Any:
    """Build nothing."""
    return document


def places(session: Session) -> int:
    """Tell how many places in flight are free."""
    return session.gate.places.limit - session.gate.places.in_flight


def subclasses(kind: type[Any]) -> Iterable[type[Any]]:
    """Give a class and all that come from it."""
    yield kind
    for child in kind.__subclasses__():
        yield from subclasses(child)
