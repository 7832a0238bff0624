"""This library."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterable, AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path
from typing import Literal

from benchmarks.contenders.loops import asking
from benchmarks.databases import DATABASE, dropped
from benchmarks.pages import one_page
from benchmarks.tasks import Task, Work
from loyalty_async import Basic, CapillaryClient, Customer, Span
from loyalty_async.export import Csv, JsonLines, Parquet, Postgres, Sink, export_ledgers
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.pages import LedgerPage
from loyalty_async.streams.queries import EntryQuery
from loyalty_async.transport import pools
from loyalty_async.wire.converter import make_converter
from loyalty_async.wire.documents import decoder_of

__all__ = ["balances", "balances_in_pools", "exported", "iterated", "paged", "prefetched", "structuring"]

Engine = Literal["httpx", "aiohttp"]


def _client(task: Task, engine: Engine) -> CapillaryClient:
    return CapillaryClient(task.url, auth=Basic("till", "password"), engine=engine, max_in_flight=task.in_flight)


def _member(number: int) -> Customer:
    return Customer.by_id(number, source="INSTORE")


def _entries(client: CapillaryClient, task: Task, number: int) -> EntryQuery:
    return client.ledger.entries(_member(number), since=task.since, until=task.until, page_size=task.page_size)


async def _count(entries: AsyncIterable[LedgerEntry]) -> int:
    came = 0
    async for _ in entries:
        came += 1
    return came


async def _look_at_all(entries: AsyncIterable[LedgerEntry]) -> int:
    came = 0
    async for entry in entries:
        came += _look_at(entry)
    return came


def _look_at(entry: LedgerEntry) -> int:
    _ = entry.customer_details, entry.entry_details, entry.transaction_details, entry.event_details
    return 1


@asynccontextmanager
async def iterated(task: Task, engine: Engine = "httpx", *, looked_at: bool = False) -> AsyncIterator[Work]:
    """Iterate typed entries, with the proof, and look at every object in each, or at none."""
    read = _look_at_all if looked_at else _count
    async with _client(task, engine) as client:

        async def work(members: Sequence[int]) -> int:
            return sum([await read(_entries(client, task, number)) for number in members])

        yield work


@asynccontextmanager
async def prefetched(task: Task, engine: Engine = "httpx") -> AsyncIterator[Work]:
    """Iterate typed entries, reading ahead."""
    async with _client(task, engine) as client:

        async def work(members: Sequence[int]) -> int:
            came = 0
            for number in members:
                async with _entries(client, task, number).prefetch(ahead=task.in_flight - 1) as entries:
                    came += await _count(entries)
            return came

        yield work


@asynccontextmanager
async def paged(task: Task, engine: Engine = "httpx") -> AsyncIterator[Work]:
    """Go through the server's pages, without a proof."""
    async with _client(task, engine) as client:

        async def work(members: Sequence[int]) -> int:
            came = 0
            for number in members:
                async for page in client.ledger.entries(_member(number), page_size=task.page_size).pages():
                    came += len(page.entries)
            return came

        yield work


@contextmanager
def _sinks(kind: str) -> Iterator[Iterator[Sink]]:
    """Give as many empty places to write to as are asked for."""
    with tempfile.TemporaryDirectory() as folder, dropped() as names:
        yield (_sink(kind, str(Path(folder, str(number))), names) for number in count())


def _sink(kind: str, place: str, names: Iterator[str]) -> Sink:
    if kind == "postgres":
        return Postgres(DATABASE, table=next(names))
    sinks: dict[str, type[JsonLines | Csv | Parquet]] = {"jsonl": JsonLines, "csv": Csv, "parquet": Parquet}
    return sinks[kind](place)


@asynccontextmanager
async def exported(task: Task, kind: str, engine: Engine = "httpx") -> AsyncIterator[Work]:
    """Export ledgers."""
    with _sinks(kind) as sinks:
        async with _client(task, engine) as client:

            async def work(members: Sequence[int]) -> int:
                listed = (_member(number) for number in members)
                summary = await export_ledgers(client, listed, Span(task.since, task.until), next(sinks))
                return summary.entries

            yield work


@asynccontextmanager
async def structuring(task: Task) -> AsyncIterator[Work]:
    """Build objects from the bytes of one page, again and again: all that are in it, as the other contender does."""
    body, decode, converter = one_page(task), decoder_of(LedgerPage), make_converter()

    async def work(members: Sequence[int]) -> int:
        came = 0
        for _ in members:
            for entry in converter.structure(decode(body), LedgerPage).entries:
                came += _look_at(entry)
        return came

    yield work


@asynccontextmanager
async def balances(task: Task, engine: Engine = "httpx") -> AsyncIterator[Work]:
    """Ask for balances."""
    async with _client(task, engine) as client:
        yield asking(lambda number: client.balances.closing(_member(number)), task)


@asynccontextmanager
async def balances_in_pools(task: Task, size: int) -> AsyncIterator[Work]:
    """Ask for balances, with so many connections to a pool of httpx."""
    pools.POOL_SIZE = size  # The process ends with this.
    async with balances(task) as work:
        yield work
