"""`loyalty-async ledger`: the ledger of a member or a group, as JSON lines or a table."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import tzinfo
from pathlib import Path
from typing import Annotated, Literal

import anyio
import anyio.to_thread
import attrs
from cyclopts import Parameter

from loyalty_async.cli.arguments import read_moment, read_scope, read_zone
from loyalty_async.cli.connections import Connection, connect
from loyalty_async.cli.displays import rendered
from loyalty_async.cli.filters import Filters
from loyalty_async.cli.members import ScopeOption, Whose
from loyalty_async.cli.outcomes import Outcome
from loyalty_async.cli.outputs import Write, complain, replacing, standard_output
from loyalty_async.cli.settings import load_settings
from loyalty_async.cli.walks import Walking
from loyalty_async.client import CapillaryClient
from loyalty_async.errors import InvalidArgument, LoyaltyError
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.reports import Report, Verdict
from loyalty_async.streams.entries import EntryStream
from loyalty_async.streams.queries import EntryQuery
from loyalty_async.wire.documents import encode_json
from loyalty_async.wire.rows import write_rows

__all__ = ["ledger"]

Take = Callable[[Sequence[LedgerEntry]], Awaitable[None]]


@attrs.define
class _Reading:
    """What is to be read, how it is to be shown, and where it stands.

    Attributes:
        written: The point behind the last entry that was written.
        report: How the walk stands.
    """

    client: CapillaryClient
    query: EntryQuery
    ahead: int
    zone: tzinfo
    written: str | None = None
    report: Report | None = None


def ledger(
    *,
    whose: Whose | None = None,
    since: Annotated[str | None, Parameter(help="First moment; the beginning of the ledger unless told.")] = None,
    until: Annotated[str | None, Parameter(help="First moment not wanted any more; now unless told.")] = None,
    timezone: Annotated[str, Parameter(help="Zone of dates without an offset, and of the table.")] = "UTC",
    output_format: Annotated[Literal["jsonl", "table"], Parameter(name="--format", help="How to write it.")] = "jsonl",
    to: Annotated[Path | None, Parameter(help="File to write; it appears when it is whole.")] = None,
    report: Annotated[Path | None, Parameter(help="File for the report of the reading, as JSON.")] = None,
    data_scope: ScopeOption = None,
    filters: Filters | None = None,
    walking: Walking | None = None,
    connection: Connection | None = None,
) -> int:
    """Read the ledger of a member or a group, whatever the length of the span.

    For example: `loyalty-async ledger --member mobile=917406401004 --since 2025-01-01 --format table`

    Dates are ISO dates or datetimes. A date is its midnight, and what has no offset is UTC unless `--timezone` says
    otherwise; `--until 2025-02-01` is the end of January. Entries come by time, each once; JSON lines are written while
    they are read, and if that breaks off, what to give as `--resume` is printed. The last line, on the standard error,
    says whether the ledger is complete.

    Secrets come from the environment (`LOYALTY_SECRET`, `LOYALTY_PASSWORD`), `--secret-file` or `--config`.
    """
    whose, filters, connection = whose or Whose(), filters or Filters(), connection or Connection()
    walking = walking or Walking()
    filters.check()
    settings = load_settings(connection.config, os.environ)
    member, client = whose.read(settings), connect(connection, settings)
    zone = read_zone("--timezone", timezone)
    query = client.ledger.entries(
        member,
        since=read_moment("--since", since, zone),
        until=read_moment("--until", until, zone),
        data_scope=read_scope(data_scope),
        **attrs.asdict(filters),
        **walking.arguments(),
    )
    write_out = _write_lines if output_format == "jsonl" else _write_table
    reading, began = _Reading(client, query, walking.ahead, zone), time.monotonic()
    try:
        with replacing(to) if to else standard_output() as write:
            done = anyio.run(write_out, reading, write, to is None)
    except (LoyaltyError, KeyboardInterrupt):
        with contextlib.suppress(InvalidArgument):  # The other error is the one to tell.
            _write_report(report, reading)
        if reading.written and to is None and output_format == "jsonl":
            complain(f"go on behind the last line with --resume {reading.written}")
        raise
    _write_report(report, reading)
    return _finish(done, reading, time.monotonic() - began)


def _write_report(path: Path | None, reading: _Reading) -> None:
    if path and reading.report:
        with replacing(path) as write:
            write(encode_json(reading.report.as_json()) + b"\n")


def _finish(report: Report, reading: _Reading, seconds: float) -> int:
    print(summary(report, seconds), file=sys.stderr)
    if report.verdict is Verdict.PARTIAL and report.entries == reading.query.max_items:
        complain(f"there may be more: go on with --resume {reading.written}")
    stopped = report.verdict is Verdict.PARTIAL and report.doubt is None  # As the caller wanted, by `--max-items`.
    return Outcome.FINE if stopped or report.verdict is Verdict.COMPLETE else Outcome.UNPROVED


def summary(report: Report, seconds: float) -> str:
    """Say in one line how a walk ended."""
    counts = f"entries {report.entries:,}, requests {report.requests:,}, seconds {seconds:.1f}"
    odd = ", ".join(f"warning {code} on {count} pages" for code, count in report.warnings.items())
    new = f"unfamiliar fields and values {len(report.unfamiliar)}" if report.unfamiliar else ""
    return "; ".join(filter(None, (f"{report.verdict}: {counts}", report.doubt, odd, new)))


async def _write_lines(reading: _Reading, write: Write, _to_output: bool) -> Report:  # noqa: FBT001 - as `_write_table`
    async def take(part: Sequence[LedgerEntry]) -> None:
        # In a thread: whoever reads the pipe may be slow, and answers are under way.
        await anyio.to_thread.run_sync(write, write_rows(part))

    return await _read(reading, take)


async def _write_table(reading: _Reading, write: Write, to_output: bool) -> Report:  # noqa: FBT001 - see `ledger`
    from loyalty_async.cli.tables import ledger_table

    entries: list[LedgerEntry] = []

    async def take(part: Sequence[LedgerEntry]) -> None:
        entries.extend(part)

    report = await _read(reading, take)
    await anyio.to_thread.run_sync(write, rendered(ledger_table(entries, reading.zone), to_output=to_output))
    return report


async def _next_part(stream: EntryStream, reading: _Reading) -> Sequence[LedgerEntry]:
    """Get what is to be written next; behind an error it goes on where that says, which has told what is missing."""
    try:
        return await stream.next_part()
    except LoyaltyError as error:
        reading.written = reading.written and error.resume
        raise


async def _read(reading: _Reading, take: Take) -> Report:
    async with reading.client, reading.query.prefetch(ahead=reading.ahead) as stream:
        try:
            while True:
                await take(await _next_part(stream, reading))
                reading.written = stream.resume
        except StopAsyncIteration:
            return stream.report
        finally:
            reading.report = stream.report
