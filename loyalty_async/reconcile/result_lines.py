"""A file of JSON lines that grows while a run goes on, and is cut back to what counts when the run goes on later."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO

from loyalty_async.errors import OutputError

__all__ = ["ResultLines", "create"]


class ResultLines:
    """An open file of lines."""

    def __init__(self, path: Path, *, kept: int, private: bool) -> None:
        """Open the file.

        Args:
            path: Where it is.
            kept: How many bytes of what is there count; 0 begins the file anew.
            private: Whether only the owner may read it.

        Raises:
            OutputError: It has fewer bytes than count.
            OSError: It cannot be written.
        """
        self._file = _reopen(path, kept) if kept else create(path, private=private)

    def __repr__(self) -> str:
        return "<ResultLines>"

    def write(self, lines: bytes) -> None:
        """Write lines; they are with the operating system when it returns."""
        self._file.write(lines)
        self._file.flush()

    def settle(self) -> int:
        """Make what was written last, and say how many bytes that is."""
        self._file.flush()
        os.fsync(self._file.fileno())
        return self._file.tell()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def create(path: Path, *, private: bool) -> IO[bytes]:
    """Open a new file in the place of one that may be there."""
    path.unlink(missing_ok=True)  # So that the new file has the rights that it should have.
    mode = 0o600 if private else 0o666
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb")


def _reopen(path: Path, kept: int) -> IO[bytes]:
    if not path.exists() or path.stat().st_size < kept:
        raise OutputError(f"{path.name} is not as the unfinished run left it: give another folder")
    lines = path.open("r+b")
    lines.truncate(kept)
    lines.seek(kept)
    return lines
