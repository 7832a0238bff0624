"""A span is cut into pieces that hold about as many entries each."""

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_async.models.spans import Span
from loyalty_async.planning.density import cut, divisible, shared_out
from loyalty_async.planning.windows import asked

SECOND = timedelta(seconds=1)
MICROSECOND = timedelta(microseconds=1)
NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)


def backwards(dates: Sequence[datetime]) -> list[datetime]:
    return sorted(dates, reverse=True)


def mixed(dates: Sequence[datetime]) -> list[datetime]:
    return Random(7).sample(dates, len(dates))


fractions = st.sampled_from([timedelta(0), MICROSECOND, SECOND / 2, SECOND - MICROSECOND])


@st.composite
def divisible_spans(draw: st.DrawFn) -> Span:
    since = NOON + draw(fractions)
    shortest = NOON + SECOND + MICROSECOND - since  # The next whole second lies inside, just so.
    length = draw(
        st.one_of(
            st.sampled_from([shortest, 2 * SECOND, 3 * SECOND, timedelta(hours=1), timedelta(days=89)]),
            st.timedeltas(shortest, timedelta(days=89)),
        )
    )
    return Span(since, since + length)


@st.composite
def seen_in(draw: st.DrawFn, span: Span) -> list[datetime]:
    """Dates as a page may show them: of the span, its edges, its margins; in some order, many in one second perhaps."""
    place = st.one_of(
        st.sampled_from([span.since, span.since - SECOND, span.until, span.until - MICROSECOND, span.until + SECOND]),
        st.integers(0, span.length // MICROSECOND).map(lambda micros: span.since + micros * MICROSECOND),
    )
    dates = [moment for moment in draw(st.lists(place, max_size=12)) for _ in range(draw(st.integers(1, 4)))]
    return draw(st.sampled_from([dates, sorted(dates), sorted(dates, reverse=True)]))


@given(data=st.data(), span=divisible_spans(), hidden=st.integers(0, 5000), pieces=st.integers(2, 64))
def test_pieces_are_shorter_neighbours_that_cover_the_span_and_meet_at_whole_seconds(
    data: st.DataObject, span: Span, hidden: int, pieces: int
) -> None:
    seen = data.draw(seen_in(span))
    cuts = shared_out(span, seen, len(seen) + hidden, pieces)
    assert len(cuts) <= pieces
    assert_neighbours(cuts, span)


def assert_neighbours(cuts: Sequence[Span], span: Span) -> None:
    assert len(cuts) >= 2
    assert cuts[0].since == span.since
    assert cuts[-1].until == span.until
    assert all(older.until == newer.since for older, newer in pairwise(cuts))
    assert all(piece.until.microsecond == 0 for piece in cuts[:-1])
    assert all(timedelta(0) < piece.length < span.length for piece in cuts)


@pytest.mark.parametrize(
    ("since", "length", "expected"),
    [
        (NOON, 6 * SECOND, True),
        (NOON, 6 * SECOND - MICROSECOND, True),
        (NOON, 5 * SECOND + MICROSECOND, False),
        (NOON, 5 * SECOND, False),
        (NOON, SECOND, False),
        (NOON, MICROSECOND, False),
        (NOON + SECOND / 2, 7 * SECOND, False),
        (NOON + SECOND / 2, 8 * SECOND, True),
        (NOON + SECOND - MICROSECOND, 2 * MICROSECOND, False),
    ],
)
def test_a_span_is_divisible_if_its_margins_are_much_the_lesser_part(
    since: datetime, length: timedelta, expected: bool
) -> None:
    """A second on each side, and what is missing to whole seconds."""
    span = Span(since, since + length)
    assert divisible(span, asked(span, UTC)) is expected


@pytest.mark.parametrize(
    ("minutes", "hours", "expected"),
    [(0, 4, False), (0, 5, True), (-60, 5, False), (-75, 5.5, True)],
    ids=["both margins", "one margin", "both margins of five hours", "both margins of more"],
)
def test_a_margin_is_an_hour_on_each_side_where_a_clock_is_set_back(minutes: int, hours: float, expected: bool) -> None:
    since = datetime(2024, 10, 26, 23, 30, tzinfo=UTC) + timedelta(minutes=minutes)
    span = Span(since, since + timedelta(hours=hours))
    assert divisible(span, asked(span, ZoneInfo("Europe/Berlin"))) is expected


@given(data=st.data(), span=divisible_spans(), hidden=st.integers(0, 5000), room=st.integers(1, 30))
def test_cuts_are_shorter_neighbours_that_cover_the_span_and_meet_at_whole_seconds(
    data: st.DataObject, span: Span, hidden: int, room: int
) -> None:
    seen = data.draw(seen_in(span))
    assert_neighbours(cut(span, seen, len(seen) + hidden, room), span)


@pytest.mark.parametrize("order", [sorted, backwards])
def test_a_page_that_was_seen_in_order_is_cut_off(order: Callable[[Sequence[datetime]], list[datetime]]) -> None:
    """With the margins of its own: what is seen of the last second may not be all of it."""
    span = Span(NOON, NOON + timedelta(days=80))
    dates = [NOON + number * timedelta(hours=1) + 10 * SECOND for number in range(1920)]
    pieces = cut(span, order(dates)[:100], len(dates), 100)
    apart = pieces[-1] if order is backwards else pieces[0]
    margin = Span(apart.since - SECOND, apart.until + SECOND)
    assert 99 <= sum(moment in margin for moment in dates) <= 100
    assert len(pieces) == 1 + math.ceil(1821 / 400)


every_order = pytest.mark.parametrize(
    "order", [sorted, backwards, mixed], ids=["oldest first", "newest first", "arbitrary"]
)


@every_order
@pytest.mark.parametrize(("seconds", "until"), [(1, 2), (2, 3)])
def test_a_burst_of_which_not_all_is_seen_is_cut_out(
    order: Callable[[Sequence[datetime]], list[datetime]], seconds: int, until: int
) -> None:
    """Of one second or two, with two more on each side: the rest of the span is asked for without it at once."""
    burst = NOON + timedelta(days=3)
    span = Span(NOON, NOON + timedelta(days=80))
    seen = order([burst + number * seconds * SECOND / 100 for number in range(100)])
    assert cut(span, seen, 300, 100) == [
        Span(NOON, burst - 2 * SECOND),
        Span(burst - 2 * SECOND, burst + until * SECOND),
        Span(burst + until * SECOND, span.until),
    ]


@pytest.mark.parametrize("offset", [0 * SECOND, SECOND, 2 * SECOND])
def test_a_burst_at_the_beginning_of_a_span_is_cut_off_behind_it(offset: timedelta) -> None:
    span = Span(NOON, NOON + timedelta(days=80))
    edge = NOON + offset + 2 * SECOND
    assert cut(span, [NOON + offset] * 100, 300, 100) == [Span(NOON, edge), Span(edge, span.until)]


@pytest.mark.parametrize("offset", [SECOND, 2 * SECOND])
def test_a_burst_at_the_end_of_a_span_is_cut_off_before_it(offset: timedelta) -> None:
    span = Span(NOON, NOON + timedelta(days=80))
    edge = span.until - offset - 2 * SECOND
    assert cut(span, [span.until - offset] * 100, 300, 100) == [Span(NOON, edge), Span(edge, span.until)]


@pytest.mark.parametrize(
    ("seen", "total", "room"), [(100, 100, 100), (99, 300, 100)], ids=["all is seen", "there is room"]
)
def test_a_burst_is_not_cut_out_if_that_helps_nothing(seen: int, total: int, room: int) -> None:
    burst = NOON + timedelta(days=3)
    span = Span(NOON, NOON + timedelta(days=80))
    assert Span(burst - 2 * SECOND, burst + 2 * SECOND) not in cut(span, [burst] * seen, total, room)


def test_three_seconds_are_no_burst_but_their_newest_are_cut_off() -> None:
    """The oldest second seen, and one more beside it, stay with the rest: not all of it may have been seen."""
    burst = NOON + timedelta(days=3)
    span = Span(NOON, NOON + timedelta(days=80))
    seen = backwards([burst + number * SECOND / 40 for number in range(120)])
    assert cut(span, seen, 300, 120) == [Span(NOON, burst), Span(burst, span.until)]


@pytest.mark.parametrize(("swaps", "in_order"), [(0, True), (5, True), (6, False)])
@pytest.mark.parametrize("order", [sorted, backwards], ids=["oldest first", "newest first"])
def test_what_is_nearly_in_order_is_taken_for_it(
    order: Callable[[Sequence[datetime]], list[datetime]], swaps: int, in_order: bool
) -> None:
    """Where nine of ten that stand in one half of the page belong there: ids are nearly in the order of dates."""
    span = Span(NOON, NOON + timedelta(days=80))
    dates = [NOON + number * timedelta(hours=1) for number in range(1920)]
    seen = order(dates)[:100]
    swapped = list(seen)
    for place in range(swaps):
        swapped[10 + place], swapped[60 + place] = swapped[60 + place], swapped[10 + place]
    assert (cut(span, swapped, 1920, 100) == cut(span, seen, 1920, 100)) is in_order


@every_order
@pytest.mark.parametrize("page", [100, 1000])
@pytest.mark.parametrize("pieces", [2, 5, 13])
def test_evenly_spread_entries_are_shared_out_evenly(
    order: Callable[[Sequence[datetime]], list[datetime]], page: int, pieces: int
) -> None:
    """Whether one page of them is seen or all; about evenly if all that is known is a sample."""
    span = Span(NOON, NOON + timedelta(days=80))
    dates = [span.since + span.length * (number / 1000) for number in range(1000)]
    sampled = order is mixed and page < len(dates)
    assert_even(shared_out(span, order(dates)[:page], len(dates), pieces), dates, pieces, slack=1.0 if sampled else 0.1)


@pytest.mark.parametrize("order", [sorted, backwards], ids=["oldest first", "newest first"])
@pytest.mark.parametrize("pieces", [2, 5, 13])
def test_what_is_seen_to_be_dense_is_cut_more_finely(
    order: Callable[[Sequence[datetime]], list[datetime]], pieces: int
) -> None:
    """An hour at the end that comes first in the server's order holds a tenth of all: as much as days elsewhere."""
    span = Span(NOON, NOON + timedelta(days=80))
    dense = [number / 100 * timedelta(hours=1) for number in range(100)]
    sparse = [timedelta(hours=1) + (span.length - timedelta(hours=1)) * (number / 900) for number in range(900)]
    offsets = dense + sparse
    dates = [span.since + offset if order is sorted else span.until - SECOND - offset for offset in offsets]
    assert_even(shared_out(span, order(dates)[:100], len(dates), pieces), dates, pieces)


@every_order
def test_entries_that_are_all_seen_are_shared_out_by_their_dates(
    order: Callable[[Sequence[datetime]], list[datetime]],
) -> None:
    """However unevenly they lie."""
    span = Span(NOON, NOON + timedelta(days=80))
    dates = [span.since + number**3 * SECOND for number in range(100)]
    assert_even(shared_out(span, order(dates), len(dates), 4), dates, 4)


def test_a_burst_is_cut_out() -> None:
    """Of a hundred entries in one second, and one on each side, the second becomes a piece of its own."""
    burst = NOON + timedelta(days=3)
    span = Span(NOON, NOON + timedelta(days=89))
    cuts = shared_out(span, [NOON, *[burst] * 100, span.until - SECOND], 102, 50)
    assert burst in [piece.since for piece in cuts]


def assert_even(cuts: Sequence[Span], dates: Sequence[datetime], pieces: int, *, slack: float = 0.1) -> None:
    shares = [sum(moment in piece for moment in dates) for piece in cuts]
    assert len(shares) == pieces
    assert sum(shares) == len(dates)
    ideal = len(dates) / pieces
    assert max(shares) <= (1 + slack) * ideal + 2
    assert min(shares) >= (1 - slack) * ideal - 2
