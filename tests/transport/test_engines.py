from __future__ import annotations

import base64
import ssl
import traceback
from pathlib import Path
from typing import Any, Literal

import httpcore
import httpx
import pytest

from loyalty_async import CapillaryClient, Customer
from loyalty_async.errors import ConnectionFailedError, InvalidArgument, LoyaltyError
from loyalty_async.models.credentials import Basic
from loyalty_async.protocol.backoff import RetryPolicy
from loyalty_async.transport.auth import BasicAuthenticator
from loyalty_async.transport.engines import engine, parse_base_url
from loyalty_async.transport.pools import Pools
from tests.transport.engines import on_each_engine
from tests.transport.servers import ANSWER, CERTIFICATE, saying, server_context
from tests.transport.stages import CALL, PHONE, as_it_is, open_session

pytestmark = pytest.mark.anyio

HTTPS = httpx.URL("https://api.example.com")
PASSWORD = "pr0xy-passw0rd"
BASIC = Basic("store.server", "server123")


# ---- The base URL ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "parsed"),
    [
        ("https://eu.api.capillarytech.com", "https://eu.api.capillarytech.com/"),
        ("https://eu.api.capillarytech.com/", "https://eu.api.capillarytech.com/"),
        ("HTTPS://EU.api.capillarytech.com", "https://eu.api.capillarytech.com/"),
        ("https://example.com:8443//", "https://example.com:8443/"),
        ("https://example.com/gateway/eu/", "https://example.com/gateway/eu"),
        ("https://example.com/a%2Fb", "https://example.com/a%2Fb"),
        ("https://example.com?", "https://example.com/"),
        ("https://example.com/x/?", "https://example.com/x"),
        ("https://bücher.example", "https://xn--bcher-kva.example/"),
        ("https://[2001:db8::1]:443", "https://[2001:db8::1]/"),
        ("http://localhost:8000", "http://localhost:8000/"),
        ("http://127.0.0.1", "http://127.0.0.1/"),
        ("http://127.8.9.10:1", "http://127.8.9.10:1/"),
        ("http://[::1]:8000", "http://[::1]:8000/"),
    ],
)
def test_a_base_url_is_taken(given: str, parsed: str) -> None:
    assert str(parse_base_url(given)) == parsed


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("", "https://"),
        ("eu.api.capillarytech.com", "https://"),
        ("//eu.api.capillarytech.com", "https://"),
        (" https://example.com", "https://"),
        ("https://", "name a host"),
        ("https:///v2", "name a host"),
        ("ftp://example.com", "https://"),
        ("file:///etc/passwd", "https://"),
        ("https://exa\nmple.com", "not a URL"),
        ("https://example.com:port", "not a URL"),
        (None, "not a URL"),
        (7, "not a URL"),
        (b"https://example.com", "not a URL"),
        (f"https://till:{PASSWORD}@example.com", "credentials"),
        ("https://till@example.com", "credentials"),
        ("https://example.com?key=value", "query"),
        ("https://example.com/#top", "fragment"),
        ("https://example.com:0", "port"),
        ("https://example.com:65536", "port"),
        ("http://example.com", "loopback"),
        ("http://10.0.0.1", "loopback"),
        ("http://0.0.0.0:8000", "loopback"),
        ("http://localhost.example.com", "loopback"),
        ("http://127.0.0.1.example.com", "loopback"),
        ("http://[fe80::1]", "loopback"),
    ],
)
def test_a_base_url_that_cannot_be_right_is_refused(given: Any, says: str) -> None:
    with pytest.raises(InvalidArgument, match=says) as caught:
        parse_base_url(given)
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("given", ["https://example.com/x#", "https://example.com/x?#", "https://example.com/x/"])
def test_what_ends_a_base_url_does_not_end_the_urls_made_of_it(given: str) -> None:
    assert str(parse_base_url(given)) == "https://example.com/x"


# ---- The way to the server -------------------------------------------------------------------------------------------


