"""A proxy on raw TCP between a client and a server, which does to their bytes what networks and broken servers do.

It runs in the test's own event loop, on asyncio and trio, in real time. Each request that arrives takes the next
trouble of the script; without one it passes unharmed, and its connection is kept.
"""

from __future__ import annotations

import contextlib
import gzip
import itertools
import re
import socket
import struct
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import Literal

import anyio
import attrs
from anyio.lowlevel import checkpoint

_END_OF_HEAD = b"\r\n\r\n"
_CLOSE = re.compile(rb"\r\nconnection: close", re.IGNORECASE)
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)

Ending = Literal["keep", "close", "reset", "stall"]
"""What happens to a connection after the bytes: it waits for the next request, or FIN, or RST, or nothing ever."""


@attrs.frozen(kw_only=True)
class Trouble:
    """What befalls one request and its answer.

    Attributes:
        request_bytes: Read no more than so many bytes of the request, and reset; the server never hears of it.
        rewrite: Changes the whole answer, head and body.
        answer_bytes: Let only so many bytes of the answer through; None for all.
        then: What happens to the connection after them.
        piece: Send so many bytes at a time.
        pause_s: How long to wait before each piece.
    """

    request_bytes: int | None = None
    rewrite: Callable[[bytes], bytes] = attrs.field(default=lambda answer: answer)
    answer_bytes: int | None = None
    then: Ending = "keep"
    piece: int | None = None
    pause_s: float = 0.0


class Chaos:
    """The proxy.

    Attributes:
        url: Where it listens.
        requests: How many requests began to arrive.
        connections: How many connections were made.
        open: How many of them the proxy has not closed.
    """

    def __init__(self, listener: socket.socket, server: tuple[str, int], script: Iterable[Trouble | None]) -> None:
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self.requests = self.connections = self.open = 0
        self._listener, self._server = listener, server
        self._script: Iterator[Trouble | None] = itertools.chain(script, itertools.repeat(None))

    async def run(self) -> None:
        """Serve for ever."""
        async with anyio.create_task_group() as tasks:
            while True:
                await anyio.wait_readable(self._listener)
                with contextlib.suppress(BlockingIOError):
                    connection, _ = self._listener.accept()
                    self.connections += 1
                    tasks.start_soon(self._converse, connection)

    async def _converse(self, connection: socket.socket) -> None:
        self.open += 1
        try:
            connection.setblocking(False)  # noqa: FBT003 - its only argument
            with contextlib.suppress(OSError):  # The client hung up.
                while await self._exchange(connection):
                    pass
        finally:
            connection.close()
            self.open -= 1

    async def _exchange(self, connection: socket.socket) -> bool:
        """Take one request, and tell whether the connection is kept."""
        await anyio.wait_readable(connection)
        if not connection.recv(1, socket.MSG_PEEK):
            return False
        self.requests += 1
        trouble = next(self._script) or Trouble()
        request = await _read_request(connection, trouble.request_bytes)
        if trouble.request_bytes is not None:
            _reset(connection)
            return False
        answer = trouble.rewrite(await self._ask(request))
        await _send(connection, answer[: trouble.answer_bytes], trouble)
        return await _end(connection, trouble.then)

    async def _ask(self, request: bytes) -> bytes:
        """Have the server answer, on a connection of its own."""
        with socket.create_connection(self._server) as upstream:
            upstream.setblocking(False)  # noqa: FBT003 - its only argument
            head, _, body = request.partition(_END_OF_HEAD)
            await _send(upstream, head + b"\r\nConnection: close" + _END_OF_HEAD + body, Trouble())
            answer = b"".join([piece async for piece in _received(upstream)])
        return _CLOSE.sub(b"", answer, count=1)


