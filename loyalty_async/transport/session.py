"""One call: admitted, sent, deciphered, and sent again where that helps."""

from __future__ import annotations

import itertools
import random
import ssl
import time
import warnings
from collections.abc import Callable, Collection, Sequence
from typing import Any, TypeVar

import anyio
import attrs
import httpx

from loyalty_async.errors import (
    AuthenticationError,
    DeadlineExceededError,
    InvalidArgument,
    LoyaltyError,
    PendingEventsError,
    RateLimitedError,
    StoreUnavailableError,
    UnavailableError,
)
from loyalty_async.models.hooks import Hook
from loyalty_async.models.stats import EndpointLimit, Stats, Waiting
from loyalty_async.protocol.backoff import RetryPolicy, next_delay_s
from loyalty_async.protocol.budgets import RetryBudget
from loyalty_async.protocol.efforts import Effort
from loyalty_async.protocol.requests import Call
from loyalty_async.protocol.responses import Answer, decipher
from loyalty_async.protocol.signals import is_locked, signal_of
from loyalty_async.transport.attempts import Attempt
from loyalty_async.transport.auth import Authenticator
from loyalty_async.transport.engines import Transport, engine, parse_base_url
from loyalty_async.transport.exchanges import Timeouts, send
from loyalty_async.transport.gate import Gate
from loyalty_async.transport.hooks import Hooks
from loyalty_async.transport.lanes import LANES, Lane
from loyalty_async.transport.limits import EndpointLimits, InFlight, RateLimits, gate_for, most_in_flight
from loyalty_async.transport.meters import Meter
from loyalty_async.transport.running import Running
from loyalty_async.transport.tickets import PausedError, Ticket
from loyalty_async.transport.turns import Turns

__all__ = ["Session", "session_to"]

T = TypeVar("T")


def _always(_: object) -> bool:
    return True


