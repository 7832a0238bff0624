"""What one would write by hand with aiohttp and orjson."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson

from benchmarks.contenders.loops import HEADERS, GetPage, asking, at_once, in_turn, question
from benchmarks.ledgers import BALANCE_PATH, LEDGER_PATH
from benchmarks.tasks import Task, Work

__all__ = ["balances", "gathered", "sequential"]


@asynccontextmanager
async def _opened(task: Task) -> AsyncIterator[aiohttp.ClientSession]:
    """Open a session with as many connections as the task allows."""
    connector = aiohttp.TCPConnector(limit=task.in_flight)
    async with aiohttp.ClientSession(task.url, headers=HEADERS, connector=connector) as session:
        yield session


async def _document(session: aiohttp.ClientSession, path: str, query: Mapping[str, str]) -> Any:
    async with session.get(path, params=query) as response:
        response.raise_for_status()
        return orjson.loads(await response.read())


def _pages(session: aiohttp.ClientSession, task: Task) -> GetPage:
    async def get(member: int, number: int) -> tuple[int, Sequence[Any]]:
        document = await _document(session, LEDGER_PATH, question(task, member, number))
        return document["ledgerDetails"]["pageCount"], document["ledgerEntries"]

    return get


@asynccontextmanager
async def sequential(task: Task) -> AsyncIterator[Work]:
    """Read one page after the other."""
    async with _opened(task) as session:
        yield in_turn(_pages(session, task))


@asynccontextmanager
async def gathered(task: Task) -> AsyncIterator[Work]:
    """Read with pages gathered."""
    async with _opened(task) as session:
        yield at_once(_pages(session, task), task.in_flight)


@asynccontextmanager
async def balances(task: Task) -> AsyncIterator[Work]:
    """Ask for balances."""
    async with _opened(task) as session:

        async def ask(member: int) -> object:
            query = {"identifierName": "id", "identifierValue": str(member), "source": "INSTORE"}
            return await _document(session, BALANCE_PATH, query)

        yield asking(ask, task)
