from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

import anyio
import anyio.lowlevel
import attrs
import pytest
from anyio.abc import TaskGroup
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from loyalty_async.errors import ApiError, RateLimitedError, StoreUnavailableError, UnavailableError
from loyalty_async.models.rate_limits import RateLimit
from loyalty_async.protocol.backoff import RetryPolicy
from loyalty_async.protocol.signals import Signal
from loyalty_async.transport.concurrency import AdaptivePlaces, Places
from loyalty_async.transport.gate import Gate
from loyalty_async.transport.lanes import LANES, Lane
from loyalty_async.transport.pauses import LONGEST_PAUSE_S
from loyalty_async.transport.permits import Permits
from loyalty_async.transport.tickets import PausedError
from tests._support.profiles import examples
from tests._support.virtual_clock import VirtualTimeLoop
from tests.transport.visits import Visit, Visits, busy, refusal

pytestmark = pytest.mark.anyio

POLICY = RetryPolicy(first_delay_s=0.5, longest_delay_s=20.0, longest_wait_s=90.0)


def gate_of(
    places: int = 1, *limits: RateLimit, groups: dict[str, RateLimit] | None = None, retry: RetryPolicy = POLICY
) -> Gate:
    own = {name: [limit] for name, limit in (groups or {}).items()}
    return Gate(Places(places), Permits.from_limits(limits, own, learn=False), retry)


async def start(tasks: TaskGroup, visits: Visits, *all_of_them: Visit) -> None:
    """Let visitors come one after the other."""
    for visit in all_of_them:
        tasks.start_soon(visits.pay, visit)
        for _ in range(3):
            await anyio.lowlevel.checkpoint()


def names(number: int, prefix: str = "") -> list[str]:
    return [f"{prefix}{index}" for index in range(number)]


# ---- Places ----------------------------------------------------------------------------------------------------------


def test_a_gate_can_be_made_before_there_is_an_event_loop() -> None:
    Gate(Places(1))


async def test_so_many_are_in_and_the_others_come_in_turn() -> None:
    visits = Visits(gate_of(2))
    async with anyio.create_task_group() as tasks:
        await start(tasks, visits, *(Visit(name=name, stay_s=1 + index / 100) for index, name in enumerate(names(9))))
    assert visits.most == 2
    assert visits.admitted == names(9)
    visits.assert_nothing_is_left()


async def test_an_error_inside_gives_the_place_back() -> None:
    gate = gate_of()
    with pytest.raises(ZeroDivisionError):
        async with gate.admission():
            raise ZeroDivisionError
    with anyio.fail_after(1):
        await Visits(gate).pay(Visit(name="next", stay_s=0))


async def test_whoever_stops_waiting_takes_no_place() -> None:
    visits = Visits(gate_of())
    async with anyio.create_task_group() as tasks, visits.gate.admission():
        with anyio.move_on_after(1):
            await visits.pay(Visit(name="impatient"))
        await start(tasks, visits, Visit(name="patient"))
    assert visits.admitted == ["patient"]
    visits.assert_nothing_is_left()


async def test_a_place_that_comes_with_a_cancellation_is_not_lost() -> None:
    visits, scope = Visits(gate_of()), anyio.CancelScope()

    async def wait() -> None:
        with scope:
            await visits.pay(Visit(name="cancelled"))

    async with anyio.create_task_group() as tasks:
        async with visits.gate.admission():
            tasks.start_soon(wait)
            await anyio.sleep(1)
            await start(tasks, visits, Visit(name="next"))
        # The place was just given to the one that waits; it has not run since.
        scope.cancel()
    assert visits.admitted[-1] == "next"
    visits.assert_nothing_is_left()


@pytest.mark.parametrize("anyio_backend", [("asyncio", {"loop_factory": VirtualTimeLoop})])
async def test_a_place_that_comes_with_a_tasks_own_cancellation_is_not_lost() -> None:
    """asyncio's `Task.cancel` hits a wait that is over already, as long as the task has not run since."""
    visits = Visits(gate_of())
    async with visits.gate.admission():
        task = asyncio.ensure_future(visits.pay(Visit(name="cancelled")))
        await anyio.sleep(1)
    task.cancel()
    await asyncio.wait([task])
    assert visits.admitted == []
    visits.assert_nothing_is_left()