@attrs.define(eq=False, kw_only=True)
class Session:
    """Sends the calls of one client.

    Attributes:
        url: Where the API lives.
        transport: What carries requests.
        gate: Who may send now.
        retry: When to try again.
        timeouts: How long to wait.
        authenticator: What puts credentials on requests.
        decipher: Gets the document out of an answer, or raises what the server said.
        lane: Where calls wait.
        meter: What was sent.
        budget: What retries are paid from.
        turns: Which members' calls go one at a time.
        running: The calls under way.
        hooks: Whoever wants to know of every request.
    """

    url: httpx.URL
    transport: Transport
    gate: Gate
    retry: RetryPolicy
    timeouts: Timeouts
    authenticator: Authenticator | None = None
    decipher: Callable[[Call, Answer], Any] = decipher
    lane: Lane = "interactive"
    meter: Meter = attrs.field(factory=Meter)
    budget: RetryBudget = attrs.field(factory=RetryBudget)
    turns: Turns = attrs.field(factory=Turns)
    running: Running = attrs.field(factory=Running)
    hooks: Hooks = attrs.field(factory=Hooks)
    _draw: Callable[[], float] = random.random

    def in_lane(self, lane: Lane) -> Session:
        """Give a session that shares everything with this one, but waits in another lane."""
        return attrs.evolve(self, lane=lane)

    async def call(
        self,
        call: Call,
        build: Callable[[Any], T],
        settled: Callable[[T], bool] = _always,
        effort: Effort | None = None,
    ) -> T:
        """Make a call until it succeeds or cannot.

        Args:
            call: What to send.
            build: Makes the result from the decoded document; what does not fit raises `MalformedAnswerError`.
            settled: Tells whether a result is final. One that is not is asked for again, and is returned as it is when
                the attempts are used up.
            effort: What it takes is added here, also if the call fails.

        Raises:
            LoyaltyError: What the last attempt ended in.
        """
        with self.running.one(), anyio.move_on_after(self.timeouts.total):
            return await self._until_final(call, build, settled, effort or Effort())
        error = DeadlineExceededError(f"{call.path}: no result within {self.timeouts.total} s, retries included")
        error.member = call.member
        raise error

    async def _until_final(
        self, call: Call, build: Callable[[Any], T], settled: Callable[[T], bool], effort: Effort
    ) -> T:
        renewed, spent = False, 0
        began = self.authenticator.mark() if self.authenticator else 0
        for number in itertools.count(1):
            attempt = Attempt(call=call, number=number)
            try:
                await self._attempt(attempt, began, effort)
                try:
                    result = attempt.result(build)
                    delay = None if settled(result) else next_delay_s(_pending(), number, self.retry, self._draw())
                    if delay is None:
                        self.budget.succeed(spent)
                        return result
                except AuthenticationError:
                    if renewed or not self._renews(attempt):
                        raise
                    renewed, delay = True, 0.0
                except LoyaltyError as error:
                    retry = self._paid_delay(call, error, number)
                    if retry is None:
                        raise
                    delay, spent = retry
                attempt.retry_in_s = delay
            finally:
                self._end(attempt)
            effort.waited_s += delay
            await anyio.sleep(delay)
        raise AssertionError("unreachable")

    def _renews(self, attempt: Attempt) -> bool:
        """Tell whether there may be better credentials than those that were refused."""
        headers = attempt.credentials
        return bool(headers and self.authenticator and self.authenticator.refused(headers))

    def _end(self, attempt: Attempt) -> None:
        """Count a request, and tell the hooks of it."""
        if attempt.sent_at_ns:
            self.meter.end(attempt.call.path, attempt.outcome, attempt.received_bytes)
            if self.hooks:
                self.hooks.tell(attempt.details(self.url, self.lane))

    def _paid_delay(self, call: Call, error: LoyaltyError, number: int) -> tuple[float, int] | None:
        """Decide how long to wait before the next attempt, and pay for it; None if there shall be none.

        After an error for which the server makes everybody wait the gate makes this call wait too, and it does not
        wait twice.
        """
        delay = next_delay_s(error, number, self.retry, self._draw())
        spent = None if delay is None else self.budget.spend(error)
        if delay is None or spent is None:
            return None
        in_gate = call.authenticated and signal_of(error).halts and getattr(error, "retry_after_s", None) is not None
        return (0.0 if in_gate else delay), spent

    async def _attempt(self, attempt: Attempt, began: int, effort: Effort) -> None:
        """Wait for a place and send.

        Credentials are taken behind the queue: in it they would grow old. If that takes time, or if the member's calls
        must take turns by then, the call goes through the gate again. A call for a token needs no place of its own, it
        is made in the place of the call that waits for the token.
        """
        if complaint := self.gate.permits.complaint():
            warnings.warn(complaint, RuntimeWarning, stacklevel=2)
        call, queued_at = attempt.call, anyio.current_time()
        admission = self.gate.admission(self.lane, call.endpoint, kind=call.path, again=attempt.number > 1)
        try:
            if not call.authenticated:
                await self.gate.pause_over()
                attempt.waited_s = anyio.current_time() - queued_at
                await self._send(attempt, effort)
            while not attempt.sent_at_ns:
                async with self.turns.turn(call.member) as in_turn, admission as ticket:
                    admitted_at = anyio.current_time()
                    attempt.waited_s += admitted_at - queued_at
                    effort.waited_s += admitted_at - queued_at
                    attempt.credentials = await self.authenticator.headers(began) if self.authenticator else {}
                    now = anyio.current_time()
                    overtaken = not in_turn and self.turns.watches(call.member, now)
                    if not overtaken and self.gate.may_send(admitted_at, now):
                        await self._send_in_place(attempt, effort, ticket)
                    else:
                        queued_at = now
        except PausedError as paused:
            raise _paused(call, paused) from None
        except StoreUnavailableError as error:
            error.member = call.member
            raise

    async def _send_in_place(self, attempt: Attempt, effort: Effort, ticket: Ticket) -> None:
        """Send, and tell the gate what came of it before another request is let in."""
        member = attempt.call.member
        with self.turns.flight(member):
            try:
                await self._send(attempt, effort)
            except BaseException:
                self.gate.abandon(ticket, attempt.wire_s)
                raise
        if is_locked(attempt.error) and member is not None:
            self.turns.watch(member, anyio.current_time())
        signal = signal_of(attempt.error)
        attempt.pause_s = self.gate.hear(ticket, signal, attempt.error, attempt.wire_s, self._draw())

    async def _send(self, attempt: Attempt, effort: Effort) -> None:
        """Send once, and decipher what came back."""
        resent = attempt.number > 1
        self.meter.requests += 1
        self.meter.retries += resent
        effort.requests += 1
        effort.retries += resent
        attempt.sent_at_ns, sent_at = time.time_ns(), anyio.current_time()
        try:
            sent = await send(attempt.call, attempt.credentials, self.url, self.transport, self.timeouts)
        finally:
            attempt.wire_s = anyio.current_time() - sent_at
        attempt.take(sent, self.decipher)

    def stats(self) -> Stats:
        """Say what is going on, and what was sent so far."""
        now, gate = _now(), self.gate
        return Stats(
            server=self.url.host,
            requests=self.meter.requests,
            retries=self.meter.retries,
            in_flight=gate.places.in_flight,
            waiting=Waiting(**{lane: gate.lanes.waiting(lane) for lane in LANES}),
            max_in_flight=gate.places.limit,
            permits_left=None if now is None else gate.permits.left(now),
            pace_per_s=gate.permits.pace(),
            pauses=gate.permits.pause.count,
            paused_s=0.0 if now is None else gate.permits.paused_s(now),
            retry_budget=self.budget.left,
            store=gate.permits.store,
            store_round_trips=gate.permits.round_trips,
            endpoint_limits=tuple(self._endpoint_limit(group, now) for group in gate.permits.groups()),
            traffic=self.meter.traffic(),
        )

    def _endpoint_limit(self, group: str, now: float | None) -> EndpointLimit:
        permits = self.gate.permits
        return EndpointLimit(
            endpoint=group,
            waiting=self.gate.lanes.waiting_in(group),
            permits_left=None if now is None else permits.left(now, group),
            pace_per_s=permits.pace(group),
        )


