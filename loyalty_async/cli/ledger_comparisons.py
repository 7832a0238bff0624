"""Ledgers as they were written earlier against the server's now: the other half of `loyalty-async reconcile`."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path

import anyio
import attrs

from loyalty_async.cli.displays import rendered
from loyalty_async.cli.outcomes import Outcome
from loyalty_async.cli.outputs import complain, number_of, standard_output
from loyalty_async.client import CapillaryClient
from loyalty_async.errors import InvalidArgument
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.members import Member
from loyalty_async.models.spans import Span
from loyalty_async.reconcile import (
    DifferencesFolder,
    Earlier,
    ExportedLedgers,
    Reason,
    compare_members,
    member_of,
    read_exported,
)
from loyalty_async.reconcile.exported_rows import Row
from loyalty_async.wire.rows import read_row

__all__ = ["Comparing", "require_anybody"]

_REASONS = {
    Reason.UNEXPORTED: "not in the earlier ledgers (unexported)",
    Reason.UNREADABLE: "the server refused, or failed for them (unreadable)",
    Reason.INCOMPLETE: "not proved complete, or not exported for all of the span (incomplete)",
    Reason.PENDING: "the server has not booked everything yet (pending)",
}


@attrs.frozen(kw_only=True)
class Comparing:
    """What is to be compared.

    Attributes:
        client: Reads the server's ledgers.
        members: Whose ledgers.
        span: From when to when.
        earlier: The file or the folder that they were written to.
        report: Folder for the differences; None for none.
        unmasked: Whether members and entries are written in full.
        concurrency: How many members at once.
    """

    client: CapillaryClient
    members: Iterable[Member]
    span: Span
    earlier: Path
    report: Path | None
    unmasked: bool
    concurrency: int

    def run(self) -> int:
        """Compare, write all differences into the folder, and show how many there are.

        Alternate currencies are asked for if the earlier ledgers have any.

        Raises:
            InvalidArgument: The file cannot be read, is no ledger that is sorted from the oldest entry on, or does not
                say whose it is, though several members are to be compared.
            LoyaltyError: The server cannot be read, or the folder of an export is not as its manifest says.
        """
        with _opened(self.earlier, self.span, self.members) as written:
            source = self.earlier.resolve().name
            differences = DifferencesFolder(self.report, self.span, self.unmasked, source)
            if differences.journal.earlier:
                complain(f"going on with an earlier run: {differences.journal.earlier:,} members are known")
            try:
                anyio.run(self._compare, written, differences)
                require_anybody(differences.summary.members)
                differences.finish()
            finally:
                differences.close()
        _show(differences)
        return Outcome.FINE if differences.summary.is_clean else Outcome.UNPROVED

    async def _compare(self, written: _Written, differences: DifferencesFolder) -> None:
        async with (
            self.client,
            compare_members(
                self.client,
                written.members,
                self.span,
                written.ledger,
                alternate_currencies=written.has_currencies,
                unmasked=self.unmasked,
                concurrency=self.concurrency,
                skip=differences.passes,
                summary=differences.summary,
            ) as comparisons,
        ):
            async for comparison in comparisons:
                differences.add(comparison)


def require_anybody(members: int) -> None:
    """Refuse to call it a match if nobody was looked at."""
    if not members:
        raise InvalidArgument("the list of members is empty")


@attrs.frozen
class _Written:
    """What was written, whether it has alternate currencies, and the members to hold it against."""

    ledger: Earlier
    has_currencies: bool
    members: Iterable[Member]


@contextlib.contextmanager
def _opened(earlier: Path, span: Span, members: Iterable[Member]) -> Iterator[_Written]:
    """Open what was written."""
    if earlier.is_dir():
        with ExportedLedgers(earlier, span, whole=True) as ledgers:
            yield _Written(ledgers.ledger, ledgers.has_currencies, members)
        return
    file = _File.look(earlier, span)
    yield _Written(file.ledger, file.has_currencies, members if file.names_members else _alone(members))


def _alone(members: Iterable[Member]) -> Iterable[Member]:
    """Require a single member, before anything is asked about the first."""
    ahead = iter(members)
    taken = list(islice(ahead, 2))
    if len(taken) > 1:
        raise InvalidArgument(
            "the file of --against does not say whose entries it has: compare one member, or the folder of an export"
        )
    return chain(taken, ahead)


@attrs.frozen
class _File:
    """One file of entries.

    Attributes:
        known: Whose entries it has, if it says so.
        names_members: Whether it says whose each entry is.
        has_currencies: Whether it has alternate currencies.
    """

    path: Path
    span: Span
    known: frozenset[Member]
    names_members: bool
    has_currencies: bool

    @classmethod
    def look(cls, path: Path, span: Span) -> _File:
        """Read a file through once."""
        known: set[Member] = set()
        named = currencies = False
        for number, row in enumerate(read_exported(path), start=1):
            whose = member_of(row)
            if (whose is not None) != named and number > 1:
                raise InvalidArgument(f"line {number} does not say whose it is, or those before do not")
            named = whose is not None
            known.update([whose] if whose else [])
            currencies = currencies or _has_currencies(_entry(row, number))
        return cls(path, span, frozenset(known), named, currencies)

    async def ledger(self, member: Member) -> Iterable[LedgerEntry] | None:
        """Give the entries of a member."""
        if self.names_members and member not in self.known:
            return None
        return _entries(self.path, self.span, member)


def _entries(path: Path, span: Span, member: Member) -> Iterator[LedgerEntry]:
    """Read the entries of a member from one file; a file need not say whose they are."""
    for number, row in enumerate(read_exported(path), start=1):
        if member_of(row) in {None, member}:
            entry = _entry(row, number)
            if entry.created_at in span:
                yield entry


def _entry(row: Row, number: int) -> LedgerEntry:
    try:
        return read_row(row)
    except ValueError as problem:
        raise InvalidArgument(f"line {number} is no entry: {problem}") from None


def _has_currencies(entry: LedgerEntry) -> bool:
    return any(detail.alternate_currency_name for detail in entry.entry_details)


def _show(differences: DifferencesFolder) -> None:
    from loyalty_async.cli.reconcile_tables import comparison_table

    summary = differences.summary
    with standard_output() as write:
        write(rendered(comparison_table(summary.counts)))
    if differences.journal.repeated:
        complain(f"members given more than once, and compared once: {differences.journal.repeated:,}")
    for reason, count in sorted(summary.reasons.items()):
        complain(f"{number_of(count, 'member')} could not be compared: {_REASONS[Reason(reason)]}")
    counts = f"entries {summary.counts.total:,}: matched {summary.counts.matched:,}"
    print(f"members {summary.members:,}, {counts}", file=sys.stderr)
    if differences.folder is not None:
        print(f"differences: {differences.folder / 'differences.jsonl'}", file=sys.stderr)