async def test_places_that_adapt_hear_what_becomes_of_requests() -> None:
    visits = Visits(Gate(AdaptivePlaces()))
    async with anyio.create_task_group() as tasks:
        await start(tasks, visits, *(Visit(name=name) for name in names(60)))
    assert visits.most > 20
    assert visits.gate.places.limit > 20
    limit = visits.gate.places.limit
    await visits.pay(Visit(name="refused", error=refusal()))
    assert visits.gate.places.limit == limit // 2


# ---- Lanes -----------------------------------------------------------------------------------------------------------


async def test_an_interactive_call_is_the_next_although_others_have_waited_longer() -> None:
    visits = Visits(gate_of(1, RateLimit(60, per=60.0)))
    async with anyio.create_task_group() as tasks:
        await start(tasks, visits, *(Visit(name=name, lane="bulk", stay_s=0.1) for name in names(5)))
        await anyio.sleep(3.5)
        before = len(visits.admitted)
        await start(tasks, visits, Visit(name="me", stay_s=0.1))
    assert visits.admitted.index("me") == before


async def test_bulk_keeps_its_share() -> None:
    visits = Visits(gate_of())
    async with anyio.create_task_group() as tasks, visits.gate.admission():
        await start(tasks, visits, *(Visit(name=f"bulk {name}", lane="bulk") for name in names(5)))
        await start(tasks, visits, *(Visit(name=name) for name in names(40)))
    assert [index for index, name in enumerate(visits.admitted) if "bulk" in name] == [9, 19, 29, 39, 44]


# ---- Quotas ----------------------------------------------------------------------------------------------------------


async def test_admissions_are_spaced_by_the_quota() -> None:
    visits = Visits(gate_of(50, RateLimit(10, per=1.0)))
    async with anyio.create_task_group() as tasks:
        await start(tasks, visits, *(Visit(name=name, stay_s=5) for name in names(40)))
    assert visits.admitted == names(40)
    assert 39 / 9.9 - 0.02 <= visits.at[-1] - visits.at[0] <= 39 / 9.9
    assert max(sum(at <= each <= at + 1.0 for each in visits.at) for at in visits.at) <= 10


async def test_the_keeper_may_go_and_another_watches_the_clock() -> None:
    visits = Visits(gate_of(50, RateLimit(1, per=10.0)))
    async with anyio.create_task_group() as tasks:
        await visits.pay(Visit(name="first", stay_s=0))
        with anyio.move_on_after(3):
            await visits.pay(Visit(name="keeper"))
        began = anyio.current_time()
        await start(tasks, visits, Visit(name="heir"))
    assert visits.admitted == ["first", "heir"]
    assert visits.at[1] - visits.at[0] == pytest.approx(10 / 0.99, rel=0.01)
    assert anyio.current_time() > began


async def test_a_keeper_that_is_cancelled_while_others_wait_hands_over() -> None:
    visits = Visits(gate_of(50, RateLimit(1, per=10.0)))
    scope = anyio.CancelScope()

    async def keep() -> None:
        with scope:
            await visits.pay(Visit(name="keeper"))

    async with anyio.create_task_group() as tasks:
        await visits.pay(Visit(name="first", stay_s=0))
        tasks.start_soon(keep)
        await anyio.sleep(1)
        await start(tasks, visits, Visit(name="heir"), Visit(name="last"))
        scope.cancel()
    assert visits.admitted == ["first", "heir", "last"]
    assert visits.at[1] - visits.at[0] == pytest.approx(10 / 0.99, rel=0.01)


async def test_whoever_comes_while_the_keeper_sleeps_passes_if_its_group_is_open() -> None:
    visits = Visits(gate_of(50, groups={"ledger": RateLimit(1, per=60.0)}))
    async with anyio.create_task_group() as tasks:
        ledger = (Visit(name=f"ledger {name}", group="ledger") for name in names(3))
        await start(tasks, visits, *ledger)
        await anyio.sleep(5)
        await start(tasks, visits, Visit(name="event", group="events"))
    assert visits.admitted == ["ledger 0", "event", "ledger 1", "ledger 2"]
    assert visits.at[1] - visits.at[0] == 5.0


# ---- Pauses ----------------------------------------------------------------------------------------------------------


