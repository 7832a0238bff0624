from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import httpx
import pytest

from loyalty_async.errors import (
    AuthenticationError,
    DeadlineExceededError,
    InvalidArgument,
    LoyaltyError,
    MalformedAnswerError,
    PermissionDeniedError,
    UnavailableError,
)
from loyalty_async.models.credentials import Basic, OAuth, Token
from loyalty_async.models.members import Customer
from loyalty_async.protocol.backoff import RetryPolicy
from loyalty_async.protocol.requests import Call
from loyalty_async.transport.auth import BasicAuthenticator, TokenAuthenticator, authenticator_for
from loyalty_async.transport.exchanges import Timeouts
from loyalty_async.transport.session import Session
from loyalty_async.wire.converter import make_converter
from tests.transport.stages import CALL, HOST, Reply, Stage, as_it_is, document, failure, open_session, places

pytestmark = pytest.mark.anyio

TOKEN_PATH = "/v3/oauth/token/generate"
KEY, SECRET = "the-key", "the-s3cret"


class Vendor:
    """Hands out tokens and checks them by its own clock, which is the test's.

    Attributes:
        ttl: Life of a token in seconds.
        fetch_s: How long it takes to hand one out.
        call_s: How long another call takes.
        issued: When tokens were asked for.
        refused: How many calls had no good token.
        revoked: Tokens that count no more, whatever their age.
        trouble: What the token endpoint says instead, one after the other.
    """

    def __init__(self, *, ttl: Any = 300, fetch_s: float = 0.0, call_s: float = 0.0) -> None:
        self.ttl, self.fetch_s, self.call_s = ttl, fetch_s, call_s
        self.secret = SECRET
        self.issued: list[float] = []
        self.refused = 0
        self.revoked: set[str] = set()
        self.trouble: list[Reply] = []
        self.checks_age = True
        self.stage = Stage(answering=self.answer)

    def session(self, *, max_in_flight: int = 10, **options: Any) -> Session:
        session = open_session(self.stage, max_in_flight=max_in_flight, **options)
        session.authenticator = authenticator_for(OAuth(key=KEY, secret=SECRET), session.call, make_converter())
        return session

    def answer(self, request: httpx.Request) -> Reply:
        if request.url.path == TOKEN_PATH:
            return self._grant(request)
        if not self._good(request.headers.get("X-CAP-API-OAUTH-TOKEN", "")):
            self.refused += 1
            return failure(401, 401, "Authentication failed")
        return Reply(wait_s=self.call_s)

    def _grant(self, request: httpx.Request) -> Reply:
        self.issued.append(anyio.current_time())
        if self.trouble:
            return self.trouble.pop(0)
        if json.loads(request.content) != {"key": KEY, "secret": self.secret}:
            return failure(401, 401, f"access forbidden for {KEY}", wait_s=self.fetch_s)
        token = {"accessToken": f"token-{len(self.issued)}", "ttlSeconds": self.ttl}
        return document({"data": token, "errors": None}, wait_s=self.fetch_s)

    def _good(self, token: str) -> bool:
        name, _, number = token.partition("-")
        if name != "token" or token in self.revoked:
            return False
        return not self.checks_age or anyio.current_time() < self.issued[int(number) - 1] + self.ttl


async def every(number: int, call: Callable[[], Awaitable[Any]]) -> list[Exception]:
    """Make so many calls at once and give the errors that came of them."""
    errors: list[Exception] = []

    async def run() -> None:
        try:
            await call()
        except LoyaltyError as error:
            errors.append(error)

    async with anyio.create_task_group() as tasks:
        for _ in range(number):
            tasks.start_soon(run)
    return errors


async def ask(session: Session) -> Any:
    return await session.call(CALL, as_it_is)


# ---- Basic -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("till", "password", "header"),
    [
        # The vendor's own example (Slate documentation, "Basic authentication").
        ("store.server", "server123", "Basic c3RvcmUuc2VydmVyOjhhMTZhNmI3MDUwNWViMWYxZmY3Y2RjMGNkNTU1OWE3"),
        # base64("till:" + the md5 of "123" that the page "Basic authentication" prints).
        ("till", "123", "Basic dGlsbDoyMDJjYjk2MmFjNTkwNzViOTY0YjA3MTUyZDIzNGI3MA=="),
    ],
)
async def test_basic_is_the_till_and_the_md5_of_its_password(till: str, password: str, header: str) -> None:
    stage = Stage(Reply())
    await ask(open_session(stage, authenticator=BasicAuthenticator(Basic(till, password))))
    assert stage.requests[0].headers["authorization"] == header
    assert "x-cap-api-oauth-token" not in stage.requests[0].headers


