"""The clients: each owns a session and shows the endpoints of one vendor."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from types import TracebackType
from typing import Self

import attrs

from loyalty_async.endpoints.ledger_info import LedgerEndpoint
from loyalty_async.errors import ClientStateError, InvalidArgument
from loyalty_async.models.credentials import Basic, OAuth
from loyalty_async.protocol.backoff import RetryPolicy
from loyalty_async.transport.auth import authenticator_for
from loyalty_async.transport.gate import Gate
from loyalty_async.transport.pool import Transport, engine, parse_base_url
from loyalty_async.transport.session import Session, Timeouts
from loyalty_async.wire.converter import make_converter

__all__ = ["CapillaryClient", "Stats"]


@attrs.frozen(kw_only=True)
class Stats:
    """What a client has sent so far.

    Attributes:
        requests: Requests, those for tokens and those sent again included.
        retries: How many of them were sent again.
    """

    requests: int
    retries: int


def _wall_clock() -> datetime:
    return datetime.now(UTC)


class CapillaryClient:
    """A client of one Capillary organisation; all tasks of one event loop may share it.

    Open it with `async with`; it closes in the task that opened it.

    Attributes:
        ledger: The points ledger.
    """

    ledger: LedgerEndpoint

    def __init__(
        self,
        base_url: str,
        *,
        auth: Basic | OAuth,
        server_timezone: tzinfo = UTC,
        max_in_flight: int = 20,
        timeouts: Timeouts | None = None,
        retry: RetryPolicy | None = None,
        verify: bool | ssl.SSLContext = True,
        proxy: str | None = None,
        transport: Transport | None = None,
        clock: Callable[[], datetime] = _wall_clock,
    ) -> None:
        """Set up a client; nothing is opened or sent.

        Args:
            base_url: The organisation's host, such as `https://eu.api.capillarytech.com`. Plain http is refused unless
                the host is this machine.
            auth: Credentials of a till (`Basic`) or of an API client (`OAuth`).
            server_timezone: The zone of the server's clock: its cluster's, not the store's.
            max_in_flight: How many requests to have under way at once.
            timeouts: How long to wait for what.
            retry: When to send a call again.
            verify: Whether to check the server's certificate, or the context that does.
            proxy: URL of a proxy; None takes it from the usual environment variables.
            transport: What carries requests instead of the built-in pool; opened and closed with the client.
            clock: Tells the time, aware.

        Raises:
            InvalidArgument: Something here cannot work.
        """
        if not isinstance(server_timezone, tzinfo):
            raise InvalidArgument("server_timezone must be a tzinfo, such as zoneinfo.ZoneInfo('Asia/Kolkata')")
        converter = make_converter(server_timezone)
        url = parse_base_url(base_url)
        self._session = Session(
            url=url,
            transport=transport or engine(url, verify=verify, proxy=proxy, max_connections=max_in_flight),
            gate=Gate(max_in_flight),
            retry=retry or RetryPolicy(),
            timeouts=timeouts or Timeouts(),
        )
        self._session.authenticator = authenticator_for(auth, self._session.call, converter)
        self._state = "new"
        self.ledger = LedgerEndpoint(self._open_session, converter, server_timezone, clock)

    def __repr__(self) -> str:
        return f"<CapillaryClient {self._session.url.host} {self._state}>"

    async def __aenter__(self) -> Self:
        """Open the client.

        Raises:
            ClientStateError: It was opened before.
        """
        if self._state != "new":
            raise ClientStateError("a client is opened once; make a new one")
        await self._session.transport.__aenter__()
        self._state = "open"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close all connections."""
        self._state = "closed"
        await self._session.transport.__aexit__(kind, error, traceback)

    def stats(self) -> Stats:
        """Say what was sent so far."""
        return Stats(requests=self._session.requests, retries=self._session.retries)

    def _open_session(self) -> Session:
        if self._state != "open":
            raise ClientStateError(
                f"the client is {self._state}; use it inside `async with CapillaryClient(…) as client:`"
            )
        return self._session
