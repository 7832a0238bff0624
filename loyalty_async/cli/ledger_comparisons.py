"""A ledger as it was written earlier against the server's now: the other half of `loyalty-async reconcile`."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import anyio

from loyalty_async.cli.displays import rendered
from loyalty_async.cli.outcomes import Outcome
from loyalty_async.cli.outputs import Write, replacing, standard_output
from loyalty_async.client import CapillaryClient
from loyalty_async.errors import InvalidArgument
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.members import Member
from loyalty_async.models.spans import Span
from loyalty_async.reconcile import Comparison, compare_ledgers, read_rows
from loyalty_async.wire.documents import encode_json

__all__ = ["compare"]

_FILE = "differences.jsonl"


def compare(client: CapillaryClient, member: Member, span: Span, earlier: Path, folder: Path | None) -> int:
    """Compare, write all differences into the folder, and show how many there are.

    Alternate currencies are asked for if the earlier ledger has any.

    Raises:
        InvalidArgument: The file cannot be read, or is no ledger of JSON lines, sorted from the oldest on.
        LoyaltyError: The server's ledger cannot be read.
    """
    currencies = any(_has_currencies(entry) for entry in _entries(earlier, span))

    async def run(write: Write) -> Comparison:
        now = client.ledger.entries(
            member, since=span.since, until=span.until, include_alternate_currencies=currencies or None
        )
        async with client, now.prefetch() as entries:
            comparison = compare_ledgers(_entries(earlier, span), entries)
            async for difference in comparison:
                write(encode_json(difference) + b"\n")
        return comparison

    with replacing(folder / _FILE) if folder else contextlib.nullcontext(_nowhere) as write:
        comparison = anyio.run(run, write)
    _show(comparison)
    return Outcome.FINE if comparison.is_clean else Outcome.UNPROVED


def _nowhere(_lines: bytes) -> None:
    pass


def _entries(path: Path, span: Span) -> Iterator[LedgerEntry]:
    try:
        with path.open("rb") as lines:
            for entry in read_rows(lines):
                if entry.created_at in span:
                    yield entry
    except OSError as problem:
        raise InvalidArgument(f"the file of --against cannot be read: {problem.strerror}") from None


def _has_currencies(entry: LedgerEntry) -> bool:
    return any(detail.alternate_currency_name for detail in entry.entry_details)


def _show(comparison: Comparison) -> None:
    from loyalty_async.cli.reconcile_tables import comparison_table

    with standard_output() as write:
        write(rendered(comparison_table(comparison)))
    total = comparison.matched + comparison.changed + comparison.only_left + comparison.only_right
    print(f"entries {total:,}: matched {comparison.matched:,}", file=sys.stderr)
