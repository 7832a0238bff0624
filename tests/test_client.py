from __future__ import annotations

import contextlib
import json
import ssl
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from types import TracebackType
from typing import Any, Self

import anyio
import anyio.lowlevel
import attrs
import httpx
import pytest
import respx

from loyalty_async import (
    AltcraftClient,
    Basic,
    CapillaryClient,
    ClientStateError,
    Customer,
    InvalidArgument,
    LoyaltyError,
    MalformedAnswerError,
    MemberNotFoundError,
    OAuth,
    Profile,
    RateLimit,
    RateLimitedError,
    RequestDetails,
    RetryPolicy,
    Timeouts,
    Waiting,
)
from tests.transport.servers import saying
from tests.transport.stages import Reply, Stage, document, failure

pytestmark = pytest.mark.anyio

URL = "https://eu.api.example.com"
TOKEN_PATH = "/v3/oauth/token/generate"
LEDGER_PATH = "/v2/pointsLedger/getCustomerLedgerInfo"
TILL = Basic("store.server", "server123")
CLIENT = OAuth(key="the-key", secret="the-s3cret")
MEMBER = Customer.by_mobile("917406401004", source="INSTORE")
SINCE = datetime(2025, 1, 1, tzinfo=UTC)
NOW = datetime(2025, 3, 1, tzinfo=UTC)

PAGE = {
    "ledgerDetails": {"pageNumber": 0, "pageSize": 100, "totalEntries": 1, "pageCount": 1},
    "ledgerEntries": [
        {
            "eventLogId": 178_000_001,
            "eventName": "TransactionAdd",
            "ledgerCreatedDate": "2025-02-03 04:05:06.0",
            "ledgerCreatedDateISO": "2025-02-03T04:05:06Z",
            "entryDetails": [{"ledgerEntryType": "CREDIT", "points": "12.500"}],
        }
    ],
    "warnings": [],
}
NOTHING = failure(11003)


class Watched(Stage):
    """Keeps account of being opened and closed."""

    def __init__(self, *replies: Reply, **options: Any) -> None:
        super().__init__(*replies, **options)
        self.log: list[str] = []
        self.closed_with: type[BaseException] | None = None

    async def __aenter__(self) -> Self:
        self.log.append("opened")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.log.append("closed")
        self.closed_with = kind


def client_of(transport: httpx.AsyncBaseTransport | None = None, **options: Any) -> CapillaryClient:
    settings = {"auth": TILL, "clock": lambda: NOW, "transport": transport, "verify": False}
    return CapillaryClient(URL, **{**settings, **options})


async def read(client: CapillaryClient) -> list[int]:
    return [entry.event_log_id async for entry in client.ledger.entries(MEMBER, since=SINCE)]


# ---- The life of a client --------------------------------------------------------------------------------------------


async def test_a_client_that_is_not_open_sends_nothing() -> None:
    stage = Stage()
    client = client_of(stage)
    with pytest.raises(ClientStateError, match="new"):
        await read(client)
    assert stage.requests == []


async def test_a_client_that_was_closed_sends_nothing() -> None:
    stage = Stage()
    async with client_of(stage) as client:
        pass
    with pytest.raises(ClientStateError, match="closed"):
        await read(client)
    assert stage.requests == []


async def test_a_client_is_opened_once() -> None:
    stage = Watched()
    async with client_of(stage) as client:
        with pytest.raises(ClientStateError, match="once"):
            await client.__aenter__()
    with pytest.raises(ClientStateError, match="once"):
        await client.__aenter__()
    assert stage.log == ["opened", "closed"]


async def test_a_query_may_be_made_before_the_client_is_open() -> None:
    client = client_of(Stage(document(PAGE)))
    query = client.ledger.entries(MEMBER, since=SINCE)
    async with client:
        assert [entry.event_log_id async for entry in query] == [178_000_001]
    with pytest.raises(ClientStateError):
        await query.collect()


