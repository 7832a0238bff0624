from __future__ import annotations

import asyncio
import contextlib
import gzip
import ssl
import traceback
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest

from loyalty_async.errors import (
    AuthenticationError,
    ConnectionFailedError,
    DeadlineExceededError,
    InvalidArgument,
    LoyaltyError,
    MalformedAnswerError,
    MemberNotFoundError,
    RateLimitedError,
    RequestRefusedError,
    TransportError,
    UnavailableError,
)
from loyalty_async.models.pages import LedgerPage
from loyalty_async.protocol import responses
from loyalty_async.protocol.backoff import RetryPolicy
from loyalty_async.protocol.efforts import Effort
from loyalty_async.protocol.requests import Call
from loyalty_async.transport import exchanges
from loyalty_async.transport.exchanges import Timeouts
from loyalty_async.transport.session import Session
from loyalty_async.wire.converter import make_converter
from tests.transport.stages import (
    CALL,
    HOST,
    MEMBER,
    PHONE,
    Reply,
    Stage,
    as_it_is,
    document,
    failure,
    open_session,
    places,
    subclasses,
)

pytestmark = pytest.mark.anyio

# httpx reads through nested generators, and trio warns of those that are left early; both then clean up.
left_early = pytest.mark.filterwarnings("ignore:Async generator .* was garbage collected:ResourceWarning")

OK = Reply()
BUSY = Reply(status=503, chunks=(b"<html>busy</html>",))
ONCE = RetryPolicy(attempts=1)


async def result_of(session: Session) -> Any:
    return await session.call(CALL, as_it_is)


async def error_of(session: Session) -> LoyaltyError:
    with pytest.raises(LoyaltyError) as caught:
        await result_of(session)
    return caught.value


def assert_nothing_is_left(session: Session, stage: Stage, max_in_flight: int = 10) -> None:
    assert (stage.open_bodies, stage.in_flight) == (0, 0)
    assert places(session) == max_in_flight


# ---- One request -----------------------------------------------------------------------------------------------------


async def test_a_call_becomes_one_request() -> None:
    stage = Stage(OK)
    call = Call(method="POST", path="/v2/x", query={"a": "1 & 2", "mail": "a+b@c.de", "name": "Łucja"}, body=b"{}")
    session = open_session(stage)
    assert await session.call(call, as_it_is) == {"answer": 42}
    (request,) = stage.requests
    assert request.method == "POST"
    assert request.url.host == HOST
    assert request.url.path == "/v2/x"
    assert dict(request.url.params) == {"a": "1 & 2", "mail": "a+b@c.de", "name": "Łucja"}
    assert b"a%2Bb%40c.de" in request.url.query
    assert request.content == b"{}"
    assert request.headers["accept"] == "application/json"
    assert request.headers["accept-encoding"] == "gzip, deflate"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["host"] == HOST
    assert_nothing_is_left(session, stage)


async def test_a_request_without_a_body_has_no_content_type() -> None:
    stage = Stage(OK)
    await result_of(open_session(stage))
    assert "content-type" not in stage.requests[0].headers


@pytest.mark.parametrize(
    ("base", "target"),
    [
        (f"https://{HOST}", b"/v2/ledger"),
        (f"https://{HOST}/", b"/v2/ledger"),
        (f"https://{HOST}?", b"/v2/ledger"),
        (f"https://{HOST}/gateway/eu/", b"/gateway/eu/v2/ledger"),
        (f"https://{HOST}/a%20b", b"/a%20b/v2/ledger"),
    ],
)
async def test_the_path_of_the_base_url_is_kept(base: str, target: bytes) -> None:
    stage = Stage(OK)
    await result_of(open_session(stage, url=base))
    assert stage.requests[0].url.raw_path == target + b"?identifierValue=" + PHONE.encode()


