from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from loyalty_async import LedgerEntry, OutputError
from loyalty_async.export import Csv, JsonLines, Parquet, Sink, verify_export
from loyalty_async.export.files import MANIFEST
from tests.export.conftest import NOON
from tests.export.test_files import MEMBERS, RUN, export, opened, put, unit


@pytest.mark.parametrize(
    ("kind", "compressed"), [("jsonl", False), ("jsonl", True), ("csv", False), ("csv", True), ("parquet", False)]
)
def test_what_was_written_is_found(kind: str, compressed: bool, tmp_path: Path) -> None:
    sink: Sink = (
        Parquet(tmp_path)
        if kind == "parquet"
        else {"jsonl": JsonLines, "csv": Csv}[kind](tmp_path, compressed=compressed)
    )
    export(sink)
    found = verify_export(tmp_path)
    assert (found.files, found.rows, found.complete, found.problems) == (6, 12, True, ())


def change(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[20] ^= 1
    path.write_bytes(content)


def tamper(statement: str) -> Callable[[Path], object]:
    def change_manifest(path: Path) -> None:
        with sqlite3.connect(path.parent / MANIFEST) as connection:
            connection.execute(statement)
        connection.close()

    return change_manifest


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: path.unlink(), "entries-000003.jsonl: is not there"),
        (change, "entries-000003.jsonl: its SHA-256 is another"),
        (lambda path: path.write_bytes(path.read_bytes()[:-5]), "entries-000003.jsonl: has "),
        (lambda path: path.with_name("entries-000099.jsonl").touch(), "entries-000099.jsonl: is not in the manifest"),
        (lambda path: path.with_name(".entries-000099.jsonl.part").touch(), ".entries-000099.jsonl.part: is half-wr"),
        (tamper("UPDATE files SET rows = 3 WHERE number = 3"), "entries-000003.jsonl: has 2 rows, not 3"),
        (
            tamper("DELETE FROM arrivals WHERE file = 3"),
            "entries-000003.jsonl: the manifest has 0 rows of 0",
        ),
        (tamper("UPDATE arrivals SET file = 77 WHERE file = 3"), "entries-000003.jsonl: the manifest has 0 rows"),
    ],
)
def test_whatever_was_changed_is_found(spoil: Callable[[Path], object], said: str, tmp_path: Path) -> None:
    export(JsonLines(tmp_path))
    spoil(tmp_path / "entries-000003.jsonl")
    problems = verify_export(tmp_path).problems
    assert any(problem.startswith(said) for problem in problems), problems


@pytest.mark.parametrize("compressed", [False, True])
def test_rows_of_csv_are_counted_whatever_their_cells_hold(
    compressed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loyalty_async.export.verification._BLOCK", 7)  # Quotes and line breaks on every edge.
    store = opened(Csv(tmp_path, compressed=compressed))
    odd = ["a\nb", 'say "\n"', '"', ",\r\n", "\n", "long" * 50_000]
    made = unit(store, MEMBERS[0], entries=0)
    lines, made.rows = store.encoder(MEMBERS[0])(
        [LedgerEntry(event_log_id=1, event_name=name, created_at=NOON) for name in odd]
    )
    made.spool.add(lines)
    put(store, made)
    store.complete()
    store.close()
    found = verify_export(tmp_path)
    assert (found.rows, found.problems) == (len(odd), ())


def test_an_export_that_is_not_finished_is_told(tmp_path: Path) -> None:
    store = opened(JsonLines(tmp_path))
    put(store, unit(store, MEMBERS[0]))
    store.commit()
    with pytest.raises(OutputError, match="another export"):
        verify_export(tmp_path)
    store.close()
    assert not verify_export(tmp_path).complete


def test_a_folder_without_a_manifest_is_no_export(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="there is no manifest here"):
        verify_export(tmp_path)


def test_what_is_no_manifest_is_told(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_bytes(b"no database at all, and long enough to be looked at" * 30)
    with pytest.raises(OutputError, match="the manifest cannot be opened"):
        verify_export(tmp_path)


def test_a_manifest_of_another_version_is_told(tmp_path: Path) -> None:
    sink: Sink = JsonLines(tmp_path)
    export(sink)
    tamper("PRAGMA user_version = 7")(tmp_path / "x")
    with pytest.raises(OutputError, match="of version 7"):
        opened(sink)
    assert RUN.number == 1