async def test_basic_sends_nothing_but_the_call() -> None:
    stage = Stage(Reply(status=401))
    session = open_session(stage)
    session.authenticator = authenticator_for(Basic("till", "123"), session.call, make_converter())
    with pytest.raises(AuthenticationError):
        await ask(session)
    assert len(stage.requests) == 1


@pytest.mark.parametrize("credentials", [None, ("till", "password"), "token", {"key": "a"}])
def test_other_credentials_are_refused(credentials: Any) -> None:
    with pytest.raises(InvalidArgument, match="Basic"):
        authenticator_for(credentials, open_session(Stage()).call, make_converter())


# ---- OAuth: fetching -------------------------------------------------------------------------------------------------


async def test_a_token_is_fetched_and_sent() -> None:
    vendor = Vendor()
    await ask(vendor.session())
    fetch, call = vendor.stage.requests
    assert (fetch.method, str(fetch.url)) == ("POST", f"https://{HOST}{TOKEN_PATH}")
    assert fetch.headers["content-type"] == "application/json"
    assert json.loads(fetch.content) == {"key": KEY, "secret": SECRET}
    assert call.headers["x-cap-api-oauth-token"] == "token-1"
    for request in (fetch, call):
        assert "authorization" not in request.headers
    assert "x-cap-api-oauth-token" not in fetch.headers


async def test_a_thousand_calls_at_once_fetch_one_token() -> None:
    vendor = Vendor(fetch_s=2.0, call_s=0.1)
    session = vendor.session(max_in_flight=50)
    assert await every(1000, lambda: ask(session)) == []
    assert len(vendor.issued) == 1
    assert vendor.stage.most <= 50
    assert session.meter.requests == 1001


async def test_one_place_in_flight_is_enough() -> None:
    vendor = Vendor(fetch_s=1.0)
    session = vendor.session(max_in_flight=1)
    with anyio.fail_after(60):
        assert await every(5, lambda: ask(session)) == []
    assert vendor.stage.most == 1


async def test_fetching_is_tried_again_like_any_call() -> None:
    vendor = Vendor()
    vendor.trouble = [Reply(status=503), Reply(error=httpx.ConnectError("refused"))]
    await ask(vendor.session())
    assert len(vendor.issued) == 3


# ---- OAuth: renewing -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ttl", "renewals"), [(300, [0, 270, 540]), (3600, [0]), (600, [0, 570]), (100, [0, 90, 180, 270, 360, 450, 540])]
)
async def test_a_token_is_renewed_before_it_ends(ttl: int, renewals: list[float]) -> None:
    vendor = Vendor(ttl=ttl)
    session = vendor.session()
    for _ in range(60):
        await ask(session)
        await anyio.sleep(10)
    assert vendor.issued == renewals
    assert vendor.refused == 0


async def test_its_life_is_counted_from_when_it_was_asked_for() -> None:
    vendor = Vendor(ttl=300, fetch_s=100.0)
    session = vendor.session()
    await ask(session)
    await anyio.sleep(171)
    await ask(session)
    assert vendor.issued == [0, 271]


async def test_a_thousand_calls_at_once_renew_one_token() -> None:
    vendor = Vendor(ttl=300, fetch_s=2.0)
    session = vendor.session()
    await ask(session)
    await anyio.sleep(1000)
    assert await every(1000, lambda: ask(session)) == []
    assert len(vendor.issued) == 2


@pytest.mark.parametrize("ttl", [1, 5])
async def test_a_token_that_ended_before_it_came_is_used_all_the_same(ttl: int) -> None:
    vendor = Vendor(ttl=ttl, fetch_s=10.0)
    vendor.checks_age = False
    session = vendor.session(max_in_flight=200)
    with anyio.fail_after(60):
        assert await every(100, lambda: ask(session)) == []
    assert len(vendor.issued) == 1


async def test_a_token_may_last_for_ever() -> None:
    vendor = Vendor(ttl=10**400)
    vendor.checks_age = False
    session = vendor.session()
    await ask(session)
    await anyio.sleep(20 * 24 * 3600)
    await ask(session)
    assert len(vendor.issued) == 1


async def test_a_queue_longer_than_the_margin_costs_a_renewal_and_no_call() -> None:
    vendor = Vendor(ttl=100, call_s=1.0)
    session = vendor.session(max_in_flight=1)
    assert await every(150, lambda: ask(session)) == []
    assert len(vendor.issued) <= 3


# ---- OAuth: refused tokens -------------------------------------------------------------------------------------------


async def test_a_refused_token_is_renewed_once() -> None:
    vendor = Vendor()
    session = vendor.session()
    await ask(session)
    vendor.revoked = {"token-1"}
    await ask(session)
    assert (len(vendor.issued), vendor.refused) == (2, 1)
    assert session.meter.retries == 1