async def test_a_transport_is_opened_and_closed_with_the_client() -> None:
    stage = Watched(document(PAGE))
    client = client_of(stage)
    assert stage.log == []
    async with client:
        assert stage.log == ["opened"]
        await read(client)
        assert stage.log == ["opened"]
    assert stage.log == ["opened", "closed"]
    assert stage.closed_with is None


async def test_an_error_in_the_block_closes_the_client_and_comes_out_bare() -> None:
    stage = Watched()
    with pytest.raises(ZeroDivisionError):
        async with client_of(stage):
            raise ZeroDivisionError
    assert stage.log == ["opened", "closed"]
    assert stage.closed_with is ZeroDivisionError


async def test_a_cancelled_block_closes_the_client() -> None:
    stage = Watched(Reply(wait_s=100.0))
    with anyio.move_on_after(5):
        async with client_of(stage) as client:
            await read(client)
    assert stage.log == ["opened", "closed"]
    assert stage.in_flight == 0


async def test_a_transport_that_does_not_open_leaves_the_client_new() -> None:
    class Broken(Watched):
        async def __aenter__(self) -> Self:
            raise OSError("no")

    client = client_of(Broken())
    with pytest.raises(OSError, match="no"):
        await client.__aenter__()
    assert "new" in repr(client)
    with pytest.raises(ClientStateError):
        await read(client)


async def test_a_client_runs_on_whichever_loop_it_is_opened_in() -> None:
    client = client_of(Stage(NOTHING))  # Made here, and it might have been made before there was a loop.
    async with client:
        assert await read(client) == []


def test_a_client_can_be_made_without_a_loop() -> None:
    client = client_of(Stage(NOTHING))

    async def use() -> list[int]:
        async with client:
            return await read(client)

    assert anyio.run(use) == []


@pytest.mark.real_time
async def test_the_built_in_pool_leaves_no_connection_open() -> None:
    body = json.dumps(PAGE).encode()
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    with saying(answer) as server:
        async with CapillaryClient(server.url, auth=TILL, clock=lambda: NOW) as client:
            assert await read(client) == [178_000_001]
            pools: Any = client._session.transport
            assert connections(pools) <= 1
        assert connections(pools) == 0


def connections(pools: Any) -> int:
    return sum(len(pool.transport._pool.connections) for pool in pools._pools)


# ---- What a client tells ---------------------------------------------------------------------------------------------


def sent(client: CapillaryClient) -> tuple[int, int]:
    stats = client.stats()
    return stats.requests, stats.retries


async def test_stats_count_every_request() -> None:
    token = document({"data": {"accessToken": "abc", "ttlSeconds": 300}})
    stage = Stage(token, Reply(status=503), Reply(status=503), document(PAGE), document(PAGE))
    client = client_of(stage, auth=CLIENT)
    assert sent(client) == (0, 0)
    async with client:
        await read(client)
        assert sent(client) == (4, 2)
        await read(client)
    assert sent(client) == (5, 2)


@pytest.mark.parametrize("auth", [TILL, CLIENT], ids=["Basic", "OAuth"])
async def test_a_repr_tells_host_and_state_and_no_secret(auth: Basic | OAuth) -> None:
    client = CapillaryClient(f"{URL}/gateway", auth=auth, transport=Stage())
    assert repr(client) == "<CapillaryClient eu.api.example.com new>"
    async with client:
        assert repr(client) == "<CapillaryClient eu.api.example.com open>"
        for shown in (repr(client.ledger), repr(client._session), repr(auth)):
            for secret in ("store.server", "server123", "8a16a6b7", "the-key", "the-s3cret"):
                assert secret not in shown
    assert repr(client) == "<CapillaryClient eu.api.example.com closed>"


async def test_the_other_vendors_client_lives_the_same_way() -> None:
    stage = Watched()
    client = AltcraftClient("https://altcraft.example", token="altcraft-t0ken", transport=stage)
    assert repr(client) == "<AltcraftClient altcraft.example new>"
    async with client:
        assert "altcraft-t0ken" not in repr([client, client.accounts, client._session])
    assert stage.log == ["opened", "closed"]
    with pytest.raises(ClientStateError):
        await client.__aenter__()