async def test_timeouts_travel_with_the_request_and_the_pool_has_none() -> None:
    stage = Stage(OK)
    await result_of(open_session(stage, timeouts=Timeouts(connect=1.0, read=2.0, write=None)))
    assert stage.requests[0].extensions["timeout"] == {"connect": 1.0, "read": 2.0, "write": None, "pool": None}


@pytest.mark.parametrize("name", ["connect", "read", "write", "total"])
@pytest.mark.parametrize("value", [0, -1.0, float("nan")])
def test_a_timeout_that_cannot_work_is_refused(name: str, value: float) -> None:
    with pytest.raises(InvalidArgument, match=name):
        Timeouts(**{name: value})


async def test_a_wrong_shape_is_told_with_its_path_and_not_asked_for_again() -> None:
    stage = Stage(document({"ledgerDetails": []}, headers={"X-Cap-RequestID": "r-9"}))
    with pytest.raises(MalformedAnswerError) as caught:
        await open_session(stage).call(CALL, lambda found: make_converter().structure(found, LedgerPage))
    error = caught.value
    assert (error.status, error.request_id, error.member) == (200, "r-9", MEMBER)
    assert error.path == "ledgerDetails"


@pytest.mark.parametrize("name", ["X-Cap-Requestid", "X-CAP-REQUEST-ID", "x-cap-requestid", "X-Cap-RequestID"])
async def test_the_request_id_is_found_however_it_is_spelled(name: str) -> None:
    error = await error_of(open_session(Stage(failure(8015, headers={name: "r-1"}))))
    assert error.request_id == "r-1"


# ---- Again and again -------------------------------------------------------------------------------------------------


async def test_a_call_is_sent_again_until_it_succeeds() -> None:
    stage = Stage(BUSY, Reply(error=httpx.ReadError("reset")), failure(4001, 503), Reply(chunks=(b"",)), OK)
    session = open_session(stage)
    assert await result_of(session) == {"answer": 42}
    assert (session.meter.requests, session.meter.retries) == (5, 4)
    assert_nothing_is_left(session, stage)


async def test_a_call_ends_with_the_error_of_its_last_attempt() -> None:
    stage = Stage(BUSY, BUSY, Reply(status=429, headers={"x-cap-requestid": "last"}))
    session = open_session(stage, retry=RetryPolicy(attempts=3))
    error = await error_of(session)
    assert type(error) is RateLimitedError
    assert (error.status, error.request_id, error.member) == (429, "last", MEMBER)
    assert (session.meter.requests, session.meter.retries) == (3, 2)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (failure(8015), MemberNotFoundError),
        (failure(9003), UnavailableError),
        (Reply(status=500), UnavailableError),
        (Reply(status=404), RequestRefusedError),
    ],
)
async def test_what_will_be_the_same_is_not_sent_again(reply: Reply, kind: type[LoyaltyError]) -> None:
    stage = Stage(reply)
    assert type(await error_of(open_session(stage))) is kind


async def test_waits_grow_and_are_drawn() -> None:
    stage = Stage(*[BUSY] * 5, OK)
    session = open_session(stage)
    session._draw = lambda: 0.5
    await result_of(session)
    assert stage.at == [0.0, 0.25, 0.75, 1.75, 3.75, 7.75]


async def test_the_servers_number_is_obeyed_to_the_second() -> None:
    stage = Stage(
        Reply(status=429, headers={"Retry-After": "37"}),
        Reply(status=503, headers={"retry-after": "80"}),
        Reply(status=429, headers={"RETRY-AFTER": "0"}),
        OK,
    )
    await result_of(open_session(stage))
    assert stage.at == [0.0, 37.0, 117.0, 117.0]


async def test_a_server_that_asks_for_too_much_is_not_called_again() -> None:
    stage = Stage(Reply(status=429, headers={"Retry-After": "91"}))
    error = await error_of(open_session(stage))
    assert isinstance(error, RateLimitedError)
    assert error.retry_after_s == 91.0
    assert anyio.current_time() == 0.0


