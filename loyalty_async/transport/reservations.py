"""A quota that many processes share: what they ask a store for, and what it answers.

The store runs one script for all, on its own clock: GCRA (see `quotas`) and the pause. No process needs a clock that
agrees with another's; what goes to and fro are spans of time, never instants.

A permit is booked for a moment at most `AHEAD_S` from now. So nobody has to come for it in the very moment in which it
becomes free, a pause that another process asks for is heard of within `AHEAD_S` and what a permit may be late, and a
process that dies takes no more than that with it.

What the store knows may be lost: it restarts, empty or as it was a minute ago, or another server takes its place. So
each quota carries the name of the server's run. If it is missing or another's the quota begins anew as if everything
that can have been booked before had been: no window holds more than the quota even then. The same bound heals a clock
that was set back.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from loyalty_async.errors import ApiError, RateLimitedError, UnavailableError
from loyalty_async.models.rate_limits import RateLimit
from loyalty_async.transport.pauses import LONGEST_PAUSE_S

__all__ = ["AHEAD_S", "SCRIPT", "Booking", "Question", "SharedQuota"]

AHEAD_S = 0.1
"""How far ahead permits are booked: longer than a process of a busy machine comes too late."""
_PACE = 0.98
"""Of the quota. Two hundredths are kept back: a permit may be used later than it was booked for."""
_LATENESS = 0.0125
"""Of the period: how much later."""
_CAUGHT_UP = 0.005
"""Of the period: how much is caught up if nobody came in time to book."""
_STALL_S = 0.01
"""For how long nobody comes in time, where requests are closer than that: a round trip on a busy machine."""
_LATEST_S = 0.25
"""How much later a permit may be used at most, however long the period is; for pauses."""
_KEPT_S = 24 * 3600.0
"""How long the store keeps a quota that nobody uses."""
_LATELY_S = 60.0
"""How long after its last permit a quota counts as still used by whoever used it."""
_US = 1_000_000
_CAUSES: Mapping[str, type[ApiError]] = {kind.__name__: kind for kind in (RateLimitedError, UnavailableError)}

SCRIPT = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local run, wanted, ahead, kept = ARGV[1], ARGV[2] + 0, ARGV[3] + 0, ARGV[4] + 0
local pause, cause, longest, lately = ARGV[5] + 0, ARGV[6], ARGV[7] + 0, ARGV[8] + 0

local function keep(key, at, text)
    local left = math.ceil(math.max(at - now, 0) / 1000) + kept
    redis.call('SET', key, string.format('%.0f %s', at, text), 'PX', string.format('%.0f', left))
end

local function kept_at(key)
    local at, text = string.match(redis.call('GET', key) or '', '^(%d+) (.*)$')
    return tonumber(at or 0), text
end

local halted, why = kept_at(KEYS[1])
local asked = (pause > 0) and now + pause or 0
if asked > halted then why = cause end
local capped = math.min(math.max(halted, asked), now + longest)
if capped ~= halted then keep(KEYS[1], capped, why) end
halted = capped

local due, interval, tolerance, kind, odd = {}, {}, {}, {}, 0
for i = 2, #KEYS do
    interval[i], tolerance[i] = ARGV[5 + 2 * i] + 0, ARGV[6 + 2 * i] + 0
    kind[i] = ARGV[5 + 2 * i] .. ' ' .. ARGV[6 + 2 * i]
    local latest = now + ahead + tolerance[i] + interval[i]
    local at, text = kept_at(KEYS[i])
    local of, its = string.match(text or '', '^(%S+) (%S+ %S+)$')
    due[i] = (of == run) and math.min(at, latest) or latest
    if its and its ~= kind[i] and at > now - lately then odd = i - 1 end
end

local waits, slot = {}, now
while #KEYS > 1 do
    for i = 2, #KEYS do slot = math.max(slot, due[i] - tolerance[i]) end
    if halted > now or #waits >= wanted or slot > now + ahead then break end
    for i = 2, #KEYS do due[i] = math.max(slot, due[i]) + interval[i] end
    waits[#waits + 1] = slot - now
end
for i = 2, #KEYS do keep(KEYS[i], due[i], run .. ' ' .. kind[i]) end
return {math.max(halted - now, 0), why or '', math.max(slot - ahead - now, 0), odd, unpack(waits)}
"""
"""Books as many permits as are wanted and can be had soon. All numbers are microseconds, as Redis' clock; a Lua number
holds them exactly until the year 2255.

Keys: the pause, then the quotas. Arguments: the server's run; how many permits; how far ahead; milliseconds to keep
what is not used; a pause to begin, 0 for none, and its cause; how long a pause may be; for how long it counts what
others did; then the interval and tolerance of each quota. Answer: how long the pause lasts, and its cause; when to come
again for more; which quota, from 1, others lately used with another interval or tolerance, 0 for none; how long to wait
for each permit.
"""