# ---- Limits and lanes ------------------------------------------------------------------------------------------------


async def test_a_quota_paces_all_calls_of_a_client() -> None:
    stage = Stage(answering=lambda _: NOTHING)
    async with client_of(stage, rate_limit=RateLimit(10, per=10.0)) as client, anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(read, client)
    assert max(sum(at <= other <= at + 10.0 for other in stage.at) for at in stage.at) == 10
    assert 18.0 <= anyio.current_time() <= 20.0


async def test_an_endpoint_may_have_a_limit_beside_the_clients() -> None:
    stage = Stage(answering=lambda request: NOTHING if request.url.path == LEDGER_PATH else failure(8015))
    limits = {"ledger": RateLimit(1, per=60.0)}

    async def ask_balance(client: CapillaryClient) -> None:
        with pytest.raises(MemberNotFoundError):
            await client.balances.closing(MEMBER)

    async with client_of(stage, endpoint_limits=limits) as client, anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(read, client)
            tasks.start_soon(ask_balance, client)
    ledger = [at for at, request in zip(stage.at, stage.requests, strict=True) if request.url.path == LEDGER_PATH]
    assert [round(at / 60.0, 1) for at in ledger] == [0.0, 1.0, 2.0]
    assert stage.at[:4] == [0.0] * 4


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.ledger.entries(MEMBER, since=SINCE).collect(),
        lambda client: client.balances.closing(MEMBER),
        lambda client: client.events.explode(MEMBER, event_ids=[1]).collect(),
        lambda client: client.promised_points.schedule(MEMBER),
        lambda client: client.promised_points.schedule(Customer.by_id("5", source="INSTORE")),
    ],
    ids=["ledger", "balances", "events", "promised_points", "promised_points by id"],
)
async def test_every_endpoint_waits_in_the_lane_of_its_view_and_in_its_group(
    ask: Callable[[CapillaryClient], Awaitable[object]], request: pytest.FixtureRequest
) -> None:
    stage = Stage(answering=lambda _: failure(8015, wait_s=1.0))
    name = request.node.callspec.id.partition("-")[2].partition(" ")[0]
    limits = {name: RateLimit(1, per=60.0)}

    async def run(client: CapillaryClient) -> None:
        with contextlib.suppress(LoyaltyError):
            await ask(client)

    async with client_of(stage, endpoint_limits=limits) as client, anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(run, client.lane("bulk"))
        await anyio.sleep(10)
        assert client.stats().waiting == Waiting(interactive=0, bulk=3)
        tasks.start_soon(run, client)
        await anyio.sleep(1)
        assert client.stats().waiting == Waiting(interactive=1, bulk=3)
        tasks.cancel_scope.cancel()


async def test_altcrafts_endpoint_waits_in_its_lane_too() -> None:
    stage = Stage(answering=lambda _: Reply(status=404, wait_s=1.0))
    limits = {"accounts": RateLimit(1, per=60.0)}
    client = AltcraftClient("https://altcraft.example", token="t", transport=stage, endpoint_limits=limits)
    async with client, anyio.create_task_group() as tasks:
        for _ in range(3):
            balance = partial(client.lane("bulk").accounts.balance, program_id=1, member=Profile.by_email("a@b.c"))
            tasks.start_soon(balance)
            await anyio.lowlevel.checkpoint()
        await anyio.sleep(0.5)
        assert client.stats().waiting == Waiting(interactive=0, bulk=2)
        tasks.cancel_scope.cancel()


async def test_a_view_lives_and_dies_with_its_client() -> None:
    client = client_of(Stage(NOTHING, NOTHING))
    bulk = client.lane("bulk")
    assert isinstance(bulk, CapillaryClient)
    assert repr(bulk) == repr(client)
    with pytest.raises(ClientStateError, match="new"):
        await read(bulk)
    async with client:
        await read(bulk)
        await read(bulk.lane("interactive"))
        with pytest.raises(ClientStateError, match="once"):
            await bulk.__aenter__()
        assert sent(bulk) == sent(client) == (2, 0)
    with pytest.raises(ClientStateError, match="closed"):
        await read(bulk)


