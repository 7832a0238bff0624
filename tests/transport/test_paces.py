from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_async.transport.paces import LearntQuota, Throughput


def accept(quota: LearntQuota, since: float, until: float, per_s: float) -> float:
    """Have requests accepted at an even rate."""
    for index in range(round((until - since) * per_s)):
        quota.accepted(since + index / per_s)
    return until


def learnt(rate: float = 10.0) -> LearntQuota:
    """Make a quota that was learnt from a server that gives 10 a second, at 120 s."""
    quota = LearntQuota()
    quota.load(0.0)
    accept(quota, 0.0, 120.0, rate)
    quota.refused(120.0)
    return quota


def test_what_was_on_its_way_when_another_was_refused_counts_too() -> None:
    quota = LearntQuota()
    quota.load(0.0)
    accept(quota, 0.0, 60.0, 1.0)
    quota.refused(60.0)
    assert quota.rate == pytest.approx(0.97, abs=0.02)
    before = quota.rate or 0.0
    for _ in range(30):
        quota.accepted(60.1, in_pause=True)
    assert quota.rate == pytest.approx(before + 0.97 * 30 / 60)
    quota.accepted(90.0)
    quota.accepted(90.1, in_pause=True)
    assert quota.rate == pytest.approx(before + 0.97 * 30 / 60)


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
    quota.refused(30.0)
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
        quota.refused(window + 30.0)
    assert quota.rate == pytest.approx(9.7, rel=0.02)


def test_further_refusals_of_that_minute_tell_nothing() -> None:
    quota = learnt()
    rate = quota.rate
    for at in (120.1, 125.0, 179.0):
        quota.refused(at)
        assert quota.rate == rate
    accept(quota, 120.0, 179.0, 5.0)
    quota.refused(180.0)
    assert quota.rate == pytest.approx(0.97 * 5.0, rel=0.05)


def test_a_server_that_accepts_nothing_teaches_nothing() -> None:
    quota = LearntQuota()
    quota.load(0.0)
    quota.refused(100.0)
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
    quota.refused(now + 20)
    assert quota.rate == pytest.approx(0.97 * (40 * 10 + 20 * 9) / 60, rel=0.01)
