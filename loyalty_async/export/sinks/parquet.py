"""Parquet: typed columns, exact decimals, details nested or a row each. Needs the extra `parquet`."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import accumulate
from pathlib import Path
from typing import Any, BinaryIO, Literal

import attrs

from loyalty_async.errors import InvalidArgument, UnfitValueError
from loyalty_async.export.cells import encoder_of, json_of
from loyalty_async.export.columns import Column, Kind, Table, table_of
from loyalty_async.export.files import FileLimits, FileStore, peek
from loyalty_async.export.runs import Past, Question
from loyalty_async.export.stores import Encode, Store, Writer
from loyalty_async.models.members import Member
from loyalty_async.wire.documents import decode_json, encode_json

__all__ = ["PRECISION", "SCALE", "Parquet", "arrow_type", "load_pyarrow", "read_rows"]

PRECISION, SCALE = 38, 10
"""Of decimals: 28 digits before the point and 10 behind it. What does not fit is an error, never rounded."""
_BIGINT = 1 << 63
_BATCH_ROWS = 2_000
"""So many rows are Python objects at once: about 10 MB."""
_ROW_GROUP = 16 * 1024 * 1024
"""Bytes of columns in memory that are written together."""
_FIRST_RATIO = 0.1
"""What JSON lines shrink to, until a file has shown it."""

Convert = Callable[[Any], Any]


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
        form = _ParquetFormat(table, self.compression, arrow, [_plain(column) for column in table.columns])
        return FileStore.open(Path(self.folder), form, self.limits, question)

    def peek(self, question: Question) -> Past:
        """Look what is there."""
        return peek(Path(self.folder), question)

    def trial(self, folder: Path) -> Parquet:
        """Give a sink for another folder."""
        return attrs.evolve(self, folder=folder)


@attrs.frozen
class _ParquetFormat:
    """See `Format`. On its way to the file a row is a line of JSON: small, exact, and no pyarrow object yet."""

    table: Table
    _compression: str
    _arrow: Any
    _plain: Sequence[Convert]
    suffix: str = ".parquet"

    def encoder(self, member: Member) -> Encode:
        """Make what encodes the entries of a member."""
        return encoder_of(self.table, member, self._line)

    def _line(self, values: Sequence[object]) -> bytes:
        plain: list[object] = []
        try:
            for value, convert in zip(values, self._plain, strict=True):
                plain.append(None if value is None else convert(value))
        except ValueError as problem:
            raise UnfitValueError(f"{self.table.columns[len(plain)].name} {problem}") from None
        return encode_json(plain) + b"\n"

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
    _lines: list[bytes] = attrs.field(factory=list)
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
            self._lines.append(line)
            self._given += len(line)
            if len(self._lines) >= _BATCH_ROWS:
                self._make_batch()
        if self._held >= _ROW_GROUP:
            self._write_group()

    def close(self) -> None:
        """Write the last rows, and the footer."""
        self._write_group()
        self._writer.close()

    def _make_batch(self) -> None:
        rows = decode_json(b"[" + b",".join(self._lines) + b"]")
        self._lines.clear()
        columns = [
            _array(self._arrow, column, values, field.type)
            for column, values, field in zip(self._columns, zip(*rows, strict=True), self._schema, strict=True)
        ]
        batch = self._arrow.record_batch(columns, schema=self._schema)
        self._batches.append(batch)
        self._held += batch.nbytes

    def _write_group(self) -> None:
        if self._lines:
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


def _plain(column: Column) -> Convert:
    """Make what turns a value into one that JSON can carry, if the column can hold it."""
    if column.kind is Kind.DETAILS:
        inner = [_plain(one) for one in column.columns]
        return lambda rows: [_each(inner, row) for row in rows]
    simple: Mapping[Kind, Convert] = {
        Kind.TEXT: str,
        Kind.INTEGER: _integer,
        Kind.DECIMAL: _decimal,
        Kind.AMOUNTS: lambda amounts: [[name, _decimal(amount)] for name, amount in amounts.items()],
        Kind.OBJECT: json_of(column),
        Kind.RAW: bytes.decode,
    }
    return simple.get(column.kind, _same)


_PARSED: Mapping[Kind, Convert] = {
    Kind.DECIMAL: Decimal,
    Kind.INSTANT: datetime.fromisoformat,
    Kind.CLOCK: datetime.fromisoformat,
    Kind.AMOUNTS: lambda amounts: [(name, Decimal(amount)) for name, amount in amounts],
}
"""What turns values that JSON carried into those that pyarrow takes, where they are not the same."""


def _array(arrow: Any, column: Column, values: Sequence[Any], kind: Any) -> Any:
    """Make a column out of what JSON carried; rows of details by their own columns, not a dictionary for each."""
    if column.kind is Kind.DETAILS:
        rows = [row for rows in values for row in rows]
        inner = zip(*rows, strict=True) if rows else [()] * len(column.columns)
        fields = [kind.value_type.field(place) for place in range(len(column.columns))]
        arrays = [
            _array(arrow, one, each, field.type) for one, each, field in zip(column.columns, inner, fields, strict=True)
        ]
        offsets = arrow.array(accumulate(map(len, values), initial=0), arrow.int32())
        return arrow.ListArray.from_arrays(offsets, arrow.StructArray.from_arrays(arrays, fields=fields), type=kind)
    parse = _PARSED.get(column.kind)
    if parse is not None:
        values = [None if value is None else parse(value) for value in values]
    return arrow.array(values, kind)


def _each(converts: Sequence[Convert], values: Sequence[object]) -> list[object]:
    return [None if value is None else convert(value) for value, convert in zip(values, converts, strict=True)]


def _same(value: object) -> object:
    return value


def _integer(value: int) -> int:
    if not -_BIGINT <= value < _BIGINT:
        raise ValueError("is an integer of more than 64 bits")
    return value


def _decimal(value: Decimal) -> str:
    """Write a decimal as text; in text, for arithmetic would round it."""
    whole, _, fraction = f"{value:f}".partition(".")
    if len(whole.lstrip("-0")) > PRECISION - SCALE:
        raise ValueError(f"has more than {PRECISION - SCALE} digits before the point")
    if len(fraction.rstrip("0")) > SCALE:
        raise ValueError(f"has more than {SCALE} digits behind the point")
    return f"{whole}.{fraction[:SCALE]}"


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Read the rows of a file, by the names of its columns."""
    for batch in load_pyarrow().parquet.ParquetFile(path).iter_batches():
        yield from batch.to_pylist()