@pytest.mark.parametrize("name", ["", "Bulk", None, 5, ["bulk"]])
def test_a_lane_that_does_not_exist_is_refused(name: Any) -> None:
    with pytest.raises(InvalidArgument, match="interactive, bulk"):
        client_of().lane(name)


async def test_stats_can_be_written_as_json() -> None:
    async with client_of(Stage(document(PAGE)), rate_limit=RateLimit(600, per=60.0)) as client:
        await read(client)
        written = json.loads(json.dumps(attrs.asdict(client.stats())))
    assert written["requests"] == 1
    assert written["waiting"] == {"interactive": 0, "bulk": 0}
    (traffic,) = written["traffic"]
    assert (traffic["endpoint"], traffic["outcome"], traffic["requests"]) == (LEDGER_PATH, "ok", 1)
    assert traffic["received_bytes"] == len(json.dumps(PAGE))


async def test_stats_name_no_member() -> None:
    async with client_of(Stage(failure(8015))) as client:
        with pytest.raises(MemberNotFoundError):
            await client.promised_points.schedule(Customer.by_id("917406401004", source="INSTORE"))
    assert "917406401004" not in repr(client.stats())


async def test_stats_name_the_server() -> None:
    assert client_of().stats().server == "eu.api.example.com"


async def test_hooks_are_told_of_every_request_those_for_tokens_too() -> None:
    seen: list[RequestDetails] = []
    token = document({"data": {"accessToken": "abc", "ttlSeconds": 300}})
    stage = Stage(token, Reply(status=401), token, document(PAGE))
    async with client_of(stage, auth=CLIENT, hooks=[seen.append]) as client:
        await read(client.lane("bulk"))
    assert [(each.method, each.endpoint, each.attempt, each.outcome, each.retry_in_s) for each in seen] == [
        ("POST", TOKEN_PATH, 1, "ok", None),
        ("GET", LEDGER_PATH, 1, "AuthenticationError", 0.0),
        ("POST", TOKEN_PATH, 1, "ok", None),
        ("GET", LEDGER_PATH, 2, "ok", None),
    ]


async def test_hooks_are_told_the_template_of_a_path_that_names_a_member() -> None:
    seen: list[RequestDetails] = []
    async with client_of(Stage(failure(8015)), hooks=(seen.append,)) as client:
        with pytest.raises(MemberNotFoundError):
            await client.promised_points.schedule(Customer.by_id("917406401004", source="INSTORE"))
    assert "{" in seen[0].endpoint
    assert "917406401004" not in repr(seen)


async def test_the_other_client_has_hooks_too() -> None:
    seen: list[RequestDetails] = []
    stage = Stage(document({"error": 5, "error_text": "no"}))
    async with AltcraftClient(URL, token="t", transport=stage, hooks=[seen.append]) as client:
        with pytest.raises(LoyaltyError):
            await client.accounts.balance(program_id=1, member=Profile.by_email("a@example.com"), currency="x")
    assert [each.codes for each in seen] == [(5,)]


@pytest.mark.parametrize("hooks", [print, [5], "print"])
def test_a_hook_that_cannot_be_called_is_refused(hooks: Any) -> None:
    with pytest.raises(InvalidArgument, match="hooks"):
        client_of(hooks=hooks)


# ---- Two at once -----------------------------------------------------------------------------------------------------


async def test_two_clients_share_nothing() -> None:
    def vendor(name: str) -> Stage:
        def answer(request: httpx.Request) -> Reply:
            if request.url.path == LEDGER_PATH:
                assert request.headers["x-cap-api-oauth-token"] == name
                return document(PAGE, wait_s=1.0)
            assert json.loads(request.content) == {"key": name, "secret": "s"}
            return document({"data": {"accessToken": name, "ttlSeconds": 300}}, wait_s=1.0)

        return Stage(answering=answer)

    one, two = vendor("one"), vendor("two")
    async with (
        client_of(one, auth=OAuth(key="one", secret="s"), max_in_flight=1) as first,
        client_of(two, auth=OAuth(key="two", secret="s"), max_in_flight=1) as second,
        anyio.create_task_group() as tasks,
    ):
        for client in (first, second):
            for _ in range(3):
                tasks.start_soon(read, client)
    assert anyio.current_time() == 4.0
    assert sent(first) == sent(second) == (4, 0)


