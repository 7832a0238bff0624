"""The HTTP engine under a session, and the way to it: TLS, proxy, environment."""

from __future__ import annotations

import ipaddress
import ssl
from urllib.request import getproxies, proxy_bypass

import httpx

from loyalty_async.errors import InvalidArgument

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
    return url.copy_with(raw_path=url.raw_path.rstrip(b"/?") or b"/")


def engine(
    url: httpx.URL, *, verify: bool | ssl.SSLContext, proxy: str | None, max_connections: int
) -> httpx.AsyncBaseTransport:
    """Make the pool of connections to the host of *url*.

    Args:
        url: Where requests go.
        verify: Whether to check the server's certificate, or the context that does.
        proxy: The proxy's URL; None takes it from HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY.
        max_connections: How many requests can be in flight; as many connections are kept open.
    """
    limits = httpx.Limits(max_connections=max_connections, max_keepalive_connections=max_connections)
    way = proxy or _proxy_from_environment(url)
    try:
        return httpx.AsyncHTTPTransport(
            verify=verify, trust_env=True, limits=limits, proxy=None if way is None else _parse_proxy(way)
        )
    except (httpx.InvalidURL, ValueError, ImportError):
        # The cause may hold the proxy's password.
        raise InvalidArgument("the proxy cannot be used; give a URL such as http://proxy.example.com:8080") from None
    except OSError as cause:
        raise InvalidArgument("the certificates of SSL_CERT_FILE or SSL_CERT_DIR cannot be read") from cause


def _parse_proxy(proxy: str) -> httpx.Proxy:
    parsed = httpx.Proxy(proxy)
    if (parsed.url.port or 0) > _LARGEST_PORT:
        raise ValueError("no such port")
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
