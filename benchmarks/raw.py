"""A client that does nothing but send and receive: it shows what the server can do, and asks what it has counted."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable
from urllib.parse import urlsplit

import attrs

from benchmarks.ledgers import LEDGER_PATH
from benchmarks.tasks import Task

__all__ = ["Ceiling", "ceiling", "get"]

_AT_ONCE = 1 << 18


@attrs.frozen
class Ceiling:
    """What the server can do on one connection.

    Attributes:
        requests: Pages of 100 entries a second.
        megabytes: MB a second.
    """

    requests: float
    megabytes: float


def get(url: str, targets: Iterable[str]) -> list[bytes]:
    """Get the bodies of some answers, one after the other on one connection."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port)) as connection:
        return [_got(connection, target) for target in targets]


def _got(connection: socket.socket, target: str) -> bytes:
    connection.sendall(f"GET {target} HTTP/1.1\r\nHost: here\r\n\r\n".encode())
    heard = b""
    while b"\r\n\r\n" not in heard:
        heard += _some(connection)
    head, _, body = heard.partition(b"\r\n\r\n")
    length = int(head.rpartition(b"Content-Length: ")[2])
    chunks, came = [body], len(body)
    while came < length:
        chunks.append(_some(connection))
        came += len(chunks[-1])
    return b"".join(chunks)


def _some(connection: socket.socket) -> bytes:
    some = connection.recv(_AT_ONCE)
    if not some:
        raise ConnectionError("the server hung up")
    return some


def ceiling(task: Task, requests: int) -> Ceiling:
    """Ask for pages as fast as it goes."""
    member, pages = task.listed[0], -(-task.served.entries // task.page_size)
    targets = (
        f"{LEDGER_PATH}?identifierValue={member}&limit={task.page_size}&offset={number % pages}"
        for number in range(requests)
    )
    began = time.perf_counter()
    size = sum(map(len, get(task.url, targets)))
    seconds = time.perf_counter() - began
    return Ceiling(requests / seconds, size / seconds / 1e6)
