"""A tiny server in a process of its own: it gives the same answer to every request, after a while."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import Final, cast

_BACKLOG: Final = 2048
_END_OF_HEAD: Final = b"\r\n\r\n"


class _Answering(asyncio.Protocol):
    """Answers requests without a body, in their order."""

    def __init__(self, answer: bytes, latency_s: float) -> None:
        self._answer, self._latency_s = answer, latency_s
        self._heard = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._heard += data
        while _END_OF_HEAD in self._heard:
            self._heard = self._heard.partition(_END_OF_HEAD)[2]
            asyncio.get_running_loop().call_later(self._latency_s, self._say)

    def _say(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(self._answer)


async def _serve(told: Connection, body: bytes, latency_s: float) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    server = await asyncio.get_running_loop().create_server(
        lambda: _Answering(head + body, latency_s), "127.0.0.1", 0, backlog=_BACKLOG
    )
    told.send(server.sockets[0].getsockname()[1])
    async with server:
        await server.serve_forever()


def _run(told: Connection, body: bytes, latency_s: float) -> None:
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(told, body, latency_s))


@contextlib.contextmanager
def answering(body: bytes, *, latency_s: float) -> Iterator[str]:
    """Serve while the block runs.

    Yields:
        The base URL.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_run, args=(theirs, body, latency_s), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.terminate()
        process.join()
