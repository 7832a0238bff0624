"""Broken networks, broken servers, and both at once: the right data or the right error, and nothing left behind."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import anyio
import attrs
import pytest

from loyalty_async import (
    Basic,
    CapillaryClient,
    ClientStateError,
    ConnectionFailedError,
    Customer,
    DeadlineExceededError,
    LoyaltyError,
    MalformedAnswerError,
    OAuth,
    RetryPolicy,
    Timeouts,
)
from loyalty_async.models.balances import LedgerBalance
from loyalty_async.protocol.responses import LARGEST_BODY
from loyalty_async.sandbox import LEDGER_INFO_PATH, TOKEN_PATH, Fault, Sandbox, Settings, make_ledger, serving
from loyalty_async.sandbox.truths import member_truth
from tests._support.chaos import GZIP, Chaos, Trouble, in_chunks, open_chaos, packed, with_body, with_length
from tests._support.leaks import nothing_left
from tests.transport.engines import on_each_engine

pytestmark = [pytest.mark.anyio, pytest.mark.real_time]
# A body that is not read to its end leaves generators of httpx behind, of which trio warns.
left_early = pytest.mark.filterwarnings("ignore:Async generator .* was garbage collected:ResourceWarning")

EngineName = Literal["httpx", "aiohttp"]

NOW = datetime(2025, 6, 15, tzinfo=UTC)
SINCE = NOW - timedelta(days=700)
SOON = 0.1
AGAIN = RetryPolicy(attempts=4, first_delay_s=0.001)
TWICE = RetryPolicy(attempts=2, first_delay_s=0.001)
PATIENT = Timeouts(read=10.0)
IMPATIENT = Timeouts(read=SOON, answer=2 * SOON)


@attrs.frozen
class World:
    """A server, and what it says of a member when nothing is between."""

    sandbox: Sandbox
    url: str
    member: Customer
    expected: LedgerBalance


@pytest.fixture(scope="module")
def server() -> Iterator[World]:
    """One server for all tests: to start and stop it takes longer than a test."""
    ledger = make_ledger(8, seed=3, now=NOW, years=1.5, entries_per_member=60, skewed=False)
    # A failure is known by its body: a page of HTML at 400 would be a refusal, and not asked for again.
    sandbox = Sandbox(ledger, Settings(business_error_status=200))
    member = Customer.by_id(ledger.members[0].user_id, source="INSTORE")
    with serving(sandbox) as url:

        async def ask() -> LedgerBalance:
            async with CapillaryClient(url, auth=Basic("sandbox.till", "sandbox"), verify=False) as client:
                return await client.balances.closing(member)

        yield World(sandbox, url, member, anyio.run(ask))


@pytest.fixture
def world(server: World) -> World:
    server.sandbox.reset()
    return server


@pytest.fixture(scope="module")
def bomb() -> bytes:
    return packed(bytes(2 * LARGEST_BODY))


@asynccontextmanager
async def opened(
    engine_name: EngineName, url: str, *script: Trouble | None, deaf_s: float = 0.0, **options: Any
) -> AsyncIterator[tuple[CapillaryClient, Chaos]]:
    """Open a client behind the proxy; the script begins after the token was fetched. See that nothing is left."""
    settings: dict[str, Any] = {"retry": AGAIN, "timeouts": PATIENT, "max_in_flight": 4, **options}
    auth = OAuth(key="sandbox-key", secret="sandbox-secret")
    async with (
        nothing_left(url),
        open_chaos(url, [None, *script] if not deaf_s else script, deaf_s=deaf_s) as chaos,
        CapillaryClient(
            chaos.url, auth=auth, verify=False, clock=lambda: NOW, engine=engine_name, **settings
        ) as client,
    ):
        yield client, chaos


def cut_in_half(body: bytes) -> bytes:
    return body[: len(body) // 2]


# What happens to an answer, and what it is to the caller if it happens every time.
TROUBLES: dict[str, tuple[Trouble, type[LoyaltyError]]] = {
    "reset before the request": (Trouble(request_bytes=0), ConnectionFailedError),
    "reset in the request": (Trouble(request_bytes=40), ConnectionFailedError),
    "reset before the answer": (Trouble(answer_bytes=0, then="reset"), ConnectionFailedError),
    "reset in the head": (Trouble(answer_bytes=30, then="reset"), ConnectionFailedError),
    "reset in the body": (Trouble(answer_bytes=400, then="reset"), ConnectionFailedError),
    "closed before the answer": (Trouble(answer_bytes=0, then="close"), ConnectionFailedError),
    "cut in the head": (Trouble(answer_bytes=30, then="close"), ConnectionFailedError),
    "cut in the body": (Trouble(answer_bytes=400, then="close"), ConnectionFailedError),
    "cut in a chunk": (Trouble(rewrite=in_chunks, answer_bytes=400, then="close"), ConnectionFailedError),
    "cut, and no length was said": (
        Trouble(rewrite=with_length(lambda _: None), answer_bytes=400, then="close"),
        MalformedAnswerError,
    ),
    "stalled before the answer": (Trouble(answer_bytes=0, then="stall"), DeadlineExceededError),
    "stalled in the head": (Trouble(answer_bytes=30, then="stall"), DeadlineExceededError),
    "stalled in the body": (Trouble(answer_bytes=400, then="stall"), DeadlineExceededError),
    "a slow drip": (Trouble(piece=1, pause_s=0.02), DeadlineExceededError),
    "garbage": (Trouble(rewrite=lambda _: bytes(range(256)) * 4, then="close"), ConnectionFailedError),
    "a broken chunk": (
        Trouble(rewrite=lambda answer: in_chunks(answer).replace(b"40\r\n", b"zz\r\n"), then="close"),
        ConnectionFailedError,
    ),
    "text": (Trouble(rewrite=lambda _: b"It works!\r\n\r\n", then="close"), ConnectionFailedError),
    "garbage as the body": (Trouble(rewrite=with_body(lambda _: b"\xff\xfe\x00garbage")), MalformedAnswerError),
    "half a body": (Trouble(rewrite=with_body(cut_in_half)), MalformedAnswerError),
    "half of a gzip": (Trouble(rewrite=with_body(lambda body: packed(body, 0.5), GZIP)), MalformedAnswerError),
    "a broken gzip": (Trouble(rewrite=with_body(lambda body: b"xx" + packed(body), GZIP)), MalformedAnswerError),
    "no gzip at all": (Trouble(rewrite=with_body(lambda body: body, GZIP)), MalformedAnswerError),
    "a length too short": (Trouble(rewrite=with_length(lambda length: length - 5)), MalformedAnswerError),
    "a length too long": (Trouble(rewrite=with_length(lambda length: length + 5)), DeadlineExceededError),
    "a length too long, closed": (
        Trouble(rewrite=with_length(lambda length: length + 5), then="close"),
        ConnectionFailedError,
    ),
    "a length of nothing": (Trouble(rewrite=with_length(lambda _: 0)), MalformedAnswerError),
}
TOO_SHORT = [TROUBLES["a length too short"][0], TROUBLES["a length of nothing"][0]]
HARMLESS: dict[str, Trouble] = {
    "nothing": Trouble(),
    "in chunks": Trouble(rewrite=in_chunks),
    "packed": Trouble(rewrite=with_body(packed, GZIP)),
    "packed, byte by byte": Trouble(rewrite=with_body(packed, GZIP), piece=1),
    "no length": Trouble(rewrite=with_length(lambda _: None), then="close"),
    "closed after it": Trouble(then="close"),
    "in pieces": Trouble(piece=100, pause_s=0.005),
}


def timeouts_for(kind: type[LoyaltyError]) -> Timeouts:
    return IMPATIENT if kind is DeadlineExceededError else PATIENT


@left_early
@on_each_engine
@pytest.mark.parametrize(("trouble", "kind"), TROUBLES.values(), ids=TROUBLES)
async def test_what_happens_once_costs_another_try(
    engine_name: EngineName, trouble: Trouble, kind: type[LoyaltyError], world: World
) -> None:
    async with opened(engine_name, world.url, trouble, timeouts=timeouts_for(kind)) as (client, chaos):
        for _ in range(3):  # What is left of the trouble is not taken for the next answer.
            assert await client.balances.closing(world.member) == world.expected
        # A connection on which something was left, or a busy machine, may cost one try more.
        assert 1 <= client.stats().retries <= 3
        assert chaos.requests <= client.stats().requests


@left_early
@on_each_engine
@pytest.mark.parametrize(("trouble", "kind"), TROUBLES.values(), ids=TROUBLES)
async def test_what_happens_always_is_one_error(
    engine_name: EngineName, trouble: Trouble, kind: type[LoyaltyError], world: World
) -> None:
    options: dict[str, Any] = {"retry": TWICE, "timeouts": timeouts_for(kind)}
    async with opened(engine_name, world.url, *[trouble] * 9, **options) as (client, chaos):
        with pytest.raises(LoyaltyError) as caught:
            await client.balances.closing(world.member)
        # What comes behind an answer breaks the connection, sooner (aiohttp) or with the next request (httpx).
        assert type(caught.value) in ({kind, ConnectionFailedError} if trouble in TOO_SHORT else {kind})
        assert caught.value.member == world.member
        assert client.stats().retries == 1
        assert chaos.requests == 1 + TWICE.attempts


@on_each_engine
@pytest.mark.parametrize("trouble", HARMLESS.values(), ids=HARMLESS)
async def test_what_is_odd_and_right_is_taken(engine_name: EngineName, trouble: Trouble, world: World) -> None:
    async with opened(engine_name, world.url, trouble, trouble) as (client, _):
        for _ in range(3):
            assert await client.balances.closing(world.member) == world.expected
        # A connection may be taken up again before aiohttp hears that it was closed: that costs another try.
        hears_late = engine_name == "aiohttp" and trouble.then == "close"
        assert client.stats().retries <= (2 if hears_late else 0)


@on_each_engine
async def test_a_server_that_comes_up_late_is_waited_for(engine_name: EngineName, world: World) -> None:
    retry = RetryPolicy(attempts=40, first_delay_s=0.02, longest_delay_s=0.02)
    async with opened(engine_name, world.url, deaf_s=0.05, retry=retry) as (client, _):
        assert await client.balances.closing(world.member) == world.expected
        assert client.stats().retries >= 1


@on_each_engine
async def test_a_server_that_refuses_connections_is_one_error(engine_name: EngineName, world: World) -> None:
    async with opened(engine_name, world.url, deaf_s=60.0) as (client, chaos):
        with pytest.raises(ConnectionFailedError, match="no connection"):
            await client.balances.closing(world.member)
        assert client.stats().requests == AGAIN.attempts
        assert chaos.connections == 0


@on_each_engine
@pytest.mark.parametrize("then", ["reset", "close"])
async def test_an_answer_may_end_at_any_byte(
    engine_name: EngineName, then: Literal["reset", "close"], world: World
) -> None:
    cuts = [step for at in range(0, 1400, 17) for step in (Trouble(answer_bytes=at, then=then), None)]
    async with opened(engine_name, world.url, *cuts) as (client, chaos):
        while chaos.requests < len(cuts):
            assert await client.balances.closing(world.member) == world.expected
        # Every cut before the end cost one more request.
        assert client.stats().retries > 50


@on_each_engine
async def test_a_request_may_be_reset_at_any_byte(engine_name: EngineName, world: World) -> None:
    resets = [step for at in range(0, 320, 17) for step in (Trouble(request_bytes=at), None)]
    async with opened(engine_name, world.url, *resets) as (client, chaos):
        while chaos.requests < len(resets):
            assert await client.balances.closing(world.member) == world.expected
        assert client.stats().retries >= len(resets) // 2


# ---- Bombs, and the end of a client ----------------------------------------------------------------------------------


@left_early
@on_each_engine
async def test_a_bomb_ends_in_an_error_and_bounded_memory(engine_name: EngineName, world: World, bomb: bytes) -> None:
    trouble = Trouble(rewrite=with_body(lambda _: bomb, GZIP), then="close")
    async with opened(engine_name, world.url, trouble, retry=RetryPolicy(attempts=1)) as (client, _):
        gc.collect()
        tracemalloc.start()
        try:
            with pytest.raises(MalformedAnswerError, match="bytes"):
                await client.balances.closing(world.member)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 2.3 * LARGEST_BODY


@on_each_engine
@pytest.mark.parametrize("trouble", [TROUBLES["stalled before the answer"], TROUBLES["stalled in the body"]])
async def test_a_client_that_closes_ends_its_calls(
    engine_name: EngineName, trouble: tuple[Trouble, type[LoyaltyError]], world: World
) -> None:
    ended: list[LoyaltyError] = []

    async def ask(client: CapillaryClient) -> None:
        with pytest.raises(ClientStateError) as caught:
            await client.balances.closing(world.member)
        ended.append(caught.value)

    async with nothing_left(world.url), anyio.create_task_group() as tasks:
        async with opened_for_long(engine_name, world.url, trouble[0]) as client:
            for _ in range(6):
                tasks.start_soon(ask, client)
            await anyio.sleep(SOON)
        assert len(ended) == 6


@asynccontextmanager
async def opened_for_long(engine_name: EngineName, url: str, trouble: Trouble) -> AsyncIterator[CapillaryClient]:
    async with open_chaos(url, [None, *[trouble] * 9]) as chaos:
        auth = OAuth(key="sandbox-key", secret="sandbox-secret")
        async with CapillaryClient(chaos.url, auth=auth, verify=False, max_in_flight=4, engine=engine_name) as client:
            yield client


@on_each_engine
@pytest.mark.parametrize("cancelled_at", [0.0, 0.001, 0.003, 0.005, 0.01, 0.02])
async def test_a_crowd_that_is_cancelled_leaves_nothing(
    engine_name: EngineName, cancelled_at: float, world: World
) -> None:
    async with opened(engine_name, world.url) as (client, _):
        with anyio.move_on_after(cancelled_at):
            async with anyio.create_task_group() as tasks:
                for _ in range(8):
                    tasks.start_soon(client.balances.closing, world.member)
        assert await client.balances.closing(world.member) == world.expected


# ---- Walks, with a faulty server behind a bad line -------------------------------------------------------------------


def every(number: int, trouble: Trouble, times: int) -> list[Trouble | None]:
    return ([None] * (number - 1) + [trouble]) * times


STORMS: dict[str, list[Fault]] = {
    "429 with Retry-After": [Fault(status=429, headers={"Retry-After": "1"}, skip=5, times=6)],
    "429 without": [Fault(status=429, skip=3, times=25)],
    "5xx bursts": [Fault(status=503, skip=2, times=10), Fault(status=502, skip=9, times=8), Fault(status=504, times=3)],
    "a token that ends": [Fault(status=401, skip=7, times=1), Fault(status=401, skip=20, times=1)],
    "no token at first": [Fault(path=TOKEN_PATH, status=503, times=2)],
    "latency": [Fault(path="/", delay_s=0.005, jitter_s=0.02, times=None)],
    "cut off by a gateway": [Fault(damage="truncated", every=5, times=6), Fault(damage="html", every=7, times=4)],
}
LINE = [
    *every(5, Trouble(answer_bytes=500, then="reset"), 3),
    *every(4, Trouble(request_bytes=20), 3),
    *every(4, Trouble(rewrite=with_length(lambda length: length - 9)), 3),
    *every(3, Trouble(answer_bytes=700, then="close"), 3),
]


@on_each_engine
@pytest.mark.parametrize("faults", STORMS.values(), ids=STORMS)
async def test_a_storm_on_a_bad_line_costs_no_entry(engine_name: EngineName, faults: list[Fault], world: World) -> None:
    world.sandbox.faults.add(*faults)
    retry = RetryPolicy(attempts=20, first_delay_s=0.005, longest_delay_s=0.05)
    found: dict[int, list[int]] = {}
    async with opened(engine_name, world.url, *LINE, retry=retry) as (client, _):

        async def read(user_id: int) -> None:
            member = Customer.by_id(user_id, source="INSTORE")
            query = client.ledger.entries(member, since=SINCE, include_alternate_currencies=True)
            found[user_id] = [entry.event_log_id for entry in await query.collect()]

        async with anyio.create_task_group() as tasks:
            for owner in world.sandbox.ledger.members:
                tasks.start_soon(read, owner.user_id)
    for owner in world.sandbox.ledger.members:
        told = member_truth(world.sandbox.ledger, owner.user_id, world.sandbox.printer, since=SINCE, until=NOW)
        assert found[owner.user_id] == told["ids"]
        assert len(found[owner.user_id]) > 20


@on_each_engine
async def test_tokens_that_end_in_mid_walk_are_renewed(engine_name: EngineName, world: World) -> None:
    user_id = world.sandbox.ledger.members[0].user_id
    async with opened(engine_name, world.url) as (client, _):
        member = Customer.by_id(user_id, source="INSTORE")
        query = client.ledger.entries(member, since=SINCE, page_size=10, include_alternate_currencies=True)
        ids: list[int] = []
        async for entry in query:
            ids.append(entry.event_log_id)
            if len(ids) % 15 == 1:
                world.sandbox.tokens.revoke_all()
    assert ids == member_truth(world.sandbox.ledger, user_id, world.sandbox.printer, since=SINCE, until=NOW)["ids"]
    assert world.sandbox.stats.requests[LEDGER_INFO_PATH, 401] >= 2
    assert world.sandbox.stats.requests[TOKEN_PATH, 200] >= 3