def make(url: httpx.URL = HTTPS, **options: Any) -> Any:
    """Give the first of the pools."""
    return make_all(url, **options)[0]


def make_all(url: httpx.URL = HTTPS, **options: Any) -> list[Any]:
    transport = engine(url, **{"verify": False, "proxy": None, "max_connections": 3, **options})
    assert isinstance(transport, Pools)
    return [pool.transport._pool for pool in transport._pools]  # type: ignore[attr-defined]


def proxy_of(pool: Any) -> str | None:
    if not isinstance(pool, httpcore.AsyncHTTPProxy):
        return None
    return f"{pool._proxy_url.host.decode()}:{pool._proxy_url.port}"


def test_as_many_connections_are_kept_as_requests_can_be_in_flight() -> None:
    pools = make_all(max_connections=17)
    assert sum(pool._max_connections for pool in pools) == 17
    assert [pool._max_keepalive_connections for pool in pools] == [pool._max_connections for pool in pools]


@pytest.mark.parametrize("verify", [True, False])
def test_all_pools_share_one_context(verify: bool) -> None:
    assert len({id(pool._ssl_context) for pool in make_all(max_connections=17, verify=verify)}) == 1


def test_without_a_proxy_the_way_is_direct() -> None:
    assert proxy_of(make()) is None


@pytest.mark.parametrize("proxy", ["http://proxy.example:8080", f"http://user:{PASSWORD}@proxy.example:8080"])
def test_a_proxy_is_used(proxy: str) -> None:
    assert {proxy_of(pool) for pool in make_all(proxy=proxy)} == {"proxy.example:8080"}


def test_a_proxy_is_checked_as_the_server_is() -> None:
    context = ssl.create_default_context()
    assert make(proxy="https://proxy.example", verify=context)._proxy_ssl_context is context
    assert make(proxy="http://proxy.example", verify=context)._proxy_ssl_context is None


@pytest.mark.parametrize(
    ("environment", "url", "proxy"),
    [
        ({"HTTPS_PROXY": "http://a.example:1"}, "https://api.example.com", "a.example:1"),
        ({"https_proxy": "http://a.example:1"}, "https://api.example.com", "a.example:1"),
        ({"HTTPS_PROXY": "a.example:1"}, "https://api.example.com", "a.example:1"),
        ({"ALL_PROXY": "http://b.example:2"}, "https://api.example.com", "b.example:2"),
        ({"ALL_PROXY": "http://b.example:2", "HTTPS_PROXY": "http://a.example:1"}, "https://x.example", "a.example:1"),
        ({"HTTP_PROXY": "http://c.example:3"}, "https://api.example.com", None),
        ({"HTTP_PROXY": "http://c.example:3", "ALL_PROXY": "http://c.example:3"}, "http://localhost:9", None),
        ({"HTTPS_PROXY": "http://a.example:1", "NO_PROXY": "*"}, "https://api.example.com", None),
        ({"HTTPS_PROXY": "http://a.example:1", "NO_PROXY": "example.com"}, "https://api.example.com", None),
        ({"HTTPS_PROXY": "http://a.example:1", "no_proxy": "x, .example.com"}, "https://api.example.com", None),
        ({"HTTPS_PROXY": "http://a.example:1", "NO_PROXY": "example.org"}, "https://api.example.com", "a.example:1"),
        ({"HTTP_PROXY": "http://c.example:3"}, "http://127.0.0.1:9", None),
        ({"HTTP_PROXY": "http://c.example:3"}, "http://[::1]:9", None),
    ],
)
def test_the_environment_names_the_proxy(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], url: str, proxy: str | None
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert proxy_of(make(httpx.URL(url))) == proxy


