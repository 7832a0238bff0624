"""How soon the next request fits into a quota.

The generic cell rate algorithm (GCRA) in its form as a virtual schedule: ITU-T Recommendation I.371 (2004), annex A. It
needs one number for a quota, no window and no timer. All instants are of one monotonic clock.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import attrs

from loyalty_async.models.rate_limits import RateLimit

__all__ = ["Quota", "open_at", "take_all"]

_PACE = 0.99
"""Of the quota: what is kept back covers requests that arrive less evenly than they were sent."""
_LATENESS = 0.005
"""Of the period: how much lateness of our own timers is caught up, half of what `_PACE` keeps back."""


@attrs.define(eq=False)
class Quota:
    """One quota.

    Attributes:
        interval_s: From one request to the next at the full pace.
        tolerance_s: How much sooner than that a request may come after a quiet time.
    """

    interval_s: float
    tolerance_s: float
    _due_at: float = attrs.field(default=-math.inf, init=False)

    @classmethod
    def from_limit(cls, limit: RateLimit) -> Quota:
        """Make the quota that stays within *limit* in any window of its period.

        A window holds at most `burst + floor((per + lateness) / interval)` requests. As the interval is
        `per / (0.99 * (requests - burst + 1))`, and the lateness 0.005 of the period, that is at most `requests`.
        """
        interval_s = limit.per / (_PACE * (limit.requests - limit.burst + 1))
        late_s = min(interval_s, _LATENESS * limit.per)
        return cls(interval_s, (limit.burst - 1) * interval_s + late_s)

    def opens_at(self) -> float:
        """Tell from when on a request may be taken."""
        return self._due_at - self.tolerance_s

    def take(self, now: float) -> None:
        """Use up one request; only once the quota is open."""
        self._due_at = max(now, self._due_at) + self.interval_s

    def left(self, now: float) -> int:
        """Count the requests that could be taken at once."""
        ahead_s = now - max(now - self.tolerance_s, self.opens_at())
        return 0 if ahead_s < 0 else 1 + int(ahead_s / self.interval_s)


def open_at(quotas: Iterable[Quota]) -> float:
    """Tell from when on all quotas are open."""
    return max((quota.opens_at() for quota in quotas), default=-math.inf)


def take_all(quotas: Sequence[Quota], now: float) -> bool:
    """Take from all quotas if all are open, else from none; tell which."""
    if any(quota.opens_at() > now for quota in quotas):
        return False
    for quota in quotas:
        quota.take(now)
    return True
