"""How soon the next request fits into a quota: one that was told, and one that is learnt.

The generic cell rate algorithm (GCRA) in its form as a virtual schedule: ITU-T Recommendation I.371 (2004), annex A. It
needs one number for a quota, no window and no timer. All instants are of one monotonic clock.

A quota that nobody told is learnt from what the server accepted until it refused. Until the first full minute under
load nothing but the pause after a refusal holds the client back. When a server that has been under load for a minute
refuses, what it accepted in that minute is its quota, however it counts: in windows of a minute or shorter, fixed or
sliding, or with a bucket; for the pauses are in the minute too. From then on requests are spaced at 97 % of that. With
every minute in which the pace was really used and nothing was refused it rises by 1 %; a probe that goes too far costs
the few requests that are on their way, and the pace is measured anew. (botocore's `adaptive` retry mode probes too, by
a CUBIC of the sending rate, but gives up 30 % of the rate at each refusal: `botocore.retries.throttling`.)

A quota that is counted over hours is not found: it must be told.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

import attrs

from loyalty_async.models.rate_limits import RateLimit

__all__ = ["LearntQuota", "Quota", "Throughput", "open_at", "take_all"]

_PACE = 0.99
"""Of the quota: what is kept back covers requests that arrive less evenly than they were sent."""
_LATENESS = 0.005
"""Of the period: how much lateness of our own timers is caught up, half of what `_PACE` keeps back."""

HORIZON_S = 60.0
"""The vendor counts per minute (page "Rate limits")."""
_MARGIN = 0.97
_STEP = 0.01
_SMALL_STEPS = 4
"""After so many the margin is used up; if there is still no refusal the estimate was low, and steps double."""
_USED = 0.9
_GAP_S = 1.0
_BUCKET_S = 0.1


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


@attrs.define(eq=False)
class Throughput:
    """How many requests of a minute were accepted, and since when there has been load without a gap.

    They count by when they were sent, which is the order in which the server saw them, more or less.
    """

    _accepted: Counter[int] = attrs.field(factory=Counter, init=False)
    _loaded_since: float = attrs.field(default=math.inf, init=False)
    _idle_since: float | None = attrs.field(default=-math.inf, init=False)

    def load(self, now: float) -> None:
        """Hear that something is to do."""
        if self._idle_since is None:
            return
        if now - self._idle_since > _GAP_S:
            self._loaded_since = now
        self._idle_since = None

    def unload(self, now: float) -> None:
        """Hear that nothing is to do."""
        self._idle_since = now

    def accept(self, sent_at: float) -> None:
        """Count a request that was accepted."""
        self._accepted[int(sent_at / _BUCKET_S)] += 1

    def rate(self, at: float) -> float | None:
        """Give the requests per second of the minute before *at*; None unless there was load all the time."""
        last = int(at / _BUCKET_S)
        first = last - int(HORIZON_S / _BUCKET_S)
        for bucket in [bucket for bucket in self._accepted if bucket <= first]:
            del self._accepted[bucket]
        accepted = sum(number for bucket, number in self._accepted.items() if bucket <= last)
        return accepted / HORIZON_S if at - self._loaded_since >= HORIZON_S else None


@attrs.define(eq=False)
class LearntQuota(Quota):
    """A quota without a limit until one is learnt.

    Attributes:
        rate: Requests per second; None until it is known.
    """

    interval_s: float = 0.0
    tolerance_s: float = 0.0
    rate: float | None = attrs.field(default=None, init=False)
    _throughput: Throughput = attrs.field(factory=Throughput, init=False)
    _learnt_from: float = attrs.field(default=-math.inf, init=False)
    _learnt_at: float = attrs.field(default=-math.inf, init=False)
    _judged_at: float = attrs.field(default=-math.inf, init=False)
    _steps: int = attrs.field(default=0, init=False)

    def load(self, now: float) -> None:
        """Hear that something is to do."""
        self._throughput.load(now)

    def unload(self, now: float) -> None:
        """Hear that nothing is to do."""
        self._throughput.unload(now)

    def accepted(self, now: float, sent_at: float) -> None:
        """Count a request that was accepted; after a minute of them, try a little more.

        What was sent before the request whose refusal told the rate, and is answered after it, makes the rate higher.
        """
        self._throughput.accept(sent_at)
        if self.rate is not None and self._learnt_from - HORIZON_S < sent_at <= self._learnt_from:
            self._space(self.rate + _MARGIN / HORIZON_S)
        if self.rate is None or now - self._judged_at < HORIZON_S:
            return
        self._judged_at = now
        if (self._throughput.rate(now) or 0.0) >= _USED * self.rate:
            self._steps += 1
            step = _STEP * 2 ** max(self._steps - _SMALL_STEPS, 0)
            self._space(self.rate * (1 + min(step, 1.0)))

    def refused(self, now: float, sent_at: float) -> None:
        """Learn from a refusal, at most once a minute."""
        if now - self._learnt_at < HORIZON_S and self._steps == 0:
            return
        rate = self._throughput.rate(sent_at)
        if rate:
            self._steps, self._learnt_from, self._learnt_at, self._judged_at = 0, sent_at, now, now
            self._space(_MARGIN * rate)

    def _space(self, rate: float) -> None:
        self.rate = rate
        self.interval_s = self.tolerance_s = 1 / rate
