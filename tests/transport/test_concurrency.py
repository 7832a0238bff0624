from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_async.transport.concurrency import FIRST, MOST, AdaptivePlaces, Places


def round_of(places: AdaptivePlaces, round_trip_s: float = 0.1, *, first: int = 1, lacking: bool = True) -> int:
    """Send and answer as many requests as there are places; give the number of the next."""
    numbers = range(first, first + places.limit)
    for number in numbers:
        places.enter(number)
    if lacking:
        places.lack()
    for number in numbers:
        places.answered(number, round_trip_s)
        places.leave()
    return numbers.stop


def rounds_of(places: AdaptivePlaces, *round_trips: float, first: int = 1, lacking: bool = True) -> list[int]:
    limits = []
    for round_trip_s in round_trips:
        first = round_of(places, round_trip_s, first=first, lacking=lacking)
        limits.append(places.limit)
    return limits


def test_fixed_places_stay_as_they_are() -> None:
    places, free = Places(2), []
    for number in (1, 2):
        free.append(places.free)
        places.enter(number)
    assert [*free, places.free] == [True, True, False]
    places.lack()
    places.answered(1, 0.1)
    places.pressed(2)
    places.leave()
    assert (places.limit, places.in_flight, places.free) == (2, 1, True)


def test_it_starts_slowly_and_doubles() -> None:
    assert rounds_of(AdaptivePlaces(), *[0.1] * 4) == [8, 16, 32, 64]
    assert rounds_of(AdaptivePlaces(), *[0.1] * 8)[-2:] == [MOST, MOST]


def test_places_that_are_not_needed_are_not_made() -> None:
    assert rounds_of(AdaptivePlaces(), *[0.1] * 4, lacking=False) == [FIRST] * 4


def test_each_round_must_lack_places_again() -> None:
    places = AdaptivePlaces()
    last = round_of(places)
    assert rounds_of(places, 0.1, 0.1, first=last, lacking=False) == [8, 8]


def test_the_first_sign_of_pressure_ends_the_slow_start() -> None:
    places = AdaptivePlaces()
    last = round_of(places)
    last = round_of(places, first=last)
    places.enter(last)
    places.pressed(last)
    assert places.limit == 8
    assert rounds_of(places, 0.1, 0.1, 0.1, first=last + 1) == [9, 10, 11]


def test_round_trips_that_have_grown_cost_a_tenth() -> None:
    places = AdaptivePlaces(20)
    places.enter(1)
    places.pressed(1)
    assert places.limit == 10
    assert rounds_of(places, 0.1, 0.1, 0.4, first=2) == [11, 12, 10]


def test_round_trips_that_have_grown_a_little_only_end_the_growth() -> None:
    places = AdaptivePlaces(20)
    places.enter(1)
    places.pressed(1)
    assert rounds_of(places, 0.1, 0.1, 0.16, 0.14, 0.14, first=2) == [11, 12, 12, 12, 12]


def test_many_refusals_at_once_cut_once() -> None:
    places = AdaptivePlaces(64)
    for number in range(1, 65):
        places.enter(number)
    for number in range(1, 65):
        places.pressed(number)
        places.leave()
    assert places.limit == 32
    places.enter(65)
    places.pressed(65)
    assert places.limit == 28


def test_a_request_that_was_sent_before_the_cut_is_not_measured() -> None:
    places = AdaptivePlaces(8)
    for number in range(1, 9):
        places.enter(number)
    places.pressed(8)
    places.lack()
    for number in range(1, 8):
        places.answered(number, 0.01)
    assert places.limit == 4


def test_requests_that_were_given_up_late_are_round_trips_that_have_grown() -> None:
    places = AdaptivePlaces(20)
    last = round_of(places, first=round_of(places))
    before = places.limit
    for number in range(last, last + before):
        places.enter(number)
        places.abandoned(number, 1.0)
    assert places.limit < before


def test_requests_that_were_given_up_early_tell_nothing() -> None:
    places = AdaptivePlaces(20)
    last = round_of(places, first=round_of(places))
    before = places.limit
    for number in range(last, last + 10 * before):
        places.enter(number)
        places.lack()
        places.abandoned(number, 0.01)
        places.abandoned(number, 5.0, "nothing to compare with")
    assert places.limit == before


def test_a_server_that_has_become_slower_for_good_is_accepted() -> None:
    places = AdaptivePlaces(10)
    last = round_of(places)
    limits = rounds_of(places, *[0.3] * 400, first=last)
    assert min(limits) == 1
    assert limits[-1] > 10


events = st.lists(
    st.one_of(st.just("send"), st.just("lack"), st.just("press"), st.floats(0.001, 10)), min_size=1, max_size=300
)


