"""The HTTP engine under a session, and the way to it: TLS, proxy, environment."""

from __future__ import annotations

import ipaddress
import ssl
from importlib.util import find_spec
from urllib.request import getproxies, proxy_bypass

import httpx

from loyalty_async.errors import InvalidArgument
from loyalty_async.transport.pools import Pools

__all__ = ["Transport", "engine", "parse_base_url"]

_LARGEST_PORT = 65_535

Transport = httpx.AsyncBaseTransport
"""What carries requests: the one seam to HTTP."""


def parse_base_url(base_url: str) -> httpx.URL:
    """Check a base URL: https, or http to this very machine; no credentials, no query.

    Raises:
        InvalidArgument: It is something else.
    """
    try:
        url = httpx.URL(base_url)
    except (httpx.InvalidURL, TypeError):
        raise InvalidArgument("base_url is not a URL; give one such as https://eu.api.capillarytech.com") from None
    if url.scheme not in ("https", "http") or not url.host:
        raise InvalidArgument("base_url must begin with https:// and name a host")
    if url.userinfo or url.query or url.fragment:
        raise InvalidArgument("base_url must not hold credentials, a query or a fragment; credentials go to auth=")
    if url.scheme == "http" and not _is_loopback(url.host):
        raise InvalidArgument("base_url must begin with https://; plain http is for loopback addresses only")
    if url.port is not None and not 0 < url.port <= _LARGEST_PORT:
        raise InvalidArgument("base_url names a port that does not exist")
    return url.copy_with(raw_path=url.raw_path.rstrip(b"/?") or b"/", fragment=None)


def engine(
    url: httpx.URL, *, name: str = "httpx", verify: bool | ssl.SSLContext, proxy: str | None, max_connections: int
) -> httpx.AsyncBaseTransport:
    """Make what carries requests to the host of *url*.

    Args:
        url: Where requests go.
        name: `httpx`, or `aiohttp` for the faster one on asyncio.
        verify: Whether to check the certificates of the server and of an https proxy, or the context that does.
        proxy: The proxy's URL; None takes it from HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY.
        max_connections: How many requests can be in flight; as many connections are kept open.

    Raises:
        InvalidArgument: The name, the proxy or the certificates cannot be used, or an extra is missing.
    """
    if name not in _ENGINES:
        raise InvalidArgument("engine must be 'httpx' or 'aiohttp'")
    context = _context(verify)
    return _ENGINES[name](context, _way(proxy or _proxy_from_environment(url), context), max_connections)


def _httpx_engine(context: ssl.SSLContext, way: httpx.Proxy | None, connections: int) -> httpx.AsyncBaseTransport:
    def make_pool(size: int) -> httpx.AsyncBaseTransport:
        limits = httpx.Limits(max_connections=size, max_keepalive_connections=size)
        return httpx.AsyncHTTPTransport(verify=context, trust_env=False, limits=limits, proxy=way)

    return Pools(make_pool, connections)


def _aiohttp_engine(context: ssl.SSLContext, way: httpx.Proxy | None, connections: int) -> httpx.AsyncBaseTransport:
    try:
        from loyalty_async.transport.aiohttp_engine import AiohttpEngine  # noqa: PLC0415 - an extra
    except ImportError as cause:
        raise InvalidArgument("engine='aiohttp' needs an extra: pip install 'loyalty-async[aiohttp]'") from cause
    if way is not None and way.url.scheme not in ("http", "https"):
        raise InvalidArgument("engine='aiohttp' knows no SOCKS; give an http or https proxy, or leave the engine out")
    return AiohttpEngine(context, way, connections)


_ENGINES = {"httpx": _httpx_engine, "aiohttp": _aiohttp_engine}


def _context(verify: object) -> ssl.SSLContext:
    """Make the one context for all connections: to read the certificates that are trusted takes 20 ms."""
    if isinstance(verify, ssl.SSLContext):
        return verify
    if not isinstance(verify, bool):
        raise InvalidArgument("verify must be True, False or an ssl.SSLContext")
    try:
        return httpx.create_ssl_context(verify=verify, trust_env=True)
    except OSError as cause:
        raise InvalidArgument("the certificates of SSL_CERT_FILE or SSL_CERT_DIR cannot be read") from cause


def _way(proxy: str | None, context: ssl.SSLContext) -> httpx.Proxy | None:
    if not proxy:
        return None
    try:
        return _parse_proxy(proxy, context)
    except (httpx.InvalidURL, TypeError, ValueError):
        # The cause may hold the proxy's password.
        raise InvalidArgument("the proxy cannot be used; give a URL such as http://proxy.example.com:8080") from None


def _parse_proxy(proxy: str, context: ssl.SSLContext) -> httpx.Proxy:
    parsed = httpx.Proxy(proxy)
    if (parsed.url.port or 0) > _LARGEST_PORT or not parsed.url.host:
        raise ValueError("no such host or port")
    if parsed.url.scheme.startswith("socks") and find_spec("socksio") is None:
        raise ValueError("httpx needs one more package")
    if parsed.url.scheme == "https":
        parsed.ssl_context = context
    return parsed


def _proxy_from_environment(url: httpx.URL) -> str | None:
    if _is_loopback(url.host) or proxy_bypass(url.host):  # Plain http must not leave the machine.
        return None
    proxies = getproxies()
    found = proxies.get(url.scheme) or proxies.get("all")
    return found if not found or "://" in found else f"http://{found}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
