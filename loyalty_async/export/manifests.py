"""The manifest of a folder: which units are done, and in which files they are. SQLite, used by one thread at a time.

It holds no identifier: members are known by a keyed hash. One row a member, small rows in the order of their keys.
"""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import attrs

from loyalty_async.errors import OutputError
from loyalty_async.export.runs import Known, Question, Run
from loyalty_async.export.units import Unit

__all__ = ["FileRecord", "Manifest"]

_VERSION = 1
_SCHEMA = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE runs (
    number INTEGER PRIMARY KEY, since TEXT, asked_until TEXT, until TEXT, kept_from TEXT, complete INTEGER
);
CREATE TABLE units (
    member BLOB PRIMARY KEY, run INTEGER, job INTEGER, file INTEGER, rows INTEGER, recent BLOB
) WITHOUT ROWID;
CREATE TABLE files (number INTEGER PRIMARY KEY, name TEXT, run INTEGER, units INTEGER, rows INTEGER, bytes INTEGER,
    sha256 TEXT);
"""
_CACHE_KIB = 64 * 1024
_PATIENCE_S = 1.0
"""For the check of a folder to end; an export that is at work is not waited for."""
_CHECKPOINT_PAGES = 8_000
"""Rows come in the order of hashes, so a commit changes pages all over the file: few checkpoints write them once."""


@attrs.frozen(kw_only=True)
class FileRecord:
    """A file that is there for good.

    Attributes:
        number: Of the file, from 1.
        name: In the folder of the manifest.
        run: The run that wrote it.
        units: How many members have rows in it.
        rows: How many rows they are.
        bytes: Its size.
        sha256: Of its content, in hex.
    """

    number: int
    name: str
    run: int
    units: int
    rows: int
    bytes: int
    sha256: str


class Manifest:
    """An open manifest; nobody else can open it meanwhile."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    def open(cls, path: Path, question: Question | None) -> Self:
        """Open a manifest, or begin one.

        Args:
            path: Of the file.
            question: What it must belong to, None to look at one that is there.

        Raises:
            InvalidArgument: It belongs to another question.
            OutputError: It cannot be opened, or another process has it open.
        """
        if question is None and not path.exists():
            raise OutputError("there is no manifest here: no export was written to this folder")
        with _translated("opened"):
            # Without the driver's own transactions; any thread, for the export uses one at a time.
            manifest = cls(sqlite3.connect(path, timeout=_PATIENCE_S, isolation_level=None, check_same_thread=False))
        try:
            manifest._prepare(question)
        except BaseException:
            manifest._connection.close()
            raise
        return manifest

    def _prepare(self, question: Question | None) -> None:
        with _translated("opened"):
            run = self._connection.execute
            run("PRAGMA locking_mode = EXCLUSIVE")
            run("PRAGMA journal_mode = WAL")
            run("PRAGMA synchronous = FULL")
            run(f"PRAGMA cache_size = -{_CACHE_KIB}")
            run(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
            with self._transaction():
                if run("PRAGMA user_version").fetchone()[0] == 0 and question is not None:
                    self._begin_anew(question)
                (version,) = run("PRAGMA user_version").fetchone()
        if version != _VERSION:
            raise OutputError(f"the manifest is of version {version}; this release reads version {_VERSION}")
        if question is not None:
            question.require_same(str(self._fact("question")))

    def _begin_anew(self, question: Question) -> None:
        for statement in filter(str.strip, _SCHEMA.split(";")):
            self._connection.execute(statement)
        self._set_fact("question", question.text())
        self._set_fact("secret", secrets.token_bytes(32))
        self._set_fact("jobs", 0)
        self._connection.execute(f"PRAGMA user_version = {_VERSION}")

    @property
    def secret(self) -> bytes:
        """The key of the hashes."""
        return bytes(self._fact("secret"))

    @property
    def question(self) -> str:
        """What it belongs to, as text."""
        return str(self._fact("question"))

    def runs(self) -> list[Run]:
        """Give the runs, in order."""
        with _translated("read"):
            rows = self._connection.execute(
                "SELECT number, since, asked_until, until, kept_from, complete FROM runs ORDER BY number"
            ).fetchall()
        return [
            Run(
                number=number,
                since=_moment(since),
                asked_until=_moment(asked_until),
                until=datetime.fromisoformat(until),
                kept_from=datetime.fromisoformat(kept_from),
                complete=bool(complete),
            )
            for number, since, asked_until, until, kept_from, complete in rows
        ]

    def begin(self, run: Run) -> int:
        """Note a run, if it is new, and give the number of this job."""
        job = int(self._fact("jobs")) + 1
        with _translated("written"), self._transaction():
            self._set_fact("jobs", job)
            self._connection.execute(
                "INSERT OR IGNORE INTO runs VALUES (?, ?, ?, ?, ?, ?)",
                [value.isoformat() if isinstance(value, datetime) else value for value in attrs.astuple(run)],
            )
        return job

    def complete(self, run: Run) -> None:
        """Note that a run came through the list."""
        with _translated("written"), self._transaction():
            self._connection.execute("UPDATE runs SET complete = 1 WHERE number = ?", [run.number])

    def known(self, key: bytes, runs: Sequence[Run]) -> Known | None:
        """Say what is known of a member."""
        with _translated("read"):
            row = self._connection.execute("SELECT run, job, recent FROM units WHERE member = ?", [key]).fetchone()
        if row is None:
            return None
        number, job, recent = row
        run = runs[number - 1]
        return Known(run.until, run.kept_from, number, job, recent or b"")

    def record(self, run: Run, job: int, file: FileRecord | None, units: Sequence[Unit]) -> None:
        """Note units as done, with the file that holds their rows, in one transaction."""
        rows = [
            (
                unit.key,
                run.number,
                job,
                file.number if file and unit.rows else None,
                unit.rows,
                bytes(unit.recent.kept) or None,
            )
            for unit in units
        ]
        with _translated("written"), self._transaction():
            if file is not None:
                self._connection.execute("INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?)", attrs.astuple(file))
            self._connection.executemany("INSERT OR REPLACE INTO units VALUES (?, ?, ?, ?, ?, ?)", rows)

    def files(self) -> list[FileRecord]:
        """Give the files, in the order in which they were written."""
        with _translated("read"):
            rows = self._connection.execute("SELECT * FROM files ORDER BY number").fetchall()
        names = [field.name for field in attrs.fields(FileRecord)]
        return [FileRecord(**dict(zip(names, row, strict=True))) for row in rows]

    def unit_counts(self) -> dict[int, tuple[int, int]]:
        """Count, by file, the members whose last rows are in it, and those rows; in one pass."""
        with _translated("read"):
            found = self._connection.execute(
                "SELECT file, count(*), sum(rows) FROM units WHERE rows > 0 GROUP BY file"
            ).fetchall()
        return {number: (count, rows) for number, count, rows in found}

    def problems(self) -> list[str]:
        """Let SQLite check its own file."""
        with _translated("read"):
            found = [str(row[0]) for row in self._connection.execute("PRAGMA integrity_check")]
        return [] if found == ["ok"] else found

    def close(self) -> None:
        """Close it; the last commit is in the file then, not beside it."""
        with contextlib.suppress(sqlite3.Error):
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.close()

    def _fact(self, name: str) -> Any:
        with _translated("read"):
            return self._connection.execute("SELECT value FROM facts WHERE name = ?", [name]).fetchone()[0]

    def _set_fact(self, name: str, value: object) -> None:
        self._connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", [name, value])

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise


@contextlib.contextmanager
def _translated(done: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as problem:
        code = getattr(problem, "sqlite_errorname", type(problem).__name__)
        if code.startswith("SQLITE_BUSY"):
            raise OutputError("another export, or a check of this one, is at work in this folder") from None
        raise OutputError(f"the manifest cannot be {done} ({code})") from None


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
