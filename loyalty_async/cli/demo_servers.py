"""The demo's server: a sandbox in a process of its own, and what it knows to be true."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

import attrs

from loyalty_async.errors import LoyaltyError

__all__ = ["FAULTS", "Control", "serving_elsewhere"]

_PATIENCE_S = 30.0
_GRACE_S = 5.0

FAULTS: Sequence[Mapping[str, object]] = (
    {"delay_s": 0.001, "jitter_s": 0.006, "times": None},
    {"path": "/v3/oauth/token/generate", "status": 503},
    {"status": 429, "headers": {"Retry-After": "1"}, "skip": 11, "every": 701, "times": 4},
    {"status": 503, "skip": 23, "every": 149, "times": None},
    {"damage": "truncated", "status": 200, "skip": 37, "every": 211, "times": None},
    {"damage": "html", "status": 200, "skip": 41, "every": 503, "times": None},
    {"code": 11002, "skip": 53, "every": 997, "times": None},
    {"status": 401, "skip": 29, "times": 1},
)
"""What goes wrong on purpose: latency, an OAuth server that stumbles, a quota, gateways, answers cut off, a booking
under way, a token revoked. Every number is prime, so that the faults do not fall together."""


@attrs.frozen
class Control:
    """The sandbox's control endpoint, which tells the truth."""

    url: str

    def members(self) -> Iterator[int]:
        """Give the user ids of all members."""
        start, total = 0, 1
        while start < total:
            page = self._ask(f"/members?start={start}&count=100")
            total = page["total"]
            start += len(page["members"])
            yield from (member["userId"] for member in page["members"])

    def truth(self, user_id: int, since: datetime, until: datetime) -> Sequence[Mapping[str, Any]]:
        """Give a member's rows with since <= created_at < until."""
        span = urlencode({"since": since.isoformat(), "until": until.isoformat()})
        rows: Sequence[Mapping[str, Any]] = self._ask(f"/members/{user_id}/truth?{span}")["entries"]
        return rows

    def let_fail(self, faults: Sequence[Mapping[str, object]]) -> None:
        """Script what goes wrong."""
        self._ask("/faults", json.dumps(faults).encode())

    def _ask(self, path: str, body: bytes | None = None) -> Any:
        # Not through a proxy of the environment: the server is on this machine.
        opener = build_opener(ProxyHandler({}))
        with opener.open(Request(f"{self.url}/_sandbox{path}", body), timeout=_PATIENCE_S) as answer:  # noqa: S310 - http to loopback
            return json.load(answer)


@contextlib.contextmanager
def serving_elsewhere(*options: str) -> Iterator[Control]:
    """Run `loyalty-async sandbox` in another process while the block runs, on a free port of loopback.

    The process ends with the block, and also when this process ends in any other way: its standard input ends then.

    Args:
        options: More options of the command.

    Yields:
        Its control endpoint.

    Raises:
        LoyaltyError: It did not start.
    """
    command = [sys.executable, "-m", "loyalty_async.cli", "sandbox", "--port", "0", "--stdin", *options]
    server = subprocess.Popen(  # noqa: S603 - this very package
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for the reader; the server ends after it.
    )
    with server:
        try:
            yield Control(_url(server))
        finally:
            _end(server)


def _url(server: subprocess.Popen[str]) -> str:
    """Read where the server is: the first word that it says."""
    line = server.stdout.readline() if server.stdout else ""
    if not line.startswith("http://"):
        raise LoyaltyError("the sandbox did not start; try `loyalty-async sandbox --port 0`")
    return line.split()[0]


def _end(server: subprocess.Popen[str]) -> None:
    server.terminate()
    try:
        server.wait(_GRACE_S)
    except subprocess.TimeoutExpired:
        server.kill()
