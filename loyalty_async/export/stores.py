"""What an export writes to: the one protocol of all sinks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol

import attrs

from loyalty_async.export.columns import Table
from loyalty_async.export.runs import Known, Past, Question, Run
from loyalty_async.export.units import Spool, Unit
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.members import Member

__all__ = ["Encode", "Format", "Sink", "Store", "Writer", "Written"]


@attrs.frozen(kw_only=True)
class Written:
    """What a store has made durable since it was opened.

    Attributes:
        units: Members.
        rows: Rows of theirs.
        files: Files that hold them.
        bytes: Their size.
    """

    units: int = 0
    rows: int = 0
    files: int = 0
    bytes: int = 0


class Encode(Protocol):
    """Makes lines of the entries of one member; safe to call in any thread."""

    def __call__(self, entries: Sequence[LedgerEntry]) -> tuple[bytes, int]:
        """Give whole lines, and how many rows they are.

        Raises:
            UnfitValueError: A value does not fit into its column.
        """


class Store(Protocol):
    """An open output with its manifest. Used by one thread at a time; every method may wait for a disk or a server.

    Every method raises `OutputError` when the output cannot be written; the store is of no use then but to be closed.
    """

    @property
    def secret(self) -> bytes:
        """The key by which this manifest hashes members."""

    @property
    def written(self) -> Written:
        """What was made durable since it was opened."""

    def runs(self) -> Sequence[Run]:
        """Give the runs so far, in order."""

    def begin(self, run: Run) -> int:
        """Work on a run, and give the number of this process among those that worked here.

        A run is noted, and its dates are fixed, when the first of its units becomes durable.
        """

    def known(self, keys: Sequence[bytes]) -> Sequence[Known | None]:
        """Say what is known of members, those included whose rows are not durable yet."""

    def encoder(self, member: Member) -> Encode:
        """Make what encodes the entries of a member."""

    def spool(self, memory: int) -> Spool:
        """Make the place for a unit's rows."""

    def write(self, unit: Unit) -> Iterator[None]:
        """Take the rows of a whole unit, which becomes durable with one of the next commits; its spool has served.

        It is done in steps, a small unit in one. Between two steps small units may be written, but nothing becomes
        durable: begin no other large one, and come to the end of this one.
        """

    def commit(self, *, due: bool = False) -> None:
        """Make durable what was taken; with *due* only if it has waited long enough."""

    def complete(self) -> None:
        """Note that the run came through the whole list, were it empty; everything is committed."""

    def close(self) -> None:
        """Drop what was not committed, and close."""


class Sink(Protocol):
    """Where an export goes; opened by the export."""

    def question(self, *, raw: bool) -> Question:
        """Say how rows are written, as far as that must not change."""

    def open(self, question: Question, *, raw: bool) -> Store:
        """Open the output: lock it, tidy it, and make sure that it belongs to this question.

        Raises:
            InvalidArgument: It belongs to another, or an extra is not installed.
            OutputError: It cannot be written, is in use, or is not what its manifest says.
        """

    def peek(self, question: Question) -> Past:
        """Look what is there, and change nothing.

        Raises:
            InvalidArgument: It belongs to another question, or an extra is not installed.
            OutputError: It cannot be read, or is in use.
        """

    def trial(self, folder: Path) -> Sink:
        """Give a sink that writes the same into another folder, to see how much it is."""


class Writer(Protocol):
    """Writes one file."""

    @property
    def size(self) -> int:
        """About how long the file would be if it ended here."""

    def write(self, lines: bytes) -> None:
        """Add whole lines."""

    def close(self) -> None:
        """Write the end of the file; what it is written to stays open."""


class Format(Protocol):
    """How rows become files."""

    @property
    def suffix(self) -> str:
        """How the names of its files end."""

    @property
    def table(self) -> Table:
        """The columns."""

    def encoder(self, member: Member) -> Encode:
        """Make what encodes the entries of a member."""

    def open(self, file: BinaryIO) -> Writer:
        """Begin a file."""
