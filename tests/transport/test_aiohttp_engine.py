from __future__ import annotations

import gzip
import math
import socket
import ssl
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
import httpx
import pytest
import trio
from aiohttp.client_reqrep import ConnectionKey, RequestInfo
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from loyalty_async import Basic, CapillaryClient, ClientStateError, InvalidArgument
from loyalty_async.errors import (
    ConnectionFailedError,
    DeadlineExceededError,
    LoyaltyError,
    RequestRefusedError,
    TransportError,
)
from loyalty_async.protocol.backoff import RetryPolicy
from loyalty_async.protocol.requests import Call
from loyalty_async.transport.aiohttp_engine import AiohttpEngine
from loyalty_async.transport.engines import engine, parse_base_url
from loyalty_async.transport.exchanges import Timeouts
from tests.transport.engines import on_each_engine
from tests.transport.servers import ANSWER, saying
from tests.transport.stages import CALL, PHONE, as_it_is, open_session, subclasses

pytestmark = [pytest.mark.anyio, pytest.mark.real_time]

aiohttp_only = pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True)
ONCE = RetryPolicy(attempts=1)
URL_OF_NOBODY = "https://api.example.com"
WITH_PHONE = f"https://api.example.com/?identifierValue={PHONE}"


async def ask(engine_name: str, url: str, *calls: Call, timeouts: Timeouts | None = None, **options: Any) -> Any:
    """Make calls, one after the other, and give the result of the last."""
    base = parse_base_url(url)
    transport = engine(base, name=engine_name, **{"verify": False, "proxy": None, "max_connections": 2, **options})
    session = open_session(transport, url=url, retry=ONCE, timeouts=timeouts)
    async with transport:
        for call in calls or (CALL,):
            result = await session.call(call, as_it_is)
        return result


@contextmanager
def conversing(*answers: bytes | None) -> Iterator[tuple[str, list[bytes]]]:
    """Answer the requests of one connection after the other; None hangs up instead, and waits for the next."""
    heard: list[bytes] = []

    def talk(listener: socket.socket) -> None:
        left = list(answers)
        while left:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                while left and (head := connection.recv(65_536)):
                    heard.append(head)
                    answer = left.pop(0)
                    if answer is None:
                        break
                    connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=talk, args=(listener,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}", heard
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


# ---- Choosing it -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "AIOHTTP", "requests", None, 5])
def test_an_engine_that_there_is_not_is_refused(name: Any) -> None:
    with pytest.raises(InvalidArgument, match="engine"):
        CapillaryClient(URL_OF_NOBODY, auth=Basic("till", "password"), engine=name)


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx_aiohttp", None)
    monkeypatch.delitem(sys.modules, "loyalty_async.transport.aiohttp_engine")
    with pytest.raises(InvalidArgument, match=r"loyalty-async\[aiohttp\]"):
        CapillaryClient(URL_OF_NOBODY, auth=Basic("till", "password"), engine="aiohttp")


def test_on_trio_it_says_so() -> None:
    client = CapillaryClient(URL_OF_NOBODY, auth=Basic("till", "password"), engine="aiohttp", verify=False)

    async def use() -> None:
        async with client:
            pytest.fail("it opened")

    with pytest.raises(ClientStateError, match="asyncio"):
        trio.run(use)
    assert "new" in repr(client)


def test_a_proxy_that_it_does_not_know_is_refused() -> None:
    way = httpx.Proxy("socks5://user:s3cret@proxy.example")
    with pytest.raises(InvalidArgument, match="SOCKS") as caught:
        sys.modules["loyalty_async.transport.engines"]._aiohttp_engine(ssl.create_default_context(), way, 1)
    assert "s3cret" not in str(caught.value)


# ---- The same as the other engine ------------------------------------------------------------------------------------

NASTY = {
    "identifierValue": "a+b@c.de",
    "q": "1 & 2 = 3; %41 %2F",
    "name": "Łucja/ü",
    "mark": "x#y?z",
    "quote": "\"'",
    "list": "[1,2]",
    "empty": "",
}