async def test_a_place_in_flight_is_free_while_a_call_waits_to_be_sent_again() -> None:
    answers = {"/v2/slow": [Reply(status=502, headers={"Retry-After": "60"}), OK], "/v2/ledger": [OK]}
    stage = Stage(answering=lambda request: answers[request.url.path].pop(0))
    session = open_session(stage, max_in_flight=1)
    done: list[str] = []

    async def run(path: str) -> None:
        await session.call(Call(method="GET", path=path), as_it_is)
        done.append(f"{path} {anyio.current_time():.0f}")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run, "/v2/slow")
        await anyio.lowlevel.checkpoint()
        tasks.start_soon(run, "/v2/ledger")
    assert done == ["/v2/ledger 0", "/v2/slow 60"]


# ---- Events that are pending -----------------------------------------------------------------------------------------


def booked(answer: Any) -> bool:
    return not answer.get("warnings")


async def test_a_result_that_is_not_settled_is_asked_for_again() -> None:
    stage = Stage(document({"warnings": [11002]}), document({"warnings": [11002]}), document({"n": 3}))
    assert await open_session(stage).call(CALL, as_it_is, booked) == {"n": 3}


async def test_a_result_that_never_settles_is_returned_as_it_is() -> None:
    stage = Stage(*[document({"warnings": [n]}) for n in range(4)])
    session = open_session(stage, retry=RetryPolicy(attempts=4))
    session._draw = lambda: 1.0
    assert await session.call(CALL, as_it_is, booked) == {"warnings": [3]}
    assert stage.at == [0.0, 0.5, 1.5, 3.5]


async def test_pending_events_that_come_as_an_error_are_asked_for_again() -> None:
    stage = Stage(failure(11002), failure(9004), OK)
    assert await result_of(open_session(stage)) == {"answer": 42}


# ---- What it takes ---------------------------------------------------------------------------------------------------


async def effort_of(session: Session, effort: Effort, call: Call = CALL) -> Effort:
    """Make a call, whatever it ends in."""
    with contextlib.suppress(LoyaltyError):
        await session.call(call, as_it_is, effort=effort)
    return effort


@pytest.mark.parametrize(
    ("replies", "expected"),
    [
        ([OK], Effort(1, 0, 0.0)),
        ([failure(8015)], Effort(1, 0, 0.0)),
        ([Reply(wait_s=5.0)], Effort(1, 0, 0.0)),
        ([Reply(error=httpx.ReadError("reset")), OK], Effort(2, 1, 0.5)),
        ([BUSY, BUSY, OK], Effort(3, 2, 0.5 + 1.0)),
        ([BUSY, BUSY, BUSY, failure(8015)], Effort(4, 3, 0.5 + 1.0 + 2.0)),
        ([BUSY] * 6, Effort(6, 5, 0.5 + 1.0 + 2.0 + 4.0 + 8.0)),
        ([Reply(status=429, headers={"Retry-After": "37"}), OK], Effort(2, 1, 37.0 + 0.5)),
        ([Reply(status=429, headers={"Retry-After": "91"})], Effort(1, 0, 0.0)),
        ([document([]), OK], Effort(1, 0, 0.0)),
    ],
)
async def test_the_effort_counts_requests_retries_and_waits_also_of_a_call_that_fails(
    replies: list[Reply], expected: Effort
) -> None:
    session = open_session(Stage(*replies))
    session._draw = lambda: 1.0
    assert await effort_of(session, Effort()) == expected


async def test_efforts_of_several_calls_add_up_and_are_each_walks_own() -> None:
    session = open_session(Stage(BUSY, OK, OK, OK))
    session._draw = lambda: 1.0
    mine, others = Effort(), Effort()
    for effort in (mine, others, mine):
        await effort_of(session, effort)
    assert (mine, others) == (Effort(3, 1, 0.5), Effort(1, 0, 0.0))
    assert (session.meter.requests, session.meter.retries) == (4, 1)


