"""Serve a sandbox over a loopback socket: beside a program, in a thread of its own, or as the program."""

from __future__ import annotations

import contextlib
import ipaddress
import signal
import socket
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from types import FrameType
from typing import Final

import anyio
import anyio.to_thread
import uvicorn

from loyalty_async.sandbox.app import create_app
from loyalty_async.sandbox.sandboxes import Sandbox

_BACKLOG: Final = 2048  # connections of a whole fleet of readers that start at once
_GRACE_S: Final = 1  # uvicorn counts whole seconds; answers that are delayed longer are cut off


class _Server(uvicorn.Server):
    """A server that says when it is ready, and leaves the process's signals alone."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(
            uvicorn.Config(
                create_app(sandbox),
                http="h11",
                loop="asyncio",
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="critical",
                access_log=False,
                timeout_graceful_shutdown=_GRACE_S,
                backlog=_BACKLOG,
            )
        )
        self.settled = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.settled.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    def run_on(self, listener: socket.socket) -> None:
        """Serve until told to stop; a failure to start ends the wait for it, too."""
        try:
            self.run(sockets=[listener])
        finally:
            self.settled.set()


@contextlib.contextmanager
def serving(sandbox: Sandbox, *, host: str = "127.0.0.1", port: int = 0, allow_remote: bool = False) -> Iterator[str]:
    """Serve a sandbox from a thread of its own while the block runs.

    Args:
        sandbox: What to serve; it may be changed meanwhile.
        host: Where to listen.
        port: 0 for a free one.
        allow_remote: Whether a host that is not loopback is all right.

    Yields:
        The base URL.

    Raises:
        ValueError: The host is not loopback.
        OSError: The port is taken.
    """
    with _listening(host, port, allow_remote=allow_remote) as listener:
        server = _Server(sandbox)
        thread = threading.Thread(target=server.run_on, args=(listener,), name="loyalty-sandbox", daemon=True)
        thread.start()
        server.settled.wait()
        try:
            yield _base_url(listener)
        finally:
            server.should_exit = True
            thread.join()


@contextlib.asynccontextmanager
async def open_sandbox(
    sandbox: Sandbox, *, host: str = "127.0.0.1", port: int = 0, allow_remote: bool = False
) -> AsyncIterator[str]:
    """Serve a sandbox from a thread of its own while the block runs, under asyncio or trio.

    Leaving the block stops the server; answers that are on their way have a second to finish. A cancelled block stops
    the server as well.

    Args:
        sandbox: What to serve; it may be changed meanwhile.
        host: Where to listen.
        port: 0 for a free one.
        allow_remote: Whether a host that is not loopback is all right.

    Yields:
        The base URL.

    Raises:
        ValueError: The host is not loopback.
        OSError: The port is taken.
    """
    running = serving(sandbox, host=host, port=port, allow_remote=allow_remote)
    url = await anyio.to_thread.run_sync(running.__enter__)  # Not abandoned when it is cancelled half-way.
    try:
        yield url
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(running.__exit__, None, None, None)


def run_sandbox(
    sandbox: Sandbox,
    host: str,
    port: int,
    on_ready: Callable[[str], object],
    *,
    allow_remote: bool = False,
) -> None:
    """Serve a sandbox until the process gets SIGINT or SIGTERM; call it from the main thread.

    Args:
        sandbox: What to serve.
        host: Where to listen.
        port: 0 for a free one.
        on_ready: Called once with the base URL, when the server listens.
        allow_remote: Whether a host that is not loopback is all right.

    Raises:
        ValueError: The host is not loopback.
        OSError: The port is taken.
    """
    stopped = threading.Event()
    with _signals(stopped), serving(sandbox, host=host, port=port, allow_remote=allow_remote) as url:
        on_ready(url)
        stopped.wait()


@contextlib.contextmanager
def _signals(stopped: threading.Event) -> Iterator[None]:
    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _listening(host: str, port: int, *, allow_remote: bool) -> Iterator[socket.socket]:
    if not (allow_remote or _is_loopback(host)):
        raise ValueError(f"{host} is not a loopback host; the sandbox checks nobody's rights to its control endpoints")
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
        yield listener


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _base_url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
