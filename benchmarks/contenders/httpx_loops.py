"""What one would write by hand with httpx."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx

from benchmarks.contenders.loops import HEADERS, GetPage, asking, at_once, in_turn, question
from benchmarks.ledgers import BALANCE_PATH, LEDGER_PATH
from benchmarks.tasks import Task, Work

__all__ = ["balances", "gathered", "opened", "sequential"]


@asynccontextmanager
async def opened(task: Task) -> AsyncIterator[httpx.AsyncClient]:
    """Open a client with as many connections as the task allows."""
    limits = httpx.Limits(max_connections=task.in_flight, max_keepalive_connections=task.in_flight)
    async with httpx.AsyncClient(base_url=task.url, headers=HEADERS, limits=limits, timeout=60.0) as client:
        yield client


def _pages(client: httpx.AsyncClient, task: Task) -> GetPage:
    async def get(member: int, number: int) -> tuple[int, Sequence[Any]]:
        response = await client.get(LEDGER_PATH, params=question(task, member, number))
        document = response.raise_for_status().json()
        return document["ledgerDetails"]["pageCount"], document["ledgerEntries"]

    return get


@asynccontextmanager
async def sequential(task: Task) -> AsyncIterator[Work]:
    """Read with `response.json()`, one page after the other."""
    async with opened(task) as client:
        yield in_turn(_pages(client, task))


@asynccontextmanager
async def gathered(task: Task) -> AsyncIterator[Work]:
    """Read with `response.json()`, pages gathered."""
    async with opened(task) as client:
        yield at_once(_pages(client, task), task.in_flight)


@asynccontextmanager
async def balances(task: Task) -> AsyncIterator[Work]:
    """Ask for balances: the bare call, and its JSON decoded."""
    async with opened(task) as client:

        async def ask(member: int) -> object:
            query = {"identifierName": "id", "identifierValue": str(member), "source": "INSTORE"}
            response = await client.get(BALANCE_PATH, params=query)
            return response.raise_for_status().json()

        yield asking(ask, task)