@asynccontextmanager
async def open_chaos(url: str, script: Iterable[Trouble | None] = (), *, deaf_s: float = 0.0) -> AsyncIterator[Chaos]:
    """Stand between clients and the server at *url* while the block runs.

    Args:
        url: The server's.
        script: What befalls the requests, in their order; None lets one pass, and so does the end of the script.
        deaf_s: How long connections are refused at first.
    """
    host, _, port = url.removeprefix("http://").rpartition(":")
    with socket.socket() as listener:
        listener.setblocking(False)  # noqa: FBT003 - its only argument
        listener.bind(("127.0.0.1", 0))
        chaos = Chaos(listener, (host, int(port)), script)
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_listen, chaos, listener, deaf_s)
                await checkpoint()  # It listens before the first client comes, who may come without any wait.
                yield chaos
                tasks.cancel_scope.cancel()
        except ExceptionGroup as group:
            raise group.exceptions[0] from None


async def _listen(chaos: Chaos, listener: socket.socket, deaf_s: float) -> None:
    if deaf_s:
        await anyio.sleep(deaf_s)
    listener.listen(100)
    await chaos.run()


async def _received(connection: socket.socket) -> AsyncIterator[bytes]:
    while True:
        await anyio.wait_readable(connection)
        piece = connection.recv(65_536)
        if not piece:
            return
        yield piece


async def _read_request(connection: socket.socket, most: int | None) -> bytes:
    request = b""
    while not _is_whole(request) and (most is None or len(request) < most):
        await anyio.wait_readable(connection)
        piece = connection.recv(65_536 if most is None else most - len(request))
        if not piece:
            raise ConnectionError("half a request")
        request += piece
    return request


def _is_whole(message: bytes) -> bool:
    head, end, body = message.partition(_END_OF_HEAD)
    length = _LENGTH.search(head)
    return bool(end) and len(body) >= (int(length[1]) if length else 0)


async def _send(connection: socket.socket, data: bytes, trouble: Trouble) -> None:
    left = memoryview(data)
    while left:
        if trouble.pause_s:
            await anyio.sleep(trouble.pause_s)
        await anyio.wait_writable(connection)
        left = left[connection.send(left[: trouble.piece]) :]


async def _end(connection: socket.socket, how: Ending) -> bool:
    if how == "stall":
        async for _ in _received(connection):  # Until the client has had enough.
            pass
    if how == "reset":
        _reset(connection)
    return how == "keep"


def _reset(connection: socket.socket) -> None:
    """Let closing send RST, not FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


# ---- What a broken server says ---------------------------------------------------------------------------------------


def with_length(change: Callable[[int], int | None]) -> Callable[[bytes], bytes]:
    """Lie about the length of a body; None says nothing about it."""

    def rewrite(answer: bytes) -> bytes:
        head, _, body = answer.partition(_END_OF_HEAD)
        said = change(len(body))
        line = b"" if said is None else b"\r\ncontent-length: %d" % said
        return re.sub(rb"\r\ncontent-length: *\d+", line, head, flags=re.IGNORECASE) + _END_OF_HEAD + body

    return rewrite


def with_body(change: Callable[[bytes], bytes], header: bytes = b"") -> Callable[[bytes], bytes]:
    """Change a body and say its right length, with one more header line."""

    def rewrite(answer: bytes) -> bytes:
        head, _, body = answer.partition(_END_OF_HEAD)
        return with_length(len_of)(head + header + _END_OF_HEAD + change(body))

    def len_of(length: int) -> int:
        return length

    return rewrite


def in_chunks(answer: bytes) -> bytes:
    """Say a body in chunks of 64 bytes instead of with its length."""
    head, _, body = with_length(lambda _: None)(answer).partition(_END_OF_HEAD)
    chunks = [body[at : at + 64] for at in range(0, len(body), 64)] + [b""]
    said = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return head + b"\r\nTransfer-Encoding: chunked" + _END_OF_HEAD + said


def packed(body: bytes, share: float = 1.0) -> bytes:
    """Pack a body with gzip, and give only a share of what comes out."""
    whole = gzip.compress(body)
    return whole[: int(len(whole) * share)]


GZIP = b"\r\nContent-Encoding: gzip"
