"""`loyalty-async export`: the ledgers of a list of members into files or PostgreSQL."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import anyio
import attrs
from cyclopts import App, Parameter

from loyalty_async.cli.arguments import read_moment, read_scope, read_zone
from loyalty_async.cli.connections import Connection, connect
from loyalty_async.cli.export_lists import count_lines, is_list, open_list
from loyalty_async.cli.export_pace import Pace
from loyalty_async.cli.export_progress import ProgressKind, counts, show_plan, showing_progress
from loyalty_async.cli.export_sinks import Output
from loyalty_async.cli.filters import Filters
from loyalty_async.cli.members import ScopeOption
from loyalty_async.cli.outcomes import Outcome
from loyalty_async.cli.outputs import complain, number_of
from loyalty_async.cli.quotas import Quota
from loyalty_async.cli.settings import load_settings
from loyalty_async.cli.signals import run_until_told
from loyalty_async.client import CapillaryClient
from loyalty_async.errors import InvalidArgument
from loyalty_async.export import Stretch, Summary, open_export, plan_export, read_members, verify_export
from loyalty_async.models.vocabulary import Source

__all__ = ["export_commands"]

_USUAL_QUOTA = 1000
"""Requests a minute: what a plan counts with unless told; some of Capillary's documents name it."""


@attrs.frozen(kw_only=True)
class _Task:
    """What is to be done."""

    client: CapillaryClient
    list: str
    source: str
    stretch: Stretch
    output: Output
    arguments: dict[str, Any]
    quota: int | None
    progress: ProgressKind
    dead_letters: Path | None


def export(
    *,
    members: Annotated[
        str, Parameter(help="File that lists them; - is the standard input.", allow_leading_hyphen=True)
    ],
    since: Annotated[str, Parameter(help="First moment, `beginning`, or `last` for what is new since the last run.")],
    until: Annotated[str | None, Parameter(help="First moment not wanted any more; now unless told.")] = None,
    timezone: Annotated[str, Parameter(help="Zone of dates without an offset.")] = "UTC",
    source: Annotated[
        str | None, Parameter(help="Where members are registered whose line does not say. [LOYALTY_SOURCE]")
    ] = None,
    output: Output,
    dead_letters: Annotated[
        Path | None,
        Parameter(
            help="File for lines and members that cannot be used, instead of stopping at the first. It names them."
        ),
    ] = None,
    progress: Annotated[ProgressKind, Parameter(help="How to show it; json is for machines.")] = "auto",
    dry_run: Annotated[
        bool, Parameter(help="Read the list and a sample of the ledgers, and print what it will take.", negative="")
    ] = False,
    sample: Annotated[int, Parameter(help="Members in the sample of --dry-run.")] = 20,
    data_scope: ScopeOption = None,
    filters: Filters | None = None,
    pace: Pace | None = None,
    quota: Quota | None = None,
    connection: Connection | None = None,
) -> int:
    """Export the ledgers of many members, each entry exactly once, however often it is interrupted.

    For example: `loyalty-async export --members members.csv --since 2023-01-01 --to out --format parquet`

    The list is CSV (identifier_name, identifier_value, source, account_id, entity_type; the first two are needed) or
    JSON lines with these names; `mobile,917406401004` is a line. Killed, interrupted or out of disk, run the same
    command again: members that are done are skipped. Later, `--since last` adds what is new.

    `loyalty-async export verify DIR` checks all files of an export.
    """
    filters, pace, connection = filters or Filters(), pace or Pace(), connection or Connection()
    quota = quota or Quota()
    filters.check()
    arguments = pace.arguments()
    settings = load_settings(connection.config, os.environ)
    zone = read_zone("--timezone", timezone)
    found = settings.find("source", source)
    asked = {name: value for name, value in attrs.asdict(filters).items() if value is not None}
    scope = read_scope(data_scope)
    task = _Task(
        client=connect(connection, settings, quota.rate_limit(settings)),
        list=members,
        source=found.value if found else Source.INSTORE,
        stretch=Stretch(
            "last" if since == "last" else None if since == "beginning" else read_moment("--since", since, zone),
            read_moment("--until", until, zone),
        ),
        output=output,
        arguments={**arguments, "filters": {**asked, **({"data_scope": scope} if scope else {})}},
        quota=quota.quota,
        progress=progress,
        dead_letters=dead_letters,
    )
    if dead_letters is not None and is_list(task.list, dead_letters):
        raise InvalidArgument("--dead-letters must be another file than --members, which it would replace")
    if dry_run:
        return anyio.run(_plan, task, sample)
    with open_list(task.list) as file:
        summary = anyio.run(_export, task, file, count_lines(task.list))
    return _conclude(task, summary)


async def _export(task: _Task, file: BinaryIO, total: int | None) -> Summary | None:
    with showing_progress(task.progress, task.quota) as show:
        async with (
            task.client,
            open_export(
                task.client,
                read_members(file, source=task.source),
                task.stretch,
                task.output.sink(),
                raw=task.output.raw,
                dead_letters=task.dead_letters,
                total=total,
                on_progress=show,
                **task.arguments,
            ) as job,
        ):
            return await run_until_told(job, task.arguments["grace_s"])


async def _plan(task: _Task, sample: int) -> int:
    quota = task.quota or _USUAL_QUOTA
    taken = {name: task.arguments[name] for name in ("settle", "lookback", "filters")}
    with open_list(task.list) as file:
        async with task.client:
            plan = await plan_export(
                task.client,
                read_members(file, source=task.source),
                task.stretch,
                task.output.sink(),
                raw=task.output.raw,
                quota=quota,
                sample=sample,
                **taken,
            )
    show_plan(task.progress, plan, quota)
    return Outcome.FINE


def _conclude(task: _Task, summary: Summary | None) -> int:
    """Say how it ended, and choose the exit code."""
    if summary is None:
        complain("stopped at once; run the same command again to go on")
        return Outcome.INTERRUPTED
    if task.progress == "json":
        counts("summary", summary)
    else:
        state = "complete" if summary.complete and not summary.failed else "not complete"
        print(
            f"{state}: run {summary.run}, {number_of(summary.read, 'member')} read, {summary.skipped:,} done before, "
            f"{summary.failed:,} put aside; {number_of(summary.rows, 'row')} in {number_of(summary.files, 'file')}, "
            f"{summary.bytes:,} bytes; {summary.requests:,} requests, {summary.seconds:.1f} s; up to {summary.until}"
        )
    if not summary.complete:
        complain("stopped as told: run the same command again to go on")
        return Outcome.INTERRUPTED
    if summary.failed:
        which = f"{number_of(summary.failed, 'line or member', 'lines or members')}"
        complain(f"put aside: {which}; mend them, and run the same command again")
        return Outcome.UNPROVED
    return Outcome.FINE


def verify(folder: Annotated[Path, Parameter(help="Folder of an export.")], /) -> int:
    """Check every file of an export against its manifest: size, SHA-256, rows; reads everything once."""
    found = verify_export(folder)
    for problem in found.problems:
        complain(problem)
    state = "complete" if found.complete else "not complete: run the export again"
    verdict = "as it was written" if not found.problems else number_of(len(found.problems), "problem")
    holds = f"{number_of(found.files, 'file')}, {number_of(found.rows, 'row')}, {found.bytes:,} bytes"
    print(f"{verdict}: {holds}; the last run is {state}")
    return Outcome.UNPROVED if found.problems or not found.complete else Outcome.FINE


def export_commands() -> App:
    """Give the command with what belongs to it."""
    app = App(name="export", help=export.__doc__, help_format="markdown")
    app.default(export)
    app.command(verify)
    return app
