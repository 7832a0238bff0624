"""`loyalty-async demo`: the main job on a server of its own, proved against what that server knows."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import anyio
import attrs
from cyclopts import Parameter

from loyalty_async.cli.demo_comparisons import Differences, compare_members
from loyalty_async.cli.demo_files import as_parquet, clear, rows_by_member, sink_for
from loyalty_async.cli.demo_servers import FAULTS, Control, serving_elsewhere
from loyalty_async.cli.export_progress import showing_progress
from loyalty_async.cli.outcomes import Outcome
from loyalty_async.cli.sandbox import check_population
from loyalty_async.client import CapillaryClient
from loyalty_async.errors import InvalidArgument
from loyalty_async.export import Parquet, Sink, Stretch, Summary, export_ledgers
from loyalty_async.models.credentials import OAuth
from loyalty_async.models.members import Customer
from loyalty_async.models.spans import Span
from loyalty_async.models.vocabulary import Source

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["demo"]

_FIRST_FEW = 5


def demo(
    *,
    members: Annotated[int, Parameter(help="How many ledgers to read.")] = 200,
    years: Annotated[float, Parameter(help="How far back.")] = 3.0,
    seed: Annotated[int, Parameter(help="Chooses the members, their entries, and what goes wrong.")] = 1,
    to: Annotated[Path, Parameter(help="Folder for the files.")] = Path("loyalty-demo"),
    concurrency: Annotated[int, Parameter(help="How many members to read, and requests to send, at once.")] = 8,
) -> int:
    """Export some hundreds of ledgers over three years, and check every entry against the truth.

    Starts a sandbox on a free port of this machine, which is slow, refuses, breaks and cuts off some of its answers on
    purpose; exports every member's ledger with OAuth, as Parquet if pyarrow is installed, else as JSON lines; then
    compares the files with what the sandbox knows, member by member and value by value.
    """
    from rich.console import Console

    check_population(members, years)
    if concurrency < 1:
        raise InvalidArgument("--concurrency must be at least 1")
    console = Console(highlight=False)
    options = ("--members", str(members), "--years", str(years), "--seed", str(seed))
    with serving_elsewhere(*options) as control, _without_proxy():
        clear(to)
        sink = sink_for(to)
        until = datetime.now(UTC)
        span = Span(until - timedelta(days=366 * years), until)
        summary = _export(control, span, sink, concurrency)
        print(f"Comparing the files in {to} with what the sandbox knows …", flush=True)
        entries, differences = _compare(control, span, to, scaled=isinstance(sink, Parquet))
    return _conclude(console, summary, entries, differences)


def _export(control: Control, span: Span, sink: Sink, concurrency: int) -> Summary:
    """Export all members' ledgers."""
    user_ids = list(control.members())
    control.let_fail(FAULTS)
    print(
        f"A sandbox with {len(user_ids):,} members is up; some of its answers fail on purpose.\n"
        f"Exporting {span.since:%Y-%m-%d} to {span.until:%Y-%m-%d} as {type(sink).__name__}, "
        f"{concurrency} members at a time.",
        flush=True,
    )
    client = CapillaryClient(
        control.url,
        auth=OAuth(key="sandbox-key", secret="sandbox-secret"),  # noqa: S106 - the sandbox's
        max_in_flight=concurrency,
    )

    async def export() -> Summary:
        with showing_progress("auto", None, sys.stdout) as show:
            async with client:
                return await export_ledgers(
                    client,
                    (Customer.by_id(user_id, source=Source.INSTORE) for user_id in user_ids),
                    Stretch(span.since, span.until),
                    sink,
                    filters={"include_alternate_currencies": True},
                    settle=timedelta(0),  # Nothing is booked in this sandbox any more.
                    workers=concurrency,
                    total=len(user_ids),
                    on_progress=show,
                )

    return anyio.run(export)


def _compare(control: Control, span: Span, folder: Path, *, scaled: bool) -> tuple[int, Differences]:
    """Compare the files, read back from the disk, with the truth; *scaled* where they pad amounts with zeros."""
    truths = ((user_id, control.truth(user_id, span.since, span.until)) for user_id in control.members())
    if scaled:
        truths = ((user_id, [as_parquet(row) for row in truth]) for user_id, truth in truths)
    return compare_members(rows_by_member(folder), truths)


def _conclude(console: Console, reading: Summary, entries: int, differences: Differences) -> int:
    """Print the summary, and choose the exit code."""
    from rich.table import Table

    fine = reading.complete and not differences
    summary = Table(box=None, show_header=False, padding=(0, 2, 0, 2))
    summary.add_column(style="bold")
    summary.add_column(justify="right")
    for name, value in (
        ("members", f"{reading.read:,}"),
        ("entries", f"{reading.entries:,}"),
        ("files", f"{reading.files:,}"),
        ("bytes", f"{reading.bytes:,}"),
        ("requests", f"{reading.requests:,}"),
        ("retries", f"{reading.retries:,}"),
        ("seconds", f"{reading.seconds:.1f}"),
        ("entries/s", f"{reading.entries / max(reading.seconds, 1e-9):,.0f}"),
        ("verdict", "[green]complete[/]" if fine else "[red]not the truth[/]"),
    ):
        summary.add_row(name, value)
    console.print("", summary, "", sep="\n")
    if fine:
        print(f"All {entries:,} entries are in the files: none missing, none doubled, none changed.")
        return Outcome.FINE
    for line in _findings(differences):
        print(line, file=sys.stderr)
    return Outcome.UNPROVED


def _findings(differences: Differences) -> Iterator[str]:
    """Say how many of each kind there are, and name the first few."""
    for kind, ids in attrs.asdict(differences).items():
        if ids:
            more = ", …" if len(ids) > _FIRST_FEW else ""
            yield f"{kind}: {len(ids)} (event log ids {', '.join(map(str, ids[:_FIRST_FEW]))}{more})"


@contextlib.contextmanager
def _without_proxy() -> Iterator[None]:
    """Keep the client from asking a proxy of the environment for a server on this machine."""
    before = os.environ.get("no_proxy")
    os.environ["no_proxy"] = "127.0.0.1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["no_proxy"]
        else:
            os.environ["no_proxy"] = before
