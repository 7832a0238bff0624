from __future__ import annotations

import anyio
import pytest

from loyalty_async.transport.couriers import PATIENCE_S, Carry, Courier
from loyalty_async.transport.reservations import Question
from tests._support.leaks import nothing_left
from tests.transport.shelves import Shelf

pytestmark = pytest.mark.anyio

GREETING = Question(pause_key="pause", quotas=())


async def greet(carry: Carry) -> None:
    await carry(GREETING)


async def done(courier: Courier, name: str = "work") -> float:
    """Have something done, and tell how long it took."""
    began = anyio.current_time()
    moved = anyio.Event()

    def look() -> None:
        if courier.away or not courier.carries(name):
            moved.set()

    courier.listen(look)
    courier.post(name, greet)
    if not courier.away:
        await moved.wait()
    return anyio.current_time() - began


async def test_a_courier_greets_first_and_then_does_what_it_is_told() -> None:
    shelf = Shelf(latency_s=1.0)
    courier = await Courier(shelf).open(greet)
    assert await done(courier) == 2.5
    assert (len(shelf.asked), courier.round_trips, shelf.opened) == (2, 2, 1)
    assert await done(courier) == 1.0
    await courier.close()
    assert shelf.connections == 0


async def test_whoever_stops_waiting_takes_nothing_back() -> None:
    shelf = Shelf(latency_s=1.0)
    courier = await Courier(shelf).open(greet)
    with anyio.move_on_after(0.1):
        await done(courier)
    await anyio.sleep(10)
    assert len(shelf.asked) == 2
    await courier.close()


async def test_a_store_that_comes_back_in_time_was_never_away() -> None:
    shelf = Shelf(away=True)
    courier = await Courier(shelf).open(greet)

    async def come_back() -> None:
        await anyio.sleep(PATIENCE_S - 1)
        shelf.away = False

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(come_back)
        assert PATIENCE_S - 1 <= await done(courier) <= PATIENCE_S
    assert courier.away == ""
    await courier.close()


async def test_a_store_that_breaks_down_is_asked_again_on_a_new_connection() -> None:
    shelf = Shelf()
    courier = await Courier(shelf).open(greet)
    await done(courier)
    shelf.away = True
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(done, courier)
        await anyio.sleep(1)
        shelf.away = False
    assert shelf.opened >= 3
    assert shelf.connections == 1
    await courier.close()


async def test_a_store_that_stays_away_counts_as_away_until_it_answers() -> None:
    shelf = Shelf(away=True)
    courier = await Courier(shelf).open(greet)
    assert PATIENCE_S <= await done(courier) <= PATIENCE_S + 0.5
    assert courier.away == "ConnectionRefusedError"
    assert await done(courier) == 0.0
    await anyio.sleep(60)
    assert shelf.opened <= 140
    shelf.away = False
    await anyio.sleep(1)
    assert courier.away == ""
    assert await done(courier) == 0.0
    await courier.close()


async def test_a_store_that_says_that_waiting_will_not_help_is_away_at_once() -> None:
    """A wrong password, say; it is tried again all the same, for it may be mended there."""
    shelf = Shelf(away=True, hopeless=True)
    courier = await Courier(shelf).open(greet)
    assert await done(courier) <= 0.1
    assert courier.away
    shelf.away = False
    await anyio.sleep(1)
    assert courier.away == ""
    await courier.close()


async def test_a_store_that_opens_but_cannot_be_used_is_away_too() -> None:
    """Such as a replica, which takes connections and refuses to write."""
    shelf = Shelf()

    async def fail(carry: Carry) -> None:
        shelf.away = True
        try:
            await carry(GREETING)
        finally:
            shelf.away = False

    courier = await Courier(shelf).open(fail)
    await done(courier)
    assert courier.away
    await courier.close()


async def test_the_end_hides_no_error_even_where_all_is_cancelled() -> None:
    with anyio.CancelScope() as scope:
        courier = await Courier(Shelf()).open(greet)
        await done(courier)
        scope.cancel()
        with pytest.raises(ZeroDivisionError):
            await fail_and_close(courier)


async def fail_and_close(courier: Courier) -> None:
    try:
        raise ZeroDivisionError
    finally:
        await courier.close()


async def test_what_is_still_to_be_told_is_told_at_the_end() -> None:
    shelf = Shelf(latency_s=0.5)
    courier = await Courier(shelf).open(greet)
    await done(courier)
    courier.post("pause", greet)
    await courier.close()
    assert len(shelf.asked) == 3


@pytest.mark.parametrize("latency_s", [0.0, 100.0])
async def test_the_end_does_not_wait_for_a_store_that_is_away_or_slow(latency_s: float) -> None:
    shelf = Shelf(latency_s=latency_s, away=not latency_s)
    courier = await Courier(shelf).open(greet)
    courier.post("pause", greet)
    await anyio.sleep(0.01)
    began = anyio.current_time()
    await courier.close()
    assert anyio.current_time() - began <= 1.0
    courier.post("late", greet)
    await courier.close()


@pytest.mark.parametrize("steps", range(12))
async def test_nothing_is_left_whenever_it_ends(steps: int) -> None:
    """Also when what it is in was cancelled or failed: neither the error nor the cancellation is changed."""
    shelf = Shelf()
    async with nothing_left():
        with anyio.CancelScope() as scope:
            courier = await Courier(shelf).open(greet)
            try:
                courier.post("work", greet)
                for _ in range(steps):
                    await anyio.lowlevel.checkpoint()
                scope.cancel()
                await anyio.sleep(10)
            finally:
                await courier.close()
    assert shelf.connections == 0
