"""Files that appear whole or not at all, pipes that may be closed, and lines for the person at the terminal."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from loyalty_async.errors import InvalidArgument

__all__ = ["Write", "complain", "drop_output", "number_of", "replacing", "standard_output"]

Write = Callable[[bytes], object]
"""Takes some lines; they are with the operating system when it returns."""


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Write]:
    """Write a file under another name beside its place, and put it there when the block ends well.

    An error leaves what was there before.

    Yields:
        What writes to it.

    Raises:
        InvalidArgument: The file cannot be written.
    """
    if path.is_dir():
        raise InvalidArgument("the output cannot be written: it is a folder")
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    with _writable():
        path.parent.mkdir(parents=True, exist_ok=True)
        file = draft.open("wb")
    try:
        with file:
            yield _writer(file)
            with _writable():
                os.fsync(file.fileno())
        with _writable():
            draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


@contextlib.contextmanager
def standard_output() -> Iterator[Write]:
    """Write to the standard output.

    Yields:
        What writes to it.
    """
    yield _writer(sys.stdout.buffer)


def complain(text: str) -> None:
    """Write a line to the standard error."""
    print(f"loyalty-async: {text}", file=sys.stderr)


def number_of(count: int, one: str, many: str | None = None) -> str:
    """Write a number with its noun: "1 file", "2,000 files"."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def drop_output() -> None:
    """Send what is still buffered for the standard output nowhere: nobody reads it any more."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _writer(file: BinaryIO) -> Write:
    def write(lines: bytes) -> None:
        with _writable():
            file.write(lines)
            file.flush()

    return write


@contextlib.contextmanager
def _writable() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as problem:
        raise InvalidArgument(f"the output cannot be written: {problem.strerror}") from None