@on_each_engine
async def test_what_is_asked_for_arrives_as_it_was_written(engine_name: str) -> None:
    call = Call(method="GET", path="/v2/ledger", query=NASTY)
    with saying(ANSWER) as server:
        await ask(engine_name, server.url + "/gateway/a%2Fb", call)
    target = server.heard[0].split(b" ")[1]
    parsed = httpx.URL(f"http://x{target.decode('ascii')}")
    assert target.startswith(b"/gateway/a%2Fb/v2/ledger?")
    assert dict(parsed.params) == NASTY


@on_each_engine
async def test_headers_and_body_are_ours(engine_name: str) -> None:
    call = Call(method="POST", path="/x", headers={"X-Mine": "1"}, body=b'{"a": 1}')
    with saying(ANSWER) as server:
        await ask(engine_name, server.url, call)
    head, _, body = server.heard[0].lower().partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")[1:]
    assert sorted(name for name, _, _ in (line.partition(b":") for line in lines) if name != b"connection") == [
        b"accept",
        b"accept-encoding",
        b"content-length",
        b"content-type",
        b"host",
        b"user-agent",
        b"x-mine",
    ]
    assert {b"accept-encoding: gzip, deflate", b"user-agent: loyalty-async", b"content-length: 8"} <= set(lines)
    assert body in (b"", b'{"a": 1}')


@on_each_engine
async def test_a_packed_answer_is_unpacked_once(engine_name: str) -> None:
    packed = gzip.compress(b'{"answer": 42}')
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    with saying(head + packed) as server:
        assert await ask(engine_name, server.url) == {"answer": 42}


@on_each_engine
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed_and_no_credential_travels(engine_name: str, status: int) -> None:
    with saying(ANSWER) as elsewhere:
        answer = f"HTTP/1.1 {status} Go\r\nLocation: {elsewhere.url}/?{PHONE}\r\nContent-Length: 0\r\n\r\n"
        with saying(answer.encode()) as server, pytest.raises(RequestRefusedError, match="redirect"):
            await ask(engine_name, server.url)
    assert len(server.heard) == 1
    assert elsewhere.heard == []


@on_each_engine
async def test_cookies_are_not_kept(engine_name: str) -> None:
    answer = ANSWER.replace(b"\r\n\r\n", b"\r\nSet-Cookie: session=1; Path=/\r\n\r\n")
    with conversing(answer, answer) as (url, heard):
        # A jar takes no cookies from a bare address.
        await ask(engine_name, url.replace("127.0.0.1", "localhost"), CALL, CALL)
    assert len(heard) == 2
    assert b"cookie" not in heard[1].lower()


@on_each_engine
async def test_nothing_is_sent_twice_behind_the_back_of_the_gate(engine_name: str) -> None:
    """A server that hangs up on a kept connection: to ask again is the session's decision, and counts."""
    with conversing(ANSWER, None, ANSWER) as (url, heard):
        with pytest.raises(ConnectionFailedError):
            await ask(engine_name, url, CALL, CALL)
        assert len(heard) == 2


@on_each_engine
async def test_a_long_header_is_taken(engine_name: str) -> None:
    answer = ANSWER.replace(b"\r\n\r\n", b"\r\nX-Long: %s\r\n\r\n" % (b"x" * 50_000))
    with saying(answer) as server:
        assert await ask(engine_name, server.url) == {"answer": 42}


# ---- Deadlines -------------------------------------------------------------------------------------------------------

SOON = 0.2