async def test_an_answer_that_is_not_settled_yet_is_an_effort() -> None:
    session = open_session(Stage(document({"warnings": [11002]}), OK))
    session._draw = lambda: 1.0
    effort = Effort()
    await session.call(CALL, as_it_is, booked, effort)
    assert effort == Effort(2, 1, 0.5)


async def test_credentials_that_are_replaced_are_an_effort() -> None:
    stage = Stage(Reply(status=401), OK)
    session = open_session(stage, authenticator=Fixed("one", "two"))
    assert await effort_of(session, Effort()) == Effort(2, 1, 0.0)


async def test_a_wait_for_a_place_is_an_effort_of_who_waited() -> None:
    """Behind a request of ten seconds, and behind another one after a refusal."""
    stage = Stage(Reply(wait_s=10.0), Reply(status=503, wait_s=3.0), Reply(wait_s=3.0), OK)
    session = open_session(stage, max_in_flight=1)
    efforts = {name: Effort() for name in ("first", "second", "third")}
    async with anyio.create_task_group() as tasks:
        for effort in efforts.values():
            tasks.start_soon(effort_of, session, effort)
            await anyio.lowlevel.checkpoint()
    waits = [effort.waited_s for effort in efforts.values()]
    assert waits == [0.0, 10.0 + 3.0, 10.0 + 3.0]
    assert [effort.requests for effort in efforts.values()] == [1, 2, 1]


async def test_a_call_that_needs_no_place_waits_for_none() -> None:
    call = Call(method="GET", path="/x", authenticated=False)
    assert await effort_of(open_session(Stage(BUSY, OK)), Effort(), call) == Effort(2, 1, 0.0)


async def test_what_a_call_took_until_its_deadline_is_counted() -> None:
    session = open_session(Stage(BUSY, Reply(wait_s=100.0)), timeouts=Timeouts(total=10.0))
    session._draw = lambda: 1.0
    assert await effort_of(session, Effort()) == Effort(2, 1, 0.5)


async def test_a_call_that_nobody_counts_is_made_all_the_same() -> None:
    assert await open_session(Stage(OK)).call(CALL, as_it_is, effort=None) == {"answer": 42}


# ---- Deadlines -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reply",
    [
        Reply(wait_s=100.0),
        Reply(chunk_wait_s=100.0),
        Reply(close_wait_s=100.0),
        Reply(status=429, headers={"Retry-After": "60"}),
    ],
    ids=["headers", "body", "closing", "between attempts"],
)
async def test_a_call_ends_at_its_deadline(reply: Reply) -> None:
    stage = Stage(reply)
    session = open_session(stage, timeouts=Timeouts(total=10.0))
    error = await error_of(session)
    assert type(error) is DeadlineExceededError
    assert isinstance(error, TimeoutError)
    assert error.member == MEMBER
    assert anyio.current_time() == 10.0
    assert_nothing_is_left(session, stage)


async def test_the_queue_counts_for_the_deadline() -> None:
    stage = Stage(answering=lambda _: Reply(wait_s=100.0))
    session = open_session(stage, max_in_flight=1, timeouts=Timeouts(total=150.0))
    ended: dict[str, float] = {}

    async def run(name: str) -> None:
        try:
            await result_of(session)
        except DeadlineExceededError:
            name += " late"
        ended[name] = anyio.current_time()

    async with anyio.create_task_group() as tasks:
        for name in ("first", "second"):
            tasks.start_soon(run, name)
    assert sorted(ended.values()) == [100.0, 150.0]
    assert sum("late" in name for name in ended) == 1
    assert_nothing_is_left(session, stage, 1)


async def test_the_callers_own_deadline_is_not_ours() -> None:
    stage = Stage(Reply(wait_s=100.0))
    session = open_session(stage, timeouts=Timeouts(total=50.0))
    with pytest.raises(TimeoutError) as caught, anyio.fail_after(10.0):
        await result_of(session)
    assert not isinstance(caught.value, LoyaltyError)
    assert_nothing_is_left(session, stage)


