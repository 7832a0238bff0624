"""What an attempt tells about the server, whatever it tells the caller."""

from __future__ import annotations

from enum import Enum

from loyalty_async.errors import ApiError, DeadlineExceededError, LoyaltyError, RateLimitedError

__all__ = ["Signal", "is_locked", "signal_of"]

_FULL = frozenset({429, 517})
_BUSY = 503
_LATE = 504
_LOCKED = 521
"""Another action is running for this customer (page "Points ledger"), or, of a gateway, the server is down."""
_SERVER_ERRORS = range(500, 600)


class Signal(Enum):
    """What an attempt tells about the server."""

    WELL = "answered in its own time"
    FULL = "the quota is used up"
    BUSY = "all should wait"
    LATE = "no answer in time"
    SILENT = "nothing that would help to choose a pace"

    @property
    def halts(self) -> bool:
        """Whether nobody may send for a while."""
        return self in (Signal.FULL, Signal.BUSY)

    @property
    def presses(self) -> bool:
        """Whether fewer requests should be in flight."""
        return self.halts or self is Signal.LATE


def signal_of(error: LoyaltyError | None) -> Signal:
    """Read what an attempt ended in; None for success."""
    if error is None:
        return Signal.WELL
    if isinstance(error, ApiError):
        return _signal_of_refusal(error)
    return Signal.LATE if isinstance(error, DeadlineExceededError) else Signal.SILENT


def _signal_of_refusal(error: ApiError) -> Signal:
    numbers = {error.status, *error.codes}
    if isinstance(error, RateLimitedError) and numbers & _FULL:
        return Signal.FULL
    if is_locked(error):  # It concerns one member only.
        return Signal.SILENT
    if _BUSY in numbers:
        return Signal.BUSY
    if _LATE in numbers:
        return Signal.LATE
    return Signal.SILENT if error.status in _SERVER_ERRORS else Signal.WELL


def is_locked(error: LoyaltyError | None) -> bool:
    """Tell whether the server does not take two calls at once for this member."""
    return isinstance(error, ApiError) and _LOCKED in (error.codes or (error.status,))