@attrs.frozen(kw_only=True)
class SharedQuota:
    """One quota in the store.

    Attributes:
        key: What the store has it under.
        interval_s: From one request to the next at the full pace.
        tolerance_s: How much sooner than that a request may come after a quiet time.
        lateness_s: How much later than booked a permit may be used.
    """

    key: str
    interval_s: float
    tolerance_s: float
    lateness_s: float

    @classmethod
    def from_limit(cls, limit: RateLimit, scope: str, group: str) -> SharedQuota:
        """Make the quota that stays within *limit*; those of one scope, group and period are one.

        The reckoning is that of `Quota.from_limit`: a window holds at most `burst + floor(stretch / interval)`. The
        stretch is the period, what is caught up and the lateness, at most 1.0175 periods. As the interval is
        `per / (0.98 * (requests - burst + 1))`, that is at most `requests`.
        """
        interval_s = limit.per / (_PACE * (limit.requests - limit.burst + 1))
        caught_up_s = min(max(interval_s, _STALL_S), _CAUGHT_UP * limit.per)
        return cls(
            key=f"{scope}:{group or 'all'}:{limit.per:.15g}s",
            interval_s=interval_s,
            tolerance_s=(limit.burst - 1) * interval_s + caught_up_s,
            lateness_s=min(_LATENESS * limit.per, _LATEST_S),
        )


@attrs.frozen(kw_only=True)
class Question:
    """What a process asks the store for.

    Attributes:
        pause_key: What the store has the pause under.
        quotas: All that a request uses up.
        wanted: How many permits; 0 for none.
        pause_s: For how long nobody shall send; 0 if this process has nothing to say about that.
        error: Why.
    """

    pause_key: str
    quotas: Sequence[SharedQuota]
    wanted: int = 0
    pause_s: float = 0.0
    error: ApiError | None = None

    def keys(self) -> list[str]:
        """Give the keys for the script."""
        return [self.pause_key, *(quota.key for quota in self.quotas)]

    def arguments(self, run: str) -> list[str | int]:
        """Give the arguments for the script, on a server's run."""
        quotas = [_us(span) for quota in self.quotas for span in (quota.interval_s, quota.tolerance_s)]
        cause = "" if self.error is None else f"{type(self.error).__name__} {self.error.status or ''}"
        spans = [_us(LONGEST_PAUSE_S), _us(_LATELY_S)]
        return [run, self.wanted, _us(AHEAD_S), int(_KEPT_S * 1000), _us(self.pause_s), cause, *spans, *quotas]


@attrs.frozen(kw_only=True)
class Booking:
    """What the store says; all spans count from when it said so.

    Attributes:
        pause_s: How long nobody may send.
        error: Why.
        again_s: When to come for more permits.
        odd: Which of the quotas, from 1, other processes use with another count or burst; 0 for none.
        waits_s: When each permit may be used.
    """

    pause_s: float
    error: ApiError
    again_s: float
    odd: int = 0
    waits_s: Sequence[float] = ()

    @classmethod
    def from_reply(cls, reply: Sequence[Any]) -> Booking:
        """Read what the script returned.

        Raises:
            ValueError: It is something else.
        """
        pause, cause, again, odd, *waits = reply
        text = cause.decode() if isinstance(cause, bytes) else str(cause)
        return cls(
            pause_s=int(pause) / _US,
            error=_error(*text.split()[:2]),
            again_s=int(again) / _US,
            odd=int(odd),
            waits_s=[int(wait) / _US for wait in waits],
        )


def _us(seconds: float) -> int:
    """Round up: a rounded interval is no shorter."""
    return math.ceil(seconds * _US)


def _error(kind: str = "", status: str = "") -> ApiError:
    error = _CAUSES.get(kind, UnavailableError)("another process was refused")
    error.status = int(status) if status.isdecimal() else None
    return error
