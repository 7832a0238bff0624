"""Any iterable of members, a few at a time, without holding up the event loop or holding the list."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from itertools import islice

import anyio.to_thread

from loyalty_async.export.members import Listing, as_listing

__all__ = ["Members", "Taken"]

Members = Iterable[object] | AsyncIterable[object]
"""`Customer`s, `UserGroup`s, or what `read_members` gives."""

_AT_ONCE = 50


class Taken:
    """Takes members off an iterable, in order.

    Attributes:
        count: How many it took.
    """

    count: int

    def __init__(self, members: Members) -> None:
        self._later: AsyncIterator[object] | None = None
        self._now: Iterator[object] = iter(())
        if isinstance(members, AsyncIterable):
            self._later = aiter(members)
        else:
            self._now = iter(members)
        self.count = 0

    async def some(self) -> list[Listing]:
        """Give the next few; none at the end.

        A cancelled wait leaves a thread behind that still waits for the next line, as of a terminal.
        """
        if self._later is not None:
            found = await self._next(self._later)
        else:
            found = await anyio.to_thread.run_sync(self._few, abandon_on_cancel=True)
        first = self.count + 1
        self.count += len(found)
        return [as_listing(item, line) for line, item in enumerate(found, first)]

    def _few(self) -> list[object]:
        return list(islice(self._now, _AT_ONCE))

    async def _next(self, items: AsyncIterator[object]) -> list[object]:
        try:
            return [await anext(items)]
        except StopAsyncIteration:
            return []
