"""What the demo wrote, read back from the disk in the form in which it is compared; whatever the format."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from loyalty_async.errors import InvalidArgument, MalformedAnswerError
from loyalty_async.export import JsonLines, Parquet, Sink
from loyalty_async.export.columns import Column, Kind, entry_table
from loyalty_async.export.disks import writing
from loyalty_async.export.files import MANIFEST, is_own
from loyalty_async.export.sinks.parquet import SCALE, read_rows
from loyalty_async.wire.documents import decode_json

__all__ = ["as_parquet", "clear", "rows_by_member", "sink_for"]

_MARK = ".loyalty-demo"
"""Says that the files beside it are a demo's, which the next demo may replace."""

Row = Mapping[str, Any]


def sink_for(folder: Path) -> Sink:
    """Choose Parquet if it can be written, JSON lines otherwise."""
    return Parquet(folder) if importlib.util.find_spec("pyarrow") else JsonLines(folder)


def clear(folder: Path) -> None:
    """Remove what an earlier demo wrote, and mark the folder as a demo's.

    Raises:
        InvalidArgument: It holds an export that is no demo's.
        OutputError: It cannot be written.
    """
    with writing():
        folder.mkdir(parents=True, exist_ok=True)
        mark = folder / _MARK
        if (folder / MANIFEST).exists() and not mark.exists():
            raise InvalidArgument("--to holds an export: choose another folder")
        mark.touch()
        for path in list(folder.iterdir()):
            if is_own(path) or path.name.startswith(MANIFEST):
                path.unlink()


def rows_by_member(folder: Path) -> dict[int, list[Row]]:
    """Read all files; what cannot be read is a row that says nothing, of member 0."""
    rows: dict[int, list[Row]] = {}
    for path in sorted(folder.iterdir()):
        if is_own(path):
            for row in _parquet(path) if path.suffix == ".parquet" else _lines(path):
                rows.setdefault(_user_id(row), []).append(row)
    return rows


def _user_id(row: Row) -> int:
    with contextlib.suppress(KeyError, TypeError, ValueError):
        return int(row["member"]["identifier_value"])
    return 0


def _lines(path: Path) -> Iterator[Row]:
    with path.open("rb") as lines:
        for line in lines:
            try:
                row = decode_json(line)
            except MalformedAnswerError:
                row = {}
            yield row if isinstance(row, dict) else {}


def _parquet(path: Path) -> Iterator[Row]:
    columns = entry_table().columns
    for flat in read_rows(path):
        row: dict[str, Any] = {}
        for column in columns:
            _put(row, column.path, _plain(column, flat[column.name]))
        yield {name: _or_none(value) if name.endswith("_details") else value for name, value in row.items()}


def _put(row: dict[str, Any], path: Sequence[str], value: object) -> None:
    *steps, last = path
    for step in steps:
        row = row.setdefault(step, {})
    row[last] = value


def _or_none(value: Any) -> Any:
    """Take an object without any value for none: where rows are flat, the two look the same."""
    return None if isinstance(value, dict) and not any(_filled(one) for one in value.values()) else value


def _filled(value: Any) -> bool:
    return any(map(_filled, value.values())) if isinstance(value, dict) else value is not None


def _plain(column: Column, value: Any) -> Any:
    """Bring a value to the form that it has in JSON lines."""
    if column.kind is Kind.DETAILS:
        return [{inner.name: _plain(inner, item[inner.name]) for inner in column.columns} for item in value]
    if column.kind is Kind.OBJECT:
        return {} if value is None else decode_json(value.encode())
    if column.kind is Kind.AMOUNTS:
        return {name: f"{amount:f}" for name, amount in value}
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, datetime) else value


def as_parquet(row: Row) -> Row:
    """Write the amounts of a true row with the digits that a Parquet file has behind the point."""
    bill = row["transaction"]
    return {
        **row,
        "netPoints": _scaled(row["netPoints"]),
        "netAlternateCurrencies": {name: _scaled(net) for name, net in row["netAlternateCurrencies"].items()},
        "details": [[kind, _scaled(points), *rest] for kind, points, *rest in row["details"]],
        "transaction": bill and {**bill, **{name: _scaled(bill[name]) for name in ("amount", "grossAmount")}},
    }


def _scaled(amount: str | None) -> str | None:
    if amount is None:
        return None
    whole, _, fraction = amount.partition(".")
    return f"{whole}.{fraction.ljust(SCALE, '0')}"