async def test_max_in_flight_holds_for_all_calls_of_a_client() -> None:
    stage = Stage(answering=lambda _: document(PAGE, wait_s=1.0))
    async with client_of(stage, max_in_flight=4) as client, anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(read, client)
    assert stage.most == 4
    assert anyio.current_time() == 5.0


async def test_the_policies_of_the_caller_are_followed() -> None:
    stage = Stage(Reply(status=429, headers={"Retry-After": "5"}), Reply(status=429))
    client = client_of(stage, retry=RetryPolicy(attempts=2), timeouts=Timeouts(read=7.0))
    async with client:
        with pytest.raises(RateLimitedError):
            await read(client)
    assert 5.0 <= anyio.current_time() <= 5.5
    assert stage.requests[0].extensions["timeout"]["read"] == 7.0


# ---- Wrong arguments -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"base_url": "http://eu.api.example.com"}, "https"),
        ({"base_url": ""}, "https"),
        ({"auth": None}, "Basic"),
        ({"auth": ("till", "server123")}, "Basic"),
        ({"rate_limit": 600}, "rate_limit"),
        ({"endpoint_limits": {"accounts": RateLimit(1, per=1.0)}}, "no accounts"),
        ({"max_in_flight": 0}, "max_in_flight"),
        ({"max_in_flight": "20"}, "max_in_flight"),
        ({"server_timezone": "Asia/Kolkata"}, "tzinfo"),
        ({"proxy": "ftp://user:server123@proxy.example"}, "proxy"),
        ({"transport": 5}, r"transport must be an httpx\.AsyncBaseTransport"),
        ({"transport": httpx.HTTPTransport()}, r"transport must be an httpx\.AsyncBaseTransport"),
        ({"transport": httpx.AsyncHTTPTransport}, r"transport must be an httpx\.AsyncBaseTransport"),
        ({"transport": Stage(), "proxy": "http://proxy.example"}, "beside transport="),
        ({"transport": Stage(), "engine": "aiohttp"}, "beside transport="),
    ],
)
def test_what_cannot_work_is_refused_at_once(options: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidArgument, match=says) as caught:
        CapillaryClient(**{"base_url": URL, "auth": TILL, **options})
    assert "server123" not in str(caught.value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Basic("", "password"),
        lambda: Basic("till", ""),
        lambda: Basic("till", None),  # type: ignore[arg-type]
        lambda: Basic("ti\nll", "s3cret"),
        lambda: OAuth(key="", secret="s3cret"),
        lambda: OAuth(key="key", secret="s3cret\x00"),
        lambda: OAuth(key=5, secret="s3cret"),  # type: ignore[arg-type]
    ],
)
def test_credentials_that_cannot_be_right_are_refused(make: Callable[[], object]) -> None:
    with pytest.raises(InvalidArgument) as caught:
        make()
    assert "s3cret" not in str(caught.value)


# ---- Canned answers under the built-in pool --------------------------------------------------------------------------


@pytest.fixture
def vendor() -> Any:
    with respx.mock(base_url=URL, assert_all_called=False) as router:
        yield router


