"""How many requests may be in flight at once: a fixed number, or one that is found.

The rule: start slowly and double in each round, as TCP does, if round trips are even enough to tell whether that was
too much; then one place more in a round, only while all places were really in use and round trips have not grown; times
a factor when the server refuses, is too busy or too late, or when round trips have grown. A round is as many answers as
there were places at its beginning. Round trips are those of single attempts; waits in the queue and between attempts
are not in them. Like is compared with like: each kind of request, which is a path, with its own best; else a stretch of
long calls after short ones would look like a server that is overloaded.

Few round trips scatter, and of many rounds the best is the luckiest: with ten places and an answer that takes 0.1 s or
3 s by chance every other round seems to have grown. So what a round takes at least is held against what the best took
at most, by so many standard errors as chance may bring.

Sources: Vector, "Adaptive Request Concurrency" (2020, https://vector.dev/blog/adaptive-request-concurrency/, and its
`controller.rs`: one more only if the limit was reached, times 0.9 otherwise, one decision in a round; round trips have
not grown as long as they are within 2.5 deviations). Netflix, concurrency-limits
(https://github.com/Netflix/concurrency-limits, `Gradient2Limit`: round trips may be half as long again as the long-term
ones). Brakmo and Peterson, "TCP Vegas: End to End Congestion Avoidance on a Global Internet", IEEE JSAC 13(8), 1995:
compare with the best round trip seen, and stop growing before there is loss.
"""

from __future__ import annotations

import math
from operator import mul

import attrs

__all__ = ["AdaptivePlaces", "Places"]

FIRST = 4
"""Places to begin with: from one place slow start takes too long (vectordotdev/vector#18175)."""
MOST = 100
_AFTER_SLOW_START = 0.5  # Back to where the last round began.
_FACTOR = 0.9
_GROWN = 1.5
_STEADY = 1.25
_SMOOTHING = 0.5
_ENOUGH = 10
"""Answers of a kind at least before they are compared, or as many as there are places."""
_CHANCE = 2.5
"""How many standard errors of a mean are chance."""
_KNOWN = 60
"""Answers after which the scatter of the best counts as known: of fewer, what is rare and long may be missing."""
_REMEMBERED = 100
"""Answers that the present scatter is of."""
_FORGETTING = 0.1
"""How far the best round trip drifts to the present one in each round of few requests: a server may have become slower
for good. With many in flight the present one is also that of our own queue, and the limit would follow it upwards."""


@attrs.define(eq=False)
class Places:
    """A fixed number of places.

    Attributes:
        limit: How many places there are.
        in_flight: How many are taken.
    """

    limit: int
    in_flight: int = attrs.field(default=0, init=False)

    @property
    def free(self) -> bool:
        """Whether there is a place."""
        return self.in_flight < self.limit

    def enter(self, number: int) -> None:  # noqa: ARG002 - for places that adapt
        """Take a place for a request; numbers rise."""
        self.in_flight += 1

    def leave(self) -> None:
        """Give a place back."""
        self.in_flight -= 1

    def lack(self) -> None:
        """Hear that a request waits for nothing but a place."""

    def answered(self, number: int, round_trip_s: float, kind: str = "") -> None:
        """Hear that a request of some kind was answered in so many seconds."""

    def abandoned(self, number: int, waited_s: float, kind: str = "") -> None:
        """Hear that somebody gave up waiting for the answer to a request after so many seconds."""

    def pressed(self, number: int) -> None:
        """Hear that a request was refused, or was not answered in time."""


@attrs.define(eq=False)
class _Mean:
    """A mean of round trips: of how many, and how far single ones scatter, as a variance."""

    seconds: float = 0.0
    of: float = 0.0
    variance: float = 0.0

    @property
    def error_s(self) -> float:
        """How far from the truth it is at most, unless by rare chance."""
        return _CHANCE * math.sqrt(self.variance / self.of) if self.of else 0.0

    @property
    def most_s(self) -> float:
        return self.seconds + self.error_s

    @property
    def least_s(self) -> float:
        return self.seconds - self.error_s