# ---- Errors on the way -----------------------------------------------------------------------------------------------

KINDS: dict[type[Exception], type[LoyaltyError]] = {
    httpx.RequestError: ConnectionFailedError,
    httpx.TransportError: ConnectionFailedError,
    httpx.TimeoutException: DeadlineExceededError,
    httpx.ConnectTimeout: DeadlineExceededError,
    httpx.ReadTimeout: DeadlineExceededError,
    httpx.WriteTimeout: DeadlineExceededError,
    httpx.PoolTimeout: DeadlineExceededError,
    httpx.NetworkError: ConnectionFailedError,
    httpx.ReadError: ConnectionFailedError,
    httpx.WriteError: ConnectionFailedError,
    httpx.ConnectError: ConnectionFailedError,
    httpx.CloseError: ConnectionFailedError,
    httpx.ProxyError: ConnectionFailedError,
    httpx.UnsupportedProtocol: TransportError,
    httpx.ProtocolError: ConnectionFailedError,
    httpx.LocalProtocolError: ConnectionFailedError,
    httpx.RemoteProtocolError: ConnectionFailedError,
    httpx.DecodingError: MalformedAnswerError,
    httpx.TooManyRedirects: ConnectionFailedError,
    OSError: ConnectionFailedError,
    ConnectionResetError: ConnectionFailedError,
    BrokenPipeError: ConnectionFailedError,
    ssl.SSLError: ConnectionFailedError,
    TimeoutError: DeadlineExceededError,
}


def test_every_error_of_httpx_is_in_the_table() -> None:
    assert set(subclasses(httpx.RequestError)) <= set(KINDS)


@pytest.mark.parametrize("cause", KINDS)
@pytest.mark.parametrize("in_the_body", [False, True])
async def test_an_error_on_the_way_becomes_ours(cause: type[Exception], in_the_body: bool) -> None:
    error = cause(f"while asking for {PHONE}")
    stage = Stage(Reply(body_error=error) if in_the_body else Reply(error=error))
    session = open_session(stage, retry=ONCE)
    ours = await error_of(session)
    assert type(ours) is KINDS[cause]
    assert ours.member == MEMBER
    assert cause.__name__ in str(ours)
    assert PHONE not in str(ours)
    assert_nothing_is_left(session, stage)


@pytest.mark.parametrize("cause", [kind for kind in KINDS if kind is not httpx.ConnectError])
async def test_the_words_of_the_cause_are_not_printed(cause: type[Exception]) -> None:
    stage = Stage(Reply(error=cause(f"while asking for {PHONE}")))
    printed = "".join(traceback.format_exception(await error_of(open_session(stage, retry=ONCE))))
    assert PHONE not in printed


async def test_a_failed_connection_keeps_its_cause() -> None:
    error = await error_of(open_session(Stage(Reply(error=httpx.ConnectError("refused"))), retry=ONCE))
    assert isinstance(error.__cause__, httpx.ConnectError)


async def test_a_bug_in_a_transport_is_not_hidden() -> None:
    stage = Stage(Reply(body_error=KeyError("a bug")))
    session = open_session(stage)
    with pytest.raises(KeyError):
        await result_of(session)
    assert_nothing_is_left(session, stage)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(status: int) -> None:
    stage = Stage(Reply(status=status, headers={"Location": f"https://evil.example/?{PHONE}"}))
    error = await error_of(open_session(stage))
    assert type(error) is RequestRefusedError
    assert "redirect" in str(error)
    assert [request.url.host for request in stage.requests] == [HOST]


# ---- Bodies ----------------------------------------------------------------------------------------------------------


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def in_pieces(data: bytes, size: int) -> tuple[bytes, ...]:
    return tuple(data[start : start + size] for start in range(0, len(data), size))


