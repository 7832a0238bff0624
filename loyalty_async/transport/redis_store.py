"""A Redis server that keeps shared quotas. Needs the extra `redis`.

coredis, because it is built on anyio and so runs on trio, too; redis-py, limits and throttled-py know asyncio only. A
client of coredis holds a task group: it is opened and closed in one task, and no error may cross its end, or the
caller would get an `ExceptionGroup`.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from urllib.parse import urlsplit

from coredis import Redis
from coredis.retry import NoRetryPolicy

from loyalty_async.transport.couriers import Carry, StoreError
from loyalty_async.transport.reservations import SCRIPT, Answer, Question

__all__ = ["RedisStore"]

_PATIENCE_S = 1.0
"""How long to wait for a connection, and for an answer: much longer than a server that is well takes."""


class RedisStore:
    """A Redis server."""

    def __init__(self, url: str) -> None:
        """Take note of the server; nothing is opened.

        Args:
            url: Such as `redis://127.0.0.1:6379/0`. For `rediss` the server's certificate and name are checked, unless
                the URL says otherwise (`?ssl_cert_reqs=…`).
        """
        self._url = url

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Carry]:
        """Connect; give what carries a question and brings the answer.

        Raises:
            StoreError: The server cannot be reached, or cannot be used any more.
        """
        failure: StoreError | None = None
        with _translated():
            async with self._client() as redis:
                try:
                    yield await _carrier(redis)
                except StoreError as error:
                    failure = error
        if failure is not None:
            raise failure

    def _client(self) -> Redis[bytes]:
        options: dict[str, Any] = {}
        parts = urlsplit(self._url)
        if parts.scheme == "rediss" and "ssl_" not in parts.query:
            options["ssl_context"] = ssl.create_default_context()
        return Redis.from_url(
            self._url,
            decode_components=True,
            connect_timeout=_PATIENCE_S,
            stream_timeout=_PATIENCE_S,
            max_connections=1,
            retry_policy=NoRetryPolicy(),  # A courier tries again, with a client of its own.
            **options,
        )


async def _carrier(redis: Redis[bytes]) -> Carry:
    """Find out which run of the server it is, and make what asks it."""
    script = redis.register_script(SCRIPT)

    async def carry(question: Question) -> Answer:
        with _translated():
            return Answer.from_reply(await script(keys=question.keys(), args=question.arguments(run)))

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
        raise StoreError(type(cause.__cause__ or cause).__name__) from None
