"""The way to Redis, and clients that use it, with a real server and in real time."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress

import anyio
import anyio.lowlevel
import httpx
import pytest

from loyalty_async import AltcraftClient, Basic, CapillaryClient, Customer, OAuth, RateLimit, StoreUnavailableError
from loyalty_async.errors import LoyaltyError
from loyalty_async.transport import couriers
from loyalty_async.transport.couriers import Store, StoreError
from loyalty_async.transport.redis_store import RedisStore
from loyalty_async.transport.reservations import Question, SharedQuota
from tests._support.leaks import nothing_left
from tests._support.redis_servers import RedisServer, running_redis
from tests.transport.servers import saying

pytestmark = [pytest.mark.anyio, pytest.mark.real_time]

LIMIT = RateLimit(6000, per=60.0)
QUESTION = Question(pause_key="p", quotas=[SharedQuota.from_limit(LIMIT, "test", "")], wanted=1)
MEMBER = Customer.by_id(1, source="INSTORE")
FREE_PORT = 1  # Nobody but root may listen there.


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with running_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(autouse=True)
def _short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(couriers.Courier.__init__, "__defaults__", (0.3,))  # For `patience_s`.


def answering(request: httpx.Request) -> httpx.Response:
    if "token" in request.url.path:
        return httpx.Response(200, json={"data": {"accessToken": "t", "ttlSeconds": 3600}})
    return httpx.Response(200, json={"errors": [{"status": False, "code": 8015, "message": "no"}]})


def client_of(url: str, fallback: RateLimit | None = None, name: str | None = None) -> CapillaryClient:
    return CapillaryClient(
        "https://api.example.com",
        auth=OAuth(key="public-part", secret="hunter2"),
        rate_limit=RateLimit(6000, per=60.0, store=url, fallback=fallback, name=name),
        transport=httpx.MockTransport(answering),
    )


async def ask(client: CapillaryClient) -> None:
    with pytest.raises(LoyaltyError, match="8015"):
        await client.balances.closing(MEMBER)


async def refusal_of(store: Store) -> str:
    with pytest.raises(StoreError) as caught:
        async with store.open() as carry:
            await carry(QUESTION)
    return str(caught.value)


# ---- The store -------------------------------------------------------------------------------------------------------


async def test_a_store_answers_and_leaves_nothing_behind(redis: RedisServer) -> None:
    async with nothing_left(redis.url), RedisStore(redis.url).open() as carry:
        assert (await carry(QUESTION)).pause_s == 0.0
        await anyio.sleep(0.2)
        assert len((await carry(QUESTION)).waits_s) == 1


async def test_a_script_that_the_server_has_forgotten_is_sent_again(redis: RedisServer) -> None:
    async with RedisStore(redis.url).open() as carry:
        await carry(QUESTION)
        redis.command("SCRIPT", "FLUSH")
        await carry(QUESTION)


async def test_a_connection_that_broke_is_not_made_again_unnoticed(redis: RedisServer) -> None:
    """The server may have restarted meanwhile."""
    async with RedisStore(redis.url).open() as carry:
        await carry(QUESTION)
        redis.command("CLIENT", "KILL", "TYPE", "normal")
        await anyio.sleep(0.1)
        with pytest.raises(StoreError):
            await carry(QUESTION)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # It takes the time of a connection that is not made.
async def test_a_server_without_tls_is_not_talked_to_if_tls_is_asked_for(redis: RedisServer) -> None:
    async with nothing_left(redis.url):
        assert await refusal_of(RedisStore(redis.url.replace("redis:", "rediss:")))


async def test_no_server_and_a_strange_server_are_one_error() -> None:
    async with nothing_left():
        assert await refusal_of(RedisStore(f"redis://127.0.0.1:{FREE_PORT}/0"))
        assert await refusal_of(RedisStore("unix:///nowhere"))
    with saying(b"HTTP/1.1 400 Bad Request\r\n\r\n") as strange:
        assert await refusal_of(RedisStore(strange.url.replace("http", "redis")))


async def test_a_password_may_hold_any_character_and_is_not_in_an_error(redis: RedisServer) -> None:
    redis.command("ACL", "SETUSER", "someone", "on", ">p@ss/word", "~*", "+@all")
    async with RedisStore(redis.url.replace("//", "//someone:p%40ss%2Fword@")).open() as carry:
        await carry(QUESTION)
    assert "wrong" not in await refusal_of(RedisStore(redis.url.replace("//", "//someone:wrong@")))


@pytest.mark.parametrize("steps", [*range(0, 40, 3)])
async def test_nothing_is_left_whenever_it_is_cancelled(redis: RedisServer, steps: int) -> None:
    async def use() -> None:
        with suppress(StoreError):  # What coredis makes on trio of being cancelled while it connects.
            async with RedisStore(redis.url).open() as carry:
                await carry(QUESTION)
                await anyio.sleep_forever()

    async with nothing_left(redis.url), anyio.create_task_group() as tasks:
        tasks.start_soon(use)
        for _ in range(steps):
            await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()


# ---- Clients ---------------------------------------------------------------------------------------------------------


async def test_a_client_opens_and_closes_its_store(redis: RedisServer) -> None:
    async with nothing_left(redis.url), client_of(redis.url) as client:
        await ask(client)
        await ask(client.lane("bulk"))
        stats = client.stats()
    assert stats.store == "well"
    assert stats.pace_per_s == pytest.approx(98.0)
    assert stats.store_round_trips >= 3


async def test_an_error_in_the_block_comes_out_as_it_is(redis: RedisServer) -> None:
    async with nothing_left(redis.url):
        with pytest.raises(ZeroDivisionError):
            await fail_inside(client_of(redis.url))


async def fail_inside(client: CapillaryClient) -> None:
    async with client:
        await ask(client)
        raise ZeroDivisionError


async def test_a_cancelled_block_ends_and_leaves_nothing(redis: RedisServer) -> None:
    async with nothing_left(redis.url):
        with anyio.move_on_after(0.2) as scope:
            async with client_of(redis.url) as client:
                await ask(client)
                await anyio.sleep_forever()
        assert scope.cancelled_caught


async def test_clients_of_one_key_share_and_no_secret_is_in_redis(redis: RedisServer) -> None:
    async def keys_of(client: CapillaryClient | AltcraftClient) -> set[str]:
        redis.command("FLUSHALL")
        async with client:
            with anyio.fail_after(5):
                while not (keys := redis.command("KEYS", "*")):  # noqa: ASYNC110 - another process tells
                    await anyio.sleep(0.01)
        values = [redis.command("GET", key) for key in keys]
        assert not [text for text in (*keys, *values) if any(word in text for word in ("hunter2", "public", "example"))]
        return set(keys)

    limit = RateLimit(60, per=60.0, store=redis.url)
    host = "https://api.example.com"
    one = await keys_of(client_of(redis.url))
    again = await keys_of(CapillaryClient(host, auth=OAuth(key="public-part", secret="hunter2-too"), rate_limit=limit))
    other = await keys_of(CapillaryClient(host, auth=Basic("public-till", "hunter2"), rate_limit=limit))
    altcraft = await keys_of(AltcraftClient(host, token="hunter2", rate_limit=limit))
    named = await keys_of(client_of(redis.url, name="ours"))
    assert one == again
    assert len({*one, *other, *altcraft, *named}) == 4
    assert named == {"loyalty_async:{ours}:all:60s"}


async def test_without_redis_a_call_says_what_to_do_and_whom_it_was_for(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="coredis")
    async with nothing_left(), client_of(f"redis://127.0.0.1:{FREE_PORT}/0") as client:
        with pytest.raises(StoreUnavailableError, match="fallback=") as caught:
            await client.balances.closing(MEMBER)
        assert caught.value.member == MEMBER
        assert client.stats().store == "away"
        assert client.stats().requests == 0
    assert not caplog.records


async def test_a_wrong_password_is_told_at_once(redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(couriers.Courier.__init__, "__defaults__", (60.0,))
    redis.command("ACL", "SETUSER", "someone", "on", ">right", "~*", "+@all")
    redis.command("ACL", "SETUSER", "reader", "on", ">right", "~*", "+@read", "+info", "+hello")
    for who in ("someone:wrong", "nobody:right", "reader:right"):
        async with client_of(redis.url.replace("//", f"//{who}@")) as client:
            with anyio.fail_after(10), pytest.raises(StoreUnavailableError, match=r"Auth|Perm|Response"):
                await client.balances.closing(MEMBER)


async def test_two_counts_of_one_name_are_noticed(redis: RedisServer) -> None:
    def client(requests: int) -> CapillaryClient:
        limit = RateLimit(requests, per=60.0, store=redis.url, name="twice")
        auth = OAuth(key="k", secret="s")
        transport = httpx.MockTransport(answering)
        return CapillaryClient("https://api.example.com", auth=auth, rate_limit=limit, transport=transport)

    with pytest.warns(RuntimeWarning, match=r"loyalty_async:\{twice\}:all:60s .* give all processes the same") as said:
        await take_turns(client(6000), client(3000))
    assert len(said) == 2


async def take_turns(one: CapillaryClient, other: CapillaryClient) -> None:
    async with one, other:
        for client in (one, other) * 4:
            await anyio.sleep(0.05)
            await ask(client)


async def test_without_redis_the_fallback_counts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"redis://127.0.0.1:{listener.getsockname()[1]}/0"
    async with client_of(url, fallback=RateLimit(600, per=60.0)) as client:
        await ask(client)
        assert client.stats().store == "fallback"
        assert client.stats().pauses == 0


async def test_a_server_that_dies_ends_no_block(tmp_path_factory: pytest.TempPathFactory) -> None:
    with running_redis(tmp_path_factory.mktemp("mortal")) as mortal:
        async with nothing_left(mortal.url), client_of(mortal.url, fallback=RateLimit(600, per=60.0)) as client:
            await ask(client)
            mortal.kill()
            await ask(client)
            assert client.stats().store == "fallback"
            mortal.start()
            with anyio.fail_after(5):
                while client.stats().store != "well":  # noqa: ASYNC110 - another process tells
                    await anyio.sleep(0.01)
            await ask(client)
            assert client.stats().store == "well"
