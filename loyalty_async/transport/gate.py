"""Who may send now."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio

from loyalty_async.errors import InvalidArgument

__all__ = ["Gate"]


class Gate:
    """A place in flight for each request, first come first served.

    A request is admitted before it enters the HTTP pool, so the pool never has to make it wait.
    """

    def __init__(self, max_in_flight: int) -> None:
        if type(max_in_flight) is not int or max_in_flight < 1:
            raise InvalidArgument("max_in_flight must be an integer of at least 1")
        self._places = anyio.Semaphore(max_in_flight)

    @asynccontextmanager
    async def admission(self) -> AsyncGenerator[None]:
        """Wait for a place; it is given back at the end of the block, whatever happens in it."""
        async with self._places:
            yield
