"""Where the entries of a member come from: live calls, or a ledger that was exported before."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

import anyio.to_thread
import attrs

from loyalty_async.client import CapillaryClient
from loyalty_async.models.members import Member
from loyalty_async.models.reports import Verdict
from loyalty_async.models.spans import Span
from loyalty_async.reconcile.postings import Posting, post
from loyalty_async.wire.rows import read_rows

__all__ = ["EntrySource", "Proved", "exported_entries", "ledger_entries"]


@attrs.frozen(kw_only=True)
class Proved:
    """All entries of a stretch of time.

    Attributes:
        postings: The entries, sorted by date and id.
        span: The stretch: nothing in it is missing.
        pending: Whether the server warned that it has not booked everything yet.
    """

    postings: tuple[Posting, ...] = attrs.field(repr=lambda postings: f"<{len(postings)}>")
    span: Span
    pending: bool = False


EntrySource = Callable[[Member, Span], Awaitable[Proved | None]]
"""Gives all entries of a member in a span, or in as much of it as there is; None if it does not have the member."""


def ledger_entries(client: CapillaryClient, *, alternate_currencies: bool = True) -> EntrySource:
    """Read entries from the server; a walk that cannot be proved complete raises `IncompleteLedgerError`."""

    async def read(member: Member, span: Span) -> Proved:
        query = client.ledger.entries(
            member,
            since=span.since,
            until=span.until,
            include_alternate_currencies=alternate_currencies or None,
        )
        stream = aiter(query)
        postings = tuple([post(entry) async for entry in stream])
        report = stream.report
        return Proved(postings=postings, span=Span(span.since, report.until), pending=report.verdict is Verdict.PENDING)

    return read


def exported_entries(path: Path, covered: Span) -> EntrySource:
    """Take entries from a file of JSON lines, as `loyalty-async ledger` writes them, of one member.

    Args:
        path: The file.
        covered: The span that was exported; the file itself does not say.
    """

    async def read(_member: Member, span: Span) -> Proved:
        within = Span(max(span.since, covered.since), min(span.until, covered.until))
        return Proved(postings=await anyio.to_thread.run_sync(_postings, path, within), span=within)

    return read


def _postings(path: Path, span: Span) -> tuple[Posting, ...]:
    with path.open("rb") as lines:
        postings = [post(entry) for entry in read_rows(lines) if entry.created_at in span]
    return tuple(sorted(postings, key=_place))


def _place(posting: Posting) -> tuple[datetime, int]:
    return posting.created_at, posting.event_log_id
