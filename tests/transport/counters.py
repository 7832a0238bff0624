"""A server that does nothing but count, and clients that are never satisfied."""

from __future__ import annotations

import contextlib
import random
from collections import deque
from collections.abc import Callable
from http import HTTPStatus
from typing import Literal

import anyio
import anyio.lowlevel
import attrs
import httpx

from loyalty_async.errors import LoyaltyError
from loyalty_async.protocol.backoff import RetryPolicy
from loyalty_async.protocol.requests import Call
from loyalty_async.transport.engines import parse_base_url
from loyalty_async.transport.exchanges import Timeouts
from loyalty_async.transport.limits import InFlight, RateLimits, gate_for
from loyalty_async.transport.session import Session
from tests.transport.stages import as_it_is

Counting = Literal["fixed", "sliding"]


@attrs.frozen
class Seen:
    """One request as the server saw it."""

    at: float
    path: str
    status: int


@attrs.define(eq=False)
class Counter(httpx.AsyncBaseTransport):
    """Accepts so many requests per period, in windows of its own clock or in any window, and refuses the rest.

    Attributes:
        limit: How many; None for all.
        latency_s: How long it takes for an answer; half of it passes before the server sees the request.
        tells: Whether a refusal says when to come back.
        seen: Every request.
        sent: When each request was sent.
        paths: What each request was sent for.
        refused: When each refusal arrived back, and for how long it asked.
    """

    limit: int | None = None
    per: float = 60.0
    counting: Counting = "fixed"
    tells: bool = True
    phase_s: float = 0.0
    latency_s: Callable[[], float] = lambda: 0.05
    seen: list[Seen] = attrs.field(factory=list, init=False)
    sent: list[float] = attrs.field(factory=list, init=False)
    paths: list[str] = attrs.field(factory=list, init=False)
    refused: list[tuple[float, float]] = attrs.field(factory=list, init=False)
    in_flight: int = attrs.field(default=0, init=False)
    _accepted: deque[float] = attrs.field(factory=deque, init=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        latency_s = self.latency_s()
        self.in_flight += 1
        self.sent.append(anyio.current_time())
        self.paths.append(request.url.path)
        try:
            await _pass(latency_s / 2)
            response = self._judge(request)
            await _pass(latency_s / 2)
        finally:
            self.in_flight -= 1
        if response.status_code != HTTPStatus.OK:
            self.refused.append((anyio.current_time(), float(response.headers.get("Retry-After", 0))))
        return response

    def _judge(self, request: httpx.Request) -> httpx.Response:
        now = anyio.current_time()
        wait_s = self._wait_s(now)
        if wait_s <= 0:
            self._accepted.append(now)
        status = 200 if wait_s <= 0 else 429
        self.seen.append(Seen(now, request.url.path, status))
        headers = {"Retry-After": str(int(wait_s) + 1)} if self.tells and wait_s > 0 else {}
        return httpx.Response(status, headers=headers, content=b"{}")

    def _wait_s(self, now: float) -> float:
        begins_at = now - self.per if self.counting == "sliding" else now - (now + self.phase_s) % self.per
        while self._accepted and self._accepted[0] <= begins_at - (self.counting == "fixed") * 1e-9:
            self._accepted.popleft()
        if self.limit is None or len(self._accepted) < self.limit:
            return 0.0
        return max((self._accepted[0] if self.counting == "sliding" else begins_at) + self.per - now, 1e-9)

    def count(self, since: float, until: float, status: int) -> int:
        return sum(since <= each.at < until and each.status == status for each in self.seen)


async def _pass(seconds: float) -> None:
    if seconds:
        await anyio.sleep(seconds)
    else:
        await anyio.lowlevel.checkpoint()


def call_to(path: str) -> Call:
    return Call(method="GET", path="/{task}", segments={"task": path.strip("/")})


async def use_up(session: Session, tasks: int, seconds: float, prefix: str = "") -> None:
    """Let so many tasks ask and ask again."""
    with anyio.move_on_after(seconds):
        async with anyio.create_task_group() as group:
            for number in range(tasks):
                group.start_soon(_ask_on, session, f"{prefix}/{number}")


async def _ask_on(session: Session, path: str) -> None:
    while True:
        with contextlib.suppress(LoyaltyError):
            await session.call(call_to(path), as_it_is)


def latencies(seed: int, low: float, high: float) -> Callable[[], float]:
    """Draw latencies, the same ones for the same seed."""
    source = random.Random(seed)
    return lambda: source.uniform(low, high)


def counting_session(
    server: httpx.AsyncBaseTransport,
    rate_limit: RateLimits = None,
    *,
    max_in_flight: InFlight = 50,
    retry: RetryPolicy | None = None,
    seed: int = 1,
) -> Session:
    """Make a session whose jitter is the same for the same seed."""
    policy = retry or RetryPolicy()
    gate = gate_for(
        max_in_flight=max_in_flight, rate_limit=rate_limit, endpoint_limits=None, endpoints=(), retry=policy
    )
    return Session(
        url=parse_base_url("https://api.example.com"),
        transport=server,
        gate=gate,
        retry=policy,
        timeouts=Timeouts(),
        draw=random.Random(seed).random,
    )
