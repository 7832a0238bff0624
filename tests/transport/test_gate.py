from __future__ import annotations

import anyio
import anyio.lowlevel
import pytest

from loyalty_async.transport.concurrency import Places
from loyalty_async.transport.gate import Gate

pytestmark = pytest.mark.anyio


def test_a_gate_can_be_made_before_there_is_an_event_loop() -> None:
    Gate(Places(1))


async def test_so_many_are_in_and_the_others_come_in_turn() -> None:
    gate, inside, order = Gate(Places(2)), 0, []
    most = 0

    async def pass_through(number: int) -> None:
        nonlocal inside, most
        async with gate.admission():
            order.append(number)
            inside += 1
            most = max(most, inside)
            await anyio.sleep(1 + number / 100)
            inside -= 1

    async with anyio.create_task_group() as tasks:
        for number in range(9):
            tasks.start_soon(pass_through, number)
            await anyio.lowlevel.checkpoint()
    assert most == 2
    assert order == sorted(order)


async def test_an_error_inside_gives_the_place_back() -> None:
    gate = Gate(Places(1))
    with pytest.raises(ZeroDivisionError):
        async with gate.admission():
            raise ZeroDivisionError
    with anyio.fail_after(1):
        async with gate.admission():
            pass


async def test_whoever_stops_waiting_takes_no_place() -> None:
    gate = Gate(Places(1))
    async with anyio.create_task_group() as tasks:
        async with gate.admission():
            with anyio.move_on_after(1):
                async with gate.admission():
                    pytest.fail("there was no place")
            tasks.start_soon(_pass, gate)
            await anyio.sleep(1)
        await anyio.sleep(1)
    with anyio.fail_after(1):
        await _pass(gate)


async def test_a_place_that_comes_with_a_cancellation_is_not_lost() -> None:
    gate = Gate(Places(1))
    scope = anyio.CancelScope()

    async def wait() -> None:
        with scope:
            await _pass(gate)

    async with anyio.create_task_group() as tasks:
        async with gate.admission():
            tasks.start_soon(wait)
            await anyio.sleep(1)
        # The place was just given to the one that waits; it has not run since.
        scope.cancel()
    with anyio.fail_after(1):
        await _pass(gate)


async def _pass(gate: Gate) -> None:
    async with gate.admission():
        await anyio.lowlevel.checkpoint()
