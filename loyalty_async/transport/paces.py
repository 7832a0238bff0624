"""A quota that nobody told: learnt from what the server accepted until it refused.

Until the first full minute under load nothing but the pause after a refusal holds the client back. When a server that
has been under load for a minute refuses, what it accepted in that minute is its quota, however it counts: in windows of
a minute or shorter, fixed or sliding, or with a bucket; for the pauses are in the minute too. From then on requests are
spaced at 97 % of that. With every minute in which the pace was really used and nothing was refused it rises by 1 %; a
probe that goes too far costs the few requests that are on their way, and the pace is measured anew. (botocore's
`adaptive` retry mode probes too, by a CUBIC of the sending rate, but gives up 30 % of the rate at each refusal:
`botocore.retries.throttling`.)

A quota that is counted over hours is not found: it must be told.
"""

from __future__ import annotations

import math
from collections import deque

import attrs

from loyalty_async.transport.quotas import Quota

__all__ = ["LearntQuota", "Throughput"]

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
class Throughput:
    """How many requests were accepted in the last minute, and since when there has been load without a gap."""

    _buckets: deque[tuple[float, int]] = attrs.field(factory=deque, init=False)
    _accepted: int = attrs.field(default=0, init=False)
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

    def accept(self, now: float) -> None:
        """Count a request that was accepted."""
        self._accepted += 1
        if self._buckets and now - self._buckets[-1][0] < _BUCKET_S:
            began_at, count = self._buckets.pop()
            self._buckets.append((began_at, count + 1))
        else:
            self._buckets.append((now, 1))

    def rate(self, now: float) -> float | None:
        """Give the requests per second of the last minute; None unless there was load all the time."""
        while self._buckets and self._buckets[0][0] <= now - HORIZON_S:
            self._accepted -= self._buckets.popleft()[1]
        return self._accepted / HORIZON_S if now - self._loaded_since >= HORIZON_S else None


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
    _learnt_at: float = attrs.field(default=-math.inf, init=False)
    _judged_at: float = attrs.field(default=-math.inf, init=False)
    _steps: int = attrs.field(default=0, init=False)
    _fresh: bool = attrs.field(default=False, init=False)

    def load(self, now: float) -> None:
        """Hear that something is to do."""
        self._throughput.load(now)

    def unload(self, now: float) -> None:
        """Hear that nothing is to do."""
        self._throughput.unload(now)

    def accepted(self, now: float, *, in_pause: bool = False) -> None:
        """Count a request that was accepted; after a minute of them, try a little more.

        What is answered *in_pause* was on its way when another was refused, and belongs to what the server accepted.
        """
        self._throughput.accept(now)
        self._fresh = self._fresh and in_pause
        if self._fresh and self.rate is not None:
            self._space(self.rate + _MARGIN / HORIZON_S)
        if self.rate is None or now - self._judged_at < HORIZON_S:
            return
        self._judged_at = now
        if (self._throughput.rate(now) or 0.0) >= _USED * self.rate:
            self._steps += 1
            step = _STEP * 2 ** max(self._steps - _SMALL_STEPS, 0)
            self._space(self.rate * (1 + min(step, 1.0)))

    def refused(self, now: float) -> None:
        """Learn from a refusal, at most once a minute."""
        if now - self._learnt_at < HORIZON_S and self._steps == 0:
            return
        rate = self._throughput.rate(now)
        if rate:
            self._steps, self._learnt_at, self._judged_at, self._fresh = 0, now, now, True
            self._space(_MARGIN * rate)

    def _space(self, rate: float) -> None:
        self.rate = rate
        self.interval_s = self.tolerance_s = 1 / rate
