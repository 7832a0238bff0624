"""What a session makes of the gate: members that take turns, permits that grow old, and the account it keeps."""

from __future__ import annotations

import contextlib
import json
from functools import partial
from typing import Any

import anyio
import attrs
import httpx
import pytest

from loyalty_async.errors import LoyaltyError, RateLimitedError, UnavailableError
from loyalty_async.models.members import Customer
from loyalty_async.models.rate_limits import RateLimit
from loyalty_async.models.stats import EndpointLimit, Traffic, Waiting
from loyalty_async.protocol.backoff import RetryPolicy
from loyalty_async.protocol.efforts import Effort
from loyalty_async.protocol.requests import Call
from loyalty_async.transport.permits import Permits
from loyalty_async.transport.session import Session
from tests.transport.stages import CALL, MEMBER, PHONE, Reply, Stage, as_it_is, failure, open_session

pytestmark = pytest.mark.anyio

OK = Reply(wait_s=1.0)
OTHER = Customer.by_mobile("910000000000", source="INSTORE")


def call_for(member: Customer | None, path: str = "/x", endpoint: str = "") -> Call:
    return Call(method="GET", path=path, member=member, endpoint=endpoint)


async def make(session: Session, *calls: Call) -> list[LoyaltyError]:
    """Make calls side by side; give the errors."""
    errors: list[LoyaltyError] = []

    async def run(call: Call) -> None:
        try:
            await session.call(call, as_it_is)
        except LoyaltyError as error:
            errors.append(error)

    async with anyio.create_task_group() as tasks:
        for call in calls:
            tasks.start_soon(run, call)
            for _ in range(3):
                await anyio.lowlevel.checkpoint()
    return errors


# ---- A member that is locked -----------------------------------------------------------------------------------------


class Locking:
    """A server that takes one call at a time for a member, and each of them for a second."""

    def __init__(self) -> None:
        self.busy: set[str] = set()
        self.locked = 0
        self.stage = Stage(answering=self.answer)

    def answer(self, request: httpx.Request) -> Reply:
        member = request.url.path
        if member in self.busy:
            self.locked += 1
            return failure(521, wait_s=0.1)
        self.busy.add(member)
        return Reply(wait_s=1.0, on_close=lambda: self.busy.discard(member))


async def test_a_locked_members_calls_go_one_at_a_time_and_others_do_not() -> None:
    server = Locking()
    session = open_session(server.stage, max_in_flight=50)
    calls = [call_for(MEMBER, "/locked")] * 8
    assert await make(session, *calls) == []
    # The first eight learn of it together; then nobody meets another.
    assert server.locked == 7
    locked = server.locked
    assert await make(session, *calls) == []
    assert server.locked == locked
    began = anyio.current_time()
    assert await make(session, *(call_for(OTHER, f"/{number}") for number in range(8))) == []
    assert anyio.current_time() - began == 1.0


async def test_a_call_that_waited_in_the_queue_takes_its_turn_too() -> None:
    server = Locking()
    session = open_session(server.stage, max_in_flight=2)
    assert await make(session, *[call_for(MEMBER, "/locked")] * 12) == []
    assert server.locked == 1


async def test_a_member_that_was_locked_is_free_after_a_while() -> None:
    server = Locking()
    session = open_session(server.stage, max_in_flight=50)
    await make(session, *[call_for(MEMBER, "/locked")] * 2)
    await anyio.sleep(100)
    locked = server.locked
    await make(session, *[call_for(MEMBER, "/locked")] * 3)
    assert (locked, server.locked) == (1, 3)


async def test_a_lock_halts_nobody_else() -> None:
    stage = Stage(failure(521, 521, headers={"Retry-After": "30"}), OK, OK)
    session = open_session(stage)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(session.call, CALL, as_it_is)
        await anyio.sleep(1)
        await session.call(call_for(OTHER), as_it_is)
    assert stage.at == [0.0, 1.0, 30.0]


# ---- Credentials that take their time --------------------------------------------------------------------------------


