"""Where a list of members comes from: a file, or a pipe that may never end."""

from __future__ import annotations

import io
import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from loyalty_async.errors import InvalidArgument

__all__ = ["count_lines", "is_list", "open_list"]

_BLOCK = 1 << 20


class _StandardInput(io.RawIOBase):
    """The standard input, which ends when it is told to: a thread that waits for a line cannot be ended otherwise."""

    def __init__(self, told: int) -> None:
        super().__init__()
        self._input, self._told = sys.stdin.fileno(), told

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        """Read what there is, when there is something."""
        ready, _, _ = select.select([self._input, self._told], [], [])
        if self._told in ready:
            return 0
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        found = os.read(self._input, len(view))
        view[: len(found)] = found
        return len(found)


@contextmanager
def open_list(name: str) -> Iterator[BinaryIO]:
    """Open a list of members; `-` is the standard input.

    Raises:
        InvalidArgument: It cannot be read.
    """
    if name == "-":
        with _standard_input() as lines:
            yield lines
        return
    try:
        file = Path(name).open("rb")  # noqa: SIM115 - closed below
    except (OSError, ValueError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else "its name makes no sense"
        raise InvalidArgument(f"the list of members cannot be read: {reason}") from None
    with file:
        yield file


@contextmanager
def _standard_input() -> Iterator[BinaryIO]:
    if os.name != "posix":  # Elsewhere only sockets can be waited for in this way.
        yield sys.stdin.buffer
        return
    told, tell = os.pipe()
    try:
        yield cast("BinaryIO", io.BufferedReader(_StandardInput(told)))
    finally:
        os.close(tell)  # Whoever waits for a line sees the end of this pipe; its other end is left to the process.


def count_lines(name: str) -> int | None:
    """Count the lines of a file, for the display; what comes through a pipe cannot be counted before."""
    if name == "-" or not Path(name).is_file():
        return None
    with Path(name).open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(_BLOCK), b""))


def is_list(name: str, path: Path) -> bool:
    """Say whether a path leads to the list itself."""
    try:
        return name != "-" and path.samefile(name)
    except OSError:  # One of them is not there.
        return False
