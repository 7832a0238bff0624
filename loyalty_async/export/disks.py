"""What the operating system says of a disk, in an error of our own."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from loyalty_async.errors import OutputError

__all__ = ["sync_folder", "writing"]


@contextlib.contextmanager
def writing() -> Iterator[None]:
    """Do something with the output.

    Raises:
        OutputError: The disk is full, the folder must not be written to, or the like.
    """
    try:
        yield
    except OSError as problem:
        raise OutputError(f"the output cannot be written: {problem.strerror or type(problem).__name__}") from None


def sync_folder(folder: Path) -> None:
    """Make durable which names are in a folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as problem:
        if problem.errno != errno.EINVAL:  # A file system that keeps its folders in order by itself.
            raise
    finally:
        os.close(descriptor)
