"""Processes that share a quota, and a record of what each of them sent: run as `python -m tests.transport.sharers`."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import anyio
import attrs
import httpx

from loyalty_async.errors import LoyaltyError
from loyalty_async.models.rate_limits import RateLimit
from tests.transport.counters import call_to, counting_session
from tests.transport.stages import as_it_is

ROOT = Path(__file__).parents[2]
_READY_S = 60.0
_TASKS = 30


@attrs.frozen
class Sent:
    """One request, or an error in its place.

    Attributes:
        at: When, by the clock of the machine.
        process: Which process.
        what: `sent`, `refused` or the name of an error.
    """

    at: float
    process: int
    what: str


@attrs.define(eq=False)
class Record:
    """A folder in which processes write down what they do; it outlives them."""

    folder: Path

    def write(self, what: str) -> None:
        """Note something; one line is written at once or not at all."""
        line = f"{time.monotonic()!r} {os.getpid()} {what}\n"
        descriptor = os.open(self.folder / "record", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, line.encode())
        os.close(descriptor)

    def read(self, *what: str) -> list[Sent]:
        """Give what was noted, in order."""
        path = self.folder / "record"
        lines = path.read_text().splitlines() if path.exists() else []
        noted = [Sent(float(at), int(process), kind) for at, process, kind in (line.split() for line in lines)]
        return sorted((each for each in noted if each.what in what), key=lambda each: each.at)

    @property
    def order(self) -> Path:
        """The file that has one request refused: it is gone when that has happened."""
        return self.folder / "refuse"


class Noting(httpx.AsyncBaseTransport):
    """Notes each request; refuses the first one that finds the order to do so."""

    def __init__(self, record: Record) -> None:
        self._record = record

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:  # noqa: ARG002 - httpx's
        self._record.write("sent")
        try:
            seconds = self._record.order.read_text()
            self._record.order.unlink()
        except OSError:
            await anyio.sleep(0.01)
            return httpx.Response(200, content=b"{}")
        self._record.write("refused")
        return httpx.Response(429, headers={"Retry-After": seconds})


async def share(url: str, requests: int, per: float, folder: Path) -> None:
    """Use up a quota for ever."""
    record = Record(folder)
    session = counting_session(Noting(record), RateLimit(requests, per=per, store=url, name="sharers"))
    record.write("ready")

    async def ask_on(number: int) -> None:
        for count in itertools.count():
            try:
                await session.call(call_to(f"/{number}/{count}"), as_it_is)
            except LoyaltyError as error:
                record.write(type(error).__name__)

    async with session.gate.permits, anyio.create_task_group() as tasks:
        while not (folder / "go").exists():  # noqa: ASYNC110 - another process tells
            await anyio.sleep(0.005)
        for number in range(_TASKS):
            tasks.start_soon(ask_on, number)


@contextmanager
def sharing(
    record: Record, url: str, limit: RateLimit, backends: Sequence[str]
) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run one process for each backend; the block begins when all of them begin to send."""
    words = [url, str(limit.requests), str(limit.per), str(record.folder)]
    command = [sys.executable, "-m", "tests.transport.sharers"]
    processes = [subprocess.Popen([*command, backend, *words], cwd=ROOT) for backend in backends]  # noqa: S603
    try:
        give_up_at = time.monotonic() + _READY_S
        while len(record.read("ready")) < len(processes):
            assert time.monotonic() < give_up_at, "the processes do not start"
            assert all(process.poll() is None for process in processes)
            time.sleep(0.02)
        (record.folder / "go").touch()
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


def most_in_any_window(noted: Sequence[Sent], per: float) -> int:
    """Count the requests of the fullest window."""
    first = most = 0
    for last, each in enumerate(noted):
        while noted[first].at <= each.at - per:
            first += 1
        most = max(most, last - first + 1)
    return most


if __name__ == "__main__":
    backend, url, requests, per, folder = sys.argv[1:]
    anyio.run(share, url, int(requests), float(per), Path(folder), backend=backend)
