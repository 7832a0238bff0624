from __future__ import annotations

import math

from loyalty_async.errors import RateLimitedError
from loyalty_async.models.rate_limits import RateLimit
from loyalty_async.transport.permits import Permits

MINUTE = RateLimit(60, per=60.0)
ERROR = RateLimitedError("full")


def taken(permits: Permits, group: str, seconds: int) -> int:
    return sum(permits.take(group, at / 10) for at in range(seconds * 10))


def test_without_limits_everything_goes() -> None:
    permits = Permits()
    assert not permits.limited
    assert all(permits.take("", 0.0) for _ in range(1000))
    assert permits.opens_at("") == -math.inf
    assert (permits.left(0.0), permits.pace()) == (None, None)


def test_a_group_without_a_limit_of_its_own_is_none() -> None:
    permits = Permits.from_limits([MINUTE], {"ledger": [RateLimit(6, per=60.0)]}, learn=False)
    assert [permits.group(name) for name in ("ledger", "events", "")] == ["ledger", "", ""]


def test_a_group_uses_up_the_clients_quota_and_its_own() -> None:
    permits = Permits.from_limits([MINUTE], {"ledger": [RateLimit(6, per=60.0)]}, learn=False)
    assert taken(permits, "ledger", 60) == 6
    assert permits.take("", 60.0)
    assert not permits.take("", 60.0) or not permits.take("", 60.0)  # Two at most: a little lateness is caught up.
    assert not permits.is_open("ledger", 60.0)


def test_the_clients_quota_holds_for_all_groups_together() -> None:
    permits = Permits.from_limits([MINUTE], {"ledger": [RateLimit(1000, per=1.0)]}, learn=False)
    both = sum(permits.take(group, at / 10) for at in range(600) for group in ("ledger", ""))
    assert 58 <= both <= 60


def test_nothing_is_taken_from_one_quota_if_another_is_used_up() -> None:
    permits = Permits.from_limits([MINUTE], {"ledger": [RateLimit(1, per=60.0)]}, learn=False)
    assert permits.take("ledger", 0.0)
    left = permits.left(10.0)
    assert not permits.take("ledger", 10.0)
    assert permits.left(10.0) == left


def test_nobody_takes_a_permit_in_a_pause() -> None:
    permits = Permits.from_limits([MINUTE], {}, learn=False)
    assert permits.halt(0.0, 30.0, ERROR)
    assert not permits.halt(0.0, 20.0, ERROR)
    assert not permits.take("", 29.999)
    assert permits.opens_at("") == 30.0
    assert permits.left(29.0) == 0
    assert permits.paused_s(10.0) == 20.0
    assert permits.take("", 30.0)
    assert permits.paused_s(31.0) == 0.0


def test_a_learnt_quota_holds_beside_those_that_are_told() -> None:
    permits = Permits.from_limits([], {"ledger": [RateLimit(1000, per=1.0)]}, learn=True)
    assert permits.limited
    assert (permits.left(0.0), permits.pace()) == (None, None)
    permits.load(0.0)
    for second in range(70):
        permits.learn(float(second), float(second), refused=False)
    permits.learn(70.0, 70.0, refused=True)
    pace = permits.pace()
    assert pace is not None
    assert 0.9 < pace < 1.0
    assert 58 <= sum(permits.take("ledger", 100 + at / 10) for at in range(600)) <= 60


def test_an_idle_minute_is_not_learnt_from() -> None:
    permits = Permits.from_limits([], {}, learn=True)
    permits.load(0.0)
    permits.learn(0.0, 0.0, refused=False)
    permits.unload(1.0)
    permits.load(50.0)
    permits.learn(70.0, 70.0, refused=True)
    assert permits.pace() is None
