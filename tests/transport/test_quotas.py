from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_async.models.rate_limits import RateLimit
from loyalty_async.transport.quotas import Quota, open_at, take_all


@st.composite
def rate_limits(draw: st.DrawFn) -> RateLimit:
    requests = draw(st.integers(1, 60))
    return RateLimit(requests, per=draw(st.sampled_from([0.1, 1.0, 7.0, 60.0])), burst=draw(st.integers(1, requests)))


def most_in_a_window(taken: list[float], per: float) -> int:
    return max(sum(began <= at <= began + per for at in taken) for began in taken)


@given(limit=rate_limits(), gaps=st.lists(st.floats(0, 3) | st.just(0.0), min_size=1, max_size=150))
def test_no_window_ever_holds_more_than_the_quota(limit: RateLimit, gaps: list[float]) -> None:
    """Whoever comes waits until the quota is open, however long or short before others came."""
    quota, now, taken = Quota.from_limit(limit), 1000.0, []
    for gap in gaps:
        now = max(now + gap * limit.per / limit.requests, quota.opens_at())
        quota.take(now)
        taken.append(now)
    assert most_in_a_window(taken, limit.per) <= limit.requests


@given(limit=rate_limits(), late=st.lists(st.floats(0, 1), min_size=1, max_size=150))
def test_timers_that_are_late_do_not_break_it_either(limit: RateLimit, late: list[float]) -> None:
    quota, now, taken = Quota.from_limit(limit), 0.0, []
    for share in late:
        now = max(now, quota.opens_at()) + share * quota.interval_s
        quota.take(now)
        taken.append(now)
    assert most_in_a_window(taken, limit.per) <= limit.requests


@given(limit=rate_limits())
def test_the_lasting_rate_is_a_hundredth_below_the_quota(limit: RateLimit) -> None:
    quota, now = Quota.from_limit(limit), 0.0
    number = 20 * limit.requests
    for _ in range(number):
        now = max(now, quota.opens_at())
        quota.take(now)
    lasting = limit.requests - limit.burst + 1
    assert (number - limit.burst - 2) / now <= 0.99 * lasting / limit.per * 1.000001 <= (number + 1) / now


def test_lateness_of_up_to_half_of_what_is_kept_back_costs_nothing() -> None:
    quota, now = Quota.from_limit(RateLimit(600, per=60.0)), 0.0
    for _ in range(6000):
        now = max(now, quota.opens_at()) + 0.05
        quota.take(now)
    assert now == pytest.approx(6000 * 60 / 594, rel=1e-3)


@pytest.mark.parametrize("burst", [1, 5, 10])
def test_a_burst_goes_at_once_after_a_quiet_time(burst: int) -> None:
    quota = Quota.from_limit(RateLimit(1000, per=1.0, burst=burst))
    assert quota.left(50.0) in (burst, burst + 1)  # One more: the lateness that is caught up.
    left = quota.left(50.0)
    for _ in range(left):
        assert quota.opens_at() <= 50.0 + 1e-9
        quota.take(50.0)
    assert quota.opens_at() > 50.0 + 1e-9
    assert quota.left(50.0) == 0


@given(limit=rate_limits(), gaps=st.lists(st.floats(0, 2), max_size=30))
def test_what_is_left_is_what_can_be_taken(limit: RateLimit, gaps: list[float]) -> None:
    quota, now = Quota.from_limit(limit), 0.0
    for gap in gaps:
        now = max(now + gap * quota.interval_s, quota.opens_at())
        quota.take(now)
    left = quota.left(now)
    for _ in range(left):
        assert quota.opens_at() <= now + 1e-9
        quota.take(now)
    assert quota.opens_at() > now - 1e-9


def test_a_quiet_time_is_not_saved_up() -> None:
    quota = Quota.from_limit(RateLimit(10, per=1.0))
    quota.take(0.0)
    assert quota.left(1e6) == 1


@given(limits=st.lists(rate_limits(), min_size=2, max_size=4), gaps=st.lists(st.floats(0, 3), max_size=60))
def test_of_several_quotas_all_hold_and_none_is_used_up_for_nothing(limits: list[RateLimit], gaps: list[float]) -> None:
    quotas, now, taken = [Quota.from_limit(limit) for limit in limits], 0.0, []
    for gap in gaps:
        now += gap * limits[0].per / limits[0].requests
        before = [quota.opens_at() for quota in quotas]
        if take_all(quotas, now):
            assert max(before) <= now
            taken.append(now)
        else:
            assert max(before) > now
            assert before == [quota.opens_at() for quota in quotas]
        assert open_at(quotas) == max(quota.opens_at() for quota in quotas)
    for limit in limits:
        assert not taken or most_in_a_window(taken, limit.per) <= limit.requests


def test_without_a_quota_it_is_always_open() -> None:
    assert open_at([]) == -math.inf
    assert take_all([], 0.0)
