"""What the tests of exports share: a sandbox, sinks of every kind, and a database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from loyalty_async.export import Csv, JsonLines, Parquet, Postgres, Sink
from loyalty_async.sandbox import Sandbox, Settings, make_ledger, serving
from tests._support.databases import database, table
from tests.cli.conftest import Served

__all__ = ["database", "table"]

NOON = datetime(2025, 6, 30, 12, tzinfo=UTC)
BEGINNING = datetime(2024, 9, 1, tzinfo=UTC)
KINDS = ("jsonl", "jsonl.gz", "csv", "parquet", "postgres")

MakeSink = Callable[[str], Sink]


@pytest.fixture
def make_sink(tmp_path: Path, request: pytest.FixtureRequest) -> MakeSink:
    """Make a sink of a kind, empty."""

    def make(kind: str) -> Sink:
        folder = tmp_path / "out"
        match kind:
            case "jsonl" | "jsonl.gz":
                return JsonLines(folder, compressed=kind.endswith("gz"))
            case "csv":
                return Csv(folder)
            case "parquet":
                return Parquet(folder)
        return Postgres(request.getfixturevalue("database"), table=request.getfixturevalue("table"))

    return make


@pytest.fixture(scope="package")
def export_server() -> Iterator[Served]:
    """One server for all tests of exports."""
    sandbox = Sandbox(make_ledger(160, 5, now=NOON, years=0.7, entries_per_member=6), now=lambda: NOON)
    with serving(sandbox) as url:
        yield Served(sandbox, url)


@pytest.fixture
def served(export_server: Served) -> Served:
    """The sandbox as if it were new."""
    export_server.sandbox.settings = Settings()
    export_server.sandbox.reset()
    return export_server