async def test_a_refusal_halts_everybody_until_the_servers_time_has_passed() -> None:
    visits = Visits(gate_of(3), draw=0.0)
    async with anyio.create_task_group() as tasks:
        await start(tasks, visits, Visit(name="refused", error=refusal(30.0)), Visit(name="slow", stay_s=10))
        await start(tasks, visits, *(Visit(name=name) for name in names(5)))
        await anyio.sleep(20)
        await start(tasks, visits, Visit(name="late"))
    began = visits.at[0]
    assert [name for name, at in zip(visits.admitted, visits.at, strict=True) if at < began + 31.0] == [
        "refused",
        "slow",
        "0",
    ]
    assert visits.at[3] == began + 31.0
    assert visits.late == []


async def test_a_pause_is_made_longer_and_never_shorter() -> None:
    visits = Visits(gate_of(3), draw=0.0)
    async with anyio.create_task_group() as tasks:
        for name, stay_s, asked_s in (("a", 1, 30.0), ("b", 2, 60.0), ("c", 3, 5.0)):
            await start(tasks, visits, Visit(name=name, stay_s=stay_s, error=refusal(asked_s)))
        await start(tasks, visits, Visit(name="next"))
    assert visits.at[-1] - visits.at[0] == 62.0
    assert visits.gate.permits.pause.count == 1


async def test_a_place_that_becomes_free_in_a_pause_does_not_open_it() -> None:
    visits = Visits(gate_of(2), draw=0.0)
    async with anyio.create_task_group() as tasks:
        await start(tasks, visits, Visit(name="refused", error=refusal(30.0)), Visit(name="slow", stay_s=5))
        await anyio.sleep(2)
        with anyio.move_on_after(1):
            await visits.pay(Visit(name="impatient"))
        await start(tasks, visits, Visit(name="next"))
    assert visits.admitted == ["refused", "slow", "next"]
    assert visits.at[-1] - visits.at[0] == 31.0


async def test_a_call_that_was_admitted_but_has_not_run_yet_stays_in_the_pause() -> None:
    """Two requests end in the same moment: one lets the next in, the other is refused."""
    visits = Visits(gate_of(2), draw=0.0)
    gate = visits.gate
    async with anyio.create_task_group() as tasks:
        async with gate.admission() as ticket:
            async with gate.admission():
                await start(tasks, visits, Visit(name="next"))
            gate.hear(ticket, Signal.FULL, refusal(30.0), 1.0, 0.0)
        assert visits.admitted == []
        began = anyio.current_time()
    assert visits.at == [began + 30.0]
    visits.assert_nothing_is_left()


async def test_a_wait_that_is_too_long_fails_all_that_wait_and_all_that_come() -> None:
    visits = Visits(gate_of(1), draw=0.0)
    async with anyio.create_task_group() as tasks:
        await start(tasks, visits, Visit(name="refused", error=refusal(100.0)))
        await start(tasks, visits, *(Visit(name=name) for name in names(3)))
        await anyio.sleep(5)
        assert dict.fromkeys(names(3), 100.0) == visits.turned_away
        await visits.pay(Visit(name="new"))
        assert visits.turned_away["new"] == 96.0
        await anyio.sleep(10)
        await start(tasks, visits, Visit(name="in time"))
    assert visits.admitted == ["refused", "in time"]
    assert visits.at[1] - visits.at[0] == 101.0
    visits.assert_nothing_is_left()


@pytest.mark.parametrize(("error", "kind"), [(refusal(100.0), RateLimitedError), (busy(100.0), UnavailableError)])
async def test_the_error_of_a_pause_is_that_of_the_refusal_behind_it(error: ApiError, kind: type[ApiError]) -> None:
    gate = gate_of()
    await Visits(gate, draw=0.0).pay(Visit(name="refused", error=error))
    with pytest.raises(PausedError) as caught:
        await gate.admission().__aenter__()
    assert (caught.value.kind, caught.value.status, caught.value.seconds) == (kind, error.status, 100.0)


async def test_our_own_pauses_grow_and_one_request_at_a_time_goes_to_see() -> None:
    visits = Visits(gate_of(4))
    async with anyio.create_task_group() as tasks:
        await start(tasks, visits, *(Visit(name=name, error=refusal()) for name in names(8)))
        await start(tasks, visits, *(Visit(name=name) for name in names(4, "good ")))
    first = visits.at[0]
    expected = [0.0] * 4 + [1.5, 3.5, 6.5, 11.5, 20.5, 21.5, 21.5, 21.5]
    assert [at - first for at in visits.at] == pytest.approx(expected)


