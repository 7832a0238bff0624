"""What a server sees of a client that wants more than it may have, in virtual time."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import httpx
import pytest

from loyalty_async.errors import LoyaltyError, RateLimitedError
from loyalty_async.models.rate_limits import RateLimit
from loyalty_async.models.stats import Waiting
from loyalty_async.protocol.backoff import RetryPolicy
from loyalty_async.transport.limits import InFlight
from tests.transport.counters import Counter, Counting, call_to, counting_session, latencies, use_up
from tests.transport.stages import as_it_is

pytestmark = pytest.mark.anyio

ALLOWED = 600


# ---- A quota that is known -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slowest_s", [0.05, 2.0])
@pytest.mark.parametrize("counting", ["fixed", "sliding"])
async def test_a_known_quota_is_used_up_and_not_one_request_more(counting: Counting, slowest_s: float) -> None:
    server = Counter(ALLOWED, counting=counting, latency_s=latencies(7, 0.05, slowest_s))
    began = anyio.current_time()
    await use_up(counting_session(server, RateLimit(ALLOWED, per=60.0)), tasks=200, seconds=5 * 60.0 + 3)
    windows = [server.count(began + 3 + 60 * index, began + 63 + 60 * index, 200) for index in range(5)]
    assert server.refused == []
    assert min(windows) >= 0.98 * ALLOWED
    assert max(windows) <= ALLOWED


async def test_of_several_quotas_none_is_broken() -> None:
    per_second, per_minute = Counter(20, per=1.0, counting="sliding"), Counter(ALLOWED, counting="sliding")

    class Both(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await per_second.handle_async_request(request)
            return await per_minute.handle_async_request(request)

    limits = [RateLimit(20, per=1.0, burst=5), RateLimit(ALLOWED, per=60.0, burst=60)]
    await use_up(counting_session(Both(), limits), tasks=200, seconds=180.0)
    assert per_second.refused == per_minute.refused == []
    assert len(per_minute.seen) >= 0.98 * 3 * (ALLOWED - 59)


# ---- A quota that nobody told ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counting", "tells", "slowest_s", "max_in_flight"),  # Every two of them together.
    [
        ("fixed", True, 0.05, 50),
        ("fixed", False, 3.0, "adaptive"),
        ("sliding", True, 3.0, "adaptive"),
        ("sliding", False, 0.05, 50),
    ],
)
async def test_an_unknown_quota_is_learnt(
    counting: Counting, tells: bool, slowest_s: float, max_in_flight: InFlight
) -> None:
    warm_s, measured_s = 240.0, 360.0
    server = Counter(ALLOWED, counting=counting, tells=tells, phase_s=17.0, latency_s=latencies(7, 0.05, slowest_s))
    began = anyio.current_time()
    session = counting_session(server, "adaptive", max_in_flight=max_in_flight)
    await use_up(session, tasks=200, seconds=warm_s + measured_s + 3)
    since, until = began + warm_s, began + warm_s + measured_s
    accepted, refused = (server.count(since, until, status) for status in (200, 429))
    assert accepted >= 0.9 * ALLOWED * measured_s / 60
    assert refused < 0.01 * (accepted + refused)


async def test_a_quota_that_grows_is_found_and_one_that_shrinks_is_kept() -> None:
    server, allowed = Counter(), 150
    session = counting_session(server, "adaptive")
    counts = []
    for limit, minutes in ((allowed, 10), (2 * allowed, 20), (allowed // 2, 10)):
        server.limit = limit
        await use_up(session, tasks=100, seconds=60.0 * minutes)
        now = anyio.current_time()
        counts.append([server.count(now - 300, now, status) for status in (200, 429)])
    for (accepted, refused), limit in zip(counts, (allowed, 2 * allowed, allowed // 2), strict=True):
        assert accepted >= 0.9 * 5 * limit
        assert refused <= 0.01 * accepted


# ---- Lanes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [None, RateLimit(ALLOWED, per=60.0)], ids=["places", "quota"])
async def test_while_5000_bulk_calls_wait_an_interactive_call_is_next_or_next_but_one(limit: RateLimit | None) -> None:
    server = Counter(latency_s=latencies(7, 0.1, 0.3))
    session = counting_session(server, limit, max_in_flight=20)
    bulk = session.in_lane("bulk")
    waited: list[int] = []
    async with anyio.create_task_group() as tasks:
        for number in range(5000):
            tasks.start_soon(bulk.call, call_to(f"/bulk/{number}"), as_it_is)
        await anyio.sleep(2)
        assert session.stats().waiting.bulk > 4700
        for number in range(30):
            already_sent = len(server.sent)
            await session.call(call_to(f"/me/{number}"), as_it_is)
            sent = server.paths.index(f"/me/{number}")
            waited.append(sent - already_sent)
        tasks.cancel_scope.cancel()
    assert max(waited) <= 1
    assert session.gate.places.in_flight == 0
    assert session.stats().waiting == Waiting(interactive=0, bulk=0)


async def test_both_lanes_share_one_quota_and_bulk_keeps_its_tenth() -> None:
    server = Counter(ALLOWED)
    session = counting_session(server, RateLimit(ALLOWED, per=60.0))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(use_up, session, 100, 120.0)
        tasks.start_soon(use_up, session.in_lane("bulk"), 100, 120.0, "/bulk")
    assert server.refused == []
    share = sum(path.startswith("/bulk") for path in server.paths) / len(server.paths)
    assert 0.09 <= share <= 0.12


# ---- Pauses ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("max_in_flight", [50, "adaptive"])
async def test_a_429_halts_every_task(max_in_flight: InFlight) -> None:
    server = Counter(ALLOWED, latency_s=latencies(7, 0.05, 2.0))
    session = counting_session(server, max_in_flight=max_in_flight)
    await use_up(session, tasks=200, seconds=6 * 60.0)
    assert {at // 60 for at, _ in server.refused} >= set(range(1, 6))
    for heard_at, asked_s in server.refused:
        assert asked_s > 1
        assert not [at for at in server.sent if heard_at <= at < heard_at + asked_s]
    assert server.count(60, 360, 200) >= 0.95 * 5 * ALLOWED  # A second of rounding goes by unused.


async def test_no_call_waits_twice_for_the_same_answer() -> None:
    server = Counter(5, per=10.0, latency_s=lambda: 0.5)
    session = counting_session(server, max_in_flight=10)
    began = anyio.current_time()
    async with anyio.create_task_group() as tasks:
        for number in range(10):
            tasks.start_soon(session.call, call_to(f"/{number}"), as_it_is)
    ended_s = anyio.current_time() - began
    assert 10.0 <= ended_s <= 12.0  # Up to a second of rounding, half a second of jitter, half a second of latency.
    assert (session.meter.requests, session.meter.retries) == (15, 5)


async def test_a_pause_that_is_too_long_fails_everybody_that_waits() -> None:
    server = Counter(5, per=1000.0, latency_s=lambda: 0.5)
    session = counting_session(server, max_in_flight=5)
    errors: list[LoyaltyError] = []

    async def ask(number: int) -> None:
        try:
            await session.call(call_to(f"/{number}"), as_it_is)
        except LoyaltyError as error:
            errors.append(error)

    async with anyio.create_task_group() as tasks:
        for number in range(100):
            tasks.start_soon(ask, number)
    assert len(errors) == 95
    assert len(server.seen) == 10
    assert {type(error) for error in errors} == {RateLimitedError}
    assert {error.status for error in errors} == {429}
    assert all(isinstance(error, RateLimitedError) and (error.retry_after_s or 0) > 90 for error in errors)
    assert anyio.current_time() < 10


# ---- A server that is dying ------------------------------------------------------------------------------------------


class Dying(httpx.AsyncBaseTransport):
    """Fails from some moment on."""

    def __init__(self, well_s: float, answer: Callable[[], httpx.Response]) -> None:
        self.well_s, self.answer, self.requests = well_s, answer, 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:  # noqa: ARG002 - httpx's
        await anyio.sleep(0.05)
        self.requests += anyio.current_time() >= self.well_s
        return httpx.Response(200, content=b"{}") if anyio.current_time() < self.well_s else self.answer()


async def test_a_dying_server_is_not_hammered() -> None:
    calls = 2000
    server = Dying(0.0, lambda: httpx.Response(502))
    session = counting_session(server, max_in_flight=20, retry=RetryPolicy(attempts=6))
    failed = 0

    async def ask(number: int) -> None:
        nonlocal failed
        try:
            await session.call(call_to(f"/{number}"), as_it_is)
        except LoyaltyError:
            failed += 1

    async with anyio.create_task_group() as tasks:
        for number in range(calls):
            tasks.start_soon(ask, number)
    assert failed == calls
    assert server.requests == calls + 100  # Five hundred, at five for each retry.
    assert session.stats().retry_budget == 0


class Crowded(httpx.AsyncBaseTransport):
    """Works on so many requests at once: the more there are, the longer each takes."""

    def __init__(self, capacity: int) -> None:
        self.capacity, self.in_flight = capacity, 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:  # noqa: ARG002 - httpx's
        self.in_flight += 1
        try:
            await anyio.sleep(0.2 * max(1.0, self.in_flight / self.capacity))
        finally:
            self.in_flight -= 1
        return httpx.Response(200, content=b"{}")


async def test_callers_that_give_up_are_a_sign_of_an_overload() -> None:
    """Else all that is in flight would be given up before it is answered, and for as long as they ask."""
    server = Crowded(capacity=60)
    session = counting_session(server, max_in_flight="adaptive")

    async def ask_on(number: int) -> None:
        while True:
            with anyio.move_on_after(1.0):
                await session.call(call_to(f"/{number}"), as_it_is)

    with anyio.move_on_after(330.0):
        async with anyio.create_task_group() as tasks:
            for number in range(60):
                tasks.start_soon(ask_on, number)
            await anyio.sleep(30.0)
            assert session.gate.places.limit >= 50
            server.capacity = 5
    assert session.gate.places.limit <= 20


async def test_a_budget_recovers_with_the_server() -> None:
    server = Dying(0.0, lambda: httpx.Response(502))
    session = counting_session(server, max_in_flight=20)
    await use_up(session, tasks=20, seconds=10.0)
    assert session.budget.left < 10
    server.well_s = float("inf")
    await use_up(session, tasks=20, seconds=20.0)
    assert session.budget.left == 500
