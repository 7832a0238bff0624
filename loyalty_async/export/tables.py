"""The table of columns for the documents: `python -m loyalty_async.export.tables docs/export.md` writes it there."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from loyalty_async.export.columns import Column, Kind, entry_table, raw_table
from loyalty_async.export.sinks.parquet import PRECISION, SCALE
from loyalty_async.export.sinks.postgres import COLUMN_TYPES

__all__ = ["column_table", "with_table"]

_BEGIN, _END = "<!-- columns: begin -->", "<!-- columns: end -->"
_DECIMAL = f"decimal128({PRECISION}, {SCALE})"
_JSON: Mapping[Kind, str] = {
    Kind.TEXT: "text",
    Kind.INTEGER: "number",
    Kind.DECIMAL: "text of digits",
    Kind.INSTANT: "ISO text with offset",
    Kind.CLOCK: "ISO text without offset",
    Kind.OBJECT: "object",
    Kind.AMOUNTS: "object of texts of digits",
    Kind.DETAILS: "list of objects",
    Kind.RAW: "as it came",
}
_PARQUET: Mapping[Kind, str] = {
    Kind.TEXT: "string",
    Kind.INTEGER: "int64",
    Kind.DECIMAL: _DECIMAL,
    Kind.INSTANT: "timestamp[us, UTC]",
    Kind.CLOCK: "timestamp[us]",
    Kind.OBJECT: "string of JSON",
    Kind.AMOUNTS: f"map<string, {_DECIMAL}>",
    Kind.DETAILS: "list<struct>",
    Kind.RAW: "string of JSON",
}


def column_table() -> str:
    """Write the table of all columns as Markdown."""
    nested = entry_table().columns
    raw = [column for column in raw_table().columns if column.kind is Kind.RAW]
    lines = [
        "| JSON lines | CSV, Parquet, PostgreSQL | JSON | Parquet | PostgreSQL | What it is |",
        "| --- | --- | --- | --- | --- | --- |",
        *(_line(column) for column in nested),
        *_details(nested),
        *(_line(column) for column in raw),
    ]
    return "\n".join(lines) + "\n"


def with_table(text: str) -> str:
    """Put the table between the two marks of a document."""
    head, _, rest = text.partition(_BEGIN)
    _, _, tail = rest.partition(_END)
    return f"{head}{_BEGIN}\n\n{column_table()}\n{_END}{tail}"


def _line(column: Column, path: str = "", name: str = "") -> str:
    cells = (
        f"`{path or '.'.join(column.path)}`",
        f"`{name or column.name}`",
        _JSON[column.kind],
        _PARQUET[column.kind],
        COLUMN_TYPES[column.kind],
        column.about,
    )
    return f"| {' | '.join(cells)} |"


def _details(columns: tuple[Column, ...]) -> Iterator[str]:
    """Describe the fields of the items of a list, which are columns where each has a row of its own."""
    for column in columns:
        for inner in column.columns:
            yield _line(inner, f"{column.name}[].{inner.name}", f"{column.name}_{inner.name}")


def main(path: Path) -> None:
    """Bring a document up to date."""
    path.write_text(with_table(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