@given(events)
def test_the_limit_stays_within_its_bounds_and_changes_in_steps(steps: list[str | float]) -> None:
    places, sent, lacked = AdaptivePlaces(), [0], False
    for step in steps:
        before = places.limit
        if step == "send" and places.free:
            sent.append(sent[-1] + 1)
            places.enter(sent[-1])
        elif step == "lack":
            places.lack()
            lacked = True
        elif step == "press":
            places.pressed(sent[-1])
            assert places.limit <= before
        elif isinstance(step, float):
            places.answered(sent[-1], step)
        assert 1 <= places.limit <= MOST
        assert before // 2 <= places.limit <= 2 * before
        if places.limit > before:
            assert lacked
            lacked = False


def queueing(capacity: int, base_s: float, noise: random.Random) -> Callable[[int], float]:
    """A server that works on so many requests at once; the others wait."""
    return lambda in_flight: base_s * max(1.0, in_flight / capacity) * noise.uniform(0.8, 1.2)


@pytest.mark.parametrize("capacity", [5, 20, 60])
@pytest.mark.parametrize("seed", range(3))
def test_it_settles_near_what_the_server_can_take(capacity: int, seed: int) -> None:
    places, round_trip_s, limits, first = AdaptivePlaces(), queueing(capacity, 0.2, random.Random(seed)), [], 1
    for _ in range(600):
        in_flight = places.limit
        for number in range(first, first + in_flight):
            places.enter(number)
        places.lack()
        for number in range(first, first + in_flight):
            places.answered(number, round_trip_s(in_flight))
            places.leave()
        first += in_flight
        limits.append(in_flight)
    settled = sorted(limits[100:])
    assert 0.9 * capacity <= settled[len(settled) // 20]
    assert settled[-1] <= 2 * capacity


def one_of_five(source: random.Random) -> float:
    return (3.0 if source.random() < 0.2 else 0.05) * source.uniform(0.8, 1.2)


UNEVEN: dict[str, Callable[[random.Random], float]] = {
    "even chances": lambda source: source.uniform(0.05, 3.0),
    "one of five is long": one_of_five,
    "a long tail": lambda source: min(source.lognormvariate(-0.5, 1.0), 20.0),
}


def limits_with(draw: Callable[[random.Random], float], seed: int, capacity: float, rounds: int) -> list[int]:
    """Give the limit after each round, with a server that answers unevenly and works on so many requests at once."""
    places, source, limits, first = AdaptivePlaces(), random.Random(seed), [], 1
    for _ in range(rounds):
        numbers = range(first, first + places.limit)
        slower = max(1.0, places.limit / capacity)
        for number in numbers:
            places.enter(number)
        places.lack()
        for number in numbers:
            places.answered(number, draw(source) * slower)
            places.leave()
        first = numbers.stop
        limits.append(places.limit)
    return limits


@pytest.mark.parametrize("draw", UNEVEN.values(), ids=UNEVEN)
def test_round_trips_that_only_scatter_are_no_sign_of_an_overload(draw: Callable[[random.Random], float]) -> None:
    """A server that slows down for nobody: whatever the dice, places grow, and go on growing."""
    ends = sorted(limits_with(draw, seed, math.inf, 300)[-1] for seed in range(40))
    assert ends[4] == MOST


def test_with_round_trips_that_scatter_places_are_not_doubled() -> None:
    limits = limits_with(one_of_five, 1, math.inf, 20)
    assert limits == list(range(FIRST + 1, FIRST + 21))


@pytest.mark.parametrize("draw", UNEVEN.values(), ids=UNEVEN)
@pytest.mark.parametrize("capacity", [8, 20, 40])
def test_an_overload_is_seen_through_the_scatter(draw: Callable[[random.Random], float], capacity: int) -> None:
    settled = sorted(limit for seed in range(10) for limit in limits_with(draw, seed, capacity, 400)[100:])
    assert settled[len(settled) // 20] >= capacity
    assert settled[-len(settled) // 20] <= 2 * capacity + 32  # With few places little can be told.


@pytest.mark.parametrize("seed", range(3))
def test_long_calls_among_short_ones_are_no_sign_of_an_overload(seed: int) -> None:
    """Two endpoints of which one takes forty times as long, asked in stretches and mixed: neither ever slows down."""
    places, source, first, limits = AdaptivePlaces(), random.Random(seed), 1, []
    for turn in range(300):
        share = (0.0, 1.0, 0.5, 0.1)[turn // 20 % 4]
        numbers = range(first, first + places.limit)
        for number in numbers:
            places.enter(number)
        places.lack()
        for number in numbers:
            long = source.random() < share
            round_trip_s = (2.0 if long else 0.05) * source.uniform(0.8, 1.2)
            places.answered(number, round_trip_s, "/long" if long else "/short")
            places.leave()
        first = numbers.stop
        limits.append(places.limit)
    assert min(limits[20:]) > 50
    assert limits[-1] == MOST