@pytest.mark.parametrize(
    ("coding", "pack", "size"),
    [
        ("gzip", gzip.compress, 1),
        ("gzip", gzip.compress, 10_000),
        ("GZip", gzip.compress, 7),
        ("deflate", zlib.compress, 1),
        ("deflate", zlib.compress, 10_000),
        (
            "deflate",
            raw_deflate,
            7,
        ),  # httpx tells the two kinds of deflate apart by the first piece, if it is not tiny.
        ("deflate", raw_deflate, 10_000),
    ],
)
async def test_a_packed_body_is_unpacked(coding: str, pack: Callable[[bytes], bytes], size: int) -> None:
    chunks = in_pieces(pack(b'{"answer": 42}'), size)
    reply = Reply(chunks=chunks, headers={"Content-Encoding": coding})
    assert await result_of(open_session(Stage(reply))) == {"answer": 42}


async def test_a_body_that_is_not_packed_may_say_so() -> None:
    assert await result_of(open_session(Stage(Reply(headers={"Content-Encoding": "identity"})))) == {"answer": 42}


@left_early
@pytest.mark.parametrize("coding", ["gzip", "deflate"])
async def test_broken_packing_is_malformed_and_asked_for_again(coding: str) -> None:
    broken = Reply(chunks=(b"\x00broken", b"and on"), headers={"Content-Encoding": coding})
    session = open_session(Stage(broken, broken), retry=RetryPolicy(attempts=2))
    error = await error_of(session)
    assert type(error) is MalformedAnswerError
    assert error.member == MEMBER
    assert session.meter.requests == 2


async def test_packing_that_was_cut_off_is_malformed() -> None:
    cut = Reply(chunks=(gzip.compress(b'{"answer": 42}' * 100)[:30],), headers={"Content-Encoding": "gzip"})
    assert type(await error_of(open_session(Stage(cut), retry=ONCE))) is MalformedAnswerError


@pytest.mark.parametrize("coding", ["gzip, gzip", "gzip,gzip", "br", "zstd", "x-unheard-of"])
async def test_a_packing_that_was_not_asked_for_is_left_alone(coding: str) -> None:
    # Two layers of gzip could turn a kilobyte into gigabytes at once; this one would be a good answer.
    bomb = gzip.compress(gzip.compress(b'{"answer": 42}'))
    session = open_session(Stage(Reply(chunks=(bomb,), headers={"Content-Encoding": coding})), retry=ONCE)
    assert type(await error_of(session)) is MalformedAnswerError


async def test_a_refusal_in_a_strange_packing_is_judged_by_its_status() -> None:
    stage = Stage(Reply(status=404, chunks=(b"\x0b\x02\x80",), headers={"Content-Encoding": "br"}))
    assert type(await error_of(open_session(stage))) is RequestRefusedError


@pytest.fixture
def small_bodies(monkeypatch: pytest.MonkeyPatch) -> int:
    limit = 1_000_000
    monkeypatch.setattr(responses, "LARGEST_BODY", limit)
    monkeypatch.setattr(exchanges, "LARGEST_BODY", limit)
    return limit


@left_early
async def test_a_body_is_read_no_further_than_it_may_be_long(small_bodies: int) -> None:
    stage = Stage(Reply(chunks=(b" " * 1000,) * 5000))
    session = open_session(stage, retry=ONCE)
    error = await error_of(session)
    assert type(error) is MalformedAnswerError
    assert f"{small_bodies} bytes" in str(error)
    assert (error.status, error.member) == (200, MEMBER)
    assert_nothing_is_left(session, stage)


