"""What a run has come to so far, on disk: a run that was cut off, even by SIGKILL, goes on where it was.

It is made as the manifest of an export is: SQLite, members by the same keyed hash, and what came of a member noted in
the transaction that notes the member. It is not that manifest, which goes by files: it notes members with the file that
has their rows, and that file is there, whole, before. Here a member leaves no rows but a share in sums, and perhaps a
line among the mismatches. So a transaction holds who is through, the sums over all of them, what did not match, and how
much of the file of mismatches counts. What is not in it never happened: the file is cut back, and the member is asked
about again. So no verdict is lost, and none counts twice.

Members are told by what identifies them, not by their place: a list may be sorted otherwise the next time, and a queue
gives only those that are left. Who comes a second time is passed over.

Memory does not depend on the members; on disk each takes some forty bytes.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from loyalty_async.errors import InvalidArgument, OutputError
from loyalty_async.export.transactions import transaction
from loyalty_async.export.units import member_key
from loyalty_async.models.members import Member

__all__ = ["Journal"]

_VERSION = 1
_SCHEMA = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE members (member BLOB PRIMARY KEY, job INTEGER) WITHOUT ROWID;
CREATE TABLE findings (number INTEGER PRIMARY KEY, record BLOB);
"""
_FILES = ("", "-wal", "-shm")
_CACHE_KIB = 8 * 1024
_AGE_S = 0.5
"""Seconds after which members are noted: what a kill costs."""
_MOST = 500
"""Members that wait to be noted, at most."""


class Journal:
    """The journal of one run; nobody else can open it meanwhile.

    Attributes:
        earlier: How many members an earlier run came through with.
        repeated: How many members came a second time, and were passed over.
    """

    earlier: int
    repeated: int

    def __init__(
        self, path: Path | None, question: Mapping[str, str], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Open a journal, or begin one.

        Args:
            path: Where it is; None for one that ends with the run, in a file without a name.
            question: What was asked: a journal of another question is refused.
            clock: Tells seconds.

        Raises:
            InvalidArgument: It is of another question.
            OutputError: It cannot be opened, or another run has it open.
        """
        self.repeated = 0
        self._path, self._clock, self._noted_at = path, clock, clock()
        self._taken: set[bytes] = set()
        self._waiting: list[bytes] = []
        self._noted = 0
        self._records: list[bytes] = []
        with _translated("opened"):
            self._connection = _connect(path)
        try:
            self._prepare(dict(question))
        except BaseException:
            self._connection.close()
            raise

    def __repr__(self) -> str:
        return f"<Journal, {self.earlier} members of an earlier run>"

    def passes(self, member: Member) -> bool:
        """Tell whether a member is to be passed over; one who is not is taken as of now."""
        key = member_key(member, self._secret)
        with _translated("read"):
            found = self._connection.execute("SELECT job FROM members WHERE member = ?", [key]).fetchone()
        self.repeated += key in self._taken or (found is not None and found[0] == self._job)
        if found is not None or key in self._taken:
            return True
        self._taken.add(key)
        return False

    def add(self, member: Member, records: Iterable[bytes] = ()) -> None:
        """Take in that a member is through; `note` makes it last.

        Args:
            member: Who.
            records: What did not match, to be given back to who goes on.
        """
        self._waiting.append(member_key(member, self._secret))
        self._records.extend(records)

    @property
    def through(self) -> int:
        """How many members are through, in all."""
        return self.earlier + self._noted + len(self._waiting)

    @property
    def is_due(self) -> bool:
        """Whether it is time to note what waits."""
        return len(self._waiting) >= _MOST or self._clock() - self._noted_at >= _AGE_S

    def note(self, summary: bytes, lines: int) -> None:
        """Note what waits, in one transaction.

        Args:
            summary: All members so far, in numbers.
            lines: How many bytes of the file of mismatches count.

        Raises:
            OutputError: The disk is full, or the like.
        """
        with _translated("written"), transaction(self._connection):
            run = self._connection.executemany
            run("INSERT OR REPLACE INTO members VALUES (?, ?)", [(key, self._job) for key in self._waiting])
            run("INSERT INTO findings (record) VALUES (?)", [(record,) for record in self._records])
            self._set_facts(summary=summary, lines=lines, through=self.through)
        self._taken.difference_update(self._waiting)
        self._noted += len(self._waiting)
        self._waiting.clear()
        self._records.clear()
        self._noted_at = self._clock()

    @property
    def summary(self) -> bytes | None:
        """The numbers of an earlier run; None if there was none."""
        return self._fact("summary")  # type: ignore[no-any-return]

    @property
    def lines(self) -> int:
        """How many bytes of the file of mismatches count."""
        return int(self._fact("lines") or 0)

    def records(self) -> Iterator[bytes]:
        """Give what did not match so far, in the order in which it was found."""
        with _translated("read"):
            yield from (record for (record,) in self._connection.execute("SELECT record FROM findings ORDER BY number"))

    def close(self) -> None:
        """Leave the journal to a later run; what waits is lost."""
        self._connection.close()

    def finish(self) -> None:
        """Remove the journal: there is nothing to go on with."""
        self.close()
        if self._path is not None:
            for ending in _FILES:
                self._path.with_name(self._path.name + ending).unlink(missing_ok=True)

    def _prepare(self, question: dict[str, str]) -> None:
        with _translated("opened"), transaction(self._connection):
            (version,) = self._connection.execute("PRAGMA user_version").fetchone()
            if version == 0:
                for statement in filter(str.strip, _SCHEMA.split(";")):
                    self._connection.execute(statement)
                self._set_facts(question=json.dumps(question, sort_keys=True), secret=secrets.token_bytes(32), jobs=0)
                self._connection.execute(f"PRAGMA user_version = {_VERSION}")
            elif version != _VERSION:
                raise OutputError(f"the journal is of version {version}; this release reads version {_VERSION}")
            _require_same(question, json.loads(self._fact("question")))
            self._secret, self._job = bytes(self._fact("secret")), int(self._fact("jobs")) + 1
            self._set_facts(jobs=self._job)
            self.earlier = int(self._fact("through") or 0)

    def _fact(self, name: str) -> Any:
        with _translated("read"):
            row = self._connection.execute("SELECT value FROM facts WHERE name = ?", [name]).fetchone()
        return row[0] if row else None

    def _set_facts(self, **facts: object) -> None:
        self._connection.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", list(facts.items()))


def _connect(path: Path | None) -> sqlite3.Connection:
    if path is not None:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # Records may name members, if so asked.
    connection = sqlite3.connect(path or "", timeout=0, isolation_level=None)
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    if path is not None:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    return connection


def _require_same(question: dict[str, str], before: dict[str, str]) -> None:
    other = sorted(name for name in before.keys() | question.keys() if before.get(name) != question.get(name))
    if other:
        raise InvalidArgument(
            f"the folder holds an unfinished run with other arguments ({', '.join(other)} differ): give the same ones, "
            "or another folder"
        )


@contextlib.contextmanager
def _translated(done: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as problem:
        code = getattr(problem, "sqlite_errorname", type(problem).__name__)
        if code.startswith("SQLITE_BUSY"):
            raise OutputError("another reconciliation is at work in this folder") from None
        raise OutputError(f"the journal cannot be {done} ({code})") from None
