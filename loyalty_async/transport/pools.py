"""Many small pools of connections behind one transport.

httpx's pool looks at all its connections several times for each request, once for each other one at worst: its work
grows with the square of them. So requests are spread over pools that are small.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from operator import attrgetter
from typing import Self, cast

import attrs
import httpx

__all__ = ["Pools"]

POOL_SIZE = 2
"""Connections of one pool. `python -m benchmarks pools` measures CPU for a request, with a hundred
connections, of 1.00 : 1.02 : 1.04 : 1.11 : 2.75 for pools of 1, 2, 5, 10 and 20, and of 1.00 : 0.95 : 1.18 : 1.61 :
3.02 on a machine that has other things to do, where more connections are idle at a time."""

_most_free = attrgetter("free")


@attrs.define(eq=False)
class _Pool:
    transport: httpx.AsyncBaseTransport
    free: int


class Pools(httpx.AsyncBaseTransport):
    """Gives each request to the pool that has the most free connections.

    A request holds its connection until its response is closed. As long as no more requests are under way than there
    are connections, each finds a free one in its pool, and the pool never has to make it wait.
    """

    def __init__(self, make_pool: Callable[[int], httpx.AsyncBaseTransport], connections: int) -> None:
        """Make the pools; nothing is opened.

        Args:
            make_pool: Makes a pool of so many connections.
            connections: How many there may be in all.
        """
        sizes = _sizes(connections)
        self._pools = [_Pool(make_pool(size), size) for size in sizes]

    async def __aenter__(self) -> Self:
        """Open all pools, or none: if one does not open, those before it are closed."""
        async with AsyncExitStack() as opened:
            for pool in self._pools:
                await opened.enter_async_context(pool.transport)
            opened.pop_all()
        return self

    async def aclose(self) -> None:
        """Close all pools, also when one of them fails."""
        async with AsyncExitStack() as closing:
            for pool in self._pools:
                closing.push_async_callback(pool.transport.aclose)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request through the pool that has the most room; the first of equals, whose connections are warm."""
        pool = max(self._pools, key=_most_free)
        pool.free -= 1
        try:
            response = await pool.transport.handle_async_request(request)
        except BaseException:
            pool.free += 1
            raise
        response.stream = _Leased(cast("httpx.AsyncByteStream", response.stream), pool)
        return response


class _Leased(httpx.AsyncByteStream):
    """A body whose connection counts as taken until it is closed."""

    def __init__(self, stream: httpx.AsyncByteStream, pool: _Pool) -> None:
        self._stream, self._pool = stream, pool
        self._closed = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._stream)

    async def aclose(self) -> None:
        try:
            await self._stream.aclose()
        finally:
            if not self._closed:
                self._closed = True
                self._pool.free += 1


def _sizes(connections: int) -> list[int]:
    """Cut a number of connections into pools, as equal as they can be."""
    pools = -(-connections // POOL_SIZE)
    least, more = divmod(connections, pools)
    return [least + 1] * more + [least] * (pools - more)
