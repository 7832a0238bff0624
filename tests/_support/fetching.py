"""A pure server behind the seam that queries fetch through: with latency, and hung up on demand."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from random import Random

import anyio
import attrs

from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.members import Customer
from loyalty_async.models.pages import LedgerPage
from loyalty_async.planning.jobs import PageRequest, Terms
from loyalty_async.streams.entries import EntryStream
from loyalty_async.streams.queries import EntryQuery
from tests._support.ledger_server import LedgerServer
from tests._support.readings import terms

MEMBER = Customer.by_id(42, source="INSTORE")


@attrs.define
class Fetch:
    """Fetches pages from a pure server.

    Attributes:
        server: Who answers.
        latency: How long it takes each time, in seconds.
        fails: Errors to raise instead of answering, by the number of the call, which starts at 1.
        hangs: Numbers of calls that never end by themselves.
        calls: How many calls there were.
        running: How many are under way.
        most: How many were under way at once, at most.
    """

    server: LedgerServer
    latency: Callable[[], float] = lambda: 1.0
    fails: dict[int, Exception] = attrs.field(factory=dict)
    hangs: set[int] = attrs.field(factory=set)
    calls: int = 0
    running: int = 0
    most: int = 0

    async def __call__(self, request: PageRequest, page_size: int) -> LedgerPage:
        self.calls += 1
        number = self.calls
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await anyio.sleep(self.latency())
            if number in self.hangs:
                await anyio.sleep_forever()
        finally:
            self.running -= 1
        if number in self.fails:
            raise self.fails[number]
        return self.server.answer(request, page_size)


def randomly(seed: int) -> Callable[[], float]:
    """Give latencies of which many are equal and some are none."""
    random = Random(seed)
    return lambda: random.choice([0.0, 0.1, 1.0, 7.0])


def query(
    fetch: Fetch,
    *,
    since: datetime | None,
    until: datetime | None,
    now: datetime,
    under: Terms | None = None,
    settle: timedelta = timedelta(hours=1),
) -> EntryQuery:
    """Ask a question of a server, as the endpoint would."""

    def at(moment: datetime) -> Terms:
        return under or terms(settled_before=moment - settle)

    return EntryQuery(member=MEMBER, since=since, until=until, fetch=fetch, terms=at, clock=lambda: now)


def ids(entries: Sequence[LedgerEntry]) -> list[int]:
    """Give their ids."""
    return [row.event_log_id for row in entries]


async def rest(stream: EntryStream) -> list[LedgerEntry]:
    """Iterate to the end."""
    return [row async for row in stream]
