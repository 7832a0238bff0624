from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_async.errors import RateLimitedError, UnavailableError
from loyalty_async.transport.pauses import Pause, Strikes

ERROR = UnavailableError("busy")


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), max_size=30))
def test_nothing_moves_a_pause_back(steps: list[tuple[float, float]]) -> None:
    pause, now, latest = Pause(), 0.0, 0.0
    for passed, seconds in steps:
        now += passed
        moved = pause.extend(now, now + seconds, ERROR)
        assert moved == (now + seconds > max(latest, now))
        latest = max(latest, now + seconds if moved else 0.0)
        assert pause.until == latest or not latest


def test_a_pause_counts_once_however_often_it_is_made_longer() -> None:
    pause = Pause()
    for until in (10.0, 11.0, 9.0, 12.0):
        pause.extend(1.0, until, ERROR)
    assert (pause.count, pause.until) == (1, 12.0)
    pause.extend(12.0, 13.0, ERROR)
    assert (pause.count, pause.until) == (2, 13.0)


def test_a_pause_knows_what_it_came_from() -> None:
    pause, error = Pause(), RateLimitedError("full")
    error.status = 429
    pause.extend(0.0, 5.0, error)
    pause.extend(0.0, 4.0, ERROR)
    assert (pause.kind, pause.status) == (RateLimitedError, 429)


def test_no_time_at_all_is_no_pause() -> None:
    pause = Pause()
    assert not pause.extend(7.0, 7.0, ERROR)
    assert pause.count == 0


def test_of_requests_that_fail_together_one_counts() -> None:
    strikes = Strikes()
    for number in (1, 2, 3):
        strikes.enter(number)
    assert [strikes.strike(number) for number in (2, 1, 3)] == [1, 1, 1]


def test_then_one_at_a_time_goes_to_see() -> None:
    strikes = Strikes()
    strikes.enter(1)
    strikes.strike(1)
    strikes.leave(1)
    for number in (2, 3, 4):
        assert strikes.may_enter()
        strikes.enter(number)
        assert not strikes.may_enter()
        assert strikes.strike(number) == number
        strikes.leave(number)
    strikes.enter(5)
    strikes.relent(5)
    assert strikes.may_enter()
    assert strikes.count == 0


@pytest.mark.parametrize("number", [1, 2])
def test_an_answer_to_what_was_sent_before_says_nothing_new(number: int) -> None:
    strikes = Strikes()
    for each in (1, 2):
        strikes.enter(each)
    strikes.strike(1)
    strikes.relent(number)
    assert strikes.count == 1
    strikes.enter(3)
    strikes.relent(number)
    strikes.leave(number)
    assert not strikes.may_enter()


def test_one_that_sees_nothing_makes_room_for_another() -> None:
    strikes = Strikes()
    strikes.enter(1)
    strikes.strike(1)
    strikes.enter(2)
    strikes.leave(2)
    assert strikes.may_enter()
    assert strikes.count == 1
