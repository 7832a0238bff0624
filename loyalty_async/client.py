"""The clients: each owns a session and shows the endpoints of one vendor."""

from __future__ import annotations

import copy
import ssl
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, tzinfo
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

import attrs
from anyio.lowlevel import current_token

from loyalty_async.endpoints.account_balance import AccountEndpoint
from loyalty_async.endpoints.ledger_balance import BalanceEndpoint
from loyalty_async.endpoints.ledger_info import LedgerEndpoint
from loyalty_async.endpoints.promised_points import PromisedPointsEndpoint
from loyalty_async.errors import ClientStateError, InvalidArgument
from loyalty_async.models.credentials import Basic, OAuth
from loyalty_async.models.hooks import Hook
from loyalty_async.models.stats import Stats
from loyalty_async.protocol.backoff import RetryPolicy
from loyalty_async.protocol.responses import decipher_altcraft
from loyalty_async.transport.auth import BearerAuthenticator, account_of, authenticator_for
from loyalty_async.transport.engines import Transport
from loyalty_async.transport.exchanges import Timeouts
from loyalty_async.transport.lanes import LANES, Lane
from loyalty_async.transport.limits import EndpointLimits, InFlight, RateLimits
from loyalty_async.transport.session import Session, session_to
from loyalty_async.wire.altcraft import dialect_named
from loyalty_async.wire.converter import make_converter

if TYPE_CHECKING:
    from loyalty_async.endpoints.ledger_explode import EventEndpoint

__all__ = ["AltcraftClient", "CapillaryClient"]


def _wall_clock() -> datetime:
    return datetime.now(UTC)


@attrs.define(eq=False)
class _Life:
    """Where a client is in its life; its views share it."""

    state: str = "new"
    loop: object = None
    resources: AsyncExitStack = attrs.field(factory=AsyncExitStack)


