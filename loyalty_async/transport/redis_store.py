"""A Redis server that keeps shared quotas. Needs the extra `redis`.

coredis, because it is built on anyio and so runs on trio, too; redis-py, limits and throttled-py know asyncio only. A
client of coredis holds a task group: it is opened and closed in one task, and no error may cross its end, or the
caller would get an `ExceptionGroup`.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from coredis import Redis
from coredis.connection import TCPConnection, TCPLocation, UnixDomainSocketConnection, UnixDomainSocketLocation
from coredis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    ResponseError,
    UnknownCommandError,
    WrongTypeError,
)
from coredis.pool import ConnectionPool
from coredis.retry import NoRetryPolicy

from loyalty_async.transport.couriers import Carry, StoreError
from loyalty_async.transport.quiet import quiet
from loyalty_async.transport.reservations import SCRIPT, Booking, Question

__all__ = ["RedisStore"]

_PORT = 6379
_PATIENCE_S = 1.0
"""How long to wait for a connection, and for an answer: much longer than a server that is well takes."""

_FINAL = (AuthenticationError, AuthorizationError, UnknownCommandError, WrongTypeError)
"""What a server answers that would answer the same again."""

_Connection = TCPConnection | UnixDomainSocketConnection


class RedisStore:
    """A Redis server."""

    def __init__(self, url: str) -> None:
        """Take note of the server; nothing is opened.

        Args:
            url: `redis://`, `rediss://` (TLS, with certificate and name checked) or `unix://`, with a user and password
                if need be, and the number of a database as its path; that of `unix://` is the socket's.
        """
        self._url = url

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Carry]:
        """Connect, once; give what carries a question and brings the answer.

        Raises:
            StoreError: The server cannot be reached, or cannot be used any more.
        """
        failure: StoreError | None = None
        made: list[_Connection] = []
        try:
            with quiet(), _translated():
                async with Redis(connection_pool=_pool(self._url, made), retry_policy=NoRetryPolicy()) as redis:
                    try:
                        yield await _carrier(redis)
                    except StoreError as error:
                        failure = error
        finally:
            _close(made)
        if failure is not None:
            raise failure


def _pool(url: str, made: list[_Connection]) -> ConnectionPool[Any]:
    parts = urlsplit(url)
    kind: type[_Connection] = TCPConnection
    location: TCPLocation | UnixDomainSocketLocation = TCPLocation(parts.hostname or "", parts.port or _PORT)
    if parts.scheme == "unix":
        kind, location = UnixDomainSocketConnection, UnixDomainSocketLocation(unquote(parts.path))

    def connect(where: Any, **options: Any) -> _Connection:
        if made:  # The server may have restarted: whoever asks it must know.
            raise StoreError("the connection broke")
        made.append(kind(where, **options))
        return made[0]

    return ConnectionPool(
        connection_class=cast("type[_Connection]", connect),
        location=location,
        max_connections=1,
        connect_timeout=_PATIENCE_S,
        stream_timeout=_PATIENCE_S,
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        db=0 if parts.scheme == "unix" else int(parts.path.strip("/") or 0),
        ssl_context=ssl.create_default_context() if parts.scheme == "rediss" else None,
    )


def _close(connections: list[_Connection]) -> None:
    """Close the buffers of a connection that was not made in the end: coredis leaves them open."""
    for connection in connections:
        for buffer in vars(connection).values():
            if isinstance(buffer, MemoryObjectSendStream | MemoryObjectReceiveStream):
                buffer.close()


async def _carrier(redis: Redis[bytes]) -> Carry:
    """Find out which run of the server it is, and make what asks it."""
    script = redis.register_script(SCRIPT)

    async def carry(question: Question) -> Booking:
        with _translated():
            return Booking.from_reply(await script(keys=question.keys(), args=question.arguments(run)))

    with _translated():
        run = str((await redis.info("server"))["run_id"])
    return carry


@contextmanager
def _translated() -> Generator[None]:
    """Make one error of all: whatever else came out would end the task that waits for it, and the client."""
    try:
        yield
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001 - coredis, anyio, the system and groups of theirs
        cause = error
        while isinstance(cause, ExceptionGroup):
            cause = cause.exceptions[0]
        cause = cause.__cause__ if isinstance(cause.__cause__, Exception) else cause
        hopeless = isinstance(cause, _FINAL) or type(cause) is ResponseError  # Such as: there is no such database.
        raise StoreError(type(cause).__name__, hopeless=hopeless) from None