@left_early
async def test_a_bomb_takes_little_memory(small_bodies: int) -> None:
    # As httpcore hands bodies out, but smaller: 2 kB at a time, each of which unpacks to about 2 MB.
    bomb = gzip.compress(bytes(100_000_000))
    stage = Stage(Reply(chunks=in_pieces(bomb, 2048), headers={"Content-Encoding": "gzip"}))
    session = open_session(stage, retry=ONCE)
    tracemalloc.start()
    try:
        error = await error_of(session)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert type(error) is MalformedAnswerError
    assert peak < 15 * small_bodies
    assert_nothing_is_left(session, stage)


# ---- Places in flight, and what is open ------------------------------------------------------------------------------


async def test_never_more_in_flight_than_allowed_and_first_come_first_served() -> None:
    stage = Stage(answering=lambda _: Reply(wait_s=1.0, chunk_wait_s=0.5))
    session = open_session(stage, max_in_flight=3)

    async def run(number: int) -> None:
        await session.call(Call(method="GET", path=f"/{number}"), as_it_is)

    async with anyio.create_task_group() as tasks:
        for number in range(30):
            tasks.start_soon(run, number)
            await anyio.lowlevel.checkpoint()
    assert stage.most == 3
    # Three become free at once, and trio wakes those in any order.
    turns = [{int(request.url.path[1:]) for request in stage.requests[at : at + 3]} for at in range(0, 30, 3)]
    assert turns == [set(range(at, at + 3)) for at in range(0, 30, 3)]
    assert anyio.current_time() == 30 / 3 * 2.0
    assert_nothing_is_left(session, stage, 3)


ENDINGS = {
    "success": Reply(),
    "refusal": failure(8015),
    "not JSON": Reply(chunks=(b"<html>",)),
    "401": Reply(status=401),
    "redirect": Reply(status=302, headers={"Location": "/elsewhere"}),
    "no answer": Reply(error=httpx.ConnectError("refused")),
    "reset in the body": Reply(body_error=httpx.ReadError("reset")),
    "broken packing": Reply(headers={"Content-Encoding": "gzip"}),
    "a bug": Reply(body_error=ZeroDivisionError()),
}


@left_early
@pytest.mark.parametrize("reply", ENDINGS.values(), ids=ENDINGS)
async def test_every_ending_closes_the_answer_and_frees_the_place(reply: Reply) -> None:
    stage = Stage(reply)
    session = open_session(stage, max_in_flight=1, retry=ONCE)
    with contextlib.suppress(LoyaltyError, ZeroDivisionError):
        await result_of(session)
    assert_nothing_is_left(session, stage, 1)


async def test_a_builder_that_fails_has_let_go_of_everything() -> None:
    stage = Stage(OK)
    session = open_session(stage, max_in_flight=1)
    seen: list[int] = []

    def build(_: Any) -> None:
        seen.append(places(session))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await session.call(CALL, build)
    assert seen == [1]
    assert_nothing_is_left(session, stage, 1)


SLOW = Reply(status=503, chunks=(b"a", b"b"), wait_s=1.0, chunk_wait_s=1.0, close_wait_s=1.0)


@pytest.mark.parametrize("cancelled_at", [number / 2 for number in range(1, 40)])
async def test_a_call_can_be_cancelled_at_any_moment(cancelled_at: float) -> None:
    """Two calls share one place: the queue, headers, each chunk, closing and the wait for the next attempt are hit."""
    stage = Stage(answering=lambda _: SLOW)
    session = open_session(stage, max_in_flight=1, retry=RetryPolicy(attempts=2))
    session._draw = lambda: 1.0

    async def run() -> None:
        with contextlib.suppress(UnavailableError):
            await result_of(session)

    with anyio.move_on_after(cancelled_at):
        async with anyio.create_task_group() as tasks:
            for _ in range(2):
                tasks.start_soon(run)
    assert_nothing_is_left(session, stage, 1)
    with anyio.fail_after(100):
        assert type(await error_of(session)) is UnavailableError


