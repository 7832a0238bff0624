"""The units of a manifest: appended as they come, and put in the order of their keys many at a time.

A member is known by a keyed hash, which falls anywhere: put into a table of a million at once, each unit would change a
page of its own, and a page is written twice, to the log and to the file. So units arrive in a small table, in the order
in which they come, those of a file side by side. When it is full they are merged into the large one, which is walked
through once, in the order of keys. Meanwhile memory holds which key is in which row of the arrivals.

To whoever reads, both tables are one: the view `all_units` has each member once, as the latest run left it.
"""

from __future__ import annotations

import functools
import itertools
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from loyalty_async.export.sieves import Sieve
from loyalty_async.export.transactions import transaction

__all__ = ["MOST_ARRIVALS", "Row", "Units"]

Row = tuple[bytes, int, int, int | None, int, bytes | None]
"""Member, run, job, file, rows, recent."""

_UNITS = """
CREATE TABLE units (
    member BLOB PRIMARY KEY, run INTEGER, job INTEGER, file INTEGER, rows INTEGER, recent BLOB
) WITHOUT ROWID
"""
_ARRIVALS = """
CREATE {kind} TABLE arrivals (
    number INTEGER PRIMARY KEY, member BLOB NOT NULL, run INTEGER, job INTEGER, file INTEGER, rows INTEGER, recent BLOB
);
CREATE {kind} VIEW all_units AS
    SELECT member, run, job, file, rows, recent FROM arrivals
    UNION ALL
    SELECT member, run, job, file, rows, recent FROM units WHERE member NOT IN (SELECT member FROM arrivals)
"""
_MERGE = """
INSERT OR REPLACE INTO units SELECT member, run, job, file, rows, recent FROM arrivals ORDER BY member
"""
MOST_ARRIVALS = 250_000
"""A merge writes the whole of the large table, at a million units 30 MB: the more arrive before it, the less is each
one's share. In memory an arrival takes some 140 bytes: 35 MB at most."""
_MOST_KEYS = 500
"""In one question to SQLite, which allows 999 in its older versions."""


class Units:
    """The units in an open manifest."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @functools.cached_property
    def _numbers(self) -> dict[bytes, int]:
        """Where each arrival is; read when it is needed, since an earlier process may have left some."""
        return dict(self._connection.execute("SELECT member, number FROM arrivals"))

    @functools.cached_property
    def _sieve(self) -> Sieve:
        """What may be in the large table."""
        sieve = Sieve()
        sieve.add(key for (key,) in self._connection.execute("SELECT member FROM units"))
        return sieve

    def create(self) -> None:
        """Make the tables, within a transaction of the caller."""
        self._connection.execute(_UNITS)
        self.create_arrivals()

    def create_arrivals(self, kind: str = "") -> None:
        """Make what a manifest of version 1 does not have; of the kind `TEMP` it is gone with the connection."""
        for statement in _ARRIVALS.format(kind=kind).split(";"):
            self._connection.execute(statement)

    def find(self, keys: Sequence[bytes]) -> Iterator[tuple[bytes, int, int, bytes | None]]:
        """Give member, run, job and recent of those that are known."""
        numbers = self._numbers
        arrived = [numbers[key] for key in keys if key in numbers]
        others = [key for key in keys if key not in numbers] if arrived else keys
        yield from self._found("arrivals WHERE number", arrived)
        yield from self._found("units WHERE member", self._sieve.passed(others))

    def _found(self, where: str, values: Sequence[object]) -> Iterator[Any]:
        for start in range(0, len(values), _MOST_KEYS):
            some = values[start : start + _MOST_KEYS]
            marks = ", ".join("?" * len(some))
            yield from self._connection.execute(
                f"SELECT member, run, job, recent FROM {where} IN ({marks})",  # noqa: S608 - our own words, and marks
                some,
            )

    def append(self, units: Sequence[Row]) -> Mapping[bytes, int]:
        """Add units, within a transaction of the caller.

        Returns:
            Where they are, to be kept once the transaction is through.
        """
        numbers: dict[bytes, int] = {}
        free = itertools.count(len(self._numbers))
        for member, *_ in units:
            if member not in numbers:
                # Who has arrived before, in an earlier run, keeps its place: there is one row a member.
                numbers[member] = self._numbers[member] if member in self._numbers else next(free)
        self._connection.executemany(
            "INSERT OR REPLACE INTO arrivals VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(numbers[unit[0]], *unit) for unit in units],
        )
        return numbers

    def keep(self, numbers: Mapping[bytes, int]) -> None:
        """Keep where units are that `append` added."""
        self._numbers.update(numbers)

    def make_room(self) -> None:
        """Merge the arrivals if they are many, in one transaction."""
        if len(self._numbers) < MOST_ARRIVALS:
            return
        self._sieve.add(self._numbers)  # Before, so that none is kept back, however this ends.
        with transaction(self._connection):
            self._connection.execute(_MERGE)
            self._connection.execute("DELETE FROM arrivals")
        self._numbers.clear()
