"""What an export will take, from a sample of its members."""

from __future__ import annotations

import functools
import math
import random
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio.to_thread
import attrs

from loyalty_async.client import CapillaryClient
from loyalty_async.errors import InvalidArgument
from loyalty_async.export.files import unit_rows
from loyalty_async.export.lists import Members, Taken
from loyalty_async.export.members import Listed
from loyalty_async.export.openings import export_ledgers, question_of
from loyalty_async.export.progress import Summary
from loyalty_async.export.runs import Stretch, next_run
from loyalty_async.export.stores import Sink
from loyalty_async.models.spans import Span
from loyalty_async.planning.windows import WINDOW

__all__ = ["Plan", "bytes_of", "margin_of", "plan_export"]

_FEW = 5
"""Fewer members than these tell nothing of how much ledgers differ."""


@attrs.frozen(kw_only=True)
class Plan:
    """What an export will take, as far as a sample tells.

    Attributes:
        members: Members in the list.
        unusable: Lines of the list that name no member.
        done: Members that the run has done already, if it was begun; what follows is for the others.
        sampled: Members whose ledgers were read to find out.
        failed: How many of them could not be read.
        since: Where the export begins, as an ISO text; None for the beginning of each ledger.
        until: Where it ends.
        windows: Spans of time that the server must be asked for.
        requests: Requests that it will take.
        entries: Entries that will come.
        bytes: About how long the output will be.
        margin: How far entries and bytes may well be off, as a part of them: twice the standard error of the sample,
            1.0 if that is more or cannot be told. A few huge ledgers that were not drawn make them larger still.
        minutes: How long it takes at the quota.
    """

    members: int
    unusable: int
    done: int
    sampled: int
    failed: int
    since: str | None
    until: str
    windows: int | None
    requests: int
    entries: int
    bytes: int
    margin: float
    minutes: float


async def plan_export(
    client: CapillaryClient,
    members: Members,
    span: Span | Stretch,
    sink: Sink,
    *,
    quota: float,
    sample: int = 20,
    filters: Mapping[str, Any] | None = None,
    raw: bool = False,
    settle: timedelta = timedelta(hours=1),
    lookback: timedelta = timedelta(days=1),
) -> Plan:
    """Read the whole list and the ledgers of a few members, one of them twice; write nothing where the export will.

    Args:
        client: Open.
        members: As for `open_export`.
        span: As for `open_export`.
        sink: As for `open_export`; the sample goes to a temporary folder.
        quota: Requests per minute.
        sample: How many members to read, drawn from the whole list.
        filters: As for `open_export`.
        raw: As for `open_export`.
        settle: As for `open_export`.
        lookback: As for `open_export`.

    Raises:
        LoyaltyError: As `export_ledgers`.
    """
    if sample < 1 or quota <= 0:
        raise InvalidArgument("a plan needs a sample of at least 1 member, and a quota above 0")
    stretch = Stretch.of(span)
    past = await anyio.to_thread.run_sync(functools.partial(sink.peek, question_of(sink, filters, raw=raw)))
    runs = past.runs
    run = next_run(runs, stretch, lookback, datetime.now(UTC) - settle)
    drawn, usable, unusable = await _draw(members, sample)
    since = run.since if run.number == 1 else runs[run.number - 2].until - lookback
    with tempfile.TemporaryDirectory() as folder:

        async def tried_with(members: Sequence[Listed], name: str) -> Summary:
            return await export_ledgers(
                client,
                members,
                Stretch(since, run.until),
                sink.trial(Path(folder, name)),
                filters=filters,
                raw=raw,
                settle=settle,
                dead_letters=Path(folder, "failed"),
            )

        tried = await tried_with(drawn, "sample")
        first = await tried_with(drawn[:1], "first")
        rows = await anyio.to_thread.run_sync(unit_rows, Path(folder, "sample"))
    done = min(past.done, usable) if runs and run.number == runs[-1].number else 0
    left = usable - done
    times = left / len(drawn) if drawn else 0
    return Plan(
        members=usable,
        unusable=unusable,
        done=done,
        sampled=len(drawn),
        failed=tried.failed,
        since=since.isoformat() if since else None,
        until=run.until.isoformat(),
        windows=left * math.ceil((run.until - since) / WINDOW) if since else None,
        requests=math.ceil(tried.requests * times),
        entries=round(tried.entries * times),
        bytes=bytes_of(times, (tried.rows, tried.bytes), (first.rows, first.bytes)),
        margin=margin_of(rows, left),
        minutes=tried.requests * times / quota,
    )


def bytes_of(times: float, sample: tuple[int, int], first: tuple[int, int]) -> int:
    """Say how long an output is that has so many times the rows of a sample.

    A part of a file is there once, however many rows it has: that of a Parquet file with all columns is as long as some
    hundred rows. It is where the line through the sample and its first member begins.

    Args:
        times: How many times.
        sample: Rows and bytes of the output of the sample.
        first: Rows and bytes of an output of its first member alone.
    """
    (rows, size), (fewer_rows, fewer_bytes) = sample, first
    once = 0.0
    if 0 < fewer_rows < rows:
        a_row = (size - fewer_bytes) / (rows - fewer_rows)
        once = max(0.0, fewer_bytes - fewer_rows * a_row)
    return round(once + (size - once) * times) if times else 0


def margin_of(rows: Sequence[int], members: int) -> float:
    """Say how far a sum over all members may be off that a sample stands for: two standard errors, as a part of it.

    Args:
        rows: Of each member in the sample.
        members: How many members there are.
    """
    if len(rows) >= members:
        return 0.0
    if len(rows) < _FEW or not any(rows):
        return 1.0
    unseen = 1 - len(rows) / members
    error = statistics.stdev(rows) * math.sqrt(unseen / len(rows)) / statistics.mean(rows)
    return min(2 * error, 1.0)


async def _draw(members: Members, sample: int) -> tuple[list[Listed], int, int]:
    """Draw members, each with the same chance, from a list that is read once; count them, and the unusable lines."""
    rng = random.Random(0)
    drawn: list[Listed] = []
    usable = unusable = 0
    taken = Taken(members)
    while listings := await taken.some():
        for listing in listings:
            if not isinstance(listing, Listed):
                unusable += 1
                continue
            usable += 1
            place = rng.randrange(usable)
            if len(drawn) < sample:
                drawn.append(listing)
            elif place < sample:
                drawn[place] = listing
    return drawn, usable, unusable
