"""Files that are their lines, one after the other; plain or gzip."""

from __future__ import annotations

import gzip
from typing import BinaryIO

import attrs

from loyalty_async.export.stores import Writer

__all__ = ["open_plain"]


@attrs.define(eq=False)
class _Lines:
    """Passes lines on as they are."""

    _file: BinaryIO
    size: int = 0

    def write(self, lines: bytes) -> None:
        """Add whole lines."""
        self._file.write(lines)
        self.size += len(lines)

    def close(self) -> None:
        """There is nothing to end."""


@attrs.define(eq=False)
class _Compressed:
    """Compresses lines; the same lines become the same file."""

    _file: BinaryIO
    _gzip: gzip.GzipFile

    @property
    def size(self) -> int:
        """What was compressed so far."""
        return self._file.tell()

    def write(self, lines: bytes) -> None:
        """Add whole lines."""
        self._gzip.write(lines)

    def close(self) -> None:
        """Write the end of the stream."""
        self._gzip.close()


def open_plain(file: BinaryIO, *, compressed: bool, head: bytes = b"") -> Writer:
    """Begin a file with a head, such as the names of columns."""
    if compressed:
        # Without a name and a time, which would make two files of the same lines differ.
        stream = gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=file, mtime=0)
        writer: Writer = _Compressed(file, stream)
    else:
        writer = _Lines(file)
    writer.write(head)
    return writer