class Slow:
    """An authenticator whose first credentials take a while; whoever comes meanwhile waits for them too."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.lock = anyio.Lock()
        self.known = False

    def mark(self) -> int:
        return 0

    async def headers(self, began: int) -> dict[str, str]:  # noqa: ARG002 - the protocol's
        if not self.known:
            async with self.lock:
                if not self.known:
                    await anyio.sleep(self.seconds)
                self.known = True
        return {"X-Token": "one"}

    def refused(self, headers: Any) -> bool:  # noqa: ARG002
        return False


async def test_those_who_waited_for_a_token_do_not_all_go_at_once() -> None:
    limit = RateLimit(10, per=10.0)
    stage = Stage(answering=lambda _: Reply())
    permits = Permits.from_limits([limit], {}, learn=False)
    session = open_session(stage, max_in_flight=20, permits=permits, authenticator=Slow(25.0))
    await make(session, *[call_for(None)] * 40)
    assert len(stage.at) == 40
    assert all(sum(at <= other <= at + limit.per for other in stage.at) <= limit.requests for at in stage.at)


async def test_nobody_comes_back_with_a_token_into_a_pause() -> None:
    stage = Stage(answering=lambda _: Reply())
    session = open_session(stage, authenticator=Slow(5.0))
    refused, effort = RateLimitedError("full"), Effort()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(partial(session.call, CALL, as_it_is, effort=effort))
        await anyio.sleep(2)
        session.gate.permits.halt(2.0, 30.0, refused)
    assert stage.at == [30.0]
    assert effort.waited_s == 25.0  # From the token to the end of the pause.


async def test_a_token_is_not_asked_for_in_a_pause() -> None:
    stage = Stage(OK)
    session = open_session(stage)
    session.gate.permits.halt(0.0, 30.0, RateLimitedError("full"))
    await session.call(Call(method="POST", path="/token", authenticated=False), as_it_is)
    assert stage.at == [30.0]


async def test_a_call_that_may_not_wait_so_long_says_what_it_would_wait_for() -> None:
    stage = Stage(Reply(status=503, headers={"Retry-After": "100"}))
    session = open_session(stage)
    (first,) = await make(session, CALL)
    (second,) = await make(session, CALL)
    for error in (first, second):
        assert isinstance(error, UnavailableError)
        assert (error.status, error.member, error.retry_after_s) == (503, MEMBER, 100.0)
        assert PHONE not in str(error)
    assert "100 s" in str(second)
    assert len(stage.requests) == 1


# ---- Endpoints with limits of their own ------------------------------------------------------------------------------


async def test_an_endpoint_with_a_limit_of_its_own_holds_up_no_other() -> None:
    stage = Stage(answering=lambda _: Reply())
    permits = Permits.from_limits([], {"ledger": [RateLimit(1, per=10.0)]}, learn=False)
    session = open_session(stage, permits=permits)
    calls = [call_for(None, path, path[1:]) for path in ("/ledger", "/ledger", "/events", "/events")]
    await make(session, *calls)
    times = {
        path: [at for at, sent in zip(stage.at, stage.requests, strict=True) if sent.url.path == path]
        for path in ("/ledger", "/events")
    }
    assert times["/events"] == [0.0, 0.0]
    assert times["/ledger"] == [0.0, pytest.approx(10 / 0.99, rel=0.01)]


async def test_the_account_tells_how_endpoints_with_limits_of_their_own_stand() -> None:
    stage = Stage(answering=lambda _: Reply())
    permits = Permits.from_limits([RateLimit(600, per=60.0)], {"ledger": [RateLimit(6, per=60.0)]}, learn=False)
    session = open_session(stage, permits=permits)
    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(session.call, call_for(None, "/ledger", "ledger"), as_it_is)
        await anyio.sleep(0.5)
        stats = session.stats()
    (ledger,) = stats.endpoint_limits
    assert attrs.evolve(ledger, pace_per_s=None) == EndpointLimit(endpoint="ledger", waiting=2, permits_left=0)
    assert ledger.pace_per_s == pytest.approx(0.099)
    assert stats.pace_per_s == pytest.approx(9.9)
    assert stats.permits_left == 1
    assert json.loads(json.dumps(attrs.asdict(stats)))["endpoint_limits"][0]["endpoint"] == "ledger"
    assert hash(stats)


async def test_a_retry_counts_when_it_is_sent_and_not_before() -> None:
    stage = Stage(Reply(status=502), OK)
    session, effort = open_session(stage), Effort()
    session._draw = lambda: 1.0
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(partial(session.call, CALL, as_it_is, effort=effort))
        await anyio.sleep(0.1)
        assert (session.stats().retries, effort.retries) == (0, 0)
        await anyio.sleep(1.0)
        assert (session.stats().retries, effort.retries) == (1, 1)


# ---- The account -----------------------------------------------------------------------------------------------------


async def test_the_account_tells_how_every_request_ended() -> None:
    stage = Stage(
        Reply(status=503, chunks=(b"busy",)),
        Reply(error=httpx.ReadError("reset")),
        OK,
        failure(8015),
        Reply(wait_s=100.0),
    )
    session = open_session(stage)
    await session.call(CALL, as_it_is)
    await make(session, call_for(MEMBER, "/y"))
    with anyio.move_on_after(1):
        await session.call(call_for(MEMBER, "/y"), as_it_is)
    stats = session.stats()
    assert (stats.requests, stats.retries, stats.pauses) == (5, 2, 0)
    body = len(failure(8015).chunks[0])
    assert stats.traffic == tuple(
        Traffic(endpoint=path, outcome=outcome, requests=1, received_bytes=received)
        for path, outcome, received in [
            ("/v2/ledger", "ConnectionFailedError", 0),
            ("/v2/ledger", "UnavailableError", 4),
            ("/v2/ledger", "ok", 14),
            ("/y", "MemberNotFoundError", body),
            ("/y", "cancelled", 0),
        ]
    )


async def test_the_account_tells_what_is_going_on() -> None:
    stage = Stage(Reply(status=429, headers={"Retry-After": "30"}, wait_s=1.0), *[OK] * 9)
    permits = Permits.from_limits([RateLimit(60, per=60.0)], {}, learn=False)
    session = open_session(stage, max_in_flight=4, permits=permits)
    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(session.in_lane("bulk").call, CALL, as_it_is)
            await anyio.lowlevel.checkpoint()
        tasks.start_soon(session.call, CALL, as_it_is)
        await anyio.sleep(0.5)
        early = session.stats()
        await anyio.sleep(9.5)
        late = session.stats()
    # The first was admitted at once, and so was the second: a little lateness is caught up.
    assert (early.in_flight, early.waiting, early.max_in_flight) == (1, Waiting(interactive=1, bulk=2), 4)
    assert (early.permits_left, early.pauses, early.paused_s) == (0, 0, 0.0)
    assert early.pace_per_s == pytest.approx(0.99)
    assert (late.in_flight, late.pauses, late.permits_left) == (0, 1, 0)
    assert 20.0 <= late.paused_s <= 22.0
    assert late.waiting == Waiting(interactive=0, bulk=3)
    assert json.loads(json.dumps(attrs.asdict(late)))["waiting"]["bulk"] == 3
    assert session.stats().retry_budget == 500


def test_the_account_can_be_read_where_there_is_no_event_loop() -> None:
    stats = open_session(Stage()).stats()
    assert (stats.requests, stats.permits_left, stats.paused_s) == (0, None, 0.0)


async def test_what_a_call_waited_in_the_gate_is_counted_once() -> None:
    stage = Stage(Reply(status=429, headers={"Retry-After": "30"}), OK)
    session, effort = open_session(stage), Effort()
    await session.call(CALL, as_it_is, effort=effort)
    assert (effort.requests, effort.retries, effort.waited_s) == (2, 1, 30.0)
    assert stage.at == [0.0, 30.0]


async def test_a_spent_budget_ends_a_call_with_the_error_of_its_attempt() -> None:
    stage = Stage(Reply(status=502))
    session = open_session(stage, retry=RetryPolicy(attempts=6))
    session.budget.left = 4
    (error,) = await make(session, CALL)
    assert error.status == 502
    assert session.meter.retries == 0


async def test_a_retry_goes_before_those_that_come_for_the_first_time() -> None:
    answers = {"/first": [Reply(status=502, wait_s=1.0), OK]}
    stage = Stage(
        answering=lambda request: answers.get(request.url.path, [OK]).pop(0) if request.url.path in answers else OK
    )
    session = open_session(stage, max_in_flight=1)
    with contextlib.suppress(LoyaltyError):
        await make(session, *(call_for(None, path) for path in ("/first", "/second", "/third")))
    assert [request.url.path for request in stage.requests] == ["/first", "/second", "/first", "/third"]
