"""`loyalty-async explode`: events in full, by their ids or by what they refer to."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import anyio
import anyio.to_thread
import attrs
from cyclopts import Group, Parameter

from loyalty_async.cli.arguments import read_scope
from loyalty_async.cli.connections import Connection, connect
from loyalty_async.cli.displays import Output, rendered
from loyalty_async.cli.filters import Currencies
from loyalty_async.cli.members import ScopeOption, Whose
from loyalty_async.cli.outcomes import Outcome
from loyalty_async.cli.outputs import Write, standard_output
from loyalty_async.cli.settings import load_settings
from loyalty_async.client import CapillaryClient
from loyalty_async.errors import InvalidArgument
from loyalty_async.models.reports import EventsReport
from loyalty_async.protocol.codes import PENDING_CODES
from loyalty_async.streams.events import EventQuery
from loyalty_async.wire.documents import encode_json

__all__ = ["explode"]


@Parameter(name="*", group=Group("Events", sort_key=0))
@attrs.frozen(kw_only=True)
class Which:
    """Which events: by their ids, or by what they refer to."""

    event_ids: Annotated[
        list[int] | None,
        Parameter(name="--event-id", help="An event log id of the ledger; may be given several times.", negative=""),
    ] = None
    event_name: Annotated[str | None, Parameter(help="Or a kind of events, such as TransactionAdd, with:")] = None
    reference_ids: Annotated[
        list[str] | None,
        Parameter(
            name="--reference-id", help="The bill or request behind an event; may be given several times.", negative=""
        ),
    ] = None

    def check(self) -> None:
        """Refuse neither way and both.

        Raises:
            InvalidArgument: As said.
        """
        by_reference = self.reference_ids is not None
        if (self.event_ids is None) != by_reference or (self.event_name is not None) != by_reference:
            raise InvalidArgument("give --event-id, or --event-name with --reference-id")


@Parameter(name="*", group=Group("Details", sort_key=2))
@attrs.frozen(kw_only=True)
class Details(Currencies):
    """What to ask for beside the event itself; None leaves it to the server."""

    bill_details: Annotated[bool | None, Parameter(name="--with-bill", help="The bill, line by line.", negative="")] = (
        None
    )
    points_earned_breakup: Annotated[
        bool | None, Parameter(name="--with-breakup", help="Every award behind the points.", negative="")
    ] = None
    custom_fields: Annotated[
        bool | None, Parameter(name="--with-custom-fields", help="The brand's custom fields.", negative="")
    ] = None
    extended_fields: Annotated[
        bool | None, Parameter(name="--with-extended-fields", help="Its extended fields.", negative="")
    ] = None
    max_conversion_details: Annotated[
        bool | None,
        Parameter(name="--with-conversion", help="The last day on which promised points convert.", negative=""),
    ] = None
    payment_modes: Annotated[
        bool | None, Parameter(name="--with-payment-modes", help="How the bill was paid.", negative="")
    ] = None
    is_primary_user: Annotated[
        bool | None,
        Parameter(name="--primary-user", help="Only events of a group's primary member.", negative=""),
    ] = None


def explode(
    *,
    whose: Whose | None = None,
    which: Which | None = None,
    output_format: Annotated[
        Output, Parameter(name="--format", help="How to write it; json has a line for each event.")
    ] = "table",
    data_scope: ScopeOption = None,
    details: Details | None = None,
    connection: Connection | None = None,
) -> int:
    """Read events in full: any number of ids, ten a call, in their order.

    For example: `loyalty-async explode --member id=42 --event-id 178005361 --event-id 178006288 --with-bill`

    The table shows the points that moved, and the lines of bills; JSON has everything that the server sent. An id that
    the server does not know stops nothing; how many there are is in the last line, on the standard error.
    """
    whose, which, details = whose or Whose(), which or Which(), details or Details()
    connection = connection or Connection()
    which.check()
    details.check()
    settings = load_settings(connection.config, os.environ)
    member, client = whose.read(settings), connect(connection, settings)
    scope = read_scope(data_scope)
    query = client.events.explode(member, data_scope=scope, **attrs.asdict(which), **attrs.asdict(details))
    write_out = _write_lines if output_format == "json" else _write_table
    with standard_output() as write:
        report = anyio.run(write_out, client, query, write)
    print(summary(report), file=sys.stderr)
    return Outcome.UNPROVED if report.unknown or not PENDING_CODES.isdisjoint(report.warnings) else Outcome.FINE


def summary(report: EventsReport) -> str:
    """Say in one line how it went. Ids are counted only: the reference of a registration is the member's id."""
    unknown = f"unknown ids {len(report.unknown):,}" if report.unknown else ""
    odd = ", ".join(f"warning {code} in {count} calls" for code, count in report.warnings.items())
    counts = f"events {report.events:,}, ids {report.asked:,}, calls {report.calls:,}"
    return "; ".join(filter(None, (f"{report.verdict}: {counts}", unknown, odd)))


async def _write_lines(client: CapillaryClient, query: EventQuery, write: Write) -> EventsReport:
    async with client, query.prefetch() as events:
        async for event in events:
            # In a thread: whoever reads the pipe may be slow, and answers are under way.
            await anyio.to_thread.run_sync(write, encode_json(event) + b"\n")
        return events.report


async def _write_table(client: CapillaryClient, query: EventQuery, write: Write) -> EventsReport:
    from loyalty_async.cli.event_tables import event_table

    async with client:
        events = await query.collect()
    await anyio.to_thread.run_sync(write, rendered(event_table(events, events.report.unknown)))
    return events.report