@attrs.define(eq=False)
class _RoundTrips:
    """Those of one kind of request.

    Attributes:
        answers: How many came since the last time.
    """

    answers: int = 0
    _total_s: float = 0.0
    _squares: float = 0.0
    _degrees: int = 0
    _smooth: _Mean = attrs.field(factory=_Mean)
    _best: _Mean | None = None

    def add(self, round_trip_s: float) -> None:
        """Take in one."""
        self.answers += 1
        self._total_s += round_trip_s
        self._squares += round_trip_s**2

    def drop(self) -> None:
        """Forget what came since the last time."""
        self.answers, self._total_s, self._squares = 0, 0.0, 0.0

    @property
    def smooth_s(self) -> float:
        """What they take now, on the average."""
        return self._smooth.seconds

    @property
    def is_sure(self) -> bool:
        """Whether they scatter so little that growth would be noticed."""
        return self._smooth.most_s <= _GROWN * self._smooth.least_s

    def growth(self, forgetting: float) -> float:
        """Measure what came since the last time; tell how many times as long as the best it takes, at least."""
        self._measure()
        smooth, best = self._smooth, self._best or attrs.evolve(self._smooth)
        best.seconds += forgetting * (smooth.seconds - best.seconds)
        best.variance += forgetting * (smooth.variance - best.variance)
        best.variance = smooth.variance if self._degrees < _KNOWN else min(best.variance, smooth.variance)
        rival = attrs.evolve(smooth, variance=best.variance)
        self._best = best = min(best, rival, key=lambda mean: mean.most_s)
        return smooth.least_s / best.most_s if best.seconds else 1.0

    def _measure(self) -> None:
        """Smooth means, and the scatter around each of them: a server that slows down scatters no more for that."""
        smooth, number, mean_s = self._smooth, self.answers, self._total_s / self.answers
        if number > 1:
            self._degrees = min(self._degrees + number - 1, _REMEMBERED)
            share = min((number - 1) / self._degrees, 1.0)
            variance = max(self._squares - number * mean_s**2, 0.0) / (number - 1)
            smooth.variance += share * (variance - smooth.variance)
        weight = _SMOOTHING if smooth.of else 1.0
        smooth.seconds += weight * (mean_s - smooth.seconds)
        smooth.of = 1 / (weight**2 / number + ((1 - weight) ** 2 / smooth.of if smooth.of else 0.0))
        self.drop()


@attrs.define(eq=False)
class AdaptivePlaces(Places):
    """Places whose number follows what the server can take."""

    limit: int = FIRST
    _most: int = MOST
    _slow_start: bool = attrs.field(default=True, init=False)
    _lacked: bool = attrs.field(default=False, init=False)
    _newest: int = attrs.field(default=0, init=False)
    _cut_at: int = attrs.field(default=0, init=False)
    _answers: int = attrs.field(default=0, init=False)
    _round_trips: dict[str, _RoundTrips] = attrs.field(factory=dict, init=False)

    def enter(self, number: int) -> None:
        """Take a place for a request; numbers rise."""
        super().enter(number)
        self._newest = number

    def lack(self) -> None:
        """Hear that a request waits for nothing but a place: the limit is really reached."""
        self._lacked = True

    def answered(self, number: int, round_trip_s: float, kind: str = "") -> None:
        """Measure an attempt; with the last of a round, decide."""
        if number <= self._cut_at:  # It was sent when more were in flight.
            return
        self._answers += 1
        its = self._round_trips.setdefault(kind, _RoundTrips())
        its.add(round_trip_s)
        if self._answers >= self.limit:
            self._decide(self._growth())
            self._begin_round()

    def abandoned(self, number: int, waited_s: float, kind: str = "") -> None:
        """Measure what is known of a round trip: that it is longer. Of one that was cut short nothing is known.

        Callers with a deadline would else leave only the quick answers of an overloaded server to be measured, or none.
        """
        its = self._round_trips.get(kind)
        if its is not None and waited_s * _STEADY > its.smooth_s:
            self.answered(number, waited_s, kind)

    def pressed(self, number: int) -> None:
        """Have fewer places; requests that were sent before the latest cut do not cut again."""
        if number > self._cut_at:
            self._cut()
            self._begin_round()

    def _growth(self) -> float:
        """Tell how round trips have grown, on the average of those that can be compared."""
        forgetting = _FORGETTING if self.limit <= FIRST else 0.0
        ready = [its for its in self._round_trips.values() if its.answers >= min(self.limit, _ENOUGH)]
        weights = [its.answers for its in ready]
        growths = [its.growth(forgetting) for its in ready]
        return sum(map(mul, weights, growths)) / sum(weights) if weights else 1.0

    def _decide(self, growth: float) -> None:
        if growth > _GROWN:
            self._cut()
        elif growth > _STEADY:
            self._slow_start = False
        elif self._lacked:
            surely = self._slow_start and all(its.is_sure for its in self._round_trips.values())
            self.limit = min(self.limit * 2 if surely else self.limit + 1, self._most)

    def _cut(self) -> None:
        self.limit = max(int(self.limit * (_AFTER_SLOW_START if self._slow_start else _FACTOR)), 1)
        self._slow_start, self._cut_at = False, self._newest
        for its in self._round_trips.values():
            its.drop()

    def _begin_round(self) -> None:
        self._answers, self._lacked = 0, False
