"""`loyalty-async ledger`: one member's ledger, as JSON lines or a table."""

from __future__ import annotations

import contextlib
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

from loyalty_async.cli.arguments import read_member, read_moment, read_zone
from loyalty_async.cli.connections import Connection, connect
from loyalty_async.cli.outcomes import Outcome
from loyalty_async.cli.outputs import Write, replacing, standard_output
from loyalty_async.client import CapillaryClient
from loyalty_async.errors import InvalidArgument
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.reports import Report, Verdict
from loyalty_async.streams.queries import EntryQuery
from loyalty_async.wire.documents import encode_json

__all__ = ["Filters", "ledger"]

Take = Callable[[Sequence[LedgerEntry]], Awaitable[None]]


@Parameter(name="*", group="Filters")
@attrs.frozen(kw_only=True)
class Filters:
    """Which entries to ask for; None leaves it to the server."""

    program_id: Annotated[int | None, Parameter(help="Only this program.")] = None
    ledger_entry_type: Annotated[str | None, Parameter(help="Only CREDIT, DEBIT or OPENING_BALANCE.")] = None
    point_category_type: Annotated[str | None, Parameter(help="Only REGULAR, PROMISED or TRIGGER_BASED points.")] = None
    till_ids: Annotated[
        list[int] | None, Parameter(name="--till-id", help="Only this till; may be given several times.", negative="")
    ] = None
    store_id: Annotated[int | None, Parameter(help="Only this store.")] = None
    store_code: Annotated[str | None, Parameter(help="Only this store, by its code.")] = None
    include_till_concept_events: Annotated[
        bool | None,
        Parameter(
            name="--with-concept-events",
            help="Also deductions under other programs at tills of the program's concept; needs --program-id.",
            negative="",
        ),
    ] = None
    include_alternate_currencies: Annotated[
        bool | None,
        Parameter(name="--with-currencies", help="Also entries in alternate currencies.", negative=""),
    ] = None
    alternate_currency_names: Annotated[
        list[str] | None,
        Parameter(name="--currency", help="Only this alternate currency; may be given several times.", negative=""),
    ] = None
    exclude_point_categories: Annotated[
        bool | None,
        Parameter(name="--without-points", help="No points; needs --with-currencies.", negative=""),
    ] = None

    def check(self) -> None:
        """Refuse in the words of the command line what the client would refuse in its own.

        Raises:
            InvalidArgument: Options that do not go together.
        """
        if self.include_till_concept_events and self.program_id is None:
            raise InvalidArgument("--with-concept-events needs --program-id")
        if self.exclude_point_categories and not self.include_alternate_currencies:
            raise InvalidArgument("--without-points needs --with-currencies")
        if self.alternate_currency_names and self.include_alternate_currencies:
            raise InvalidArgument("give --currency or --with-currencies, not both")
        places = {"--till-id": self.till_ids, "--store-id": self.store_id, "--store-code": self.store_code}
        if sum(place is not None for place in places.values()) > 1:
            raise InvalidArgument(f"give only one of {', '.join(places)}")


@attrs.frozen
class _Reading:
    """What is to be read, and how it is to be shown."""

    client: CapillaryClient
    query: EntryQuery
    ahead: int
    zone: tzinfo


def ledger(
    *,
    member: Annotated[str, Parameter(help="Whose: mobile=917…, email=…, id=… or externalId=….")],
    source: Annotated[str, Parameter(help="Where the member is registered.")] = "INSTORE",
    account_id: Annotated[str | None, Parameter(help="Which account of the source, if it has several.")] = None,
    since: Annotated[str | None, Parameter(help="First moment; the beginning of the ledger unless told.")] = None,
    until: Annotated[str | None, Parameter(help="First moment not wanted any more; now unless told.")] = None,
    timezone: Annotated[str, Parameter(help="Zone of dates without an offset, and of the table.")] = "UTC",
    output_format: Annotated[Literal["jsonl", "table"], Parameter(name="--format", help="How to write it.")] = "jsonl",
    to: Annotated[Path | None, Parameter(help="File to write; it appears when it is whole.")] = None,
    ahead: Annotated[int, Parameter(help="How many spans of time to read ahead.")] = 4,
    filters: Filters | None = None,
    connection: Connection | None = None,
) -> int:
    """Read one member's ledger, whatever the length of the span.

    Dates are ISO dates or datetimes. A date is its midnight, and what has no offset is UTC unless `--timezone` says
    otherwise; `--until 2025-02-01` is the end of January. Entries come by time, oldest first, each once; JSON lines are
    written while they are read. The last line, on the standard error, says whether the ledger is complete.

    Secrets come from the environment (`LOYALTY_SECRET`, `LOYALTY_PASSWORD`) or from `--secret-file`.
    """
    filters = filters or Filters()
    filters.check()
    client = connect(connection or Connection())
    zone = read_zone("--timezone", timezone)
    query = client.ledger.entries(
        read_member(member, source=source, account_id=account_id),
        since=read_moment("--since", since, zone),
        until=read_moment("--until", until, zone),
        **attrs.asdict(filters),
    )
    write_out = _write_lines if output_format == "jsonl" else _write_table
    began = time.monotonic()
    with replacing(to) if to else standard_output() as write:
        report = anyio.run(write_out, _Reading(client, query, ahead, zone), write, to is None)
    print(summary(report, time.monotonic() - began), file=sys.stderr)
    return Outcome.FINE if report.verdict is Verdict.COMPLETE else Outcome.UNPROVED


def summary(report: Report, seconds: float) -> str:
    """Say in one line how a walk ended."""
    counts = f"entries {report.entries:,}, pages {report.pages:,}, splits {report.splits:,}, seconds {seconds:.1f}"
    odd = ", ".join(f"warning {code} on {count} pages" for code, count in report.warnings.items())
    new = f"unfamiliar fields and values {len(report.unfamiliar)}" if report.unfamiliar else ""
    return "; ".join(filter(None, (f"{report.verdict}: {counts}", odd, new)))


async def _write_lines(reading: _Reading, write: Write, _to_output: bool) -> Report:  # noqa: FBT001 - as `_write_table`
    async def take(part: Sequence[LedgerEntry]) -> None:
        lines = b"".join(encode_json(entry) + b"\n" for entry in part)
        # In a thread: whoever reads the pipe may be slow, and answers are under way.
        await anyio.to_thread.run_sync(write, lines)

    return await _read(reading, take)


async def _write_table(reading: _Reading, write: Write, to_output: bool) -> Report:  # noqa: FBT001 - see `ledger`
    from rich.console import Console

    from loyalty_async.cli.tables import ledger_table

    entries: list[LedgerEntry] = []

    async def take(part: Sequence[LedgerEntry]) -> None:
        entries.extend(part)

    report = await _read(reading, take)
    console = Console(force_terminal=None if to_output else False)
    with console.capture() as captured:
        console.print(ledger_table(entries, reading.zone))
    await anyio.to_thread.run_sync(write, captured.get().encode(console.encoding, "replace"))
    return report


async def _read(reading: _Reading, take: Take) -> Report:
    async with reading.client, reading.query.prefetch(ahead=reading.ahead) as stream:
        with contextlib.suppress(StopAsyncIteration):
            while True:
                await take(await stream.next_part())
        return stream.report
