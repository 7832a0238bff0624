from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_async.models.rate_limits import RateLimit
from loyalty_async.transport.quotas import LearntQuota, Quota, Throughput, open_at, take_all


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


# ---- A quota that nobody told ----------------------------------------------------------------------------------------


def accept(quota: LearntQuota, since: float, until: float, per_s: float) -> float:
    """Have requests accepted at an even rate."""
    for index in range(round((until - since) * per_s)):
        quota.accepted(since + index / per_s, since + index / per_s)
    return until


def learnt(rate: float = 10.0) -> LearntQuota:
    """Make a quota that was learnt from a server that gives 10 a second, at 120 s."""
    quota = LearntQuota()
    quota.load(0.0)
    accept(quota, 0.0, 120.0, rate)
    quota.refused(120.0, 119.95)
    return quota


def test_what_was_on_its_way_when_another_was_refused_counts_too() -> None:
    quota = LearntQuota()
    quota.load(-10.0)
    accept(quota, 0.0, 60.0, 1.0)
    quota.refused(60.1, 60.0)
    before = quota.rate or 0.0
    assert before == pytest.approx(0.97, abs=0.02)
    for _ in range(30):
        quota.accepted(60.2, 59.9)
    assert quota.rate == pytest.approx(before + 0.97 * 30 / 60)
    quota.accepted(60.3, 60.1)
    assert quota.rate == pytest.approx(before + 0.97 * 30 / 60)


def test_requests_count_by_when_they_were_sent() -> None:
    quota = LearntQuota()
    quota.load(0.0)
    for sent_at in range(90):
        quota.accepted(sent_at + 30.0, float(sent_at))
    quota.refused(95.0, 89.0)
    assert quota.rate == pytest.approx(0.97, abs=0.02)


# ---- What was accepted -----------------------------------------------------------------------------------------------


@given(st.lists(st.floats(0, 5), max_size=200))
def test_the_rate_is_that_of_the_last_minute(gaps: list[float]) -> None:
    throughput, now, accepted = Throughput(), 0.0, []
    throughput.load(0.0)
    for gap in gaps:
        now += gap
        throughput.accept(now)
        accepted.append(now)
    now = max(now, 60.0)
    rate = throughput.rate(now)
    assert rate is not None
    least, most = (sum(at > now - length for at in accepted) for length in (59.8, 60.0))
    assert least <= round(rate * 60) <= most


def test_there_is_no_rate_before_a_minute_is_over() -> None:
    throughput = Throughput()
    throughput.load(5.0)
    assert throughput.rate(64.9) is None
    assert throughput.rate(65.0) == 0.0


@pytest.mark.parametrize(("gap_s", "known"), [(0.5, True), (1.5, False)])
def test_a_minute_with_an_idle_moment_tells_nothing(gap_s: float, known: bool) -> None:
    throughput = Throughput()
    throughput.load(0.0)
    throughput.unload(30.0)
    throughput.load(30.0 + gap_s)
    throughput.load(40.0)
    assert (throughput.rate(70.0) is not None) is known


# ---- What is learnt --------------------------------------------------------------------------------------------------


def test_until_something_is_learnt_there_is_no_limit() -> None:
    quota = LearntQuota()
    quota.load(0.0)
    accept(quota, 0.0, 30.0, 20.0)
    quota.refused(30.0, 30.0)
    assert quota.rate is None
    for _ in range(100):
        assert quota.opens_at() <= 30.0
        quota.take(30.0)


def test_a_refusal_after_a_minute_under_load_tells_the_rate() -> None:
    quota = learnt()
    assert quota.rate == pytest.approx(9.7, rel=0.01)
    assert quota.interval_s == quota.tolerance_s == pytest.approx(1 / 9.7, rel=0.01)


def test_the_pause_is_in_the_minute() -> None:
    quota = LearntQuota()
    quota.load(0.0)
    for window in (0.0, 60.0):
        accept(quota, window, window + 30.0, 20.0)
        quota.refused(window + 30.0, window + 30.0)
    assert quota.rate == pytest.approx(9.7, rel=0.02)


def test_further_refusals_of_that_minute_tell_nothing() -> None:
    quota = learnt()
    rate = quota.rate
    for at in (120.1, 125.0, 179.0):
        quota.refused(at, at)
        assert quota.rate == rate
    accept(quota, 120.0, 179.0, 5.0)
    quota.refused(180.0, 180.0)
    assert quota.rate == pytest.approx(0.97 * 5.0, rel=0.05)


def test_a_server_that_accepts_nothing_teaches_nothing() -> None:
    quota = LearntQuota()
    quota.load(0.0)
    quota.refused(100.0, 100.0)
    assert quota.rate is None


def test_every_minute_a_little_more_is_tried_and_after_four_much_more() -> None:
    quota, now, rates = learnt(), 120.0, [learnt().rate or 0.0]
    for _ in range(7):
        now = accept(quota, now + 0.001, now + 60.2, 10.0)
        assert quota.rate is not None
        rates.append(quota.rate)
    steps = [after / before - 1 for before, after in itertools.pairwise(rates)]
    assert steps == pytest.approx([0.01, 0.01, 0.01, 0.01, 0.02, 0.04, 0.08], rel=0.01)


def test_a_pace_that_is_not_used_does_not_rise() -> None:
    quota = learnt()
    rate = quota.rate
    accept(quota, 120.0, 400.0, 5.0)
    assert quota.rate == rate


def test_a_step_too_far_is_taken_back_at_once() -> None:
    quota = learnt()
    rate = quota.rate
    now = accept(quota, 120.001, 180.2, 10.0)
    assert quota.rate == pytest.approx(1.01 * (rate or 0.0))
    accept(quota, now, now + 20, 9.0)
    quota.refused(now + 20, now + 20)
    assert quota.rate == pytest.approx(0.97 * (40 * 10 + 20 * 9) / 60, rel=0.01)
