"""Half-open stretches of time."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from loyalty_async.models.spans import Span

SINCE = datetime(2025, 1, 1, tzinfo=UTC)
SPAN = Span(SINCE, SINCE + timedelta(days=1))
MICROSECOND = timedelta(microseconds=1)


def test_the_beginning_belongs_to_a_span_and_the_end_does_not() -> None:
    assert SPAN.since in SPAN
    assert SPAN.until not in SPAN
    assert SPAN.until - MICROSECOND in SPAN
    assert SPAN.since - MICROSECOND not in SPAN


def test_an_instant_belongs_to_a_span_whatever_its_offset() -> None:
    kolkata = timezone(timedelta(hours=5, minutes=30))
    assert SINCE.astimezone(kolkata) in SPAN
    assert SINCE.replace(tzinfo=kolkata) not in SPAN


@given(st.timedeltas(timedelta(days=-2), timedelta(days=2)), st.timedeltas(timedelta(), timedelta(days=1)))
def test_an_instant_belongs_to_exactly_one_of_two_neighbours(offset: timedelta, edge: timedelta) -> None:
    first, second = Span(SPAN.since, SPAN.since + edge), Span(SPAN.since + edge, SPAN.until)
    moment = SINCE + offset
    assert (moment in first) + (moment in second) == (moment in SPAN)


def test_the_length_is_from_beginning_to_end() -> None:
    assert SPAN.length == timedelta(days=1)


def test_a_span_is_written_half_open() -> None:
    assert str(SPAN) == "[2025-01-01T00:00:00+00:00, 2025-01-02T00:00:00+00:00)"


def test_spans_are_equal_and_hashable_by_their_ends() -> None:
    assert {SPAN, Span(SPAN.since, SPAN.until)} == {SPAN}