@contextmanager
def mute() -> Iterator[str]:
    """Accept connections, by the kernel, and neither read nor say anything."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield f"127.0.0.1:{listener.getsockname()[1]}"


@on_each_engine
async def test_a_handshake_that_does_not_end_is_a_connection_that_takes_too_long(engine_name: str) -> None:
    with mute() as address, pytest.raises(DeadlineExceededError, match="ConnectTimeout"):
        await ask(engine_name, f"https://{address}", timeouts=Timeouts(connect=SOON))


@on_each_engine
async def test_a_proxy_that_says_nothing_takes_too_long(engine_name: str) -> None:
    with mute() as address, pytest.raises(DeadlineExceededError, match=r"ConnectTimeout|ReadTimeout"):
        await ask(engine_name, URL_OF_NOBODY, proxy=f"http://{address}", timeouts=Timeouts(connect=SOON, read=SOON))


@on_each_engine
async def test_an_answer_that_does_not_begin_takes_too_long(engine_name: str) -> None:
    with mute() as address, pytest.raises(DeadlineExceededError, match="ReadTimeout"):
        await ask(engine_name, f"http://{address}", timeouts=Timeouts(read=SOON))


@on_each_engine
@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
@pytest.mark.filterwarnings("ignore:Async generator .* was garbage collected:ResourceWarning")
async def test_a_request_that_is_not_taken_takes_too_long(engine_name: str) -> None:
    call = Call(method="POST", path="/x", body=bytes(20_000_000))
    timeouts = Timeouts(connect=SOON, write=SOON, read=SOON)
    with mute() as address, pytest.raises(DeadlineExceededError, match="WriteTimeout"):
        await ask(engine_name, f"http://{address}", call, timeouts=timeouts)


@on_each_engine
async def test_a_whole_answer_has_its_limit(engine_name: str) -> None:
    with mute() as address, pytest.raises(DeadlineExceededError, match="no whole answer"):
        await ask(engine_name, f"http://{address}", timeouts=Timeouts(answer=SOON))


@aiohttp_only
async def test_deadlines_are_not_rounded_up() -> None:
    """aiohttp would take those of more than five seconds to the next whole one."""
    transport = engine(parse_base_url(URL_OF_NOBODY), name="aiohttp", verify=False, proxy=None, max_connections=7)
    assert isinstance(transport, AiohttpEngine)
    async with transport:
        session = transport._open_session()
        async with session:
            connector: Any = session.connector
            assert connector._timeout_ceil_threshold == math.inf
            assert (connector.limit, connector.limit_per_host) == (7, 0)


# ---- Errors ----------------------------------------------------------------------------------------------------------

INFO = RequestInfo(URL(WITH_PHONE), "GET", CIMultiDictProxy(CIMultiDict()), URL(WITH_PHONE))
KEY = ConnectionKey("api.example.com", 443, True, True, None, None, None)  # noqa: FBT003
REFUSED = OSError(111, "refused")
RESPONSE = ((INFO, ()), {"status": 400, "message": PHONE})

# How to make each error, and what it is to the caller.
ERRORS: dict[type[Exception], tuple[Any, type[LoyaltyError]]] = {
    aiohttp.ClientError: (((PHONE,), {}), ConnectionFailedError),
    aiohttp.ClientConnectionError: (((PHONE,), {}), ConnectionFailedError),
    aiohttp.ClientConnectionResetError: (((PHONE,), {}), ConnectionFailedError),
    aiohttp.ClientOSError: (((104, PHONE), {}), ConnectionFailedError),
    aiohttp.ClientPayloadError: (((PHONE,), {}), ConnectionFailedError),
    aiohttp.ServerConnectionError: (((PHONE,), {}), ConnectionFailedError),
    aiohttp.ServerDisconnectedError: (((PHONE,), {}), ConnectionFailedError),
    aiohttp.ServerFingerprintMismatch: (((b"", b"", PHONE, 1), {}), ConnectionFailedError),
    aiohttp.ServerTimeoutError: (((PHONE,), {}), DeadlineExceededError),
    aiohttp.ConnectionTimeoutError: (((PHONE,), {}), DeadlineExceededError),
    aiohttp.SocketTimeoutError: (((PHONE,), {}), DeadlineExceededError),
    aiohttp.ClientConnectorError: (((KEY, REFUSED), {}), ConnectionFailedError),
    aiohttp.ClientConnectorDNSError: (((KEY, REFUSED), {}), ConnectionFailedError),
    aiohttp.ClientProxyConnectionError: (((KEY, REFUSED), {}), ConnectionFailedError),
    aiohttp.ClientSSLError: (((KEY, REFUSED), {}), ConnectionFailedError),
    aiohttp.ClientConnectorSSLError: (((KEY, REFUSED), {}), ConnectionFailedError),
    aiohttp.ClientConnectorCertificateError: (((KEY, REFUSED), {}), ConnectionFailedError),
    aiohttp.ClientResponseError: (RESPONSE, ConnectionFailedError),
    aiohttp.ClientHttpProxyError: (RESPONSE, ConnectionFailedError),
    aiohttp.InvalidURL: (((URL(WITH_PHONE), PHONE), {}), TransportError),
    aiohttp.InvalidUrlClientError: (((URL(WITH_PHONE), PHONE), {}), TransportError),
    aiohttp.NonHttpUrlClientError: (((URL(WITH_PHONE), PHONE), {}), TransportError),
    OSError: (((104, PHONE), {}), ConnectionFailedError),
    TimeoutError: (((PHONE,), {}), DeadlineExceededError),
}
NOT_MET = {  # Of web sockets, of redirects, and of checks that are not asked for.
    "ContentTypeError",
    "TooManyRedirects",
    "WSServerHandshakeError",
    "RedirectClientError",
    "InvalidUrlRedirectClientError",
    "NonHttpUrlRedirectClientError",
    "UnixClientConnectorError",
    "UploadAbortedError",
}


def test_every_error_of_aiohttp_is_in_the_table() -> None:
    found = {kind for kind in subclasses(aiohttp.ClientError) if kind.__module__.startswith("aiohttp.")}
    assert {kind.__name__ for kind in found - set(ERRORS)} <= NOT_MET


@aiohttp_only
@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
async def test_an_error_of_aiohttp_becomes_ours(kind: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    (arguments, named), expected = ERRORS[kind]

    async def fail(*_: Any, **__: Any) -> None:
        raise kind(*arguments, **named)

    monkeypatch.setattr(aiohttp.ClientSession, "_request", fail)
    with pytest.raises(LoyaltyError) as caught:
        await ask("aiohttp", URL_OF_NOBODY)
    assert type(caught.value) is expected
    printed = "".join(traceback.format_exception(caught.value))
    assert PHONE not in printed


@aiohttp_only
async def test_what_an_error_says_of_the_request_goes_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: Any, **__: Any) -> None:
        raise aiohttp.ClientResponseError(INFO, (), status=400, message=PHONE)

    monkeypatch.setattr(aiohttp.ClientSession, "_request", fail)
    request = httpx.Request("GET", WITH_PHONE, extensions={"timeout": httpx.Timeout(1.0).as_dict()})
    async with engine(httpx.URL(WITH_PHONE), name="aiohttp", verify=False, proxy=None, max_connections=1) as transport:
        with pytest.raises(httpx.RemoteProtocolError) as caught:
            await transport.handle_async_request(request)
    assert PHONE not in "".join(traceback.format_exception(caught.value))


@on_each_engine
async def test_a_server_that_is_not_there_is_no_connection(engine_name: str) -> None:
    with saying(b"") as gone:
        pass
    with pytest.raises(ConnectionFailedError, match="no connection to the server") as caught:
        await ask(engine_name, gone.url)
    assert isinstance(caught.value.__cause__, httpx.ConnectError)
    assert str(caught.value.__cause__)


@aiohttp_only
async def test_a_bug_in_the_engine_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: Any, **__: Any) -> None:
        raise KeyError("a bug")

    monkeypatch.setattr(aiohttp.ClientSession, "_request", fail)
    with pytest.raises(KeyError):
        await ask("aiohttp", URL_OF_NOBODY)