async def test_after_one_busy_answer_all_wait_for_a_round_trip_and_then_one_goes_to_see() -> None:
    visits = Visits(gate_of(4))
    async with anyio.create_task_group() as tasks:
        await start(tasks, visits, Visit(name="busy", stay_s=0.2, error=busy()))
        await anyio.sleep(0.2)
        await start(tasks, visits, *(Visit(name=name, stay_s=0.1) for name in names(4)))
    first = visits.at[0]
    assert [at - first for at in visits.at] == pytest.approx([0.0, 0.4, 0.5, 0.5, 0.5])


async def test_while_the_server_stays_busy_pauses_grow() -> None:
    visits = Visits(gate_of(4))
    async with anyio.create_task_group() as tasks:
        await start(tasks, visits, *(Visit(name=name, error=busy()) for name in names(8)))
    first = visits.at[0]
    assert [at - first for at in visits.at] == pytest.approx([0.0] * 4 + [1.5, 3.0, 5.0, 8.0])


async def test_our_own_pause_fails_nobody() -> None:
    visits = Visits(gate_of(retry=RetryPolicy(first_delay_s=50.0, longest_delay_s=50.0, longest_wait_s=10.0)))
    async with anyio.create_task_group() as tasks:
        await start(tasks, visits, Visit(name="refused", error=refusal()), Visit(name="next"))
    assert visits.at[1] - visits.at[0] == 11.0


async def test_what_goes_to_see_and_is_cancelled_lets_another_go() -> None:
    visits = Visits(gate_of(4))
    await visits.pay(Visit(name="refused", error=refusal()))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(visits.pay, Visit(name="later"))
        with anyio.move_on_after(5):
            await visits.pay(Visit(name="cancelled", stay_s=100, again=True))
    visits.assert_nothing_is_left()
    assert sorted(visits.admitted) == ["cancelled", "later", "refused"]


async def test_some_that_are_always_refused_do_not_hold_up_the_others() -> None:
    """Three members for which the server always answers 503: their calls come again and again, before all others."""
    visits = Visits(gate_of(3))
    stop_at = anyio.current_time() + 60.0

    async def insist(name: str) -> None:
        for number in range(1000):
            if anyio.current_time() < stop_at:
                await visits.pay(Visit(name=name, again=number > 0, stay_s=0.1, error=busy()))

    async with anyio.create_task_group() as tasks:
        for name in names(3, "bad "):
            tasks.start_soon(insist, name)
        await start(tasks, visits, *(Visit(name=name, stay_s=0.1, lane="bulk") for name in names(100, "good ")))
    good = [at for name, at in zip(visits.admitted, visits.at, strict=True) if name.startswith("good")]
    assert good[-1] < stop_at - 10


@pytest.mark.parametrize("make", [refusal, busy])
async def test_a_server_that_says_come_back_at_once_is_not_hammered(make: Callable[[float], ApiError]) -> None:
    """`Retry-After: 0`, or a date in the past."""
    visits = Visits(gate_of(4))
    async with anyio.create_task_group() as tasks:
        await start(tasks, visits, *(Visit(name=name, error=make(0.0)) for name in names(20)))
    assert visits.at[-1] - visits.at[0] >= 60
    assert sum(at - visits.at[0] < 10 for at in visits.at) <= 8


async def test_the_servers_time_counts_if_it_is_longer_than_ours() -> None:
    visits = Visits(gate_of(1), draw=0.0)
    await visits.pay(Visit(name="refused", error=refusal(30.0)))
    await visits.pay(Visit(name="refused again", error=refusal(30.0)))
    await visits.pay(Visit(name="next"))
    assert [at - visits.at[0] for at in visits.at] == [0.0, 31.0, 62.0]


