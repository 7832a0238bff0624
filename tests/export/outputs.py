"""What an export wrote, and what is true, in one form: one tuple for each entry."""

from __future__ import annotations

import contextlib
import csv
import gzip
import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import psycopg

from loyalty_async.export import Csv, JsonLines, Parquet, Postgres, Sink
from loyalty_async.export.sinks.parquet import read_rows
from loyalty_async.sandbox import Ledger

Fact = tuple[str, int, datetime, tuple[tuple[str, Decimal, str | None], ...]]
"""Whose, which, when, and each detail's type, points and currency."""


def truth(ledger: Ledger, members: Iterable[int] | None = None) -> Counter[Fact]:
    """What the sandbox knows of these members, of all unless given."""
    user_ids = [member.user_id for member in ledger.members] if members is None else members
    return Counter(
        (
            str(user_id),
            entry.event_log_id,
            entry.created_at,
            tuple((line.kind, line.points, line.currency) for line in entry.details),
        )
        for user_id in user_ids
        for entry in ledger.entries(user_id)
    )


def written(sink: Sink) -> Counter[Fact]:
    """What is in the output."""
    return Counter(map(_fact, rows_of(sink)))


def rows_of(sink: Sink) -> Iterator[dict[str, Any]]:
    """Give the rows of an output, by the names of flat columns."""
    match sink:
        case Postgres():
            yield from _table(sink)
        case Parquet():
            for path in _files(sink.folder):
                yield from read_rows(path)
        case Csv():
            for path in _files(sink.folder):
                with gzip.open(path, "rt", newline="") if path.suffix == ".gz" else path.open(newline="") as file:
                    yield from csv.DictReader(file)
        case JsonLines():
            for path in _files(sink.folder):
                with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
                    for line in lines:
                        row = json.loads(line)
                        yield {**row, "member_identifier_value": row["member"]["identifier_value"]}


def _files(folder: Path | str) -> list[Path]:
    return sorted(Path(folder).glob("entries-*"))


def _table(sink: Postgres) -> Iterator[dict[str, Any]]:
    with psycopg.connect(sink.url) as connection:
        cursor = connection.execute(f"SELECT * FROM {sink.table}")  # noqa: S608 - a test's own
        names = [column.name for column in cursor.description or ()]
        for row in cursor:
            yield dict(zip(names, row, strict=True))


def _fact(row: dict[str, Any]) -> Fact:
    details, created_at = row["entry_details"], row["created_at"]
    if isinstance(details, str):
        details = json.loads(details)
    if isinstance(created_at, str):
        created_at = datetime.fromisoformat(created_at)
    return (
        row["member_identifier_value"],
        int(row["event_log_id"]),
        created_at.astimezone(UTC),
        tuple((one["ledger_entry_type"], Decimal(one["points"]), one["alternate_currency_name"]) for one in details),
    )


def small_files(sink: Sink, size: int) -> Sink:
    """Let files end, or transactions be committed, after so many bytes."""
    if isinstance(sink, Postgres):
        return attrs.evolve(sink, batch=size)
    assert isinstance(sink, Csv | JsonLines | Parquet)
    return attrs.evolve(sink, limits=attrs.evolve(sink.limits, size=size))


def jobs_by_member(sink: Sink) -> list[int]:
    """Number the process that did each member that is done; nothing may be at work."""
    with contextlib.suppress(psycopg.errors.UndefinedTable, sqlite3.OperationalError):  # It did not come that far.
        if isinstance(sink, Postgres):
            with psycopg.connect(sink.url) as connection:
                return [job for (job,) in connection.execute(f"SELECT job FROM {sink.table}_export_units")]  # noqa: S608
        assert isinstance(sink, Csv | JsonLines | Parquet)
        with contextlib.closing(sqlite3.connect(Path(sink.folder, "manifest.sqlite"))) as manifest:
            return [job for (job,) in manifest.execute("SELECT job FROM all_units")]
    return []
