"""The demo's reading: members concurrently, a bounded number at a time, through the public client."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import anyio
import attrs

from loyalty_async.cli.outputs import Write
from loyalty_async.client import CapillaryClient
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.members import Customer
from loyalty_async.models.reports import Verdict
from loyalty_async.models.spans import Span
from loyalty_async.models.vocabulary import Source
from loyalty_async.wire.documents import encode_json

__all__ = ["Tally", "read_members"]


@attrs.define
class Tally:
    """How far the reading is.

    Attributes:
        members: How many were read.
        entries: How many entries they had.
        unproved: How many ledgers the client itself does not call complete.
    """

    members: int = 0
    entries: int = 0
    unproved: int = 0


async def read_members(
    client: CapillaryClient,
    user_ids: Iterable[int],
    span: Span,
    write: Write,
    *,
    concurrency: int,
    on_progress: Callable[[Tally], object],
) -> Tally:
    """Read the ledgers of members and write their lines.

    Args:
        client: Open.
        user_ids: Whose; taken one at a time, so there may be millions.
        span: From when to when.
        write: Takes the lines of one member.
        concurrency: How many members are read at once.
        on_progress: Called after each member.

    Raises:
        LoyaltyError: The first error, bare; the rest is cancelled.
    """
    tally, errors = Tally(), list[Exception]()
    queue = iter(user_ids)

    async def worker() -> None:
        try:
            for user_id in queue:
                await _read_member(client, user_id, span, write, tally)
                on_progress(tally)
        except Exception as error:  # noqa: BLE001 - raised below, bare
            errors.append(error)
            workers.cancel_scope.cancel()

    async with anyio.create_task_group() as workers:
        for _ in range(concurrency):
            workers.start_soon(worker)
    if errors:
        raise errors[0]
    return tally


async def _read_member(client: CapillaryClient, user_id: int, span: Span, write: Write, tally: Tally) -> None:
    member = Customer.by_id(user_id, source=Source.INSTORE)
    query = client.ledger.entries(member, since=span.since, until=span.until, include_alternate_currencies=True)
    entries = await query.collect()
    write(b"".join(_line(user_id, entry) for entry in entries))
    tally.members += 1
    tally.entries += len(entries)
    tally.unproved += entries.report.verdict is not Verdict.COMPLETE


def _line(user_id: int, entry: LedgerEntry) -> bytes:
    return encode_json({"user_id": user_id, **attrs.asdict(entry, recurse=False)}) + b"\n"
