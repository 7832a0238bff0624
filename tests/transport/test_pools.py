from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Self

import anyio
import anyio.lowlevel
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_async.errors import LoyaltyError
from loyalty_async.protocol.backoff import RetryPolicy
from loyalty_async.transport.pools import POOL_SIZE, Pools
from tests.transport.stages import CALL, Reply, Stage, as_it_is, open_session

pytestmark = pytest.mark.anyio

REQUEST = httpx.Request("GET", "https://api.example.com/")
SLOW = Reply(wait_s=1.0, chunk_wait_s=1.0, close_wait_s=1.0)


class Part(Stage):
    """One pool, which remembers how many connections it was made with, and may fail to open or to close."""

    def __init__(self, size: int, log: list[str], *, broken: str = "", reply: Reply = SLOW) -> None:
        super().__init__(answering=lambda _: reply)
        self.size, self._log, self._broken = size, log, broken

    async def __aenter__(self) -> Self:
        await anyio.lowlevel.checkpoint()
        if self._broken == "opening":
            raise OSError("does not open")
        self._log.append("opened")
        return self

    async def aclose(self) -> None:
        self._log.append("closed")
        if self._broken == "closing":
            raise OSError("does not close")
        await anyio.lowlevel.checkpoint()


def make(connections: int, *broken: str, reply: Reply = SLOW) -> tuple[Pools, list[Part], list[str]]:
    """Make pools of which some are broken, and give what they are made of and what befalls it."""
    parts: list[Part] = []
    log: list[str] = []
    how: Iterator[str] = iter(broken)

    def make_pool(size: int) -> Part:
        parts.append(Part(size, log, broken=next(how, ""), reply=reply))
        return parts[-1]

    return Pools(make_pool, connections), parts, log


def all_free(pools: Pools, parts: list[Part]) -> bool:
    return [pool.free for pool in pools._pools] == [part.size for part in parts]


async def get(pools: Pools) -> bytes:
    response = await pools.handle_async_request(REQUEST)
    try:
        return await response.aread()
    finally:
        await response.aclose()


@given(st.integers(min_value=1, max_value=1000))
def test_the_connections_are_spread_evenly_over_small_pools(connections: int) -> None:
    _, parts, _ = make(connections)
    sizes = [part.size for part in parts]
    assert sum(sizes) == connections
    assert max(sizes) <= POOL_SIZE
    assert max(sizes) - min(sizes) <= 1
    assert len(sizes) == -(-connections // POOL_SIZE)


@given(st.integers(min_value=1, max_value=40), st.data())
async def test_no_pool_gets_more_requests_than_it_has_connections(connections: int, data: st.DataObject) -> None:
    """Requests come and go in any order, never more at once than there are connections."""
    pools, parts, _ = make(connections, reply=Reply())
    running: list[httpx.Response] = []
    for begins in data.draw(st.lists(st.booleans(), max_size=60)):
        if begins and len(running) < connections:
            running.append(await pools.handle_async_request(REQUEST))
        elif running:
            await running.pop(data.draw(st.integers(0, len(running) - 1))).aclose()
    assert all(part.most <= part.size for part in parts)
    assert [pool.free for pool in pools._pools] == [part.size - part.in_flight for part in parts]
    for response in running:
        await response.aclose()
    assert all_free(pools, parts)


async def test_requests_one_after_the_other_use_one_warm_pool() -> None:
    pools, parts, _ = make(3 * POOL_SIZE)
    for _ in range(10):
        await get(pools)
    assert [len(part.requests) for part in parts] == [10, 0, 0]


async def test_requests_at_once_are_spread() -> None:
    pools, parts, _ = make(3 * POOL_SIZE)
    async with anyio.create_task_group() as tasks:
        for _ in range(6):
            tasks.start_soon(get, pools)
    assert [part.most for part in parts] == [2, 2, 2]
    assert all_free(pools, parts)


async def test_a_body_that_is_closed_twice_is_given_back_once() -> None:
    pools, parts, _ = make(1)
    response = await pools.handle_async_request(REQUEST)
    await response.aread()
    assert pools._pools[0].free == 1  # httpx closes a body that it has read.
    await response.stream.aclose()  # type: ignore[union-attr]
    assert all_free(pools, parts)


@pytest.mark.parametrize(
    "reply", [Reply(error=httpx.ConnectError("refused")), Reply(body_error=httpx.ReadError("reset"))]
)
async def test_a_request_that_fails_gives_its_connection_back(reply: Reply) -> None:
    pools, parts, _ = make(2, reply=reply)
    with pytest.raises(httpx.TransportError):
        await get(pools)
    assert all_free(pools, parts)


@pytest.mark.parametrize("cancelled_at", [number / 2 for number in range(1, 9)])
async def test_a_request_can_be_cancelled_at_any_moment(cancelled_at: float) -> None:
    """While it waits for the answer, for the body, or for the closing."""
    pools, parts, _ = make(3)
    with anyio.move_on_after(cancelled_at):
        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(get, pools)
    assert all_free(pools, parts)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("steps", range(12))
async def test_a_task_can_be_cancelled_at_any_step(steps: int) -> None:
    pools, parts, _ = make(1, reply=Reply())
    task = asyncio.ensure_future(get(pools))
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert all_free(pools, parts)


# ---- Opening and closing ---------------------------------------------------------------------------------------------


async def test_all_pools_are_opened_and_closed() -> None:
    pools, parts, log = make(3 * POOL_SIZE)
    async with pools:
        assert log == ["opened"] * 3
    assert log == ["opened"] * 3 + ["closed"] * 3
    assert len(parts) == 3


async def test_if_one_does_not_open_those_before_it_are_closed() -> None:
    pools, _, log = make(3 * POOL_SIZE, "", "", "opening")
    with pytest.raises(OSError, match="does not open"):
        await pools.__aenter__()
    assert log == ["opened", "opened", "closed", "closed"]


async def test_whoever_is_cancelled_while_opening_leaves_nothing_open() -> None:
    pools, _, log = make(5 * POOL_SIZE)
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(pools.__aenter__)
            while not log:
                await anyio.lowlevel.checkpoint()
            scope.cancel()
    assert scope.cancelled_caught
    assert 0 < log.count("opened") == log.count("closed") < 5


@pytest.mark.parametrize("broken", [("closing", "", ""), ("", "closing", ""), ("", "", "closing"), ("closing",) * 3])
async def test_all_are_closed_even_if_one_fails(broken: tuple[str, ...]) -> None:
    pools, _, log = make(3 * POOL_SIZE, *broken)
    with pytest.raises(OSError, match="does not close"):
        async with pools:
            pass
    assert log.count("closed") == 3


async def test_all_are_closed_even_if_the_closing_is_cancelled() -> None:
    pools, _, log = make(3 * POOL_SIZE)
    with anyio.CancelScope() as scope:
        async with pools:
            scope.cancel()
    assert log.count("closed") == 3


# ---- Under a session -------------------------------------------------------------------------------------------------


async def test_a_crowd_of_calls_never_waits_in_a_pool() -> None:
    """What a session admits fits into the pools: each pool gets as many requests at once as it has connections."""
    pools, parts, _ = make(23, reply=Reply(wait_s=1.0))
    session = open_session(pools, max_in_flight=23, retry=RetryPolicy(attempts=1))

    async def run() -> None:
        with contextlib.suppress(LoyaltyError):
            await session.call(CALL, as_it_is)

    async with anyio.create_task_group() as tasks:
        for _ in range(100):
            tasks.start_soon(run)
    assert [part.most for part in parts] == [part.size for part in parts]
    assert all_free(pools, parts)
