"""`loyalty-async promised`: points that a member will get, and when."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from loyalty_async.cli.arguments import read_day
from loyalty_async.cli.connections import Connection, ask, connect
from loyalty_async.cli.displays import Output, show
from loyalty_async.cli.members import Whose
from loyalty_async.cli.outcomes import conclude
from loyalty_async.cli.settings import load_settings
from loyalty_async.errors import InvalidArgument
from loyalty_async.models.promised_points import PromisedPointsSchedule

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["promised"]


def promised(
    *,
    whose: Whose | None = None,
    program_id: Annotated[int | None, Parameter(help="Only this program; the default one unless told.")] = None,
    all_programs: Annotated[bool | None, Parameter(help="Every program.", negative="", show_default=False)] = None,
    since: Annotated[str | None, Parameter(help="First day; tomorrow unless told.")] = None,
    until: Annotated[str | None, Parameter(help="Last day; a hundred years from now unless told.")] = None,
    earliest: Annotated[
        bool | None, Parameter(help="Only the points that come first.", negative="", show_default=False)
    ] = None,
    output_format: Annotated[Output, Parameter(name="--format", help="How to write it.")] = "table",
    connection: Connection | None = None,
) -> int:
    """Read the schedule of the points that are promised to a member, in one call.

    For example: `loyalty-async promised --member email=somebody@example.com --all-programs --until 2025-12-31`

    Days are ISO dates of the organisation's calendar. Of groups, the API only takes those of `--entity-type FLEET`.
    """
    whose, connection = whose or Whose(), connection or Connection()
    if program_id is not None and all_programs:
        raise InvalidArgument("give --program-id or --all-programs, not both")
    settings = load_settings(connection.config, os.environ)
    member, entity_type = whose.read_scheduled(settings)
    client = connect(connection, settings)
    first, last = read_day("--since", since), read_day("--until", until)
    schedule = ask(
        client,
        lambda opened: opened.promised_points.schedule(
            member,
            program_id=program_id,
            all_programs=all_programs,
            since=first,
            until=last,
            entity_type=entity_type,
            earliest_expiry_only=earliest,
        ),
    )
    show(output_format, schedule, lambda: _draw(schedule))
    return conclude(schedule.warnings)


def _draw(schedule: PromisedPointsSchedule) -> RenderableType:
    from loyalty_async.cli.balance_tables import schedule_table

    return schedule_table(schedule)
