"""Who may send now.

A call waits in its lane until three things come together: no pause, a place in flight, and the quota. They are looked
at and taken in one synchronous step, for whoever is first at that moment; nothing is reserved earlier. So a pause, or
an interactive call, takes effect at the very next admission.

There is no task in the background. Whatever frees a place, leaves the queue or brings permits lets in who can be let
in now; and of those that wait one, the keeper, also watches the clock. If it is cancelled or admitted, another becomes
the keeper.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from types import TracebackType

import anyio
import attrs

from loyalty_async.errors import ApiError, LoyaltyError
from loyalty_async.protocol.backoff import RetryPolicy, backoff_s
from loyalty_async.protocol.signals import Signal
from loyalty_async.transport.concurrency import Places
from loyalty_async.transport.lanes import Lane, Lanes, Rank
from loyalty_async.transport.pauses import LONGEST_PAUSE_S, Strikes
from loyalty_async.transport.permits import Permits
from loyalty_async.transport.tickets import PausedError, Ticket

__all__ = ["Admission", "Gate"]

_FRESH_S = 0.05
"""How old a permit may become; the room for it is in what quotas keep back."""


class Gate:
    """Admits requests, first come first served in each lane."""

    def __init__(self, places: Places, permits: Permits | None = None, retry: RetryPolicy | None = None) -> None:
        self.places: Places = places
        self.permits: Permits = permits or Permits()
        self.lanes: Lanes[Ticket] = Lanes()
        self._retry = retry or RetryPolicy()
        self._longest_s = self._retry.longest_wait_s + self._retry.first_delay_s  # What may be asked for, and jitter.
        self._strikes = Strikes()
        self._admitted = 0
        self._keeper: Ticket | None = None
        self.permits.listen(self._serve)

    def admission(
        self, lane: Lane = "interactive", group: str = "", *, kind: str = "", again: bool = False
    ) -> Admission:
        """Make a block for one request: it begins when the request may be sent, and gives the place back at its end.

        Args:
            lane: Where to wait.
            group: What the call belongs to.
            kind: What sort of request it is: round trips of one kind are compared.
            again: Whether the call was sent before: then it goes before those of its lane that come for the first time.
        """
        rank = Rank.RETRY if again else Rank.NEW
        return Admission(self, Ticket(lane, self.permits.group(group), kind, rank))

    def may_send(self, admitted_at: float, now: float) -> bool:
        """Tell whether a request may still be sent now, which waited for something else since it was admitted.

        A permit is for the moment of the admission: used later, it would come on top of those that were used since. A
        request that may not be sent leaves, and comes again.
        """
        paused = now < self.permits.pause.until
        return not paused and (now - admitted_at <= _FRESH_S or not self.permits.limited)

    def hear(
        self, ticket: Ticket, signal: Signal, error: LoyaltyError | None, round_trip_s: float, draw: float
    ) -> float:
        """Take in what a request ended in, before it leaves and another is let in.

        Args:
            ticket: The request's.
            signal: What it tells.
            error: What it ended in, None for success.
            round_trip_s: How long it took.
            draw: A random number from 0 to 1.

        Returns:
            By how many seconds that puts off whatever is sent next.
        """
        now = anyio.current_time()
        paused_until = max(self.permits.pause.until, now)
        if signal is Signal.WELL:
            self.places.answered(ticket.number, round_trip_s, ticket.kind)
        elif signal.presses:
            self.places.pressed(ticket.number)
        if signal.halts and isinstance(error, ApiError):
            self.permits.halt(now, now + self._pause_s(ticket, signal, error, round_trip_s, draw), error)
        elif signal is Signal.WELL:
            self._strikes.relent(ticket.number)
        if error is None or isinstance(error, ApiError):
            self.permits.learn(now, now - round_trip_s, refused=signal is Signal.FULL)
        return max(self.permits.pause.until - paused_until, 0.0)

    def abandon(self, ticket: Ticket, waited_s: float) -> None:
        """Take in that nobody waits any longer for the answer to a request, after so many seconds."""
        self.places.abandoned(ticket.number, waited_s, ticket.kind)

    async def enter(self, ticket: Ticket) -> None:
        """Wait until the request may be sent.

        Raises:
            PausedError: It would be for longer than a server may ask for.
            StoreUnavailableError: The store of a limit that it needs is away.
        """
        now = anyio.current_time()
        if not self.lanes and self._has_room() and self.permits.take(ticket.group, now):
            self._admit(ticket, now)
            return
        while not await self._queue(ticket):  # A pause began between its admission and its waking up.
            self.leave(ticket)

    async def pause_over(self) -> None:
        """Wait for the end of a pause, without a place in the queue.

        Raises:
            PausedError: It is longer than a server may ask for.
        """
        while (now := anyio.current_time()) < self.permits.pause.until:
            if (paused := self._paused(now)) is not None:
                raise paused
            await anyio.sleep_until(self.permits.pause.until)

    def leave(self, ticket: Ticket) -> None:
        """Give the place back, and let in who can be let in now."""
        self.places.leave()
        self._strikes.leave(ticket.number)
        ticket.number = 0
        self._serve()

    async def _queue(self, ticket: Ticket) -> bool:
        ticket.prepare()
        self.lanes.join(ticket, ticket.lane, ticket.group, ticket.rank)
        self._serve()
        try:
            while not (ticket.is_over() or await ticket.wait()):  # It is the keeper's alarm.
                self._serve()
        except BaseException:
            self._give_up(ticket)
            raise
        return anyio.current_time() >= self.permits.pause.until

    def _give_up(self, ticket: Ticket) -> None:
        if ticket.number:
            self.leave(ticket)
        elif self.lanes.leave(ticket):
            self._serve()

    def _serve(self) -> None:
        """Let in everybody who can be let in now, and see to it that somebody watches for the next moment."""
        now = anyio.current_time()
        self._turn_away(now)
        next_at = math.inf
        while self.lanes and self._has_room():
            ticket = self._first(lambda group: self.permits.is_open(group, now))
            if ticket is None:
                self._order(now)
                next_at = min(self.permits.opens_at(group) for group in self.lanes.groups())
                break
            self.permits.take(ticket.group, now)
            self.lanes.admit(ticket)
            self._admit(ticket, now)
            ticket.call()
        self._keep(next_at)
        if self.lanes:
            self.permits.load(now)
        elif not self.places.in_flight:
            self.permits.unload(now)

    def _first(self, is_open: Callable[[str], bool]) -> Ticket | None:
        return self.lanes.first(is_open, on_trial=self._strikes.count > 0)

    def _order(self, now: float) -> None:
        """Have permits brought for the group whose turn it is."""
        ticket = self._first(lambda group: self.permits.opens_at(group) <= now)
        if ticket is not None:
            self.permits.order(ticket.group, partial(self._usable, ticket.group))

    def _usable(self, group: str) -> int:
        """Tell how many permits of a group could be used at once."""
        most = 1 if self._strikes.count else max(self.places.limit - self.places.in_flight, 0)
        return min(self.lanes.waiting_in(group), most)

    def _has_room(self) -> bool:
        if not self._strikes.may_enter():
            return False
        if not self.places.free:
            if self.lanes:
                self.places.lack()
            return False
        return True

    def _admit(self, ticket: Ticket, now: float) -> None:
        self._admitted += 1
        ticket.number = self._admitted
        if ticket.rank is Rank.NEW:
            ticket.rank = Rank.BACK  # If it comes back.
        self.places.enter(ticket.number)
        self._strikes.enter(ticket.number)
        self.permits.load(now)

    def _keep(self, at: float) -> None:
        """Have one of those that wait watch for *at*."""
        keeper = self._keeper
        if keeper is None or keeper.number or keeper not in self.lanes:
            keeper = self._keeper = self.lanes.first() if at < math.inf else None
        if keeper is not None:
            keeper.set_alarm(at)

    def _pause_s(self, ticket: Ticket, signal: Signal, error: ApiError, round_trip_s: float, draw: float) -> float:
        """Take the server's number of seconds, or one of ours that grows with every refusal in a row, if that is more.

        A quota that is used up stays so for a while. But a server that is busy may be one of many: after the first
        refusal all wait for no more than a round trip, and then one request goes to see.
        """
        strikes = self._strikes.strike(ticket.number)
        backoffs = strikes - (signal is Signal.BUSY)
        chosen = min(backoff_s(max(backoffs, 1), self._retry, draw), self._retry.longest_wait_s)
        if not backoffs:
            chosen = min(round_trip_s, chosen)
        asked: float | None = getattr(error, "retry_after_s", None)
        if asked is not None:
            chosen = max(asked + self._retry.first_delay_s * draw, chosen)
        return min(chosen, LONGEST_PAUSE_S)

    def _turn_away(self, now: float) -> None:
        """Tell those that wait for what they cannot have."""
        for group in self.lanes.groups():
            if self._refusal(group, now) is not None:
                for ticket in [each for each in self.lanes if each.group == group]:
                    self.lanes.leave(ticket)
                    ticket.call(self._refusal(group, now))

    def _refusal(self, group: str, now: float) -> Exception | None:
        """Make the error for a request that cannot be sent; None if it can be, later."""
        return self._paused(now) or self.permits.refusal(group)

    def _paused(self, now: float) -> PausedError | None:
        """Make the error for a pause that is too long to wait for."""
        pause = self.permits.pause
        left_s = pause.until - now
        return PausedError(pause.kind, pause.status, left_s) if left_s > self._longest_s else None


@attrs.define(eq=False)
class Admission:
    """A block in which one request is sent; if it could not be, the block is entered again."""

    _gate: Gate
    _ticket: Ticket

    async def __aenter__(self) -> Ticket:
        """Wait for a pause to end, a place in flight and the quota, all at once.

        A wait that is cancelled leaves no trace: whatever it had got goes to the next.
        """
        await self._gate.enter(self._ticket)
        return self._ticket

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Give the place back."""
        self._gate.leave(self._ticket)
