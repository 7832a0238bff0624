"""The other engine: the same requests over aiohttp, on asyncio only. Needs the extra `aiohttp`.

httpx-aiohttp carries httpx's requests, but takes a refused or reset connection for a timeout (its map of errors is not
in the order of httpx's tree), and lets errors of aiohttp through whose text holds the URL. So what it raises is
translated again here, from aiohttp's own error.
"""

from __future__ import annotations

import asyncio
import base64
import math
import ssl
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from typing import Self, cast

import aiohttp
import anyio
import httpx
from httpx_aiohttp import AiohttpTransport

from loyalty_async.errors import ClientStateError

__all__ = ["AiohttpEngine"]

_LONGEST_FIELD = 100 * 1024  # What h11, under the other engine, takes for a whole head.
_KEEP_ALIVE_S = 5.0  # As httpx.

_KINDS: dict[type[BaseException], type[httpx.RequestError]] = {
    aiohttp.ClientError: httpx.NetworkError,
    aiohttp.ClientConnectorError: httpx.ConnectError,
    aiohttp.ClientHttpProxyError: httpx.ProxyError,
    aiohttp.ClientPayloadError: httpx.RemoteProtocolError,
    aiohttp.ClientProxyConnectionError: httpx.ProxyError,
    aiohttp.ClientResponseError: httpx.RemoteProtocolError,
    aiohttp.ConnectionTimeoutError: httpx.ConnectTimeout,
    aiohttp.InvalidURL: httpx.UnsupportedProtocol,
    aiohttp.NonHttpUrlClientError: httpx.UnsupportedProtocol,
    aiohttp.ServerDisconnectedError: httpx.RemoteProtocolError,
    aiohttp.ServerTimeoutError: httpx.ReadTimeout,
}
"""What an error is in httpx's tree; the nearest class counts."""


class AiohttpEngine(httpx.AsyncBaseTransport):
    """A pool of aiohttp's connections, which does what the other engine does and no more.

    It keeps no cookies, follows no redirect, unpacks nothing, and sends nothing twice.
    """

    def __init__(self, context: ssl.SSLContext, way: httpx.Proxy | None, connections: int) -> None:
        """Make the engine; nothing is opened, and there need be no event loop yet.

        Args:
            context: Decides which certificates are good.
            way: A proxy for http and https.
            connections: How many there may be.
        """
        self._context, self._connections = context, connections
        self._proxy_headers = {} if way is None or way.auth is None else {"Proxy-Authorization": _basic(*way.auth)}
        # aiohttp gives up the argument for a proxy's credentials, which httpx-aiohttp would use.
        proxy = None if way is None else httpx.Proxy(way.url, headers=self._proxy_headers)
        self._carrier = AiohttpTransport(verify=context, proxy=proxy, client=self._open_session)

    async def __aenter__(self) -> Self:
        """See that this is asyncio.

        Raises:
            ClientStateError: It is not.
        """
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            raise ClientStateError("engine='aiohttp' runs on asyncio only; leave the argument out on trio") from None
        return self

    async def aclose(self) -> None:
        """Close all connections."""
        await self._carrier.aclose()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, with the deadlines of the other engine.

        aiohttp has none for writing, so the head of the answer has the time of all phases together.
        """
        timeouts = request.extensions["timeout"]
        phases = [timeouts["connect"], timeouts["write"], timeouts["read"]]
        # What aiohttp calls `connect` is the whole way to a connection: resolving, TLS and the proxy included.
        request.extensions = {**request.extensions, "timeout": {**timeouts, "pool": timeouts["connect"]}}
        if request.url.scheme == "http":
            request.headers.update(self._proxy_headers)
        with anyio.move_on_after(None if None in phases else sum(phases)), _translated():
            response = await self._carrier.handle_async_request(request)
            response.stream = _Body(cast("httpx.AsyncByteStream", response.stream))
            return response
        raise httpx.WriteTimeout("the request could not be written")

    def _open_session(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            ssl=self._context,
            limit=self._connections,
            keepalive_timeout=_KEEP_ALIVE_S,
            resolver=aiohttp.ThreadedResolver(),
            timeout_ceil_threshold=math.inf,  # Deadlines as given, not up to the next whole second.
        )
        session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            max_line_size=_LONGEST_FIELD,
            max_field_size=_LONGEST_FIELD,
        )
        # aiohttp would send a request again by itself, past the gate and the quota; its own test client has this, too.
        session._retry_connection = False  # noqa: SLF001
        return session


class _Body(httpx.AsyncByteStream):
    """A body whose errors are httpx's."""

    def __init__(self, stream: httpx.AsyncByteStream) -> None:
        self._stream = stream
        self._chunks = aiter(stream)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        with _translated():
            return await anext(self._chunks)

    async def aclose(self) -> None:
        with _translated():
            await self._stream.aclose()


@contextmanager
def _translated() -> Generator[None]:
    try:
        yield
    except (httpx.RequestError, aiohttp.ClientError) as error:
        cause = error.__cause__ if isinstance(error, httpx.RequestError) else error
        kind = next((_KINDS[base] for base in type(cause).__mro__ if base in _KINDS), None)
        if kind is None:
            raise
        # Only an error before the request was sent tells nothing of it.
        raise kind(str(cause) if kind is httpx.ConnectError else type(cause).__name__) from None


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
