"""One request on its way through the gate."""

from __future__ import annotations

import math

import anyio
import attrs

from loyalty_async.errors import ApiError
from loyalty_async.transport.lanes import Lane, Rank

__all__ = ["PausedError", "Ticket"]


class PausedError(Exception):
    """All calls must wait for longer than the caller accepts.

    Attributes:
        kind: What sort of error the pause came from.
        status: The HTTP status of that error.
        seconds: How long the pause still lasts.
    """

    kind: type[ApiError]
    status: int | None
    seconds: float

    def __init__(self, kind: type[ApiError], status: int | None, seconds: float) -> None:
        super().__init__()
        self.kind, self.status, self.seconds = kind, status, seconds


@attrs.define(eq=False)
class Ticket:
    """One request on its way through the gate.

    Attributes:
        lane: Which lane it waits in.
        group: Which limit of its own it has; empty for none.
        kind: What its round trip is compared with.
        rank: How it comes.
        number: Its place among all that were admitted, from 1; 0 while it waits and when it is over.
    """

    lane: Lane
    group: str
    kind: str = ""
    rank: Rank = Rank.NEW
    number: int = attrs.field(default=0, init=False)
    _refusal: Exception | None = attrs.field(default=None, init=False)
    _called: anyio.Event = attrs.field(factory=anyio.Event, init=False)
    _alarm: anyio.CancelScope | None = attrs.field(default=None, init=False)
    _alarm_at: float = attrs.field(default=math.inf, init=False)

    def prepare(self) -> None:
        """Get ready to wait."""
        self._called, self._alarm, self._alarm_at = anyio.Event(), None, math.inf

    def call(self, refusal: Exception | None = None) -> None:
        """End the wait, with an error if one is given."""
        self._refusal = refusal
        self._called.set()

    def set_alarm(self, at: float) -> None:
        """Let the wait be interrupted at a moment; infinity for none."""
        self._alarm_at = at
        if self._alarm is not None:
            self._alarm.deadline = at

    def is_over(self) -> bool:
        """Tell whether the wait is over; raise the error that the call gave."""
        if self._refusal is not None:
            raise self._refusal
        return self._called.is_set()

    async def wait(self) -> bool:
        """Wait for the call, and give True; or for the alarm, and give False; raise the error that the call gives."""
        with anyio.CancelScope(deadline=self._alarm_at) as self._alarm:
            await self._called.wait()
        self._alarm, self._alarm_at = None, math.inf
        return self.is_over()
