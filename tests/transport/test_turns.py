from __future__ import annotations

import anyio
import pytest

from loyalty_async.models.members import Customer
from loyalty_async.transport.turns import Turns
from tests.transport.stages import MEMBER, PHONE

pytestmark = pytest.mark.anyio

OTHER = Customer.by_mobile("910000000000", source="INSTORE")


def test_a_member_is_watched_for_a_minute() -> None:
    turns = Turns()
    turns.watch(MEMBER, 0.0)
    assert turns.watches(MEMBER, 59.9)
    assert not turns.watches(OTHER, 0.0)
    assert not turns.watches(MEMBER, 60.0)
    assert len(turns) == 0


def test_another_refusal_makes_it_longer() -> None:
    turns = Turns()
    turns.watch(MEMBER, 0.0)
    turns.watch(OTHER, 1.0)
    turns.watch(MEMBER, 30.0)
    assert turns.watches(MEMBER, 89.0)
    assert not turns.watches(OTHER, 89.0)
    assert len(turns) == 1


def test_no_more_members_are_kept_than_there_is_room_for() -> None:
    turns = Turns(most=3)
    for number in range(10):
        turns.watch(number, float(number))
    assert [turns.watches(number, 10.0) for number in range(10)] == [False] * 7 + [True] * 3


def test_members_do_not_show() -> None:
    turns = Turns()
    turns.watch(MEMBER, 0.0)
    assert PHONE not in repr(turns)


async def together(turns: Turns, member: Customer, number: int) -> tuple[int, list[int]]:
    """Take so many turns at once; give how many ran beside one another, and in which order."""
    inside, most, order = 0, 0, list[int]()

    async def take(index: int) -> None:
        nonlocal inside, most
        async with turns.turn(member):
            order.append(index)
            inside += 1
            most = max(most, inside)
            await anyio.sleep(1)
            inside -= 1

    async with anyio.create_task_group() as tasks:
        for index in range(number):
            tasks.start_soon(take, index)
            await anyio.lowlevel.checkpoint()
    return most, order


async def test_a_watched_member_takes_turns() -> None:
    turns = Turns()
    turns.watch(MEMBER, anyio.current_time())
    assert await together(turns, MEMBER, 5) == (1, [0, 1, 2, 3, 4])


async def test_others_do_not() -> None:
    turns = Turns()
    turns.watch(MEMBER, anyio.current_time())
    assert (await together(turns, OTHER, 5))[0] == 5


async def test_a_wait_that_is_cancelled_passes_the_turn_on() -> None:
    turns, scope, passed = Turns(), anyio.CancelScope(), list[str]()
    turns.watch(MEMBER, anyio.current_time())

    async def take(name: str) -> None:
        async with turns.turn(MEMBER) as takes_turns:
            assert takes_turns
            passed.append(name)
            await anyio.sleep(2)

    async def give_up() -> None:
        with scope:
            await take("cancelled")

    async with anyio.create_task_group() as tasks:
        for run in (lambda: take("first"), give_up, lambda: take("last")):
            tasks.start_soon(run)
            await anyio.lowlevel.checkpoint()
        await anyio.sleep(1)
        scope.cancel()
    assert passed == ["first", "last"]


async def test_a_turn_waits_for_what_was_sent_before() -> None:
    turns, ended = Turns(), list[float]()
    began = anyio.current_time()

    async def send(seconds: float) -> None:
        with turns.flight(MEMBER):
            await anyio.sleep(seconds)

    async def take() -> None:
        async with turns.turn(MEMBER):
            ended.append(anyio.current_time() - began)

    async with anyio.create_task_group() as tasks:
        for seconds in (3.0, 5.0):
            tasks.start_soon(send, seconds)
        await anyio.sleep(1)
        turns.watch(MEMBER, anyio.current_time())
        with anyio.move_on_after(1):
            await take()
        for _ in range(2):
            tasks.start_soon(take)
    assert ended == [5.0, 5.0]
    assert not turns._in_flight
    assert not turns._idle