class _Client(ABC):
    """The life of a client: opened once, by the task that closes it."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._life = _Life()
        self._open_endpoints()

    @abstractmethod
    def _open_endpoints(self) -> None:
        """Make the endpoints over the session."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._session.url.host} {self._life.state}>"

    async def __aenter__(self) -> Self:
        """Open the client.

        Raises:
            ClientStateError: It was opened before.
        """
        life = self._life
        if life.state != "new":
            raise ClientStateError("a client is opened once; make a new one")
        life.state, life.loop = "opening", current_token()
        try:
            async with AsyncExitStack() as opened:
                await opened.enter_async_context(self._session.transport)
                await opened.enter_async_context(self._session.gate.permits)
                life.resources = opened.pop_all()
        except BaseException:
            life.state = "new"
            raise
        life.state = "open"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End the calls that run in other tasks, with `ClientStateError`, and close all connections."""
        self._life.state = "closed"
        try:
            await self._session.running.end()
        finally:
            await self._life.resources.__aexit__(kind, error, traceback)

    def lane(self, name: Lane) -> Self:
        """Give a view of this client whose calls wait in another lane; it shares everything else with it.

        Calls wait in the lane `interactive` unless told. While both lanes wait, interactive calls go first, and one of
        every ten requests is a `bulk` call's. In a lane it is first come, first served.

        Args:
            name: `interactive`, or `bulk` for what may take its time.

        Raises:
            InvalidArgument: There is no such lane.
        """
        if name not in LANES:
            raise InvalidArgument(f"a lane is one of: {', '.join(LANES)}")
        view = copy.copy(self)
        view._session = self._session.in_lane(name)  # noqa: SLF001 - it is of this very class
        view._open_endpoints()  # noqa: SLF001
        return view

    def stats(self) -> Stats:
        """Say what is going on, and what was sent so far."""
        return self._session.stats()

    def _open_session(self) -> Session:
        life = self._life
        if life.state != "open":
            name = type(self).__name__
            raise ClientStateError(f"the client is {life.state}; use it inside `async with {name}(…) as client:`")
        if life.loop != current_token():
            raise ClientStateError("the client was opened in another event loop; open one in each loop")
        return self._session


class CapillaryClient(_Client):
    """A client of one Capillary organisation; all tasks of one event loop may share it.

    Open it with `async with`; it closes in the task that opened it.

    Attributes:
        ledger: The entries of ledgers.
        balances: What members have.
        promised_points: What members will get.
    """

    ledger: LedgerEndpoint
    balances: BalanceEndpoint
    promised_points: PromisedPointsEndpoint

    def __init__(
        self,
        base_url: str,
        *,
        auth: Basic | OAuth,
        server_timezone: tzinfo = UTC,
        rate_limit: RateLimits = None,
        endpoint_limits: EndpointLimits | None = None,
        max_in_flight: InFlight = 20,
        timeouts: Timeouts | None = None,
        retry: RetryPolicy | None = None,
        verify: bool | ssl.SSLContext = True,
        proxy: str | None = None,
        engine: Literal["httpx", "aiohttp"] = "httpx",
        transport: Transport | None = None,
        hooks: Sequence[Hook] = (),
        clock: Callable[[], datetime] = _wall_clock,
    ) -> None:
        """Set up a client; nothing is opened or sent.

        Args:
            base_url: The organisation's host, such as `https://eu.api.capillarytech.com`. Plain http is refused unless
                the host is this machine.
            auth: Credentials of a till (`Basic`) or of an API client (`OAuth`).
            server_timezone: The zone of the server's clock: its cluster's, not the store's.
            rate_limit: The quota of these credentials, such as `RateLimit(1000, per=60.0)`, or several that all hold.
                `adaptive` learns it from what the server accepts and refuses. None has no quota, only the pauses that
                the server asks for. With `RateLimit(…, store="redis://…")` many processes share it.
            endpoint_limits: Further quotas of single endpoints, by the name that the client has them under, such as
                `{"ledger": RateLimit(300, per=60.0)}`.
            max_in_flight: How many requests to have under way at once; `adaptive` finds it by itself, up to 100.
            timeouts: How long to wait for what.
            retry: When to send a call again.
            verify: Whether to check the server's certificate, or the context that does.
            proxy: URL of a proxy; None takes it from the usual environment variables.
            engine: What carries requests: `httpx`, or `aiohttp` for the faster one, on asyncio only and with the
                extra `aiohttp`.
            transport: What carries requests instead of a built-in engine; opened and closed with the client.
            hooks: Functions that are told of every request and how it ended.
            clock: Tells the time, aware.

        Raises:
            InvalidArgument: Something here cannot work.
        """
        if not isinstance(server_timezone, tzinfo):
            raise InvalidArgument("server_timezone must be a tzinfo, such as zoneinfo.ZoneInfo('Asia/Kolkata')")
        if not callable(clock):
            raise InvalidArgument("clock must be a function that gives the time as an aware datetime")
        converter = make_converter(server_timezone)
        session = session_to(
            base_url,
            engine_name=engine,
            max_in_flight=max_in_flight,
            rate_limit=rate_limit,
            endpoint_limits=endpoint_limits,
            endpoints=("ledger", "balances", "events", "promised_points"),
            timeouts=timeouts,
            retry=retry,
            verify=verify,
            proxy=proxy,
            transport=transport,
            hooks=hooks,
            account=account_of(auth),
        )
        session.authenticator = authenticator_for(auth, session.call, converter)
        self._converter, self._zone, self._clock = converter, server_timezone, clock
        super().__init__(session)

    def _open_endpoints(self) -> None:
        self.ledger = LedgerEndpoint(self._open_session, self._converter, self._zone, self._clock)
        self.balances = BalanceEndpoint(self._open_session, self._converter, self._zone)
        self.promised_points = PromisedPointsEndpoint(self._open_session, self._converter)

    @property
    def events(self) -> EventEndpoint:
        """What happened, in full.

        Events have more classes than all the rest, and are imported when this is first looked at. A program that must
        not wait for that inside a request looks at it once when it starts.
        """
        from loyalty_async.endpoints.ledger_explode import EventEndpoint  # noqa: PLC0415

        return EventEndpoint(self._open_session, self._converter)


class AltcraftClient(_Client):
    """A client of one Altcraft platform; all tasks of one event loop may share it.

    Open it with `async with`; it closes in the task that opened it.

    Attributes:
        accounts: Points accounts.
    """

    accounts: AccountEndpoint

    def __init__(
        self,
        base_url: str,
        *,
        token: str,
        bearer: bool = False,
        dialect: Literal["json", "xml"] = "json",
        rate_limit: RateLimits = None,
        endpoint_limits: EndpointLimits | None = None,
        max_in_flight: InFlight = 20,
        timeouts: Timeouts | None = None,
        retry: RetryPolicy | None = None,
        verify: bool | ssl.SSLContext = True,
        proxy: str | None = None,
        engine: Literal["httpx", "aiohttp"] = "httpx",
        transport: Transport | None = None,
        hooks: Sequence[Hook] = (),
    ) -> None:
        """Set up a client; nothing is opened or sent.

        Args:
            base_url: The platform's host, such as `https://example.com`. Plain http is refused unless the host is this
                machine.
            token: The API token.
            bearer: Whether the token goes into a Bearer header, as the platform's newer general page says, instead of
                into the body, as the endpoint's page does.
            dialect: What is spoken: `json` or `xml`; the results are the same.
            rate_limit: The quota of these credentials, such as `RateLimit(1000, per=60.0)`, or several that all hold.
                `adaptive` learns it from what the server accepts and refuses. None has no quota, only the pauses that
                the server asks for. With `RateLimit(…, store="redis://…")` many processes share it.
            endpoint_limits: Further quotas of single endpoints, by the name that the client has them under, such as
                `{"accounts": RateLimit(300, per=60.0)}`.
            max_in_flight: How many requests to have under way at once; `adaptive` finds it by itself, up to 100.
            timeouts: How long to wait for what.
            retry: When to send a call again.
            verify: Whether to check the server's certificate, or the context that does.
            proxy: URL of a proxy; None takes it from the usual environment variables.
            engine: What carries requests: `httpx`, or `aiohttp` for the faster one, on asyncio only and with the
                extra `aiohttp`.
            transport: What carries requests instead of a built-in engine; opened and closed with the client.
            hooks: Functions that are told of every request and how it ended.

        Raises:
            InvalidArgument: Something here cannot work.
        """
        _check_token(token)
        speech = dialect_named(dialect)
        session = session_to(
            base_url,
            engine_name=engine,
            max_in_flight=max_in_flight,
            rate_limit=rate_limit,
            endpoint_limits=endpoint_limits,
            endpoints=("accounts",),
            timeouts=timeouts,
            retry=retry,
            verify=verify,
            proxy=proxy,
            transport=transport,
            hooks=hooks,
            account="",  # The token is a secret: clients of one host share a limit unless it has a name.
        )
        session.decipher = partial(decipher_altcraft, decode_body=speech.decode)
        session.authenticator = BearerAuthenticator(token) if bearer else None
        self._speech, self._credentials = speech, {} if bearer else {"token": token}
        super().__init__(session)

    def _open_endpoints(self) -> None:
        self.accounts = AccountEndpoint(self._open_session, make_converter(), self._speech, self._credentials)


def _check_token(token: object) -> None:
    if not isinstance(token, str) or not token.strip() or not token.isprintable():
        raise InvalidArgument("token must be a non-empty, printable text")
