"""A pure server behind the seam that queries fetch through: with latency, and hung up on demand."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from random import Random
from typing import Literal

import anyio
import attrs

from loyalty_async.errors import NoEntriesError
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.members import Customer
from loyalty_async.models.pages import LedgerPage
from loyalty_async.planning.jobs import PageRequest, Terms
from loyalty_async.protocol.efforts import Effort
from loyalty_async.streams.entries import EntryStream
from loyalty_async.streams.queries import EntryQuery
from tests._support.ledger_server import LedgerServer
from tests._support.readings import terms

MEMBER = Customer.by_id(4242424242, source="INSTORE")


@attrs.define
class Fetch:
    """Fetches pages from a pure server.

    Attributes:
        server: Who answers.
        latency: How long it takes, in seconds.
        refuses: What to raise instead of answering.
        hangs: Numbers of calls that never end by themselves; the first is 1.
        calls: How many calls there were.
        empty: How many found nothing (11003).
        running: How many are under way.
        most: How many were under way at once, at most.
    """

    server: LedgerServer
    latency: Callable[[PageRequest], float] = lambda _: 1.0
    refuses: Callable[[PageRequest], Exception | None] = lambda _: None
    hangs: set[int] = attrs.field(factory=set)
    calls: int = 0
    empty: int = 0
    running: int = 0
    most: int = 0

    async def __call__(self, request: PageRequest, page_size: int, effort: Effort) -> LedgerPage:
        self.calls += 1
        effort.requests += 1
        number = self.calls
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await anyio.sleep(self.latency(request))
            if number in self.hangs:
                await anyio.sleep_forever()
        finally:
            self.running -= 1
        refusal = self.refuses(request)
        if refusal is not None:
            raise refusal
        try:
            return self.server.answer(request, page_size)
        except NoEntriesError:
            self.empty += 1
            raise


def after(moment: datetime, error: Exception) -> Callable[[PageRequest], Exception | None]:
    """Raise an error for spans that begin after a moment."""
    return lambda request: error if request.asked is not None and request.asked.since > moment else None


def randomly(seed: int) -> Callable[[PageRequest], float]:
    """Give latencies of which many are equal and some are none."""
    random = Random(seed)
    return lambda _: random.choice([0.0, 0.1, 1.0, 7.0])


def query(
    fetch: Fetch,
    *,
    since: datetime | None,
    until: datetime | None,
    now: datetime,
    under: Terms | None = None,
    settle: timedelta = timedelta(hours=1),
    order: Literal["asc", "desc"] = "asc",
    max_items: int | None = None,
    resume: str | None = None,
) -> EntryQuery:
    """Ask a question of a server, as the endpoint would."""

    def at(moment: datetime) -> Terms:
        chosen = under or terms(settled_before=moment - settle)
        return attrs.evolve(chosen, descending=order == "desc", enough=max_items)

    return EntryQuery(
        member=MEMBER,
        since=since,
        until=until,
        order=order,
        max_items=max_items,
        resume=resume,
        question="a question",
        fetch=fetch,
        terms=at,
        clock=lambda: now,
    )


def ids(entries: Sequence[LedgerEntry]) -> list[int]:
    """Give their ids."""
    return [row.event_log_id for row in entries]


async def rest(stream: EntryStream) -> list[LedgerEntry]:
    """Iterate to the end."""
    return [row async for row in stream]


async def drain(stream: EntryStream, taken: list[LedgerEntry]) -> None:
    """Iterate to the end, and note each entry at once: what was taken must survive a cancelled wait for more."""
    async for row in stream:
        taken.append(row)  # noqa: PERF401 (a comprehension would lose them)


@asynccontextmanager
async def opened(question: EntryQuery, ahead: int | None) -> AsyncIterator[EntryStream]:
    """Open a stream that reads so many spans ahead, or a plain one."""
    if ahead is None:
        yield aiter(question)
    else:
        async with question.prefetch(ahead=ahead) as stream:
            yield stream
