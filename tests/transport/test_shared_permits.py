"""Clients that share a store, in virtual time; what the store itself does is in test_reservations."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import pairwise

import anyio
import pytest

from loyalty_async.errors import ClientStateError, RateLimitedError, StoreUnavailableError
from loyalty_async.models.rate_limits import RateLimit
from loyalty_async.transport.concurrency import Places
from loyalty_async.transport.couriers import PATIENCE_S, Courier
from loyalty_async.transport.gate import Gate
from loyalty_async.transport.reservations import AHEAD_S
from loyalty_async.transport.shared_permits import SharedPermits
from tests.transport.shelves import Shelf
from tests.transport.visits import Visit, Visits, refusal

pytestmark = pytest.mark.anyio

URL = "redis://127.0.0.1:6379/0"
LIMIT = RateLimit(60, per=60.0, store=URL)
PACE = 0.98


def permits_of(shelf: Shelf, *limits: RateLimit, **groups: RateLimit) -> SharedPermits:
    own = {name: [limit] for name, limit in groups.items()}
    return SharedPermits.from_shared_limits(
        limits or (() if own else (LIMIT,)), own, learn=False, scope="test", courier=Courier(shelf)
    )


@asynccontextmanager
async def visiting(shelf: Shelf, *limits: RateLimit, places: int = 20, **groups: RateLimit) -> AsyncGenerator[Visits]:
    visits = Visits(Gate(Places(places), permits_of(shelf, *limits, **groups)), draw=0.0)
    async with visits.gate.permits:
        yield visits


async def come(visits: Visits, names: str, group: str = "") -> None:
    async with anyio.create_task_group() as tasks:
        for name in names:
            tasks.start_soon(visits.pay, Visit(name=name, group=group, stay_s=0.0))


async def test_two_clients_get_one_quota_between_them() -> None:
    shelf = Shelf(latency_s=0.002)
    async with visiting(shelf) as one, visiting(shelf) as other, anyio.create_task_group() as tasks:
        tasks.start_soon(come, one, "abcdefghij")
        tasks.start_soon(come, other, "klmnopqrst")
    at = sorted(one.at + other.at)
    gaps = [later - sooner for sooner, later in pairwise(at)]
    assert gaps == pytest.approx([1 / PACE] * 19, abs=0.01)
    assert len(shelf.booked) == 20


async def test_permits_that_are_close_together_are_booked_together() -> None:
    shelf = Shelf(latency_s=0.002)
    async with visiting(shelf, RateLimit(6000, per=60.0, store=URL)) as visits:
        await come(visits, "abcdefghijklmnopqrstuvwxyz" * 4)
        assert len(visits.admitted) == len(shelf.booked) == 104
        assert visits.gate.permits.round_trips <= 20


async def test_no_more_is_booked_than_can_be_used() -> None:
    shelf = Shelf()
    async with visiting(shelf, RateLimit(6000, per=60.0, store=URL), places=3) as visits:
        await come(visits, "ab")
        await come(visits, "abcdefghijkl")
    assert max(question.wanted for question in shelf.asked) == 3
    assert len(shelf.booked) == 14


async def test_nothing_is_asked_while_nobody_waits() -> None:
    shelf = Shelf()
    async with visiting(shelf) as visits:
        await come(visits, "a")
        asked = len(shelf.asked)
        await anyio.sleep(1000)
        assert len(shelf.asked) == asked == 2


async def test_a_permit_goes_to_whoever_is_first_when_its_moment_comes() -> None:
    shelf = Shelf()
    async with visiting(shelf) as visits, anyio.create_task_group() as tasks:
        await visits.pay(Visit(name="first", stay_s=0.0))
        tasks.start_soon(visits.pay, Visit(name="bulk", lane="bulk"))
        await anyio.sleep_until(shelf.booked[0] + 1 / PACE - AHEAD_S / 2)  # It is booked by now.
        assert len(shelf.booked) == 2
        tasks.start_soon(visits.pay, Visit(name="me"))
    assert visits.admitted == ["first", "me", "bulk"]


async def test_a_permit_that_is_late_is_not_used() -> None:
    shelf = Shelf()
    async with visiting(shelf) as visits:
        await visits.pay(Visit(name="first", stay_s=0.0))
        with anyio.move_on_after(1 / PACE - AHEAD_S / 2):
            await visits.pay(Visit(name="impatient"))
        assert len(shelf.booked) == 2
        await anyio.sleep(AHEAD_S / 2 + 0.26)
        await visits.pay(Visit(name="late", stay_s=0.0))
    assert len(shelf.booked) == 3
    assert visits.at[1] == shelf.booked[2] == pytest.approx(shelf.booked[1] + 1 / PACE)


async def test_a_permit_whose_caller_gave_up_is_there_for_the_next() -> None:
    shelf = Shelf(latency_s=0.01)
    async with visiting(shelf) as visits:
        await anyio.sleep(1)
        with anyio.move_on_after(0.005):
            await visits.pay(Visit(name="impatient"))
        await anyio.sleep(0.05)
        assert visits.gate.permits.left(anyio.current_time()) == 1
        await visits.pay(Visit(name="next", stay_s=0.0))
        assert visits.gate.permits.left(anyio.current_time()) == 0
    assert len(shelf.booked) == 1


async def test_a_store_may_take_longer_than_a_permit_lasts() -> None:
    shelf = Shelf(latency_s=0.1)
    async with visiting(shelf, RateLimit(10, per=1.0, store=URL)) as visits:
        await come(visits, "abcdefgh")
    assert visits.at[-1] - visits.at[0] <= 7 * 0.1 / PACE + 0.1


@pytest.mark.parametrize("steps", range(40))
async def test_a_wait_can_be_cancelled_at_any_step(steps: int) -> None:
    shelf = Shelf()
    async with visiting(shelf, RateLimit(600, per=60.0, store=URL)) as visits:
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(come, visits, "abc")
                for _ in range(steps):
                    await anyio.lowlevel.checkpoint()
                scope.cancel()
        visits.assert_nothing_is_left()
        with anyio.fail_after(1):
            await visits.pay(Visit(name="next", stay_s=0.0))
    assert shelf.connections == 0


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("steps", range(30))
async def test_a_task_can_be_cancelled_at_any_step(steps: int) -> None:
    async with visiting(Shelf(), RateLimit(600, per=60.0, store=URL)) as visits:
        tasks = [asyncio.ensure_future(visits.pay(Visit(name=name, stay_s=0.0))) for name in "abc"]
        for _ in range(steps):
            await asyncio.sleep(0)
        tasks[steps % 3].cancel()
        await asyncio.wait(tasks)
        visits.assert_nothing_is_left()
        assert set(visits.admitted) >= {name for index, name in enumerate("abc") if index != steps % 3}


# ---- Pauses ----------------------------------------------------------------------------------------------------------


async def test_a_pause_of_one_client_is_the_pause_of_all() -> None:
    shelf = Shelf(latency_s=0.002)
    async with visiting(shelf) as one, visiting(shelf) as other:
        await one.pay(Visit(name="refused", error=refusal(30.0)))
        refused_at = anyio.current_time()
        await anyio.sleep(0.01)
        await come(other, "ab")
        assert other.at[0] == pytest.approx(refused_at + 30.0, abs=0.01)
        pause = other.gate.permits.pause
        assert (pause.kind, pause.status, pause.count) == (RateLimitedError, 429, 1)


async def test_a_pause_is_told_even_if_nobody_waits_and_the_client_ends() -> None:
    shelf = Shelf(latency_s=0.002)
    async with visiting(shelf) as one:
        await one.pay(Visit(name="refused", error=refusal(30.0)))
    async with visiting(shelf) as other:
        await anyio.sleep(0.1)
        assert other.gate.permits.paused_s(anyio.current_time()) == pytest.approx(29.9, abs=0.1)


async def test_a_pause_of_another_client_that_is_too_long_fails_all_that_wait() -> None:
    shelf = Shelf(latency_s=0.002)
    async with visiting(shelf) as one, visiting(shelf) as other, anyio.create_task_group() as tasks:
        await other.pay(Visit(name="first", stay_s=0.0))
        tasks.start_soon(come, other, "abcd")
        await anyio.sleep(0.5)
        now = anyio.current_time()
        one.gate.permits.halt(now, now + 500.0, refusal())
    assert set(other.turned_away) == set("abcd")
    assert anyio.current_time() < 10
    other.assert_nothing_is_left()


async def test_a_pause_that_the_store_has_forgotten_is_told_again() -> None:
    shelf = Shelf()
    async with visiting(shelf) as one:
        await one.pay(Visit(name="refused", error=refusal(60.0)))
        await anyio.sleep(1)
        shelf.away = True
        one.gate.permits.halt(anyio.current_time(), anyio.current_time() + 70.0, refusal())
        await anyio.sleep(1)
        shelf.away, shelf._paused_until = False, 0.0
        await anyio.sleep(1)
        assert shelf._paused_until == one.gate.permits.pause.until


# ---- Groups ----------------------------------------------------------------------------------------------------------


async def test_a_group_uses_up_the_clients_shared_quota_and_its_own() -> None:
    shelf = Shelf()
    async with visiting(shelf, LIMIT, ledger=RateLimit(6, per=60.0, store=URL)) as visits:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(come, visits, "LMN", "ledger")
            tasks.start_soon(come, visits, "abcdefgh")
        ledger = [at for name, at in zip(visits.admitted, visits.at, strict=True) if name.isupper()]
    assert [later - sooner for sooner, later in pairwise(ledger)] == pytest.approx([10 / PACE] * 2, abs=0.3)
    at = sorted(visits.at)
    assert min(later - sooner for sooner, later in pairwise(at)) >= 1 / PACE - 0.02


async def test_only_a_group_may_be_shared_and_quotas_of_ones_own_hold_beside_shared_ones() -> None:
    shelf = Shelf()
    async with visiting(shelf, RateLimit(6, per=60.0), ledger=RateLimit(60, per=60.0, store=URL)) as visits:
        await come(visits, "ab")
        assert shelf.booked == []
        await come(visits, "cd", "ledger")
        assert len(visits.admitted) == 4
        assert visits.at[3] - visits.at[2] == pytest.approx(10 / 0.99, abs=0.1)


# ---- A store that is away --------------------------------------------------------------------------------------------


async def test_without_a_fallback_all_that_wait_are_told_what_to_do() -> None:
    errors: list[StoreUnavailableError] = []

    async def visit(name: str) -> None:
        try:
            await visits.pay(Visit(name=name))
        except StoreUnavailableError as error:
            errors.append(error)

    shelf = Shelf(away=True)
    async with visiting(shelf) as visits:
        async with anyio.create_task_group() as tasks:
            for name in "abcde":
                tasks.start_soon(visit, name)
        waited_s = anyio.current_time()
        await visit("f")
        assert anyio.current_time() == waited_s
        assert len(errors) == len(set(map(id, errors))) == 6
        assert "fallback=" in str(errors[0])
        assert "ConnectionRefusedError" in str(errors[0])
        assert URL not in str(errors[0])
        assert visits.gate.permits.store == "away"
        visits.assert_nothing_is_left()
        shelf.away = False
        await anyio.sleep(1)
        assert visits.gate.permits.store == "well"
        await visits.pay(Visit(name="g"))
    assert visits.admitted == ["g"]


async def test_a_store_that_is_away_fails_no_call_that_does_not_need_it() -> None:
    """The call that watches the clock for all is one without a shared limit."""
    errors: list[str] = []

    async def visit(name: str, group: str) -> None:
        try:
            await visits.pay(Visit(name=name, group=group, stay_s=0.0))
        except StoreUnavailableError:
            errors.append(name)

    limit = RateLimit(6, per=60.0)
    async with visiting(Shelf(away=True), limit, events=limit, ledger=LIMIT) as visits:
        async with anyio.create_task_group() as tasks:
            for name, group in (("0", ""), ("1", ""), ("e", "events"), ("L", "ledger"), ("2", ""), ("M", "ledger")):
                tasks.start_soon(visit, name, group)
                await anyio.sleep(0.01)
        assert sorted(errors) == ["L", "M"]
        assert sorted(visits.admitted) == ["0", "1", "2", "e"]
        visits.assert_nothing_is_left()


async def test_while_a_store_is_silent_calls_that_do_not_need_it_go_on() -> None:
    async with visiting(Shelf(away=True), RateLimit(120, per=60.0), ledger=LIMIT) as visits:
        with anyio.move_on_after(PATIENCE_S - 1):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(come, visits, "L", "ledger")
                await anyio.sleep(0.01)
                await come(visits, "abcd")
                tasks.cancel_scope.cancel()
    assert sorted(visits.admitted) == ["a", "b", "c", "d"]


async def test_that_others_use_the_limit_otherwise_is_said_once() -> None:
    async with visiting(Shelf(odd=1)) as visits:
        permits = visits.gate.permits
        assert permits.complaint() == ""
        await come(visits, "ab")
        assert "test:all:60s is used with another count or burst" in permits.complaint()
        await come(visits, "c")
        assert permits.complaint() == ""


async def test_a_store_that_refuses_is_not_to_be_started() -> None:
    shelf = Shelf(away=True, hopeless=True)
    async with visiting(shelf) as visits:
        with pytest.raises(StoreUnavailableError, match="correct the password, user or database"):
            await visits.pay(Visit(name="a"))
        shelf.hopeless = False
        await anyio.sleep(1)
        with pytest.raises(StoreUnavailableError, match="does not answer"):
            await visits.pay(Visit(name="b"))


async def test_with_a_fallback_each_client_goes_on_by_itself_until_the_store_is_back() -> None:
    shelf = Shelf(away=True)
    limit = RateLimit(60, per=60.0, store=URL, fallback=RateLimit(30, per=60.0))
    async with visiting(shelf, limit) as visits:
        began = anyio.current_time()
        await come(visits, "abc")
        assert PATIENCE_S <= visits.at[0] - began <= PATIENCE_S + 0.5
        assert visits.at[2] - visits.at[0] == pytest.approx(2 * 2 / 0.99, abs=0.5)
        assert visits.gate.permits.store == "fallback"
        assert visits.gate.permits.left(anyio.current_time()) == 0
        assert visits.gate.permits.pace() == pytest.approx(0.99 / 2)
        assert shelf.booked == []
        shelf.away = False
        await anyio.sleep(3)
        assert visits.gate.permits.pace() == pytest.approx(0.98)
        await come(visits, "de")
        assert len(shelf.booked) == 2


async def test_a_store_that_restarts_is_waited_for() -> None:
    shelf = Shelf()
    async with visiting(shelf) as visits, anyio.create_task_group() as tasks:
        await visits.pay(Visit(name="first"))
        shelf.away = True
        tasks.start_soon(come, visits, "ab")
        await anyio.sleep(PATIENCE_S - 1)
        shelf.away = False
    assert len(visits.admitted) == 3


async def test_permits_are_only_to_be_had_while_the_client_is_open() -> None:
    with pytest.raises(ClientStateError, match="open"):
        await Visits(Gate(Places(1), permits_of(Shelf()))).pay(Visit(name="early"))


# ---- What is told ----------------------------------------------------------------------------------------------------


async def test_what_is_shared_counts_for_the_pace() -> None:
    permits = permits_of(Shelf(), LIMIT, RateLimit(30, per=60.0))
    assert permits.limited
    assert permits.pace() == pytest.approx(0.99 / 2)
    assert permits_of(Shelf()).pace() == pytest.approx(PACE)
    assert permits_of(Shelf(), ledger=LIMIT).pace() is None
    assert permits_of(Shelf(), ledger=LIMIT).left(0.0) is None
