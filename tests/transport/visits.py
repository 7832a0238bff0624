"""Visitors of a gate: each is admitted, stays a while, and says what came of it."""

from __future__ import annotations

import anyio
import attrs

from loyalty_async.errors import ApiError, LoyaltyError, RateLimitedError, UnavailableError
from loyalty_async.protocol.signals import signal_of
from loyalty_async.transport.gate import Gate
from loyalty_async.transport.lanes import Lane
from loyalty_async.transport.tickets import PausedError


def refusal(retry_after_s: float | None = None) -> ApiError:
    error = RateLimitedError("full")
    error.status, error.retry_after_s = 429, retry_after_s
    return error


def busy(retry_after_s: float | None = None) -> ApiError:
    error = UnavailableError("busy")
    error.status, error.retry_after_s = 503, retry_after_s
    return error


@attrs.frozen(kw_only=True)
class Visit:
    """What one visitor does.

    Attributes:
        name: Its name.
        stay_s: How long it stays.
        error: What its request ends in; None for success.
    """

    name: str
    lane: Lane = "interactive"
    group: str = ""
    again: bool = False
    stay_s: float = 1.0
    error: LoyaltyError | None = None


@attrs.define(eq=False)
class Visits:
    """What happened at a gate.

    Attributes:
        admitted: Who was admitted, in order.
        numbers: Their numbers.
        at: When.
        inside: Who is inside.
        most: How many were inside at most.
        turned_away: Who was told that a pause is too long, and how long it lasts.
        late: Who was admitted in a pause.
    """

    gate: Gate
    draw: float = 1.0
    admitted: list[str] = attrs.field(factory=list, init=False)
    numbers: list[int] = attrs.field(factory=list, init=False)
    at: list[float] = attrs.field(factory=list, init=False)
    inside: set[str] = attrs.field(factory=set, init=False)
    most: int = attrs.field(default=0, init=False)
    turned_away: dict[str, float] = attrs.field(factory=dict, init=False)
    late: list[str] = attrs.field(factory=list, init=False)

    async def pay(self, visit: Visit) -> None:
        try:
            async with self.gate.admission(visit.lane, visit.group, again=visit.again) as ticket:
                began_at = anyio.current_time()
                self._note(visit.name, ticket.number, began_at)
                try:
                    await anyio.sleep(visit.stay_s)
                finally:
                    self.inside.discard(visit.name)
                passed_s = anyio.current_time() - began_at
                self.gate.hear(ticket, signal_of(visit.error), visit.error, passed_s, self.draw)
        except PausedError as paused:
            self.turned_away[visit.name] = paused.seconds

    def by_number(self) -> list[str]:
        """Name the admitted by the numbers that the gate gave them: of several in one moment any may run first."""
        return [name for _, name in sorted(zip(self.numbers, self.admitted, strict=True))]

    def _note(self, name: str, number: int, now: float) -> None:
        if now < self.gate.permits.pause.until:
            self.late.append(name)
        self.admitted.append(name)
        self.numbers.append(number)
        self.at.append(now)
        self.inside.add(name)
        self.most = max(self.most, len(self.inside))

    def assert_nothing_is_left(self) -> None:
        assert self.gate.places.in_flight == 0
        assert len(self.gate.lanes) == 0
        assert not self.inside
