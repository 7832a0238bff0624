"""A unit: one member and one stretch of time, whose rows are written whole or not at all."""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import attrs

from loyalty_async.export.disks import writing
from loyalty_async.export.members import Listed
from loyalty_async.export.runs import Done
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.members import Member

__all__ = ["Recent", "Spool", "Unit", "member_key"]

_BLOCK = 1 << 20
"""Bytes of lines that are written in one step: of Parquet some tenths of a second."""
_ENTRY_KEY = 8
"""Bytes that stand for an entry among those of one member and a short time."""


def member_key(member: Member, secret: bytes) -> bytes:
    """Give what a manifest knows a member by: not the identifier, and nothing to find it by without the secret."""
    named = (
        type(member).__name__,
        member.identifier_name,
        member.identifier_value,
        member.source,
        member.account_id,
        getattr(member, "entity_type", None),
    )
    return hashlib.blake2b(repr([part and str(part) for part in named]).encode(), key=secret, digest_size=16).digest()


class Spool:
    """Lines of bytes on their way: in memory as long as they are few, then in a file that nobody else sees.

    The file has no name: it is gone when the process is.

    Attributes:
        size: How many bytes they are.
    """

    size: int

    def __init__(self, memory: int, folder: Path | None = None) -> None:
        self._memory, self._folder = memory, folder
        self._file: IO[bytes] | None = None
        self.size = 0

    @property
    def is_large(self) -> bool:
        """Whether it is more than one block."""
        return self.size > _BLOCK

    def add(self, lines: bytes) -> None:
        """Add whole lines.

        Raises:
            OutputError: They do not fit on the disk. Nobody knows then what is in it: it is of no use any more.
        """
        with writing():
            if self._file is None:
                folder = str(self._folder) if self._folder else None
                self._file = tempfile.SpooledTemporaryFile(max_size=self._memory, dir=folder)  # noqa: SIM115 - see close
            self._file.write(lines)
        self.size += len(lines)

    def blocks(self) -> Iterator[bytes]:
        """Give everything, in blocks of whole lines.

        Raises:
            OutputError: What was added last does not fit on the disk, or cannot be read again.
        """
        if self._file is None:
            return
        with writing():
            self._file.seek(0)
        while lines := self._block(self._file):
            yield lines

    def _block(self, file: IO[bytes]) -> bytes:
        with writing():
            return file.read(_BLOCK) + file.readline()

    def close(self) -> None:
        """Forget it, whether or not all of it had reached the disk."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()


@attrs.define
class Recent:
    """Which entries of a short time were written: eight bytes for each.

    Equal entries are told apart by their number: a group's event has a row for each member.
    """

    written: frozenset[bytes]
    kept: bytearray = attrs.field(factory=bytearray)
    _seen: Counter[tuple[object, ...]] = attrs.field(factory=Counter)

    @classmethod
    def after(cls, kept: bytes) -> Recent:
        """Go on after a run that kept these keys."""
        return cls(frozenset(kept[at : at + _ENTRY_KEY] for at in range(0, len(kept), _ENTRY_KEY)))

    def key(self, entry: LedgerEntry) -> bytes:
        """Give the key of the next entry; call it once for each, in order."""
        same = (entry.event_log_id, entry.created_at.astimezone(UTC), entry.customer_id)
        self._seen[same] += 1
        return hashlib.blake2b(repr((*same, self._seen[same])).encode(), digest_size=_ENTRY_KEY).digest()


@attrs.define(eq=False, kw_only=True)
class Unit:
    """A unit that is being read.

    Attributes:
        listed: Whose, and where it was listed.
        key: What the manifest knows the member by.
        since: Where it begins; None for the beginning of the ledger.
        written_until: What is dated earlier may have been written by an earlier run.
        kept_from: What is dated here or later is remembered.
        spool: Its rows, encoded.
        recent: What was written before, and what to remember.
        rows: How many rows there are.
        entries: How many entries they were made of.
    """

    listed: Listed
    key: bytes = attrs.field(repr=False)
    since: datetime | None
    written_until: datetime | None
    kept_from: datetime
    spool: Spool
    recent: Recent = attrs.field(repr=False)
    rows: int = 0
    entries: int = 0

    def new(self, entries: Sequence[LedgerEntry]) -> Sequence[LedgerEntry]:
        """Leave out of entries what an earlier run has written, and remember what the next run may see again."""
        if self.written_until is None and not (entries and entries[-1].created_at >= self.kept_from):
            return entries
        return [entry for entry in entries if self._is_new(entry)]

    def done(self) -> Done:
        """Say what a manifest is to know of it."""
        return Done(self.key, self.rows, bytes(self.recent.kept))

    def _is_new(self, entry: LedgerEntry) -> bool:
        remember = entry.created_at >= self.kept_from
        again = self.written_until is not None and entry.created_at < self.written_until
        if not (remember or again):
            return True
        key = self.recent.key(entry)
        if remember:
            self.recent.kept += key
        return not (again and key in self.recent.written)