@pytest.mark.parametrize("environment", [{"HTTPS_PROXY": "http://environment.example:1"}, {"NO_PROXY": "*"}])
def test_the_callers_proxy_comes_before_the_environment(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert proxy_of(make(proxy="http://mine.example:2")) == "mine.example:2"


BAD_PROXIES = [
    f"ftp://user:{PASSWORD}@proxy.example",
    f"http://user:{PASSWORD}@proxy.example:port",
    f"http://user:{PASSWORD}@proxy.example\n",
    f"socks5://user:{PASSWORD}@proxy.example",  # Needs a package that the library does not bring.
]


@pytest.mark.parametrize("proxy", [*BAD_PROXIES, f"user:{PASSWORD}@proxy.example:8080"])
def test_a_proxy_that_cannot_be_used_is_refused_without_its_password(proxy: str) -> None:
    with pytest.raises(InvalidArgument, match="proxy") as caught:
        make(proxy=proxy)
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("proxy", BAD_PROXIES)
def test_a_bad_proxy_in_the_environment_is_refused_without_its_password(
    monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(InvalidArgument, match="proxy") as caught:
        make()
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))


async def ask(engine_name: str, url: str, **options: Any) -> Any:
    base = parse_base_url(url)
    transport = engine(base, name=engine_name, **{"verify": True, "proxy": None, "max_connections": 2, **options})
    session = open_session(transport, url=url, retry=RetryPolicy(attempts=1), authenticator=BasicAuthenticator(BASIC))
    async with transport:
        return await session.call(CALL, as_it_is)


@pytest.mark.real_time
@on_each_engine
async def test_plain_requests_go_through_the_callers_proxy_whole(engine_name: str) -> None:
    with saying(ANSWER) as proxy:
        assert await ask(engine_name, "http://localhost:1/api", proxy=proxy.url) == {"answer": 42}
    assert proxy.heard[0].startswith(b"GET http://localhost:1/api/v2/ledger?identifierValue=917406401004 HTTP/1.1\r\n")


@pytest.mark.real_time
@on_each_engine
async def test_a_proxy_gets_its_own_credentials_with_plain_requests(engine_name: str) -> None:
    with saying(ANSWER) as proxy:
        await ask(engine_name, "http://localhost:1", proxy=proxy.url.replace("://", f"://user:{PASSWORD}@"))
    credentials = base64.b64encode(f"user:{PASSWORD}".encode())
    assert b"proxy-authorization: basic " + credentials.lower() in proxy.heard[0].lower()


