"""Rows of an export, read back: JSON lines, plain or gzip, and Parquet, as the documents that an entry is made of.

A row holds what it was written from, but for one thing: Parquet keeps ten decimals, and not how many the server had
printed. They are cut back to as many as are needed, and to two at least, which is what the samples of entries print.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

from loyalty_async.errors import InvalidArgument, MalformedAnswerError
from loyalty_async.export.columns import Column, Kind, entry_table
from loyalty_async.export.members import MEMBER_FIELDS
from loyalty_async.export.sinks.parquet import load_pyarrow
from loyalty_async.models.members import Customer, Member, UserGroup
from loyalty_async.wire.documents import decode_json

__all__ = ["Row", "member_of", "read_exported"]

Row = dict[str, Any]
"""An entry as a document, with its member under `member`, if the file says whose it is."""

_BATCH_ROWS = 1_000
_FEWEST_DECIMALS = 2
_ENDINGS = (".jsonl", ".jsonl.gz", ".parquet")
_NEEDED = ("member", "event_log_id", "event_name", "created_at", "entry_details", "net_points_on_event")
_SAME_ENTRY = ("member_identifier_name", "member_identifier_value", "event_log_id", "created_at")
_NUMBER = "entry_details_number"


def read_exported(path: Path, *, whole: bool = True) -> Iterator[Row]:
    """Read the rows of one file, an entry each.

    Args:
        path: The file; its name says what it is.
        whole: Whether all of an entry is wanted, or only what moved.

    Raises:
        InvalidArgument: It cannot be read, is no such file, or a line is no row.
    """
    if not path.name.endswith(_ENDINGS):
        raise InvalidArgument(f"what is read back must be one of {', '.join(_ENDINGS)}; CSV does not keep all there is")
    try:
        yield from _parquet(path, whole=whole) if path.name.endswith(".parquet") else _json_lines(path)
    except InvalidArgument:
        raise
    except (OSError, EOFError, ValueError, zlib.error) as problem:  # Of damaged files, pyarrow's own are ValueErrors.
        reason = getattr(problem, "strerror", None) or type(problem).__name__
        raise InvalidArgument(f"the export cannot be read: {reason}") from None


def member_of(row: Row) -> Member | None:
    """Say whose a row is; None if it does not say."""
    named = row.get("member")
    if not isinstance(named, dict):
        return None
    fields = {name: named.get(name) for name in MEMBER_FIELDS}
    group = fields.pop("entity_type")
    return Customer(**fields) if group is None else UserGroup(**fields, entity_type=group)  # type: ignore[arg-type]


def _json_lines(path: Path) -> Iterator[Row]:
    open_lines = gzip.open if path.name.endswith(".gz") else Path.open
    with open_lines(path, "rb") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                try:
                    row = decode_json(line)
                except MalformedAnswerError as problem:
                    raise InvalidArgument(f"line {number} is no entry: {problem}") from None
                if not isinstance(row, dict):
                    raise InvalidArgument(f"line {number} is no entry: an object was expected")
                yield row


def _parquet(path: Path, *, whole: bool) -> Iterator[Row]:
    """Read nested rows, or put together those that have a row for each detail."""
    file = load_pyarrow().parquet.ParquetFile(path)
    flat = _NUMBER in file.schema_arrow.names
    table = entry_table(a_row_a_detail=flat)
    columns = [column for column in table.columns if whole or column.name.startswith(_NEEDED)]
    names = [column.name for column in columns]
    if not set(names) <= set(file.schema_arrow.names):
        raise InvalidArgument("the Parquet file is no export of entries, or one of raw ones")
    batches = file.iter_batches(batch_size=_BATCH_ROWS, columns=names)
    rows = (row for batch in batches for row in batch.to_pylist())
    yield from _put_together(rows, columns) if flat else (_document(row, columns) for row in rows)


def _put_together(rows: Iterator[Mapping[str, Any]], columns: Sequence[Column]) -> Iterator[Row]:
    outer = [column for column in columns if column.path[0] != "entry_details" and column.name != _NUMBER]
    inner = [column for column in columns if column.path[0] == "entry_details" and column.name != _NUMBER]
    entry = 0

    def place(row: Mapping[str, Any]) -> tuple[object, ...]:
        nonlocal entry
        entry += not row[_NUMBER]  # The first detail of an entry has the number 0, an entry without details has none.
        return (entry, *(row[name] for name in _SAME_ENTRY))

    for _, details in groupby(rows, key=place):
        listed = list(details)
        document = _document(listed[0], outer)
        document["entry_details"] = [
            _nested([(column.path[1:], _plain(column, row[column.name])) for column in inner])
            for row in listed
            if row[_NUMBER] is not None
        ]
        yield document


def _document(row: Mapping[str, Any], columns: Sequence[Column]) -> Row:
    return _nested([(column.path, _plain(column, row[column.name])) for column in columns])


def _nested(values: Sequence[tuple[tuple[str, ...], object]]) -> Row:
    """Build a document; an object of which nothing is known is none."""
    document: Row = {}
    for path, value in values:
        if value is not None:
            inside = document
            for step in path[:-1]:
                inside = inside.setdefault(step, {})
            inside[path[-1]] = value
    return document


def _plain(column: Column, value: Any) -> object:
    """Write a value as JSON lines have it."""
    if value is None:
        return None
    if column.kind is Kind.DETAILS:
        return [_document(each, column.columns) for each in value]
    write = _WRITERS.get(column.kind)
    return write(value) if write else value


def _decimal(value: Decimal) -> str:
    whole, _, fraction = f"{value:f}".partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(_FEWEST_DECIMALS, '0')}"


_WRITERS: Mapping[Kind, Callable[[Any], object]] = {
    Kind.DECIMAL: _decimal,
    Kind.AMOUNTS: lambda amounts: {name: _decimal(amount) for name, amount in amounts},
    Kind.INSTANT: datetime.isoformat,
    Kind.CLOCK: datetime.isoformat,
    Kind.OBJECT: lambda text: decode_json(text.encode()),
}