async def test_the_built_in_pool_asks_as_the_documents_say(vendor: respx.MockRouter) -> None:
    route = vendor.get(LEDGER_PATH).respond(json=PAGE)
    async with client_of() as client:
        (entry,) = await client.ledger.entries(MEMBER, since=SINCE).collect()
    assert entry.created_at == datetime(2025, 2, 3, 4, 5, 6, tzinfo=UTC)
    request = route.calls.last.request
    assert request.headers["authorization"].startswith("Basic ")
    shown = dict(request.url.params)
    assert shown["identifierName"] == "mobile"
    assert shown["identifierValue"] == MEMBER.identifier_value
    assert shown["source"] == "INSTORE"
    assert (shown["offset"], shown["limit"]) == ("0", "100")
    assert shown["startDate"] == "2024-12-31T23:59:59"
    assert shown["endDate"] == "2025-03-01T00:00:01"


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("more", [{}, {"warnings": []}])
async def test_nothing_is_no_error_whatever_the_status(
    vendor: respx.MockRouter, status: int, more: dict[str, Any]
) -> None:
    errors = [{"status": False, "code": 11003, "message": "There are no ledger entries present"}]
    vendor.get(LEDGER_PATH).respond(status, json={"errors": errors, **more})
    async with client_of() as client:
        assert await client.ledger.entries(MEMBER, since=SINCE).collect() == []


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"status_code": 200, "html": "<html>maintenance</html>"}, MalformedAnswerError),
        ({"status_code": 200, "content": b""}, MalformedAnswerError),
        ({"status_code": 200, "content": json.dumps(PAGE).encode()[:-20]}, MalformedAnswerError),
        ({"status_code": 200, "json": [PAGE]}, MalformedAnswerError),
        ({"status_code": 200, "json": 5}, MalformedAnswerError),
        ({"status_code": 200, "json": "text"}, MalformedAnswerError),
        ({"status_code": 200, "json": {"ledgerEntries": []}}, MalformedAnswerError),
        ({"status_code": 200, "json": {"errors": [{"code": 8015, "message": "x"}]}}, MemberNotFoundError),
    ],
)
async def test_bad_answers_are_one_clear_error(
    vendor: respx.MockRouter, answer: dict[str, Any], kind: type[LoyaltyError]
) -> None:
    vendor.get(LEDGER_PATH).respond(**answer)
    async with client_of(retry=RetryPolicy(attempts=2)) as client:
        with pytest.raises(LoyaltyError) as caught:
            await read(client)
    assert type(caught.value) is kind
    assert caught.value.status == 200
    assert caught.value.member == MEMBER


async def test_the_callers_tls_context_reaches_the_pool() -> None:
    context = ssl.create_default_context()
    pools: Any = client_of(verify=context)._session.transport
    assert {pool.transport._pool._ssl_context for pool in pools._pools} == {context}


async def test_two_tasks_cannot_both_open_a_client() -> None:
    class Slow(Watched):
        async def __aenter__(self) -> Self:
            await anyio.sleep(1)
            return await super().__aenter__()

    client = client_of(Slow())
    refused = []

    async def enter() -> None:
        try:
            await client.__aenter__()
        except ClientStateError as error:
            refused.append(error)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(enter)
        tasks.start_soon(enter)
    assert len(refused) == 1
    await client.__aexit__(None, None, None)


@pytest.mark.real_time
def test_another_event_loop_is_told() -> None:
    client = client_of(Watched())

    async def opened() -> None:
        await client.__aenter__()

    async def used() -> None:
        with pytest.raises(ClientStateError, match="another event loop"):
            await read(client)

    anyio.run(opened)
    anyio.run(used)


@pytest.mark.parametrize("user_id", [".", ".."])
async def test_an_identifier_cannot_climb_out_of_its_path(user_id: str) -> None:
    watched = Watched()
    async with client_of(watched) as client:
        with pytest.raises(InvalidArgument, match="path"):
            await client.promised_points.schedule(Customer.by_id(user_id, source="INSTORE"))


@pytest.mark.parametrize("token", [None, "", " ", "a\nb"])
def test_a_token_that_no_request_can_carry_is_refused(token: Any) -> None:
    with pytest.raises(InvalidArgument, match="token"):
        AltcraftClient("https://example.com", token=token)


@pytest.mark.parametrize(
    ("settings", "told"), [({"timeouts": 2.0}, "Timeouts"), ({"retry": 3}, "RetryPolicy"), ({"clock": 5}, "clock")]
)
def test_settings_of_the_wrong_kind_are_refused(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidArgument, match=told):
        client_of(**settings)