@pytest.mark.parametrize("asked_s", [24 * 3600.0, 365 * 24 * 3600.0, 1e9])
async def test_an_absurd_pause_is_kept_for_an_hour_and_calls_fail_meanwhile(asked_s: float) -> None:
    visits = Visits(gate_of(1))
    await visits.pay(Visit(name="refused", stay_s=0.0, error=refusal(asked_s)))
    await visits.pay(Visit(name="turned away"))
    assert visits.turned_away == {"turned away": LONGEST_PAUSE_S}
    await anyio.sleep(LONGEST_PAUSE_S - 1.0)
    await visits.pay(Visit(name="trial"))
    assert visits.admitted == ["refused", "trial"]
    assert visits.at[1] - visits.at[0] == LONGEST_PAUSE_S == 3600.0


async def test_whoever_has_no_place_in_the_queue_waits_for_the_end_of_the_pause_too() -> None:
    visits = Visits(gate_of(), draw=0.0)
    await visits.pay(Visit(name="refused", error=refusal(30.0)))
    began = anyio.current_time()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(visits.gate.pause_over)
        await anyio.sleep(10)
        visits.gate.permits.halt(began, began + 50.0, refusal())
    assert anyio.current_time() - began == 50.0
    visits.gate.permits.halt(began, began + 200.0, refusal())
    with pytest.raises(PausedError):
        await visits.gate.pause_over()


@pytest.mark.parametrize(
    ("waited_s", "limits", "may"),
    [(0.01, 1, True), (1.0, 1, False), (1.0, 0, True)],
    ids=["fresh", "stale", "no quota"],
)
async def test_a_permit_is_for_the_moment(waited_s: float, limits: int, may: bool) -> None:
    gate = gate_of(1, *[RateLimit(10, per=1.0)] * limits)
    now = anyio.current_time()
    assert gate.may_send(now - waited_s, now) is may
    gate.permits.halt(now, now + 1.0, refusal())
    assert not gate.may_send(now, now)


# ---- Permits from elsewhere ------------------------------------------------------------------------------------------


@attrs.define(eq=False)
class Shared(Permits):
    """Permits that a store gives one at a time, and takes a while to give; those of a group can be out of reach."""

    tasks: TaskGroup = attrs.field(kw_only=True)
    asked: list[float] = attrs.field(factory=list, init=False)
    in_hand: int = attrs.field(default=0, init=False)
    ask_at: float = attrs.field(default=-math.inf, init=False)
    away: str = attrs.field(default="none", init=False)
    news: Callable[[], None] = attrs.field(init=False)

    def group(self, name: str) -> str:
        return name

    def listen(self, news: Callable[[], None]) -> None:
        self.news = news

    def opens_at(self, group: str) -> float:
        return max(self.pause.until, -math.inf if group == "local" else self.ask_at)

    def is_open(self, group: str, now: float) -> bool:
        return (self.in_hand > 0 or group == "local") and now >= self.pause.until

    def take(self, group: str, now: float) -> bool:
        taken = self.is_open(group, now)
        self.in_hand -= taken and group != "local"
        return taken

    def order(self, group: str, wanted: Callable[[], int]) -> None:  # noqa: ARG002 - as it is
        self.asked.append(anyio.current_time())
        self.ask_at = math.inf
        self.tasks.start_soon(self._bring)

    def refusal(self, group: str) -> StoreUnavailableError | None:
        return StoreUnavailableError("away") if group == self.away else None

    async def _bring(self) -> None:
        await anyio.sleep(0.25)
        self.in_hand += 1
        self.ask_at = self.asked[-1] + 1.0
        self.news()


async def test_permits_may_come_from_a_store_that_takes_its_time() -> None:
    scope = anyio.CancelScope()

    async def give_up() -> None:
        with scope:
            await visits.pay(Visit(name="cancelled", lane="bulk"))

    async with anyio.create_task_group() as tasks:
        permits = Shared(tasks=tasks)
        visits = Visits(Gate(Places(10), permits))
        await start(tasks, visits, Visit(name="0", lane="bulk"))
        tasks.start_soon(give_up)
        await anyio.lowlevel.checkpoint()
        await start(tasks, visits, *(Visit(name=name, lane="bulk") for name in ("1", "2")))
        await anyio.sleep(0.1)
        await start(tasks, visits, Visit(name="me"))
        scope.cancel()
    assert visits.admitted == ["me", "0", "1", "2"]
    assert len(permits.asked) == 4
    assert permits.in_hand == 0
    visits.assert_nothing_is_left()


