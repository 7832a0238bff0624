"""How a loop by hand goes through pages, whatever fetches and decodes them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from benchmarks.tasks import Task, Work

__all__ = ["HEADERS", "GetPage", "asking", "at_once", "in_turn", "question"]

GetPage = Callable[[int, int], Awaitable[tuple[int, Sequence[Any]]]]
"""Gets page so-and-so of a member: how many pages there are, and the page's entries."""

HEADERS: Final = {"Authorization": "Basic dGlsbDpwYXNzd29yZA=="}


def question(task: Task, member: int, number: int) -> Mapping[str, str]:
    """Write the query of one page."""
    return {
        "identifierName": "id",
        "identifierValue": str(member),
        "source": "INSTORE",
        "offset": str(number),
        "limit": str(task.page_size),
    }


def in_turn(get: GetPage) -> Work:
    """Get one page after the other, and look at each entry."""

    async def work(members: Sequence[int]) -> int:
        count = 0
        for member in members:
            number, pages = 0, 1
            while number < pages:
                pages, entries = await get(member, number)
                for _ in entries:
                    count += 1
                number += 1
        return count

    return work


def at_once(get: GetPage, in_flight: int) -> Work:
    """Get the first page, gather the others behind a semaphore, and look at each entry."""
    places = asyncio.Semaphore(in_flight)

    async def placed(member: int, number: int) -> Sequence[Any]:
        async with places:
            return (await get(member, number))[1]

    async def work(members: Sequence[int]) -> int:
        count = 0
        for member in members:
            pages, first = await get(member, 0)
            others = await asyncio.gather(*(placed(member, number) for number in range(1, pages)))
            for entries in (first, *others):
                for _ in entries:
                    count += 1
        return count

    return work


def asking(ask: Callable[[int], Awaitable[object]], task: Task) -> Work:
    """Ask for one balance after the other, on as many connections as the task allows."""

    async def work(members: Sequence[int]) -> int:
        left, count = iter(members), 0

        async def take() -> None:
            nonlocal count
            for member in left:
                await ask(member)
                count += 1

        await asyncio.gather(*(take() for _ in range(task.in_flight)))
        return count

    return work
