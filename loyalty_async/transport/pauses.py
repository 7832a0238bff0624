"""When nobody may send.

A deadline that only ever moves on: nothing that finishes early, is cancelled or hears of a shorter wait can open it. (A
flag that any finisher could clear released a halt of 2 s after 0.3 s in python-telegram-bot#5338.)
"""

from __future__ import annotations

import math

import attrs

from loyalty_async.errors import ApiError, UnavailableError

__all__ = ["LONGEST_PAUSE_S", "Pause", "Strikes"]

LONGEST_PAUSE_S = 3600.0
"""A gateway may ask for a year, and none would hear of its mistake: after an hour one call goes to see."""


@attrs.define(eq=False)
class Pause:
    """One pause for all.

    Attributes:
        until: When it ends, or ended; an instant of the monotonic clock.
        count: How many there have been.
        kind: What sort of error the latest came from.
        status: The HTTP status of that error.
    """

    until: float = attrs.field(default=-math.inf, init=False)
    count: int = attrs.field(default=0, init=False)
    kind: type[ApiError] = attrs.field(default=UnavailableError, init=False)
    status: int | None = attrs.field(default=None, init=False)

    def extend(self, now: float, until: float, error: ApiError) -> bool:
        """Move the end on to *until*, never back; tell whether it moved."""
        if until <= max(self.until, now):
            return False
        self.count += now >= self.until
        self.until, self.kind, self.status = until, type(error), error.status
        return True


@attrs.define(eq=False)
class Strikes:
    """Refusals in a row.

    What was sent before the latest strike tells nothing new: of many requests that fail together only one counts. After
    a strike one request at a time goes to see whether the server is well again, as the half-open state of a circuit
    breaker (Michael Nygard, "Release It!", 2007).

    Attributes:
        count: How many in a row.
    """

    count: int = attrs.field(default=0, init=False)
    _on_trial: int | None = attrs.field(default=None, init=False)

    def may_enter(self) -> bool:
        """Tell whether another request may be sent beside those that are on their way."""
        return not self.count or self._on_trial is None

    def enter(self, number: int) -> None:
        """Hear that a request is sent; numbers rise."""
        if self.count:
            self._on_trial = number

    def leave(self, number: int) -> None:
        """Hear that a request is over."""
        if number == self._on_trial:
            self._on_trial = None

    def strike(self, number: int) -> int:
        """Count the refusal of a request; give how many there are in a row."""
        if not self.count or number == self._on_trial:
            self.count += 1
        return self.count

    def relent(self, number: int) -> None:
        """Hear that a request was answered well."""
        if number == self._on_trial:
            self.count, self._on_trial = 0, None