def session_to(
    base_url: str,
    *,
    engine_name: str,
    max_in_flight: InFlight,
    rate_limit: RateLimits,
    endpoint_limits: EndpointLimits | None,
    endpoints: Collection[str],
    timeouts: Timeouts | None,
    retry: RetryPolicy | None,
    verify: bool | ssl.SSLContext,
    proxy: str | None,
    transport: Transport | None,
    hooks: Sequence[Hook],
    account: str,
) -> Session:
    """Make a session; nothing is opened or sent.

    Raises:
        InvalidArgument: The URL, the proxy, a limit, a number or a hook cannot be used.
    """
    url = parse_base_url(base_url)
    for name, value, kind in (("timeouts", timeouts, Timeouts), ("retry", retry, RetryPolicy)):
        if value is not None and not isinstance(value, kind):
            raise InvalidArgument(f"{name} must be a {kind.__name__}, such as {kind.__name__}()")
    policy, most = retry or RetryPolicy(), most_in_flight(max_in_flight)
    if transport is None:
        transport = engine(url, name=engine_name, verify=verify, proxy=proxy, max_connections=most)
    else:
        _check_transport(transport, alone=proxy is None and engine_name == "httpx")
    return Session(
        url=url,
        gate=gate_for(
            max_in_flight=max_in_flight,
            rate_limit=rate_limit,
            endpoint_limits=endpoint_limits,
            endpoints=endpoints,
            retry=policy,
            scope=f"{url.host}:{url.port or ''}\n{account}",
        ),
        transport=transport,
        retry=policy,
        timeouts=timeouts or Timeouts(),
        budget=RetryBudget.for_places(most),
        hooks=Hooks(hooks),
    )


def _check_transport(transport: object, *, alone: bool) -> None:
    if not isinstance(transport, Transport):
        raise InvalidArgument("transport must be an httpx.AsyncBaseTransport, such as httpx.AsyncHTTPTransport()")
    if not alone:
        raise InvalidArgument("engine and proxy are for a built-in engine: leave them out beside transport=")


def _pending() -> PendingEventsError:
    error = PendingEventsError("the member has events that are not booked yet")
    error.codes = (11002,)
    return error


def _paused(call: Call, paused: PausedError) -> LoyaltyError:
    """Make the error for a call that would have to wait too long; its sort is that of the error behind the pause."""
    error = paused.kind(f"{call.path}: not sent, because the server asked for a wait of {paused.seconds:.0f} s more")
    error.status, error.member = paused.status, call.member
    if isinstance(error, RateLimitedError | UnavailableError):
        error.retry_after_s = paused.seconds
    return error


def _now() -> float | None:
    try:
        return anyio.current_time()
    except RuntimeError:  # Outside of an event loop.
        return None