async def test_a_second_refusal_is_the_callers() -> None:
    vendor = Vendor()
    vendor.revoked = {f"token-{number}" for number in range(10)}
    with pytest.raises(AuthenticationError) as caught:
        await ask(vendor.session())
    assert (len(vendor.issued), vendor.refused) == (2, 2)
    assert caught.value.member == CALL.member


async def test_fifty_refusals_at_once_renew_one_token() -> None:
    vendor = Vendor(fetch_s=3.0, call_s=1.0)
    session = vendor.session(max_in_flight=50)
    await ask(session)
    vendor.revoked = {"token-1"}
    assert await every(50, lambda: ask(session)) == []
    assert (len(vendor.issued), vendor.refused) == (2, 50)


async def test_a_refusal_that_comes_late_does_not_drop_the_new_token() -> None:
    vendor = Vendor()
    session = vendor.session(max_in_flight=2)
    slow = Call(method="GET", path="/slow")
    replies = {"/slow": [failure(401, 401, wait_s=50.0), Reply()]}

    def answer(request: httpx.Request) -> Reply:
        special = replies.get(request.url.path)
        return special.pop(0) if special else vendor.answer(request)

    vendor.stage._answering = answer
    await ask(session)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(session.call, slow, as_it_is)
        await anyio.sleep(1)
        vendor.revoked = {"token-1"}
        await ask(session)
    assert len(vendor.issued) == 2


async def test_a_token_that_may_not_read_is_not_renewed() -> None:
    vendor = Vendor()
    vendor.stage._answering = lambda request: (
        vendor.answer(request) if request.url.path == TOKEN_PATH else failure(4000, 403)
    )
    with pytest.raises(PermissionDeniedError):
        await ask(vendor.session())
    assert len(vendor.issued) == 1


# ---- OAuth: fetching that fails --------------------------------------------------------------------------------------


async def test_a_wrong_secret_is_tried_once_for_all_that_wait() -> None:
    vendor = Vendor(fetch_s=1.0)
    vendor.secret = "another"
    session = vendor.session(max_in_flight=200)
    errors = await every(200, lambda: ask(session))
    assert len(errors) == 200
    assert {type(error) for error in errors} == {AuthenticationError}
    assert len(vendor.issued) == 1
    assert len(set(map(id, errors))) == 200
    for error in errors[:3]:
        assert isinstance(error, LoyaltyError)
        assert (error.status, error.codes) == (401, (401,))
        assert error.server_message == f"access forbidden for {KEY}"
        assert KEY not in str(error)


async def test_callers_that_share_a_failure_do_not_share_what_is_written_on_it() -> None:
    vendor = Vendor(fetch_s=1.0)
    vendor.secret = "another"
    session = vendor.session()
    members = [Customer.by_id(number, source="INSTORE") for number in range(5)]
    seen = []

    async def run(member: Customer) -> None:
        with pytest.raises(AuthenticationError) as caught:
            await session.call(Call(method="GET", path="/x", member=member), as_it_is)
        assert caught.value.member is None
        caught.value.member = member  # as streams do
        seen.append(caught.value)

    async with anyio.create_task_group() as tasks:
        for member in members:
            tasks.start_soon(run, member)
    assert {error.member for error in seen} == set(members)


async def test_after_a_failure_the_next_call_fetches_again() -> None:
    vendor = Vendor()
    vendor.trouble = [Reply(status=500)]
    session = vendor.session()
    with pytest.raises(UnavailableError):
        await ask(session)
    assert await ask(session) == {"answer": 42}
    assert len(vendor.issued) == 2


async def test_a_failure_long_ago_is_not_told_to_those_that_come_later() -> None:
    vendor = Vendor(fetch_s=1.0)
    vendor.trouble = [Reply(status=500)]
    session = vendor.session()
    assert len(await every(3, lambda: ask(session))) == 3
    assert await every(30, lambda: ask(session)) == []
    assert len(vendor.issued) == 2


async def test_a_renewal_that_fails_is_the_callers() -> None:
    vendor = Vendor()
    session = vendor.session(retry=RetryPolicy(attempts=1))
    await ask(session)
    await anyio.sleep(280)
    vendor.trouble = [Reply(status=503)]
    with pytest.raises(UnavailableError):
        await ask(session)
    assert await ask(session) == {"answer": 42}


async def test_a_cancelled_fetch_is_taken_over_by_the_next() -> None:
    vendor = Vendor(fetch_s=10.0)
    session = vendor.session()
    ended: list[float] = []

    async def impatient() -> None:
        with anyio.move_on_after(5):
            await ask(session)

    async def patient() -> None:
        await ask(session)
        ended.append(anyio.current_time())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(impatient)
        await anyio.sleep(1)
        for _ in range(3):
            tasks.start_soon(patient)
    assert vendor.issued == [0.0, 5.0]
    assert ended == [15.0] * 3
    assert places(session) == 10


