"""Redis servers of the tests' own, each on a port that was free, and a few words of their protocol.

Tests talk to them past coredis, so that both cannot be wrong together.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import pytest

_PATIENCE_S = 20.0


class RedisServer:
    """A server that remembers nothing when it is restarted.

    Attributes:
        url: Where it listens.
    """

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port: int = listener.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start, and wait until it answers."""
        options = {"port": str(self.port), "bind": "127.0.0.1", "save": "", "dir": str(self._folder)}
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        self._process = subprocess.Popen([_program(), *words], stdout=subprocess.DEVNULL)  # noqa: S603
        give_up_at = time.monotonic() + _PATIENCE_S
        while True:
            try:
                self.command("PING")
            except OSError:
                assert time.monotonic() < give_up_at, "the Redis server does not start"
                time.sleep(0.01)
            else:
                return self

    def kill(self) -> None:
        """End it as a power failure would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def command(self, *words: object) -> Any:
        """Have one command done."""
        with self.connect() as connection:
            return connection.command(*words)

    def connect(self) -> Connection:
        """Open a connection for many commands."""
        return Connection(socket.create_connection(("127.0.0.1", self.port), timeout=5))


class Connection:
    """Speaks RESP, version 2 (https://redis.io/docs/latest/develop/reference/protocol-spec/)."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._lines = end.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()
        self._end.close()

    def command(self, *words: object) -> Any:
        parts = [str(word).encode() for word in words]
        self._end.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts))
        return self._reply()

    def _reply(self) -> Any:
        line = self._lines.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("the Redis server hung up")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise RuntimeError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"+":
            return rest.decode()
        if kind == b"*":
            return [self._reply() for _ in range(int(rest))]
        return None if rest == b"-1" else self._lines.read(int(rest) + 2)[:-2].decode()


@contextmanager
def running_redis(folder: Path) -> Iterator[RedisServer]:
    """Run a server; skip the test where there is none to run, but fail it in CI."""
    if _program() == "":
        reason = "there is no redis-server on this machine: install it, on Debian with `apt-get install redis-server`"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    server = RedisServer(folder)
    try:
        yield server.start()
    finally:
        server.kill()


def _program() -> str:
    return shutil.which("redis-server") or ""
