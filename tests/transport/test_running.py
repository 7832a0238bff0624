from __future__ import annotations

from typing import Any

import anyio
import pytest

from loyalty_async import Basic, CapillaryClient, ClientStateError, Customer, OAuth, RetryPolicy
from loyalty_async.models.balances import LedgerBalance
from loyalty_async.transport.running import Running
from tests.transport.stages import Reply, Stage, document

pytestmark = pytest.mark.anyio

MEMBER = Customer.by_id(7, source="INSTORE")
BASIC = Basic("till", "password")
BALANCE = document({"warnings": []})
TOKEN = document({"data": {"accessToken": "abc", "ttlSeconds": 300}})
HANGS = Reply(wait_s=1000.0)

# What calls wait for when their client is closed, with one place in flight.
WAITS: dict[str, tuple[Any, ...]] = {
    "the answer": (BASIC, HANGS),
    "the body": (BASIC, Reply(chunk_wait_s=1000.0)),
    "the closing of an answer": (BASIC, Reply(close_wait_s=1000.0)),
    "another try": (BASIC, Reply(status=429, headers={"Retry-After": "60"})),
    "a token": (OAuth(key="key", secret="secret"), HANGS),
    "the answer, with a token": (OAuth(key="key", secret="secret"), TOKEN, HANGS),
}


def client_of(stage: Stage, auth: Basic | OAuth = BASIC, **options: Any) -> CapillaryClient:
    return CapillaryClient("https://api.example.com", auth=auth, transport=stage, verify=False, **options)


@pytest.mark.parametrize("waits", WAITS.values(), ids=WAITS)
@pytest.mark.parametrize("crowd", [1, 5])
async def test_calls_that_run_when_their_client_closes_are_told(waits: tuple[Any, ...], crowd: int) -> None:
    auth, *replies = waits
    last = replies[-1]
    left = iter(replies)
    stage = Stage(answering=lambda _: next(left, last))
    ended: list[float] = []
    client = client_of(stage, auth, max_in_flight=1)

    async def ask() -> None:
        with pytest.raises(ClientStateError, match="closed"):
            await client.balances.closing(MEMBER)
        ended.append(anyio.current_time())

    async with anyio.create_task_group() as tasks:
        async with client:
            for _ in range(crowd):
                tasks.start_soon(ask)
            await anyio.sleep(5.0)
            began = anyio.current_time()
        assert len(ended) == crowd  # Closing waits for them, so that no connection is pulled from under a call.
        assert (stage.in_flight, stage.open_bodies) == (0, 0)
    assert set(ended) == {began}


async def test_a_call_that_is_done_keeps_its_result() -> None:
    stage = Stage(answering=lambda _: document({"warnings": []}, wait_s=1.0))
    client = client_of(stage)
    results: list[LedgerBalance] = []

    async def ask() -> None:
        results.append(await client.balances.closing(MEMBER))

    async with anyio.create_task_group() as tasks, client:
        tasks.start_soon(ask)
        await anyio.sleep(2.0)
    assert len(results) == 1


async def test_a_walk_in_another_task_ends_with_its_client() -> None:
    stage = Stage(answering=lambda _: HANGS)
    client = client_of(stage)
    told: list[ClientStateError] = []

    async def walk() -> None:
        try:
            async with client.ledger.entries(MEMBER, since=None).prefetch(ahead=3) as entries:
                async for _ in entries:
                    pytest.fail("there was an entry")
        except ClientStateError as error:
            told.append(error)

    async with anyio.create_task_group() as tasks, client:
        tasks.start_soon(walk)
        await anyio.sleep(1.0)
    assert len(told) == 1
    assert stage.in_flight == 0


async def test_a_call_that_is_not_ended_is_not_told_so() -> None:
    """The caller's own cancellation, at any time, stays one."""
    stage = Stage(answering=lambda _: HANGS)
    async with client_of(stage) as client:
        with anyio.move_on_after(1.0) as scope:
            await client.balances.closing(MEMBER)
        assert scope.cancelled_caught


async def test_if_the_end_is_cancelled_the_transport_is_closed_all_the_same() -> None:
    class Stubborn(Stage):
        closed = False

        async def aclose(self) -> None:
            self.closed = True

        async def _respond(self, request: Any) -> Any:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(50.0)
            return await super()._respond(request)

    stage = Stubborn(answering=lambda _: Reply())
    client = client_of(stage, retry=RetryPolicy(attempts=1))

    async def ask() -> None:
        with pytest.raises(ClientStateError):
            await client.balances.closing(MEMBER)

    async with anyio.create_task_group() as tasks:
        with anyio.move_on_after(10.0) as scope:
            async with client:
                tasks.start_soon(ask)
                await anyio.sleep(1.0)
        assert scope.cancelled_caught
        assert stage.closed
        assert anyio.current_time() == 10.0


async def test_what_begins_after_the_end_is_refused() -> None:
    running = Running()
    await running.end()
    with pytest.raises(ClientStateError), running.one():
        pytest.fail("it ran")


async def test_the_end_of_nothing_is_at_once() -> None:
    with anyio.fail_after(0):
        await Running().end()
