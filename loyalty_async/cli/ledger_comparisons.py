"""Ledgers as they were written earlier against the server's now: the other half of `loyalty-async reconcile`."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import anyio
import attrs

from loyalty_async.cli.displays import rendered
from loyalty_async.cli.outcomes import Outcome
from loyalty_async.cli.outputs import Write, replacing, standard_output
from loyalty_async.client import CapillaryClient
from loyalty_async.errors import InvalidArgument
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.members import Member
from loyalty_async.models.spans import Span
from loyalty_async.reconcile import (
    Counts,
    Difference,
    ExportedLedgers,
    compare_ledgers,
    member_of,
    named,
    read_exported,
)
from loyalty_async.wire.documents import encode_json
from loyalty_async.wire.rows import read_row

__all__ = ["Differences", "compare"]

_FILE = "differences.jsonl"

Earlier = Callable[[Member], Iterable[LedgerEntry] | None]
"""Gives the entries of a member as they were written, sorted; None if there is no such member."""


@attrs.frozen
class Differences:
    """Where differences go, and how much of them.

    Attributes:
        folder: The folder; None for nowhere.
        unmasked: Whether members and entries are written in full; then only the owner may read the file.
    """

    folder: Path | None
    unmasked: bool

    @contextlib.contextmanager
    def open(self) -> Iterator[Callable[[int, Member, Difference], None]]:
        """Open the file, which appears when all is written; give what writes a difference."""
        mask = os.umask(0o077) if self.unmasked else None
        try:
            with replacing(self.folder / _FILE) if self.folder else contextlib.nullcontext(_nowhere) as write:
                yield lambda number, member, difference: self._write(write, number, member, difference)
        finally:
            if mask is not None:
                os.umask(mask)

    def _write(self, write: Write, number: int, member: Member, difference: Difference) -> None:
        shown = difference if self.unmasked else difference.without_persons()
        whose = {"number": number, "member": named(member, unmasked=self.unmasked)}
        write(encode_json({**whose, **attrs.asdict(shown, recurse=False)}) + b"\n")


def compare(
    client: CapillaryClient, members: Iterable[Member], span: Span, earlier: Path, differences: Differences
) -> int:
    """Compare, write all differences into the folder, and show how many there are.

    Alternate currencies are asked for if the earlier ledgers have any.

    Raises:
        InvalidArgument: The file cannot be read, is no ledger that is sorted from the oldest entry on, or there is none
            of a member.
        LoyaltyError: The server's ledger cannot be read, or the folder of an export is not as its manifest says.
    """
    counts = Counts()

    async def run() -> None:
        async with client:
            for number, member in enumerate(members, start=1):
                before = written(member)
                if before is None:
                    raise InvalidArgument(f"--against has no ledger of the member no. {number:,}")
                now = client.ledger.entries(
                    member, since=span.since, until=span.until, include_alternate_currencies=currencies or None
                )
                async with now.prefetch() as entries:
                    comparison = compare_ledgers(before, entries)
                    async for difference in comparison:
                        write(number, member, difference)
                counts.add(comparison.counts)

    with _opened(earlier, span) as (written, currencies), differences.open() as write:
        anyio.run(run)
    _show(counts)
    return Outcome.FINE if counts.is_clean else Outcome.UNPROVED


def _nowhere(_lines: bytes) -> None:
    pass


@contextlib.contextmanager
def _opened(earlier: Path, span: Span) -> Iterator[tuple[Earlier, bool]]:
    """Open what was written, and say whether it has alternate currencies."""
    if not earlier.is_dir():
        currencies = any(_has_currencies(entry) for entry in _entries(earlier, span, None))
        yield lambda member: _entries(earlier, span, member), currencies
        return
    with ExportedLedgers(earlier, span, whole=True) as ledgers:

        def written(member: Member) -> Iterable[LedgerEntry] | None:
            covered = ledgers.covered(member) is not None
            return [entry for entry in ledgers.entries(member) if entry.created_at in span] if covered else None

        yield written, ledgers.has_currencies


def _entries(path: Path, span: Span, member: Member | None) -> Iterator[LedgerEntry]:
    """Read the entries of one file: those of a member, or all; a file need not say whose they are."""
    for number, row in enumerate(read_exported(path), start=1):
        whose = member_of(row)
        if member is None or whose is None or whose == member:
            try:
                entry = read_row(row)
            except ValueError as problem:
                raise InvalidArgument(f"line {number} is no entry: {problem}") from None
            if entry.created_at in span:
                yield entry


def _has_currencies(entry: LedgerEntry) -> bool:
    return any(detail.alternate_currency_name for detail in entry.entry_details)


def _show(counts: Counts) -> None:
    from loyalty_async.cli.reconcile_tables import comparison_table

    with standard_output() as write:
        write(rendered(comparison_table(counts)))
    print(f"entries {counts.total:,}: matched {counts.matched:,}", file=sys.stderr)
