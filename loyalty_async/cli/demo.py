"""`loyalty-async demo`: the main job on a server of its own, proved against what that server knows."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import anyio
import attrs
from cyclopts import Parameter

from loyalty_async.cli.demo_comparisons import Differences, compare_members
from loyalty_async.cli.demo_readers import Tally, read_members
from loyalty_async.cli.demo_servers import FAULTS, Control, serving_elsewhere
from loyalty_async.cli.outcomes import Outcome
from loyalty_async.cli.outputs import replacing
from loyalty_async.cli.sandbox import check_population
from loyalty_async.client import CapillaryClient
from loyalty_async.errors import InvalidArgument, MalformedAnswerError
from loyalty_async.models.credentials import OAuth
from loyalty_async.models.spans import Span
from loyalty_async.models.stats import Stats
from loyalty_async.wire.documents import decode_json

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["demo"]

_FILE = "ledger.jsonl"
_FIRST_FEW = 5


@attrs.frozen(kw_only=True)
class _Reading:
    """What the reading came to."""

    tally: Tally
    stats: Stats
    seconds: float


def demo(
    *,
    members: Annotated[int, Parameter(help="How many ledgers to read.")] = 200,
    years: Annotated[float, Parameter(help="How far back.")] = 3.0,
    seed: Annotated[int, Parameter(help="Chooses the members, their entries, and what goes wrong.")] = 1,
    to: Annotated[Path, Parameter(help=f"Folder for {_FILE}.")] = Path("loyalty-demo"),
    concurrency: Annotated[int, Parameter(help="How many members to read, and requests to send, at once.")] = 8,
) -> int:
    """Read some hundreds of ledgers over three years, and check every entry against the truth.

    Starts a sandbox on a free port of this machine, which is slow, refuses, breaks and cuts off some of its answers on
    purpose; reads every member's ledger with OAuth; writes one JSON line for each entry; then compares the file with
    what the sandbox knows, member by member and value by value.
    """
    from rich.console import Console

    check_population(members, years)
    if concurrency < 1:
        raise InvalidArgument("--concurrency must be at least 1")
    console = Console(highlight=False)
    file = to / _FILE
    options = ("--members", str(members), "--years", str(years), "--seed", str(seed))
    with serving_elsewhere(*options) as control, _without_proxy():
        until = datetime.now(UTC)
        span = Span(until - timedelta(days=366 * years), until)
        reading = _read(console, control, span, file, concurrency)
        print(f"Comparing {file} with what the sandbox knows …", flush=True)
        entries, differences = _compare(control, span, file)
    return _conclude(console, reading, entries, differences)


def _read(console: Console, control: Control, span: Span, file: Path, concurrency: int) -> _Reading:
    """Read all members' ledgers into the file."""
    from loyalty_async.cli.demo_progress import showing_progress

    user_ids = list(control.members())
    control.let_fail(FAULTS)
    print(
        f"A sandbox with {len(user_ids):,} members is up; some of its answers fail on purpose.\n"
        f"Reading {span.since:%Y-%m-%d} to {span.until:%Y-%m-%d}, {concurrency} members at a time.",
        flush=True,
    )
    client = CapillaryClient(
        control.url,
        auth=OAuth(key="sandbox-key", secret="sandbox-secret"),  # noqa: S106 - the sandbox's
        max_in_flight=concurrency,
    )
    with replacing(file) as write, showing_progress(console, len(user_ids)) as show:

        async def read() -> Tally:
            async with client:
                return await read_members(
                    client,
                    user_ids,
                    span,
                    write,
                    concurrency=concurrency,
                    on_progress=lambda tally: show(tally, client.stats()),
                )

        began = time.monotonic()
        tally = anyio.run(read)
        return _Reading(tally=tally, stats=client.stats(), seconds=time.monotonic() - began)


def _compare(control: Control, span: Span, file: Path) -> tuple[int, Differences]:
    """Compare the file, read back from the disk, with the truth."""
    truths = ((user_id, control.truth(user_id, span.since, span.until)) for user_id in control.members())
    return compare_members(_rows(file), truths)


def _rows(file: Path) -> Mapping[int, Sequence[Mapping[str, Any]]]:
    rows: dict[int, list[Mapping[str, Any]]] = {}
    with file.open("rb") as lines:
        for line in lines:
            row = _row(line)
            rows.setdefault(row.get("user_id", 0), []).append(row)
    return rows


def _row(line: bytes) -> Mapping[str, Any]:
    """Decode a line; one that is no JSON object counts as a row that says nothing."""
    try:
        row = decode_json(line)
    except MalformedAnswerError:
        return {}
    return row if isinstance(row, dict) else {}


def _conclude(console: Console, reading: _Reading, entries: int, differences: Differences) -> int:
    """Print the summary, and choose the exit code."""
    from rich.table import Table

    tally, stats = reading.tally, reading.stats
    fine = not (differences or tally.unproved)
    summary = Table(box=None, show_header=False, padding=(0, 2, 0, 2))
    summary.add_column(style="bold")
    summary.add_column(justify="right")
    for name, value in (
        ("members", f"{tally.members:,}"),
        ("entries", f"{tally.entries:,}"),
        ("requests", f"{stats.requests:,}"),
        ("retries", f"{stats.retries:,}"),
        ("seconds", f"{reading.seconds:.1f}"),
        ("entries/s", f"{tally.entries / max(reading.seconds, 1e-9):,.0f}"),
        ("verdict", "[green]complete[/]" if fine else "[red]not the truth[/]"),
    ):
        summary.add_row(name, value)
    console.print("", summary, "", sep="\n")
    if fine:
        print(f"All {entries:,} entries are in the file: none missing, none doubled, none changed.")
        return Outcome.FINE
    for line in _findings(differences, tally.unproved):
        print(line, file=sys.stderr)
    return Outcome.UNPROVED


def _findings(differences: Differences, unproved: int) -> Iterator[str]:
    """Say how many of each kind there are, and name the first few."""
    if unproved:
        yield f"the client calls {unproved} of the ledgers incomplete"
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
