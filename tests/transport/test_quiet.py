from __future__ import annotations

import logging

import anyio
import httpx
import pytest

from loyalty_async.errors import LoyaltyError
from loyalty_async.protocol.backoff import RetryPolicy
from loyalty_async.transport.engines import engine, parse_base_url
from loyalty_async.transport.quiet import _ours, quiet
from tests.transport.engines import on_each_engine
from tests.transport.servers import ANSWER, saying
from tests.transport.stages import CALL, PHONE, as_it_is, open_session

pytestmark = [pytest.mark.anyio, pytest.mark.real_time]

TOKEN = "t0ken-of-ours"
ECHOES = {
    "a redirect": f"HTTP/1.1 302 Found\r\nLocation: /login?back={PHONE}\r\nContent-Length: 0\r\n\r\n",
    "a header": f"HTTP/1.1 400 Bad\r\nX-Cap-Echo: {PHONE}\r\nContent-Length: 0\r\n\r\n",
    "a broken header": f"HTTP/1.1 200 OK\r\nLocation /login {PHONE}\r\n\r\n",
    "a broken status line": f"HTTP/1.1 {PHONE}\r\n\r\n",
    "a reason": f"HTTP/1.1 404 no {PHONE} here\r\nContent-Length: 0\r\n\r\n",
    "a broken chunk": f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{PHONE}zz\r\n",
    "a cookie": f"HTTP/1.1 400 Bad\r\nSet-Cookie: no {PHONE}=x\r\nContent-Length: 0\r\n\r\n",
    "a body": f"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n<{PHONE}",
}


@pytest.fixture(autouse=True)
def everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)


async def ask(engine_name: str, url: str, **headers: str) -> None:
    class Fixed:
        def mark(self) -> int:
            return 0

        async def headers(self, began: int) -> dict[str, str]:  # noqa: ARG002 - the protocol\'s
            return headers

        def refused(self, _: object) -> bool:
            return False

    transport = engine(parse_base_url(url), name=engine_name, verify=False, proxy=None, max_connections=1)
    session = open_session(transport, url=url, retry=RetryPolicy(attempts=1), authenticator=Fixed())
    async with transport:
        await session.call(CALL, as_it_is)


@on_each_engine
@pytest.mark.parametrize("says", ECHOES.values(), ids=ECHOES)
async def test_what_a_server_echoes_is_not_logged(
    engine_name: str, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    with saying(says.encode()) as server, pytest.raises(LoyaltyError):
        await ask(engine_name, server.url)
    assert PHONE.encode() in server.heard[0]
    assert engine_name == "aiohttp" or "httpcore.http11" in {record.name for record in caplog.records}
    assert PHONE not in caplog.text


@on_each_engine
async def test_what_we_send_is_not_logged(engine_name: str, caplog: pytest.LogCaptureFixture) -> None:
    with saying(ANSWER) as server:
        await ask(engine_name, server.url, **{"X-Token": TOKEN})
    assert TOKEN.encode() in server.heard[0]
    assert TOKEN not in caplog.text
    assert PHONE not in caplog.text


async def test_a_header_that_cannot_be_sent_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    with saying(ANSWER) as server, pytest.raises(LoyaltyError):
        await ask("httpx", server.url, **{"X-Token": f"{TOKEN} "})
    assert TOKEN not in caplog.text


async def test_other_users_of_the_library_keep_their_records(caplog: pytest.LogCaptureFixture) -> None:
    """Theirs and ours run at the same time, so that the records of both come mixed."""
    with saying(ECHOES["a redirect"].encode()) as ours, saying(ANSWER.replace(b"Type", b"Theirs")) as others:

        async def theirs() -> None:
            async with httpx.AsyncClient() as client:
                await client.get(others.url)

        async def mine() -> None:
            with pytest.raises(LoyaltyError):
                await ask("httpx", ours.url)

        async with anyio.create_task_group() as tasks:
            for task in (mine, theirs, mine, theirs):
                tasks.start_soon(task)
    assert sum("Content-Theirs" in record.getMessage() for record in caplog.records) == 2
    assert PHONE not in caplog.text


async def test_others_keep_their_failures(caplog: pytest.LogCaptureFixture) -> None:
    with saying(b"HTTP/1.1 theirs\r\n\r\n") as server, pytest.raises(httpx.RemoteProtocolError):
        async with httpx.AsyncClient() as client:
            await client.get(server.url)
    assert "HTTP/1.1 theirs" in caplog.text


@pytest.mark.parametrize("name", ["aiohttp.client", "aiohttp.internal"])
async def test_of_the_other_engine_nothing_is_logged_for_us(name: str) -> None:
    logger = logging.getLogger(name)
    record = logging.LogRecord(name, logging.WARNING, "", 0, "Can not load cookies", (), None)
    assert logger.filter(record)
    with quiet():
        assert not logger.filter(record)


async def test_it_ends_with_its_block() -> None:
    logger = logging.getLogger("httpcore.http11")
    record = logging.LogRecord("x", logging.DEBUG, "", 0, "receive_response_headers.complete return_value=1", (), None)
    assert logger.filter(record)
    with quiet():
        with quiet():
            assert not logger.filter(record)
        assert not logger.filter(record)
    assert logger.filter(record)


async def test_it_ends_with_an_error_too() -> None:
    with pytest.raises(ZeroDivisionError), quiet():
        raise ZeroDivisionError
    assert not _ours.get()
