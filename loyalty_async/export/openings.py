"""How an export is opened, and closed whatever happens."""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread

from loyalty_async.client import CapillaryClient
from loyalty_async.errors import InvalidArgument
from loyalty_async.export.engine import Export, OnProgress, Terms
from loyalty_async.export.failures import DeadLetters
from loyalty_async.export.lists import Members, Taken
from loyalty_async.export.progress import Progress, Summary
from loyalty_async.export.runs import Question, Stretch, next_run
from loyalty_async.export.stores import Sink
from loyalty_async.models.members import Customer
from loyalty_async.models.spans import Span

__all__ = ["export_ledgers", "in_bulk", "open_export", "question_of"]


def _nothing(_progress: Progress) -> None:
    """Show nothing."""


def in_bulk(client: CapillaryClient) -> CapillaryClient:
    """Give a view of a client whose calls let others go first, where the client has such."""
    lane: Callable[[str], CapillaryClient] | None = getattr(client, "lane", None)
    return lane("bulk") if lane else client


@asynccontextmanager
async def open_export(
    client: CapillaryClient,
    members: Members,
    span: Span | Stretch,
    sink: Sink,
    *,
    filters: Mapping[str, Any] | None = None,
    raw: bool = False,
    dead_letters: Path | str | None = None,
    settle: timedelta = timedelta(hours=1),
    lookback: timedelta = timedelta(days=1),
    workers: int = 16,
    ahead: int = 1,
    memory: int = 4 * 1024 * 1024,
    grace_s: float = 30.0,
    total: int | None = None,
    on_progress: OnProgress = _nothing,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> AsyncGenerator[Export]:
    """Open an export: members in, rows out, each member's entries exactly once.

    Opening it again with the same arguments goes on where the last process ended, however that was: members that are
    done are skipped, and what was half-written is removed. Nothing is sent before `run`.

    Args:
        client: Open.
        members: `Customer`s, `UserGroup`s, or what `read_members` gives: any iterable, which is read as it is needed.
        span: What to export. It ends at *settle* before now at the latest: one cut-off for all members, the same
            for each process that goes on. `Stretch("last")` adds what is new since the last run.
        sink: Where to: `JsonLines`, `Csv`, `Parquet` or `Postgres`.
        filters: What else to ask for, as `client.ledger.entries` takes it.
        raw: Leave each entry's JSON as the server wrote it.
        dead_letters: File for the members that cannot be exported, who are then passed over; without it the first one
            ends the export. It names them, with the error and the resume token; it is begun anew each time.
        settle: How long after its end a span may still change.
        lookback: How much of the end of each run is read again by the next, to add what was booked late.
        workers: How many members to read at once.
        ahead: How many spans of one ledger to read ahead.
        memory: How many bytes of one ledger's rows to hold; the others go to a temporary file. All in all, an export
            holds about `workers * (memory + ahead + 1 parts)`, whatever the length of the list and of its ledgers.
        grace_s: How long members under way may take to finish after `stop`, in seconds.
        total: How many members there are, for `Progress.seconds_left`.
        on_progress: Called every second, and at the end.
        clock: Tells the time, aware.

    Yields:
        The export. Leaving the block makes durable what was read, also after an error.

    Raises:
        InvalidArgument: Something here cannot work, or the output belongs to an export that was asked otherwise.
        OutputError: The output cannot be written.
    """
    terms = Terms(
        filters={**(filters or {}), **({"raw": True} if raw else {})},
        settle=settle,
        lookback=lookback,
        workers=workers,
        ahead=ahead,
        memory=memory,
        grace_s=grace_s,
        collect=dead_letters is not None,
        total=total,
        on_progress=on_progress,
    )
    stretch = Stretch.of(span)
    _check(client, terms)
    question = question_of(sink, filters, raw=raw)
    letters = DeadLetters(Path(dead_letters or "unused"))
    store = await anyio.to_thread.run_sync(functools.partial(sink.open, question, raw=raw))
    try:
        latest = clock().astimezone(UTC) - settle
        run = next_run(await anyio.to_thread.run_sync(store.runs), stretch, lookback, latest)
        job = await anyio.to_thread.run_sync(store.begin, run)
        secret = await anyio.to_thread.run_sync(lambda: store.secret)
        if terms.collect:
            letters.open()
    except BaseException:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(store.close)
        raise
    stats = client.stats()
    sent_before = (stats.requests, stats.retries)
    export = Export(in_bulk(client), Taken(members), run, job, store, letters, terms, secret, sent_before)
    try:
        yield export
    finally:
        await export.close()


async def export_ledgers(
    client: CapillaryClient, members: Members, span: Span | Stretch, sink: Sink, **options: Any
) -> Summary:
    """Export in one call; see `open_export`, whose options it takes.

    Returns:
        How it ended.

    Raises:
        LoyaltyError: As `open_export` and `Export.run`.
    """
    async with open_export(client, members, span, sink, **options) as export:
        return await export.run()


def question_of(sink: Sink, filters: Mapping[str, Any] | None, *, raw: bool) -> Question:
    """Put together what must not change as long as an output lives, but for the dates, which its runs have."""
    return Question({**sink.question(raw=raw).parts, "filters": dict(filters or {}), "raw": raw})


def _check(client: CapillaryClient, terms: Terms) -> None:
    """Refuse before anything is sent what would fail for each member."""
    for name in ("workers", "memory"):
        value = getattr(terms, name)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise InvalidArgument(f"{name} must be an integer of at least 1")
    if terms.lookback < timedelta(0):
        raise InvalidArgument("lookback must be a timedelta of at least zero")
    taken = {"since", "until", "order", "max_items", "resume", "settle"}.intersection(terms.filters)
    if taken:
        raise InvalidArgument(f"an export decides by itself on {', '.join(sorted(taken))}")
    try:
        client.ledger.entries(Customer.by_id(1, source="INSTORE"), settle=terms.settle, **terms.filters)
    except TypeError:
        raise InvalidArgument("filters has a name that client.ledger.entries does not take") from None
