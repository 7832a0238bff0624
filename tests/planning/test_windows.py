"""Windows cover a span exactly, and what is asked for includes it, whatever the server's clock does."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from loyalty_async.models.spans import Span
from loyalty_async.planning.windows import WINDOW, asked, at_second, joined, windows
from tests._support.profiles import examples

SECOND = timedelta(seconds=1)
MICROSECOND = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
NIGHT = datetime(2024, 10, 27, 1, tzinfo=UTC)

# Clocks, and instants at which they change.
CHANGES: dict[tzinfo, list[datetime]] = {
    UTC: [],
    timezone(timedelta(hours=5, minutes=45)): [],
    ZoneInfo("Asia/Kolkata"): [],
    ZoneInfo("America/New_York"): [datetime(2024, 3, 10, 7, tzinfo=UTC), datetime(2024, 11, 3, 6, tzinfo=UTC)],
    ZoneInfo("America/St_Johns"): [datetime(2024, 3, 10, 5, 30, tzinfo=UTC), datetime(2024, 11, 3, 4, 30, tzinfo=UTC)],
    # Set back by three hours, which no clock has been since that had servers to speak of.
    ZoneInfo("Antarctica/Casey"): [datetime(2010, 3, 4, 15, tzinfo=UTC), datetime(2012, 2, 21, 17, tzinfo=UTC)],
    # Set back by two hours every autumn.
    ZoneInfo("Antarctica/Troll"): [datetime(2024, 3, 31, 1, tzinfo=UTC), datetime(2024, 10, 27, 1, tzinfo=UTC)],
    # By half an hour.
    ZoneInfo("Australia/Lord_Howe"): [datetime(2024, 4, 6, 15, tzinfo=UTC), datetime(2024, 10, 5, 15, 30, tzinfo=UTC)],
    ZoneInfo("Europe/Berlin"): [datetime(2024, 3, 31, 1, tzinfo=UTC), datetime(2024, 10, 27, 1, tzinfo=UTC)],
    # Skipped 30 December 2011.
    ZoneInfo("Pacific/Apia"): [datetime(2011, 12, 30, 10, tzinfo=UTC), datetime(2012, 3, 31, 14, tzinfo=UTC)],
}
zones = st.sampled_from(list(CHANGES))
EVERY_CHANGE = [change for changes in CHANGES.values() for change in changes]


def near(changes: Sequence[datetime]) -> st.SearchStrategy[datetime]:
    """Some minutes before or after a change, to the fraction of a second."""
    return st.builds(
        lambda change, minutes, nudge: change + timedelta(minutes=minutes) + nudge,
        st.sampled_from(changes or [NOON]),
        st.sampled_from([0, 1, 30, 45, 60, 61, 90, 119, 120, 121, 180, 181, 240]).flatmap(
            lambda minutes: st.sampled_from([minutes, -minutes])
        ),
        st.sampled_from([timedelta(0), MICROSECOND, -MICROSECOND, SECOND, -SECOND, SECOND / 2]),
    )


instants = st.one_of(near(EVERY_CHANGE), st.datetimes(datetime(1990, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
lengths = st.one_of(
    st.sampled_from([MICROSECOND, SECOND, timedelta(hours=1), WINDOW - MICROSECOND, WINDOW, WINDOW * 2]),
    st.timedeltas(MICROSECOND, timedelta(days=1200)),
)


@st.composite
def spans(draw: st.DrawFn, changes: Sequence[datetime] = EVERY_CHANGE) -> Span:
    """A span that begins, ends or has its middle near a change."""
    pivot, length = draw(near(changes)), draw(lengths)
    since = pivot - draw(st.sampled_from([timedelta(0), length / 2, length]))
    return Span(since, since + length)


@st.composite
def seen_by_a_clock(draw: st.DrawFn) -> tuple[Span, tzinfo]:
    """A span, and a clock that changes near it."""
    zone = draw(zones)
    return draw(spans(CHANGES[zone])), zone


@given(spans(), st.timedeltas(timedelta(days=1), WINDOW))
def test_windows_are_neighbours_that_cover_the_span_and_no_more(span: Span, longest: timedelta) -> None:
    cut = list(windows(span, longest))
    assert cut[0].since == span.since
    assert cut[-1].until == span.until
    assert all(older.until == newer.since for older, newer in pairwise(cut))
    assert all(timedelta(0) < window.length <= longest for window in cut)


@given(spans())
def test_no_window_is_longer_than_89_days_and_none_more_is_cut_than_needed(span: Span) -> None:
    cut = list(windows(span))
    assert timedelta(days=88) <= WINDOW <= timedelta(days=89)
    assert max(window.length for window in cut) <= WINDOW
    assert len(cut) == -(-span.length // WINDOW)


@given(spans(), st.timedeltas(timedelta(days=1), WINDOW))
def test_windows_may_come_newest_first_and_then_the_oldest_is_the_shorter_one(span: Span, longest: timedelta) -> None:
    cut = list(windows(span, longest, newest_first=True))
    assert cut[0].until == span.until
    assert cut[-1].since == span.since
    assert all(newer.since == older.until for newer, older in pairwise(cut))
    assert all(window.length == longest for window in cut[:-1])
    assert timedelta(0) < cut[-1].length <= longest


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("until", [NOON, NOON - SECOND])
def test_an_empty_span_has_no_windows(until: datetime, newest_first: bool) -> None:
    assert list(windows(Span(NOON, until), newest_first=newest_first)) == []


@given(seen_by_a_clock())
def test_what_is_asked_is_whole_seconds_with_one_to_spare_on_each_side(seen: tuple[Span, tzinfo]) -> None:
    span, zone = seen
    wanted = asked(span, zone)
    assert wanted.since == at_second(wanted.since)
    assert wanted.until == at_second(wanted.until)
    assert wanted.since <= span.since - SECOND
    assert wanted.until >= span.until + SECOND


@given(spans())
def test_no_more_than_that_is_asked_of_a_clock_that_does_not_change(span: Span) -> None:
    wanted = asked(span, ZoneInfo("Asia/Kolkata"))
    assert span.since - wanted.since < 2 * SECOND
    assert wanted.until - span.until < 2 * SECOND


@settings(max_examples=examples(150))
@given(seen_by_a_clock())
@example((Span(datetime(2011, 12, 1, tzinfo=UTC), datetime(2012, 12, 1, tzinfo=UTC)), ZoneInfo("Pacific/Apia")))
def test_what_is_asked_is_never_more_than_90_days_of_the_servers_clock(seen: tuple[Span, tzinfo]) -> None:
    span, zone = seen
    for window in windows(span):
        wanted = asked(window, zone)
        assert clock(wanted.until, zone) - clock(wanted.since, zone) <= timedelta(days=90)


@given(instants, zones, lengths, lengths)
def test_neighbours_ask_for_the_same_around_the_end_that_they_share(
    shared: datetime, zone: tzinfo, before: timedelta, after: timedelta
) -> None:
    older, newer = Span(shared - before, shared), Span(shared, shared + after)
    whole = asked(Span(older.since, newer.until), zone)
    assert asked(older, zone).since == whole.since
    assert asked(newer, zone).until == whole.until


@settings(max_examples=examples(200))
@given(seen_by_a_clock(), st.data())
def test_every_instant_of_a_span_is_asked_for_however_the_server_reads_a_wall_clock(
    seen: tuple[Span, tzinfo], data: st.DataObject
) -> None:
    """The server may take either of the two instants of an hour that its clock shows twice, or compare wall clocks."""
    span, zone = seen
    place = data.draw(near(CHANGES[zone]))
    moment = min(max(place, span.since), span.until - MICROSECOND)
    wanted = asked(span, zone)
    start, end = clock(wanted.since, zone), clock(wanted.until, zone)
    assert start < clock(moment, zone) < end
    for fold in (0, 1):
        assert reread(start, zone, fold) < moment < reread(end, zone, fold)


@settings(max_examples=examples(150))
@given(seen_by_a_clock(), st.sampled_from([0, 1]))
def test_asking_for_what_is_asked_reaches_as_far_as_the_server_may_read_it(
    seen: tuple[Span, tzinfo], fold: int
) -> None:
    """So that what is served for an ambiguous wall clock is not taken for a sign of another date."""
    span, zone = seen
    wanted = asked(span, zone)
    tolerated = asked(wanted, zone)
    assert tolerated.since <= reread(clock(wanted.since, zone), zone, fold)
    assert tolerated.until >= reread(clock(wanted.until, zone), zone, fold)


def hours(since: datetime, many: int) -> list[Span]:
    return [Span(since + number * HOUR, since + (number + 1) * HOUR) for number in range(many)]


def test_neighbours_that_meet_near_a_set_back_are_joined() -> None:
    """Within three hours of it: between 22:00 and 04:00, where it is 01:00."""
    day = datetime(2024, 10, 26, 20, tzinfo=UTC)
    *before, first = hours(day, 2)
    *_, last = hours(day, 8)
    assert joined(hours(day, 10), ZoneInfo("Europe/Berlin")) == [
        *before,
        Span(first.since, last.until),
        *hours(day, 10)[8:],
    ]


@pytest.mark.parametrize("zone", [UTC, ZoneInfo("Asia/Kolkata"), ZoneInfo("Europe/Berlin")])
def test_neighbours_that_meet_elsewhere_stay_as_they_are(zone: tzinfo) -> None:
    """Where a clock is put forward, too."""
    spans = hours(datetime(2024, 3, 30, 20, tzinfo=UTC), 10)
    assert joined(spans, zone) == spans


def test_spans_that_begin_or_end_near_a_set_back_are_not_joined_with_others_for_that() -> None:
    spans = [Span(NIGHT, NIGHT + 12 * HOUR), Span(NIGHT + 12 * HOUR, NIGHT + 24 * HOUR)]
    assert joined(spans, ZoneInfo("Europe/Berlin")) == spans
    assert joined(spans[:1], ZoneInfo("Europe/Berlin")) == spans[:1]
    assert joined([], ZoneInfo("Europe/Berlin")) == []


@given(instants)
def test_a_moment_is_rounded_down_to_its_second(moment: datetime) -> None:
    assert moment - SECOND < at_second(moment) <= moment
    assert at_second(moment).microsecond == 0


def clock(moment: datetime, zone: tzinfo) -> datetime:
    """What the server's clock shows."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def reread(shown: datetime, zone: tzinfo, fold: int) -> datetime:
    """An instant at which it shows that."""
    return shown.replace(tzinfo=zone, fold=fold).astimezone(UTC)