async def test_nobody_slips_in_before_those_that_wait() -> None:
    """The permit is there, but the keeper has not run since."""
    async with anyio.create_task_group() as tasks:
        permits = Shared(tasks=tasks)
        visits = Visits(Gate(Places(10), permits))
        await start(tasks, visits, Visit(name="first"))
        permits.in_hand = 1
        await start(tasks, visits, Visit(name="second"))
    assert visits.by_number() == ["first", "second"]


async def test_while_permits_are_on_their_way_others_that_need_none_pass() -> None:
    async with anyio.create_task_group() as tasks:
        visits = Visits(Gate(Places(10), Shared(tasks=tasks)))
        await start(tasks, visits, Visit(name="store"), Visit(name="local", group="local"))
        assert visits.admitted == ["local"]
    assert visits.admitted == ["local", "store"]


async def test_a_store_that_is_away_fails_those_that_need_it_and_nobody_else() -> None:
    """Whoever watches the clock for all: here it is a call that needs no store."""
    visits = Visits(gate_of(2), draw=0.0)
    errors: list[str] = []

    async def come(name: str, group: str) -> None:
        try:
            await visits.pay(Visit(name=name, group=group))
        except StoreUnavailableError:
            errors.append(name)

    async with anyio.create_task_group() as tasks:
        permits = Shared(tasks=tasks)
        visits.gate = Gate(Places(10), permits)
        permits.pause.extend(0.0, anyio.current_time() + 30.0, refusal())
        for name, group in (("local", "local"), ("store", "store"), ("local too", "local")):
            tasks.start_soon(come, name, group)
            await anyio.sleep(1)
        permits.away = "store"
        permits.news()
        await anyio.sleep(1)
        assert errors == ["store"]
        await come("late", "store")
        assert errors == ["store", "late"]
    assert visits.admitted == ["local", "local too"]
    visits.assert_nothing_is_left()


# ---- Whatever happens ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", range(30))
async def test_a_wait_can_be_cancelled_at_any_step(steps: int) -> None:
    """Three share a place, a quota and a pause; one of them is cancelled after so many turns of the event loop."""
    visits = Visits(gate_of(1, RateLimit(100, per=1.0)), draw=0.0)

    async def visit_all() -> None:
        for index in range(3):
            await visits.pay(Visit(name=f"cancelled {index}", stay_s=0, error=refusal(0.001) if index == 0 else None))

    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(visit_all)
            tasks.start_soon(visits.pay, Visit(name="other", stay_s=0, lane="bulk"))
            for _ in range(steps):
                await anyio.lowlevel.checkpoint()
            scope.cancel()
    visits.assert_nothing_is_left()
    with anyio.fail_after(10):
        await visits.pay(Visit(name="next"))
    assert visits.late == []


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("steps", range(30))
async def test_a_task_can_be_cancelled_at_any_step(steps: int) -> None:
    visits = Visits(gate_of(1, RateLimit(100, per=1.0)), draw=0.0)
    tasks = [asyncio.ensure_future(visits.pay(Visit(name=name, stay_s=0))) for name in names(3)]
    for _ in range(steps):
        await asyncio.sleep(0)
    tasks[steps % 3].cancel()
    await asyncio.wait(tasks)
    visits.assert_nothing_is_left()
    assert set(visits.admitted) >= {name for index, name in enumerate(names(3)) if index != steps % 3}


@st.composite
def comings(draw: st.DrawFn) -> list[tuple[float, Visit, float]]:
    """Draw visitors: how long after the one before each comes, what it does, and after how long it loses patience."""
    errors = st.sampled_from([None, None, None, None, refusal(3.0), refusal(40.0), refusal(), busy(1.0)])
    return [
        (
            draw(st.sampled_from([0.0, 0.0, 0.0, 0.1, 1.0, 7.0])),
            Visit(
                name=str(index),
                lane=draw(st.sampled_from(LANES)),
                group=draw(st.sampled_from(["", "ledger"])),
                stay_s=draw(st.sampled_from([0.0, 0.1, 0.7, 3.0])),
                error=draw(errors),
            ),
            draw(st.sampled_from([math.inf, math.inf, 0.5, 2.0, 20.0])),
        )
        for index in range(draw(st.integers(1, 40)))
    ]