@pytest.mark.parametrize("steps", range(25))
async def test_a_call_can_be_cancelled_at_any_step(steps: int) -> None:
    """Nothing takes time here: the call is cancelled after so many turns of the event loop."""
    stage = Stage(BUSY, OK)
    session = open_session(stage, max_in_flight=1)
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(result_of, session)
            for _ in range(steps):
                await anyio.lowlevel.checkpoint()
            scope.cancel()
    assert_nothing_is_left(session, stage, 1)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("steps", range(25))
async def test_a_task_can_be_cancelled_at_any_step(steps: int) -> None:
    stage = Stage(BUSY, OK)
    session = open_session(stage, max_in_flight=1)
    task = asyncio.ensure_future(result_of(session))
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert_nothing_is_left(session, stage, 1)


# ---- Credentials -----------------------------------------------------------------------------------------------------


class Fixed:
    """An authenticator that has one pair of headers after the other."""

    def __init__(self, *values: str) -> None:
        self._values = list(values)

    def mark(self) -> int:
        return 0

    async def headers(self, began: int) -> dict[str, str]:  # noqa: ARG002 - the protocol\'s
        return {"X-Token": self._values[0]}

    def refused(self, headers: Any) -> bool:
        assert headers == {"X-Token": self._values[0]}
        return len(self._values) > 1 and bool(self._values.pop(0))


async def test_credentials_go_with_every_attempt() -> None:
    stage = Stage(BUSY, OK)
    await result_of(open_session(stage, authenticator=Fixed("one")))
    assert [request.headers["x-token"] for request in stage.requests] == ["one", "one"]


async def test_a_call_may_go_without_credentials() -> None:
    stage = Stage(OK)
    await open_session(stage, authenticator=Fixed("one")).call(
        Call(method="GET", path="/x", authenticated=False), as_it_is
    )
    assert "x-token" not in stage.requests[0].headers


async def test_refused_credentials_are_replaced_once() -> None:
    stage = Stage(Reply(status=401), Reply(status=401))
    session = open_session(stage, authenticator=Fixed("one", "two", "three"))
    assert type(await error_of(session)) is AuthenticationError
    assert [request.headers["x-token"] for request in stage.requests] == ["one", "two"]
    assert anyio.current_time() == 0.0


async def test_replaced_credentials_do_not_use_up_the_only_attempt() -> None:
    stage = Stage(Reply(status=401), OK)
    assert await result_of(open_session(stage, retry=ONCE, authenticator=Fixed("one", "two"))) == {"answer": 42}


@pytest.mark.parametrize("authenticator", [None, Fixed("one")])
async def test_without_other_credentials_a_401_is_final(authenticator: Fixed | None) -> None:
    session = open_session(Stage(Reply(status=401)), authenticator=authenticator)
    assert type(await error_of(session)) is AuthenticationError
    assert session.meter.requests == 1


async def test_an_answer_that_drips_ends_at_its_limit() -> None:
    """Each byte comes in time, the whole never does."""
    stage = Stage(Reply(chunks=(b" ",) * 3600, chunk_wait_s=1.0))
    session = open_session(stage, retry=RetryPolicy(attempts=1), timeouts=Timeouts(answer=30.0))
    began = anyio.current_time()
    with pytest.raises(DeadlineExceededError, match="no whole answer within 30"):
        await session.call(CALL, as_it_is)
    assert anyio.current_time() - began == 30.0


@pytest.mark.parametrize(
    "build",
    [
        lambda: Timeouts(total="2"),  # type: ignore[arg-type]
        lambda: Timeouts(read=0),
        lambda: Timeouts(connect=True),
        lambda: RetryPolicy(attempts="3"),  # type: ignore[arg-type]
        lambda: RetryPolicy(attempts=0.5),  # type: ignore[arg-type]
        lambda: RetryPolicy(attempts=0),
        lambda: RetryPolicy(first_delay_s=-1),
    ],
)
def test_a_number_that_cannot_be_used_is_refused(build: Callable[[], object]) -> None:
    with pytest.raises(InvalidArgument, match="must be"):
        build()
