"""A server in a process of its own that has its answers ready: it should never be what a client waits for."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import Final, cast

__all__ = ["Answer", "serving"]

Answer = Callable[[bytes], bytes]
"""Gives the whole answer, headers and all, to the head of a request."""

_BACKLOG: Final = 2048
_END_OF_HEAD: Final = b"\r\n\r\n"


class _Answering(asyncio.Protocol):
    """Answers requests without a body, in their order."""

    def __init__(self, answer: Answer, latency_s: float) -> None:
        self._answer, self._latency_s = answer, latency_s
        self._heard = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._heard += data
        while _END_OF_HEAD in self._heard:
            head, _, self._heard = self._heard.partition(_END_OF_HEAD)
            if self._latency_s:
                asyncio.get_running_loop().call_later(self._latency_s, self._say, head)
            else:
                self._say(head)

    def _say(self, head: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(self._answer(head))


async def _serve(told: Connection, answer: Answer, latency_s: float) -> None:
    server = await asyncio.get_running_loop().create_server(
        lambda: _Answering(answer, latency_s), "127.0.0.1", 0, backlog=_BACKLOG
    )
    told.send(server.sockets[0].getsockname()[1])
    alone = asyncio.Event()
    asyncio.get_running_loop().add_reader(told.fileno(), alone.set)  # The other end closes with its process.
    async with server:
        await alone.wait()


def _run(told: Connection, make: Callable[[], Answer], latency_s: float) -> None:
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(told, make(), latency_s))


@contextlib.contextmanager
def serving(make: Callable[[], Answer], *, latency_s: float) -> Iterator[str]:
    """Serve while the block runs.

    Args:
        make: Makes what answers, in the server's process; it must be possible to pickle it.
        latency_s: How long each answer takes.

    Yields:
        The base URL.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_run, args=(theirs, make, latency_s), daemon=True)
    process.start()
    theirs.close()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.terminate()
        process.join()