@settings(max_examples=examples(60))
@given(comings=comings(), places=st.integers(1, 5), quota=st.booleans())
async def test_whatever_happens_the_rules_hold(
    comings: list[tuple[float, Visit, float]], places: int, quota: bool
) -> None:
    limits = [RateLimit(10, per=5.0, burst=2)] if quota else []
    visits = Visits(gate_of(places, *limits, groups={"ledger": RateLimit(3, per=5.0)}))

    async def come(visit: Visit, patience_s: float) -> None:
        with anyio.move_on_after(patience_s):
            await visits.pay(visit)

    async with anyio.create_task_group() as tasks:
        for gap_s, visit, patience_s in comings:
            await anyio.sleep(gap_s)
            tasks.start_soon(come, visit, patience_s)
            for _ in range(2):
                await anyio.lowlevel.checkpoint()
    visits.assert_nothing_is_left()
    assert visits.late == []
    assert visits.most <= places
    patient = {visit.name for _, visit, patience_s in comings if patience_s == math.inf}
    assert patient <= set(visits.admitted) | set(visits.turned_away)
    by_name = {visit.name: visit for _, visit, _ in comings}
    for limit, counted in (
        (RateLimit(10, per=5.0), ["", "ledger"] if quota else []),
        (RateLimit(3, per=5.0), ["ledger"]),
    ):
        at = [at for name, at in zip(visits.admitted, visits.at, strict=True) if by_name[name].group in counted]
        assert all(sum(each <= other <= each + limit.per for other in at) <= limit.requests for each in at)
    for lane in LANES:
        for group in ("", "ledger"):
            order = [int(n) for n in visits.by_number() if (by_name[n].lane, by_name[n].group) == (lane, group)]
            assert order == sorted(order)


class GateModel(RuleBasedStateMachine):
    """Visitors come, are answered and give up in any order, on an event loop whose time is the machine's to move."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = VirtualTimeLoop()
        self.visits = Visits(gate_of(2, RateLimit(10, per=10.0)), draw=0.0)
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.number = 0

    def run(self, seconds: float = 0.0) -> None:
        async def pass_time() -> None:
            await asyncio.sleep(seconds)
            for _ in range(5):
                await asyncio.sleep(0)

        self.loop.run_until_complete(pass_time())

    def come(self, visit: Visit) -> None:
        self.tasks[visit.name] = self.loop.create_task(self.visits.pay(visit))
        self.run()

    @rule(lane=st.sampled_from(LANES), again=st.booleans(), stay_s=st.sampled_from([0.0, 1.0, 30.0]))
    def comes(self, lane: Lane, again: bool, stay_s: float) -> None:
        self.number += 1
        self.come(Visit(name=str(self.number), lane=lane, again=again, stay_s=stay_s))

    @rule(retry_after_s=st.sampled_from([None, 0.0, 2.0, 30.0]))
    def is_refused(self, retry_after_s: float | None) -> None:
        self.number += 1
        self.come(Visit(name=str(self.number), stay_s=0.5, error=refusal(retry_after_s)))

    @precondition(lambda self: len(self.tasks) > 0)
    @rule(data=st.data())
    def is_cancelled(self, data: st.DataObject) -> None:
        self.tasks.pop(data.draw(st.sampled_from(sorted(self.tasks)))).cancel()
        self.run()

    @rule(seconds=st.sampled_from([0.1, 1.0, 10.0, 60.0]))
    def time_passes(self, seconds: float) -> None:
        self.run(seconds)

    @invariant()
    def the_rules_hold(self) -> None:
        visits = self.visits
        assert visits.late == []
        assert visits.most <= 2
        assert visits.gate.places.in_flight == len(visits.inside)
        assert all(sum(at <= each <= at + 10.0 for each in visits.at) <= 10 for at in visits.at)

    @invariant()
    def nobody_waits_for_nothing(self) -> None:
        gate, now = self.visits.gate, self.loop.time()
        could = gate.places.free and gate._strikes.may_enter() and gate.permits.is_open("", now)
        assert not (could and len(gate.lanes))

    def teardown(self) -> None:
        self.run(10_000.0)
        self.visits.assert_nothing_is_left()
        assert all(task.done() for task in self.tasks.values())
        self.loop.close()


GateModel.TestCase.settings = settings(max_examples=examples(60), stateful_step_count=40)
TestGateModel = GateModel.TestCase
