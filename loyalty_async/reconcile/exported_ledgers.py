"""The ledgers of an export, by member, in flat memory: what of them lies in a span is sorted into a file of our own.

An export is written in the order in which ledgers were ready, and a member who was exported several times is in several
files. So all files are read once, from the first to the last, and each stretch of rows of one member is put into a
database without a name, compressed, which is gone when the process is.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Self

import anyio.to_thread

from loyalty_async.errors import IncompleteLedgerError, InvalidArgument, OutputError
from loyalty_async.export.files import MANIFEST
from loyalty_async.export.manifests import FileRecord, Manifest
from loyalty_async.export.units import member_key
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.members import Member
from loyalty_async.models.spans import Span
from loyalty_async.reconcile.exported_rows import Row, member_of, read_exported
from loyalty_async.reconcile.instants import MARGIN
from loyalty_async.reconcile.postings import post
from loyalty_async.reconcile.sources import Proved
from loyalty_async.wire.documents import encode_json
from loyalty_async.wire.rows import read_rows

__all__ = ["ExportedLedgers"]

_CACHE_KIB = 8 * 1024
_TOGETHER = 1_000
"""Entries of one member that are compressed together, at most."""
_HARMLESS = {"include_alternate_currencies", "include_concept_details"}
"""Filters that leave no points out."""
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class ExportedLedgers:
    """An export, open for looking members up; nobody can export into its folder meanwhile.

    Attributes:
        has_currencies: Whether it has alternate currencies.
    """

    has_currencies: bool

    def __init__(self, folder: Path, span: Span, *, whole: bool = False) -> None:
        """Read all files once.

        Args:
            folder: Of the export.
            span: What will be asked for; nothing else is kept.
            whole: Whether entries are wanted with all there is, or only with what moved.

        Raises:
            OutputError: There is no export, it is at work, or a file is not as its manifest says.
            InvalidArgument: It leaves entries out, has raw ones, or is of a format that cannot be read back.
        """
        self._wanted, self._one_at_a_time = span, Lock()
        self._manifest = Manifest.look(folder / MANIFEST)
        self._store = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        try:
            self.has_currencies = _check(json.loads(self._manifest.question))
            self._runs, self._secret = self._manifest.runs(), self._manifest.secret
            self._require_cover()
            self._fill(folder, self._manifest.files(), whole=whole)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let others at the folder."""
        self._store.close()
        self._manifest.close()

    def covered(self, member: Member) -> Span | None:
        """Say what stretch of a member's ledger the export has; None if it does not have the member."""
        key = member_key(member, self._secret)
        known = self._manifest.known([key], self._runs).get(key)
        return None if known is None else Span(self._since, known.until)

    def entries(self, member: Member) -> list[LedgerEntry]:
        """Give what the export has of a member in the span, and up to two minutes about it, sorted."""
        key = member_key(member, self._secret)
        found = self._store.execute("SELECT entries FROM ledgers WHERE member = ? ORDER BY number", [key])
        lines = (line for (packed,) in found for line in zlib.decompress(packed).splitlines())
        return sorted(read_rows(lines), key=lambda entry: (entry.created_at, entry.event_log_id))

    async def source(self, member: Member, span: Span) -> Proved | None:
        """Give what moved; an `EntrySource`."""
        return await anyio.to_thread.run_sync(self._proved, member, span)

    async def ledger(self, member: Member) -> list[LedgerEntry] | None:
        """Give what the export has of a member in the span, sorted; None if it does not have the member.

        Raises:
            IncompleteLedgerError: It does not have all of the span.
        """
        covered, entries = await anyio.to_thread.run_sync(self._read, member)
        return None if covered is None else [entry for entry in entries if entry.created_at in self._wanted]

    def _read(self, member: Member) -> tuple[Span | None, list[LedgerEntry]]:
        with self._one_at_a_time:
            covered = self.covered(member)
            if covered is not None and not self._covers(covered):
                raise IncompleteLedgerError("the export does not cover the span for this member")
            return covered, self.entries(member)

    def _proved(self, member: Member, span: Span) -> Proved | None:
        covered, entries = self._read(member)
        if covered is None:
            return None
        within = Span(max(span.since, covered.since), min(span.until, covered.until))
        postings = [post(entry) for entry in entries if entry.created_at in within]
        return Proved(postings=tuple(postings), span=within)

    @property
    def _since(self) -> datetime:
        return self._runs[0].since or _BEGINNING

    def _require_cover(self) -> None:
        if not self._runs or not self._covers(Span(self._since, self._runs[-1].until)):
            raise InvalidArgument("the export does not cover the span: export what is missing, or ask for less")

    def _covers(self, span: Span) -> bool:
        return span.since <= self._wanted.since and self._wanted.until <= span.until

    def _fill(self, folder: Path, files: Iterable[FileRecord], *, whole: bool) -> None:
        self._store.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        self._store.execute("CREATE TABLE ledgers (number INTEGER PRIMARY KEY, member BLOB, entries BLOB)")
        self._store.execute("BEGIN")
        about = Span(self._wanted.since - MARGIN, self._wanted.until + MARGIN)
        for file in files:
            path = folder / file.name
            if not path.exists() or path.stat().st_size != file.bytes:
                raise OutputError(f"{file.name} is not as the manifest says: see loyalty-async export verify")
            packed = _packed(read_exported(path, whole=whole), about, self._secret)
            self._store.executemany("INSERT INTO ledgers (member, entries) VALUES (?, ?)", packed)
        self._store.execute("CREATE INDEX by_member ON ledgers (member)")
        self._store.execute("COMMIT")


def _check(question: Any) -> bool:
    """Refuse an export that is no whole ledger, and say whether it has alternate currencies."""
    filters = {name for name, value in question["filters"].items() if value is not None and value is not False}
    if question["raw"]:
        raise InvalidArgument("an export of raw entries cannot be reconciled: export it without --raw")
    if filters - _HARMLESS:
        names = ", ".join(sorted(filters - _HARMLESS))
        raise InvalidArgument(f"the export leaves entries out ({names}), so that nothing would add up")
    return "include_alternate_currencies" in filters


def _packed(rows: Iterator[Row], span: Span, secret: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Put the rows of each member together, as few as memory should hold at once."""
    for key, group in groupby(rows, key=lambda row: _key(row, secret)):
        kept: list[bytes] = []
        for row in group:
            if datetime.fromisoformat(row["created_at"]) in span:
                kept.append(encode_json(row))
            if len(kept) >= _TOGETHER:
                yield key, _compressed(kept)
                kept = []
        if kept:
            yield key, _compressed(kept)


def _compressed(lines: Sequence[bytes]) -> bytes:
    return zlib.compress(b"\n".join(lines), 1)


def _key(row: Row, secret: bytes) -> bytes:
    member = member_of(row)
    if member is None:
        raise InvalidArgument("a row of the export does not say whose it is")
    return member_key(member, secret)
