"""The manifest of a folder: which units are done, and in which files they are. SQLite, used by one thread at a time.

It holds no identifier: members are known by a keyed hash, one small row a member; `arrivals` tells how they lie.
It knows nothing of what the files hold, nor of who reads the ledgers.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import attrs

from loyalty_async.errors import OutputError
from loyalty_async.export.arrivals import Row, Units
from loyalty_async.export.runs import Done, Known, Question, Run
from loyalty_async.export.transactions import transaction

__all__ = ["FileRecord", "Manifest"]

_VERSION = 2
_OLD_VERSION = 1
"""Without arrivals: it is read as it is, and brought up to date when an export goes on with it."""
_SCHEMA = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE runs (
    number INTEGER PRIMARY KEY, since TEXT, asked_until TEXT, until TEXT, kept_from TEXT, complete INTEGER
);
CREATE TABLE files (number INTEGER PRIMARY KEY, name TEXT, run INTEGER, units INTEGER, rows INTEGER, bytes INTEGER,
    sha256 TEXT);
"""
_CACHE_KIB = 64 * 1024
_PATIENCE_S = 1.0
"""For the check of a folder to end; an export that is at work is not waited for."""
_PAGE = 16 * 1024
"""Of a new manifest. A merge writes all pages of the units: large ones are fewer calls to the system."""
_LOG = 64 * 1024 * 1024
"""Bytes, before a checkpoint: a page that changes again until then is written once less."""


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
        self._units = Units(connection)

    @classmethod
    def open(cls, path: Path, question: Question) -> Self:
        """Open a manifest, or begin one.

        Args:
            path: Of the file.
            question: What it must belong to.

        Raises:
            InvalidArgument: It belongs to another question.
            OutputError: It cannot be opened, or another process has it open.
        """
        manifest = cls(_connect(path))
        with manifest._closed_by_error():
            manifest._lock(question)
            manifest._require_version()
            manifest._hold_against(question)
            manifest._bring_up_to_date()
        return manifest

    @classmethod
    def look(cls, path: Path) -> Self:
        """Open a manifest that is there, to read it; it may lie where nothing can be written.

        Raises:
            OutputError: There is none, it cannot be opened, or an export has it open.
        """
        if not path.exists():
            raise OutputError("there is no manifest here: it is gone, or no export was written to this folder")
        writable = os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
        log = path.with_name(f"{path.name}-wal")
        if not writable and log.exists() and log.stat().st_size:
            raise OutputError("an export is at work here, or was killed: only who may write here can look at it now")
        manifest = cls(_connect(path if writable else f"{path.absolute().as_uri()}?mode=ro&immutable=1"))
        with manifest._closed_by_error():
            if writable:
                manifest._lock(None)
            manifest._require_version()
            manifest._stand_in()
        return manifest

    @contextlib.contextmanager
    def _closed_by_error(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._connection.close()
            raise

    def _lock(self, question: Question | None) -> None:
        with _translated("opened"):
            run = self._connection.execute
            run("PRAGMA locking_mode = EXCLUSIVE")
            run(f"PRAGMA page_size = {_PAGE}")
            run("PRAGMA journal_mode = WAL")
            run("PRAGMA synchronous = FULL")
            run(f"PRAGMA cache_size = -{_CACHE_KIB}")
            (page,) = run("PRAGMA page_size").fetchone()  # It is what it was where the manifest is older.
            run(f"PRAGMA wal_autocheckpoint = {_LOG // page}")
            with transaction(self._connection):
                if question is not None and self._version() == 0:
                    self._begin_anew(question)

    def _hold_against(self, question: Question) -> None:
        """Refuse another question; where no run was noted nothing was written, and any question may begin."""
        if self.runs():
            question.require_same(self.question)
        elif self.question != question.text():
            with _translated("written"):
                self._set_fact("question", question.text())

    def _version(self) -> int:
        return int(self._connection.execute("PRAGMA user_version").fetchone()[0])

    def _require_version(self) -> None:
        with _translated("opened"):
            version = self._version()
        if version not in (_OLD_VERSION, _VERSION):
            raise OutputError(
                f"the manifest is of version {version}; this release reads versions {_OLD_VERSION} and {_VERSION}"
            )

    def _bring_up_to_date(self) -> None:
        with _translated("written"):
            if self._version() != _VERSION:
                with transaction(self._connection):
                    self._units.create_arrivals()
                    self._connection.execute(f"PRAGMA user_version = {_VERSION}")

    def _stand_in(self) -> None:
        """Put in the place of what an old manifest does not have something that does not last: nothing is written."""
        with _translated("read"):
            if self._version() != _VERSION:
                self._units.create_arrivals("TEMP")

    def _begin_anew(self, question: Question) -> None:
        for statement in filter(str.strip, _SCHEMA.split(";")):
            self._connection.execute(statement)
        self._units.create()
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

    def begin(self) -> int:
        """Give the number of this job."""
        job = int(self._fact("jobs")) + 1
        with _translated("written"), transaction(self._connection):
            self._set_fact("jobs", job)
        return job

    def note(self, run: Run) -> None:
        """Note a run, if it is new: from now on its dates are fixed."""
        with _translated("written"), transaction(self._connection):
            self._connection.execute(
                "INSERT OR IGNORE INTO runs VALUES (?, ?, ?, ?, ?, ?)",
                [value.isoformat() if isinstance(value, datetime) else value for value in attrs.astuple(run)],
            )

    def complete(self, run: Run) -> None:
        """Note that a run came through the list."""
        with _translated("written"), transaction(self._connection):
            self._connection.execute("UPDATE runs SET complete = 1 WHERE number = ?", [run.number])

    def known(self, keys: Sequence[bytes], runs: Sequence[Run]) -> dict[bytes, Known]:
        """Say what is known of members, by their keys; nothing of one that no run has read.

        Args:
            keys: Of members.
            runs: What `runs` gave.
        """
        found: dict[bytes, Known] = {}
        with _translated("read"):
            for key, number, job, recent in self._units.find(keys):
                run = runs[number - 1]
                found[key] = Known(run.until, run.kept_from, number, job, recent or b"")
        return found

    def record(self, run: Run, job: int, file: FileRecord | None, units: Sequence[Done]) -> None:
        """Note units as done, with the file that holds their rows, in one transaction."""
        number = file.number if file else None
        rows: list[Row] = [
            (unit.member, run.number, job, number if unit.rows else None, unit.rows, unit.recent or None)
            for unit in units
        ]
        with _translated("written"):
            self._units.make_room()
            with transaction(self._connection):
                if file is not None:
                    self._connection.execute("INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?)", attrs.astuple(file))
                added = self._units.append(rows)
            self._units.keep(added)

    def files(self) -> list[FileRecord]:
        """Give the files, in the order in which they were written."""
        with _translated("read"):
            rows = self._connection.execute("SELECT * FROM files ORDER BY number").fetchall()
        names = [field.name for field in attrs.fields(FileRecord)]
        return [FileRecord(**dict(zip(names, row, strict=True))) for row in rows]

    def done_count(self, run: Run) -> int:
        """Count the members that a run has done."""
        with _translated("read"):
            (count,) = self._connection.execute("SELECT count(*) FROM all_units WHERE run = ?", [run.number]).fetchone()
        return int(count)

    def unit_rows(self) -> list[int]:
        """Give how many rows each member has from the run that read it last."""
        with _translated("read"):
            return [rows for (rows,) in self._connection.execute("SELECT rows FROM all_units")]

    def unit_counts(self) -> dict[int, tuple[int, int]]:
        """Count, by file, the members whose last rows are in it, and those rows; in one pass."""
        with _translated("read"):
            found = self._connection.execute(
                "SELECT file, count(*), sum(rows) FROM all_units WHERE rows > 0 GROUP BY file"
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


def _connect(path: Path | str) -> sqlite3.Connection:
    """Open a file, or what a URI says; without the driver's own transactions, and for one thread at a time."""
    with _translated("opened"):
        return sqlite3.connect(
            path, timeout=_PATIENCE_S, isolation_level=None, check_same_thread=False, uri=isinstance(path, str)
        )


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