async def test_fetching_counts_for_the_deadline() -> None:
    vendor = Vendor(fetch_s=20.0)
    session = vendor.session(timeouts=Timeouts(total=15.0))
    with pytest.raises(DeadlineExceededError):
        await ask(session)
    assert anyio.current_time() == 15.0


@pytest.mark.parametrize("cancelled_at", [number / 4 for number in range(1, 24)])
async def test_calls_can_be_cancelled_at_any_moment(cancelled_at: float) -> None:
    vendor = Vendor(fetch_s=1.0, call_s=1.0)
    vendor.revoked = {"token-1"}
    session = vendor.session(max_in_flight=1)
    with anyio.move_on_after(cancelled_at):
        await every(3, lambda: ask(session))
    assert (places(session), vendor.stage.in_flight) == (1, 0)
    with anyio.fail_after(60):
        assert await ask(session) == {"answer": 42}


# ---- OAuth: strange tokens -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ttl", [0, -1, -300, "300", True, None, 1.5, {}, []])
async def test_a_life_that_is_none_is_malformed(ttl: Any) -> None:
    vendor = Vendor(ttl=ttl)
    with pytest.raises(MalformedAnswerError) as caught:
        await ask(vendor.session())
    assert "token-1" not in str(caught.value)
    assert len(vendor.issued) == 1


TOKENS = ["", " ", " token", "token ", "to\nken", "to\r\nX-Other: 1", "tokén", "\x00", "tok\x7fen", None, 5, ["token"]]


@pytest.mark.parametrize("token", TOKENS)
async def test_a_token_that_no_header_can_carry_is_malformed(token: Any) -> None:
    vendor = Vendor()
    vendor.trouble = [document({"data": {"accessToken": token, "ttlSeconds": 300}})]
    with pytest.raises(MalformedAnswerError) as caught:
        await ask(vendor.session())
    assert len(vendor.stage.requests) == 1
    assert "tok" not in str(caught.value).replace("token", "")


@pytest.mark.parametrize(
    "answer", [{}, {"data": None}, {"data": {}}, {"data": [1]}, {"data": {"accessToken": "t"}}, {"data": "t"}, []]
)
async def test_an_answer_without_a_token_is_malformed(answer: Any) -> None:
    vendor = Vendor()
    vendor.trouble = [document(answer)] * 6
    with pytest.raises(MalformedAnswerError):
        await ask(vendor.session())


async def test_a_token_refused_at_200_is_a_refusal() -> None:
    vendor = Vendor()
    vendor.trouble = [document({"data": None, "errors": [{"code": 401, "message": "Failed to generate OAuth token"}]})]
    with pytest.raises(AuthenticationError):
        await ask(vendor.session())


# ---- Discretion ------------------------------------------------------------------------------------------------------


async def test_no_repr_shows_a_token_a_key_or_a_secret() -> None:
    vendor = Vendor()
    session = vendor.session()
    await ask(session)
    fetch = Call(method="POST", path=TOKEN_PATH, body=json.dumps({"key": KEY, "secret": SECRET}).encode())
    credentials = OAuth(key=KEY, secret=SECRET)
    basic = BasicAuthenticator(Basic("the-till", SECRET))
    shown = repr(
        [session, session.authenticator, fetch, credentials, Token(access_token="token-1", ttl_seconds=3), basic]
    )
    for secret in ("token-1", KEY, SECRET, "the-till"):
        assert secret not in shown


async def test_the_headers_are_asked_for_without_being_sent() -> None:
    async def fetch() -> Token:
        return Token(access_token="abc", ttl_seconds=10)

    authenticator = TokenAuthenticator(fetch)
    first = await authenticator.headers(0)
    assert first == {"X-CAP-API-OAUTH-TOKEN": "abc"}
    assert await authenticator.headers(0) is first
    assert authenticator.refused({"X-CAP-API-OAUTH-TOKEN": "abc"})  # Others' headers: the token stays.
    assert await authenticator.headers(0) is first
    assert authenticator.refused(first)
    assert await authenticator.headers(0) is not first


async def test_a_token_does_not_grow_old_in_the_queue() -> None:
    """Credentials are taken behind the queue: 500 calls of a second each, and tokens that live for 100 seconds."""
    vendor = Vendor(ttl=100, call_s=1.0)
    session = vendor.session(max_in_flight=1)
    assert await every(500, lambda: ask(session)) == []
    assert vendor.refused == 0
    assert len(vendor.issued) == 6
