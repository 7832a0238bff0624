"""JSON lines: one entry a line, nested as the models are; plain or gzip."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, BinaryIO

import attrs

from loyalty_async.export.columns import Table, entry_table, member_values, raw_table
from loyalty_async.export.files import FileLimits, FileStore, peek
from loyalty_async.export.members import MEMBER_FIELDS
from loyalty_async.export.runs import Past, Question
from loyalty_async.export.sinks.plain import open_plain
from loyalty_async.export.stores import Encode, Store, Writer
from loyalty_async.models.ledger import RawEntry
from loyalty_async.models.members import Member
from loyalty_async.wire.documents import Raw, encode_json
from loyalty_async.wire.rows import row_writer

__all__ = ["JsonLines"]


@attrs.frozen
class _JsonLinesFormat:
    """See `Format`."""

    table: Table
    raw: bool
    compressed: bool

    @property
    def suffix(self) -> str:
        """How the names of its files end."""
        return ".jsonl.gz" if self.compressed else ".jsonl"

    def encoder(self, member: Member) -> Encode:
        """Make what encodes the entries of a member."""
        owner = encode_json(dict(zip(MEMBER_FIELDS, member_values(member), strict=True)))
        write = _raw_writer(owner) if self.raw else row_writer(owner)
        return lambda entries: (write(entries), len(entries))

    def open(self, file: BinaryIO) -> Writer:
        """Begin a file."""
        return open_plain(file, compressed=self.compressed)


def _raw_writer(member: bytes) -> Callable[[Iterable[Any]], bytes]:
    """Make what writes `RawEntry`s as lines, each with the server's own JSON."""

    def line(entry: RawEntry) -> bytes:
        known = encode_json({"member": Raw(member), "event_log_id": entry.event_log_id, "created_at": entry.created_at})
        # A line break can only stand between two values: in JSON it is nothing but space.
        return b'%b,"raw":%b}\n' % (known[:-1], entry.raw.replace(b"\r", b" ").replace(b"\n", b" "))

    return lambda entries: b"".join(map(line, entries))


@attrs.frozen
class JsonLines:
    """A folder of JSON lines.

    Attributes:
        folder: Where; made if it is not there.
        compressed: Whether to compress with gzip.
        limits: When a file is long enough.
    """

    folder: Path | str
    compressed: bool = attrs.field(default=False, kw_only=True)
    limits: FileLimits = attrs.field(factory=FileLimits, kw_only=True)

    def question(self, *, raw: bool) -> Question:
        """Say how rows are written."""
        form = self._format(raw)
        return Question({"format": form.suffix, "columns": form.table.described()})

    def open(self, question: Question, *, raw: bool) -> Store:
        """Open the folder."""
        return FileStore.open(Path(self.folder), self._format(raw), self.limits, question)

    def peek(self, question: Question) -> Past:
        """Look what is there."""
        return peek(Path(self.folder), question)

    def trial(self, folder: Path) -> JsonLines:
        """Give a sink for another folder."""
        return attrs.evolve(self, folder=folder)

    def _format(self, raw: bool) -> _JsonLinesFormat:  # noqa: FBT001 - as it was given
        return _JsonLinesFormat(raw_table() if raw else entry_table(), raw, self.compressed)
