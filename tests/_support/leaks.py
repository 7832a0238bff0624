"""Counts what a block of a test leaves behind."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import httpx
import trio

_PATIENCE_S = 2.0
_DESCRIPTORS = next(folder for folder in (Path("/proc/self/fd"), Path("/dev/fd")) if folder.is_dir())


@asynccontextmanager
async def nothing_left(server_url: str = "http://127.0.0.1:1") -> AsyncIterator[None]:
    """Fail if the block leaves a task, a socket or any other file descriptor behind.

    What the event loop closes a moment later is waited for.

    Args:
        server_url: A server in a thread of this process, whose own ends of connections are not counted.
    """
    port = httpx.URL(server_url).port
    before = _tasks(), _descriptors(port)
    yield
    with anyio.move_on_after(_PATIENCE_S):
        while (_tasks(), _descriptors(port)) != before:  # noqa: ASYNC110 - nobody tells when one is closed
            await anyio.sleep(0.002)
    assert (_tasks(), _descriptors(port)) == before, "tasks and file descriptors, after and before"


def _tasks() -> int:
    try:
        return len(asyncio.all_tasks())
    except RuntimeError:
        return trio.lowlevel.current_statistics().tasks_living


def _descriptors(server_port: int | None) -> int:
    ports = [_port(int(path.name)) for path in _DESCRIPTORS.iterdir()]
    return sum(port is not None and port != server_port for port in ports)


def _port(number: int) -> int | None:
    """Give the port of this end of a TCP connection, 0 for any other descriptor, and None for one that is closed."""
    try:
        if not stat.S_ISSOCK(os.fstat(number).st_mode):
            return 0
        with socket.socket(fileno=os.dup(number)) as end:
            return int(end.getsockname()[1]) if end.family == socket.AF_INET else 0
    except OSError:  # The one with which the folder was read, or one of another thread.
        return None
