"""A store in memory, on the test's own clock: simple, slow where told, and away on demand."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import anyio.lowlevel
import attrs

from loyalty_async.errors import ApiError, UnavailableError
from loyalty_async.transport.couriers import Carry, StoreError
from loyalty_async.transport.reservations import AHEAD_S, Booking, Question


@attrs.define(eq=False)
class Shelf:
    """Permits at even distances, for all who ask.

    Attributes:
        latency_s: How long an answer takes.
        away: Whether it does not answer.
        hopeless: Whether it says so, and waiting will not help.
        odd: Which quota others use otherwise.
        asked: What it was asked.
        booked: For when permits were booked.
        connections: How many are open.
        opened: How often one was opened, or was to be.
    """

    latency_s: float = 0.0
    away: bool = False
    hopeless: bool = False
    odd: int = 0
    asked: list[Question] = attrs.field(factory=list, init=False)
    booked: list[float] = attrs.field(factory=list, init=False)
    connections: int = attrs.field(default=0, init=False)
    opened: int = attrs.field(default=0, init=False)
    _next: dict[str, float] = attrs.field(factory=dict, init=False)
    _paused_until: float = attrs.field(default=0.0, init=False)
    _error: ApiError = attrs.field(factory=lambda: UnavailableError("busy"), init=False)

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Carry]:
        self.opened += 1
        await self._pass()
        self.connections += 1
        try:
            yield self._carry
        finally:
            self.connections -= 1

    async def _pass(self) -> None:
        await anyio.lowlevel.checkpoint()
        await anyio.sleep(self.latency_s / 2)
        if self.away:
            raise StoreError("ConnectionRefusedError", hopeless=self.hopeless)

    async def _carry(self, question: Question) -> Booking:
        await self._pass()
        self.asked.append(question)
        answer = self._answer(question, anyio.current_time())
        await self._pass()
        return answer

    def _answer(self, question: Question, now: float) -> Booking:
        if question.error is not None and now + question.pause_s > self._paused_until:
            self._paused_until, self._error = now + question.pause_s, question.error
        waits: list[float] = []
        while len(waits) < question.wanted and self._opens_at(question, now) <= now + AHEAD_S:
            if now < self._paused_until:
                break
            at = self._opens_at(question, now)
            waits.append(at - now)
            for quota in question.quotas:
                self._next[quota.key] = at + quota.interval_s
        self.booked += [now + wait_s for wait_s in waits]
        return Booking(
            pause_s=max(self._paused_until - now, 0.0),
            error=self._error,
            again_s=max(self._opens_at(question, now) - AHEAD_S - now, 0.0),
            odd=self.odd,
            waits_s=waits,
        )

    def _opens_at(self, question: Question, now: float) -> float:
        return max(now, *(self._next.get(quota.key, now) for quota in question.quotas), now)