@pytest.mark.real_time
@on_each_engine
async def test_what_stays_on_this_machine_goes_through_no_proxy_of_the_environment(
    engine_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with saying(ANSWER) as server, saying(b"") as proxy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert await ask(engine_name, server.url) == {"answer": 42}
    assert proxy.heard == []


@pytest.mark.real_time
@on_each_engine
async def test_a_proxy_learns_the_host_and_nothing_else(engine_name: str) -> None:
    refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    with saying(refusal) as proxy, pytest.raises(ConnectionFailedError) as caught:
        await ask(engine_name, "https://api.example.com", proxy=proxy.url.replace("://", f"://user:{PASSWORD}@"))
    (heard,) = proxy.heard
    assert heard.startswith(b"CONNECT api.example.com:443 HTTP/1.1\r\n")
    assert base64.b64encode(f"user:{PASSWORD}".encode()) in heard
    headers = BasicAuthenticator(BASIC)._headers
    assert headers["Authorization"].encode() not in heard
    assert PHONE.encode() not in heard
    printed = "".join(traceback.format_exception(caught.value))
    assert PASSWORD not in printed
    assert "ProxyError" in printed


@pytest.mark.real_time
@on_each_engine
async def test_a_proxy_that_is_not_there_is_a_failed_connection(engine_name: str) -> None:
    with saying(ANSWER) as gone:
        pass
    with pytest.raises(ConnectionFailedError):
        await ask(engine_name, "https://api.example.com", proxy=gone.url)


# ---- TLS -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("verify", "mode"), [(True, ssl.CERT_REQUIRED), (False, ssl.CERT_NONE)])
def test_certificates_are_checked_unless_told_not_to(verify: bool, mode: ssl.VerifyMode) -> None:
    context = make(verify=verify)._ssl_context
    assert context.verify_mode is mode
    assert context.check_hostname is verify


def test_a_context_is_used_as_it_is() -> None:
    context = ssl.create_default_context()
    assert make(verify=context)._ssl_context is context


@pytest.mark.real_time
@on_each_engine
async def test_an_unknown_certificate_is_a_failed_connection(engine_name: str, tmp_path: Path) -> None:
    with saying(ANSWER, server_context(tmp_path)) as server, pytest.raises(ConnectionFailedError):
        await ask(engine_name, server.url)
    assert server.heard == []


@pytest.mark.real_time
@on_each_engine
async def test_a_certificate_of_another_host_is_a_failed_connection(engine_name: str, tmp_path: Path) -> None:
    trusted = ssl.create_default_context(cadata=CERTIFICATE)
    with (
        saying(ANSWER, server_context(tmp_path), host="127.0.0.2") as server,
        pytest.raises(ConnectionFailedError),
    ):
        await ask(engine_name, server.url, verify=trusted)
    assert server.heard == []


@pytest.mark.real_time
@on_each_engine
async def test_a_client_checks_certificates_unless_told_not_to(
    engine_name: Literal["httpx", "aiohttp"], tmp_path: Path
) -> None:
    member, once = Customer.by_id(7, source="INSTORE"), RetryPolicy(attempts=1)
    with saying(ANSWER, server_context(tmp_path)) as server:
        async with CapillaryClient(server.url, auth=BASIC, retry=once, engine=engine_name) as client:
            with pytest.raises(ConnectionFailedError):
                await client.balances.closing(member)
        assert server.heard == []
        async with CapillaryClient(server.url, auth=BASIC, retry=once, engine=engine_name, verify=False) as client:
            await client.balances.closing(member)
        assert len(server.heard) == 1


@pytest.mark.real_time
@on_each_engine
async def test_an_unknown_certificate_is_taken_if_the_caller_says_so(engine_name: str, tmp_path: Path) -> None:
    with saying(ANSWER, server_context(tmp_path)) as server:
        assert await ask(engine_name, server.url, verify=False) == {"answer": 42}


@pytest.mark.real_time
@on_each_engine
async def test_the_callers_context_decides(engine_name: str, tmp_path: Path) -> None:
    with saying(ANSWER, server_context(tmp_path)) as server:
        assert await ask(engine_name, server.url, verify=ssl.create_default_context(cadata=CERTIFICATE)) == {
            "answer": 42
        }


@pytest.mark.real_time
@on_each_engine
async def test_the_environment_names_certificates(
    engine_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(CERTIFICATE)
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    with saying(ANSWER, server_context(tmp_path)) as server:
        assert await ask(engine_name, server.url) == {"answer": 42}


@pytest.mark.parametrize("verify", [None, 0, 1, "/etc/ssl/certs", ssl.CERT_NONE])
def test_nothing_else_turns_the_check_off(verify: Any) -> None:
    with pytest.raises(InvalidArgument, match="verify"):
        make(verify=verify)


def test_certificates_that_are_not_there_are_a_wrong_argument(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/no/such/bundle.pem")
    with pytest.raises(InvalidArgument, match="SSL_CERT_FILE"):
        make(verify=True)


@pytest.mark.real_time
@on_each_engine
@pytest.mark.parametrize("says", [b"", b"no HTTP at all\r\n\r\n", ANSWER[:-5], b"\x16\x03\x01\x00\x05hello"])
async def test_whatever_a_server_says_is_one_error_of_ours(engine_name: str, says: bytes) -> None:
    with saying(says) as server, pytest.raises(LoyaltyError) as caught:
        await ask(engine_name, server.url)
    assert type(caught.value) is ConnectionFailedError
