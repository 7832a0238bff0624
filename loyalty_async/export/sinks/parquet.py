"""Parquet: typed columns, exact decimals, details nested or a row each. Needs the extra `parquet`."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Literal

import attrs

from loyalty_async.errors import InvalidArgument
from loyalty_async.export.columns import Column, Kind, Table, member_values, table_of
from loyalty_async.export.files import FileLimits, FileStore, peek
from loyalty_async.export.runs import Past, Question
from loyalty_async.export.sinks.batches import PRECISION, SCALE, arrays_of, lines_of, read_line
from loyalty_async.export.stores import Encode, Store, Writer
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.members import Member

__all__ = ["PRECISION", "SCALE", "Parquet", "arrow_type", "load_pyarrow", "read_rows"]

_BATCH_ROWS = 2_000
"""So many rows are Python objects at once: about 10 MB."""
_ROW_GROUP = 16 * 1024 * 1024
"""Bytes of columns in memory that are written together."""
_FIRST_RATIO = 0.1
"""What JSON lines shrink to, until a file has shown it."""


def load_pyarrow() -> Any:
    """Import pyarrow and what it has for Parquet.

    Raises:
        InvalidArgument: It is not installed.
    """
    try:
        importlib.import_module("pyarrow.parquet")
        return importlib.import_module("pyarrow")
    except ImportError:
        raise InvalidArgument("Parquet needs pyarrow: python -m pip install 'loyalty-async[parquet]'") from None


@attrs.frozen
class Parquet:
    """A folder of Parquet files.

    Decimals are `decimal128(38, 10)`; a value that does not fit is an `UnfitValueError`. Instants are timestamps of
    microseconds in UTC, readings of a till's clock are timestamps without a zone.

    Attributes:
        folder: Where; made if it is not there.
        details: `nested` puts the details of an entry into a list of structs; `rows` gives each a row of its own.
        compression: Of the columns, as pyarrow names it.
        limits: When a file is long enough.
    """

    folder: Path | str
    details: Literal["nested", "rows"] = attrs.field(default="nested", kw_only=True)
    compression: str = attrs.field(default="zstd", kw_only=True)
    limits: FileLimits = attrs.field(factory=FileLimits, kw_only=True)

    def question(self, *, raw: bool) -> Question:
        """Say how rows are written."""
        table = table_of(self.details, raw=raw)
        return Question({"format": ".parquet", "columns": table.described()})

    def open(self, question: Question, *, raw: bool) -> Store:
        """Open the folder."""
        arrow = load_pyarrow()
        table = table_of(self.details, raw=raw)
        form = _ParquetFormat(table, self.compression, arrow)
        return FileStore.open(Path(self.folder), form, self.limits, question)

    def peek(self, question: Question) -> Past:
        """Look what is there."""
        return peek(Path(self.folder), question)

    def trial(self, folder: Path) -> Parquet:
        """Give a sink for another folder."""
        return attrs.evolve(self, folder=folder)


@attrs.frozen
class _ParquetFormat:
    """See `Format`."""

    table: Table
    _compression: str
    _arrow: Any
    suffix: str = ".parquet"

    def encoder(self, member: Member) -> Encode:
        """Make what encodes the entries of a member."""
        owner, table = member_values(member), self.table

        def encode(entries: Sequence[LedgerEntry]) -> tuple[bytes, int]:
            rows = [row for entry in entries for row in table.rows(owner, entry)]
            return lines_of(table.columns, rows), len(rows)

        return encode

    def open(self, file: BinaryIO) -> Writer:
        """Begin a file."""
        schema = self._arrow.schema([(column.name, arrow_type(self._arrow, column)) for column in self.table.columns])
        writer = self._arrow.parquet.ParquetWriter(file, schema, compression=self._compression)
        return _ParquetWriter(self._arrow, file, writer, schema, self.table.columns)


@attrs.define(eq=False)
class _ParquetWriter:
    """See `Writer`."""

    _arrow: Any
    _file: BinaryIO
    _writer: Any
    _schema: Any
    _columns: Sequence[Column]
    _leaves: list[list[Any]] = attrs.field(factory=list)
    _batches: list[Any] = attrs.field(factory=list)
    _held: int = 0
    _given: int = 0
    _grouped: int = 0

    @property
    def size(self) -> int:
        """What is in the file, and what the rest will take if it shrinks as that did."""
        there = self._file.tell()
        ratio = there / self._grouped if self._grouped else _FIRST_RATIO
        return there + int((self._given - self._grouped) * ratio)

    def write(self, lines: bytes) -> None:
        """Add whole lines."""
        for line in lines.splitlines():
            self._given += len(line)
            self._add(read_line(line))
        if self._held >= _ROW_GROUP:
            self._write_group()

    def close(self) -> None:
        """Write the last rows, and the footer."""
        self._write_group()
        self._writer.close()

    def _add(self, leaves: Sequence[list[Any]]) -> None:
        self._leaves = self._leaves or [[] for _ in leaves]
        for leaf, more in zip(self._leaves, leaves, strict=True):
            leaf.extend(more)
        if len(self._leaves[0]) >= _BATCH_ROWS:
            self._make_batch()

    def _make_batch(self) -> None:
        columns = arrays_of(self._arrow, self._columns, self._leaves, self._schema.types)
        self._leaves.clear()
        batch = self._arrow.record_batch(columns, schema=self._schema)
        self._batches.append(batch)
        self._held += batch.nbytes

    def _write_group(self) -> None:
        if self._leaves:
            self._make_batch()
        if self._batches:
            self._writer.write_table(self._arrow.Table.from_batches(self._batches, self._schema))
        self._grouped = self._given
        self._batches.clear()
        self._held = 0


def arrow_type(arrow: Any, column: Column) -> Any:
    """Give the type of a column."""
    decimal = arrow.decimal128(PRECISION, SCALE)
    if column.kind is Kind.DETAILS:
        return arrow.list_(arrow.struct([(inner.name, arrow_type(arrow, inner)) for inner in column.columns]))
    simple: Mapping[Kind, Any] = {
        Kind.INTEGER: arrow.int64(),
        Kind.DECIMAL: decimal,
        Kind.INSTANT: arrow.timestamp("us", tz="UTC"),
        Kind.CLOCK: arrow.timestamp("us"),
        Kind.AMOUNTS: arrow.map_(arrow.string(), decimal),
    }
    return simple.get(column.kind, arrow.string())


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Read the rows of a file, by the names of its columns."""
    for batch in load_pyarrow().parquet.ParquetFile(path).iter_batches():
        yield from batch.to_pylist()
