"""CSV: one row an entry, or an entry detail; plain or gzip; safe to open in a spreadsheet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, Literal

import attrs

from loyalty_async.export.cells import cells_of, encoder_of, row_of, shown
from loyalty_async.export.columns import Table, table_of
from loyalty_async.export.files import FileLimits, FileStore, peek
from loyalty_async.export.runs import Past, Question
from loyalty_async.export.sinks.plain import open_plain
from loyalty_async.export.stores import Encode, Store, Writer
from loyalty_async.models.members import Member

__all__ = ["Csv"]


@attrs.frozen
class _CsvFormat:
    """See `Format`."""

    table: Table
    compressed: bool
    _row: Callable[[Sequence[object]], bytes]

    @property
    def suffix(self) -> str:
        """How the names of its files end."""
        return ".csv.gz" if self.compressed else ".csv"

    def encoder(self, member: Member) -> Encode:
        """Make what encodes the entries of a member."""
        return encoder_of(self.table, member, self._row)

    def open(self, file: BinaryIO) -> Writer:
        """Begin a file: with the names of the columns."""
        head = ",".join(column.name for column in self.table.columns).encode() + b"\n"
        return open_plain(file, compressed=self.compressed, head=head)


@attrs.frozen
class Csv:
    """A folder of CSV files, in UTF-8.

    A text that begins like a formula (`=`, `+`, `-`, `@`, a tab or a line break) has an apostrophe before it, and so
    has one that begins like that behind apostrophes of its own: take one apostrophe away to read such a text back.

    Attributes:
        folder: Where; made if it is not there.
        details: `nested` puts the details of an entry into one cell, as JSON; `rows` gives each a row of its own.
        compressed: Whether to compress with gzip.
        limits: When a file is long enough.
    """

    folder: Path | str
    details: Literal["nested", "rows"] = attrs.field(default="nested", kw_only=True)
    compressed: bool = attrs.field(default=False, kw_only=True)
    limits: FileLimits = attrs.field(factory=FileLimits, kw_only=True)

    def question(self, *, raw: bool) -> Question:
        """Say how rows are written."""
        form = self._format(raw=raw)
        return Question({"format": form.suffix, "columns": form.table.described()})

    def open(self, question: Question, *, raw: bool) -> Store:
        """Open the folder."""
        return FileStore.open(Path(self.folder), self._format(raw=raw), self.limits, question)

    def peek(self, question: Question) -> Past:
        """Look what is there."""
        return peek(Path(self.folder), question)

    def trial(self, folder: Path) -> Csv:
        """Give a sink for another folder."""
        return attrs.evolve(self, folder=folder)

    def _format(self, *, raw: bool) -> _CsvFormat:
        table = table_of(self.details, raw=raw)
        return _CsvFormat(table, self.compressed, row_of(table, cells_of(table, shown, strict=False)))
