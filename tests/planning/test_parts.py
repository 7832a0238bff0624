"""Any span of any ledger is read once and in order, or refused with a reason, in a bounded number of requests."""

import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty_async.errors import IncompleteLedgerError, IntervalTooLongError
from loyalty_async.models.pages import LedgerPage
from loyalty_async.models.spans import Span
from loyalty_async.planning.jobs import Job, PageRequest, Part, Split
from tests._support.ledger_server import (
    CountsGhosts,
    CountsUp,
    EndsEarly,
    Exaggerates,
    FiltersByAnotherDate,
    IgnoresOffset,
    LedgerServer,
    Order,
    RepeatsAcrossPages,
    ServesAll,
    entries_at,
    entry,
    newest_first,
    oldest_first,
    shuffled,
)
from tests._support.profiles import examples
from tests._support.readings import FAR_AHEAD, LONG_AGO, Carried, carry, carry_all, carry_span, terms
from tests._support.walks import MICROSECOND, NOON, SECOND, Walked, in_order, walked

DAY = timedelta(days=1)
LONG = Span(NOON, NOON + 80 * DAY)


def assert_read(walk: Walked, carried: Carried) -> None:
    """Each entry once, in order, and every account settled."""
    keys = [(row.created_at, row.event_log_id) for row in carried.entries]
    assert keys == sorted(keys)
    assert in_order(carried.entries) == walk.expected
    assert carried.short == []
    assert [part.job.span.since for part in carried.parts[1:]] == [part.job.span.until for part in carried.parts[:-1]]


def most_requests(walk: Walked, margin: timedelta = 2 * SECOND) -> int:
    """Say how many requests a walk may take at most.

    One for each window, and for each entry that lies in the span or near it: a way down to its second from either side
    by halves or better, at each turn of which a reading may be in vain, and the pages of its second four times.
    """
    windows = -(-walk.span.length // walk.terms.window)
    turns = math.log2(walk.terms.window / SECOND + 2)
    near = [row for row in walk.server.ledger if distance(walk.span, row.created_at) <= margin]
    return windows + math.ceil(len(near) * (3 * turns + 8))


def distance(span: Span, moment: datetime) -> timedelta:
    return max(span.since - moment, moment - span.until, timedelta(0))


@settings(max_examples=examples(150))
@given(walked())
def test_any_span_is_read_once_and_in_order(walk: Walked) -> None:
    assert_read(walk, carry_span(walk.span, walk.server, walk.terms))
    assert len(walk.server.requests) <= most_requests(walk)


BERLIN = ZoneInfo("Europe/Berlin")
SET_BACK = datetime(2024, 10, 27, 1, tzinfo=UTC)


@settings(max_examples=examples(100))
@given(
    st.sampled_from([-120, -90, -61, -60, -30, -1, 0, 30, 59, 60, 61, 90, 120]).flatmap(
        lambda minutes: st.sampled_from([(0, False), (1, False), (0, True)]).flatmap(
            lambda reading: walked(
                base=SET_BACK + timedelta(minutes=minutes), zone=BERLIN, fold=reading[0], by_clock=reading[1]
            )
        )
    )
)
def test_a_clock_that_is_set_back_changes_nothing(walk: Walked) -> None:
    """Whichever of two instants the server takes a wall-clock time for, and if it compares wall clocks."""
    assert_read(walk, carry_span(walk.span, walk.server, walk.terms))
    assert len(walk.server.requests) <= most_requests(walk, margin=timedelta(hours=3))


def test_a_clock_that_skips_a_day_changes_nothing() -> None:
    apia = ZoneInfo("Pacific/Apia")
    span = Span(datetime(2011, 12, 1, tzinfo=UTC), datetime(2012, 4, 1, tzinfo=UTC))
    server = LedgerServer(ledger=entries_at([span.since + number * 3 * DAY for number in range(41)]), zone=apia)
    carried = carry_span(span, server, terms(zone=apia))
    assert [row.event_log_id for row in carried.entries] == list(range(1, 42))
    assert len(server.requests) == 2


# ---- What it costs ---------------------------------------------------------------------------------------------------


def spread(many: int, span: Span = LONG) -> list[datetime]:
    return [span.since + span.length * (number / many) for number in range(many)]


def test_an_empty_span_takes_one_request() -> None:
    server = LedgerServer(ledger=[])
    (part,) = carry_span(LONG, server, terms()).parts
    assert (list(part.entries), part.before, part.after) == ([], 0, 0)
    assert len(server.requests) == 1


def test_a_page_that_holds_everything_takes_one_request_settled_or_not() -> None:
    server = LedgerServer(ledger=entries_at(spread(100)))
    for settled_before in (LONG_AGO, FAR_AHEAD):
        assert len(carry_span(LONG, server, terms(settled_before=settled_before)).entries) == 100
    assert len(server.requests) == 2


@pytest.mark.parametrize(("entries", "pages"), [(101, 2), (1000, 10)])
def test_a_few_pages_of_a_settled_span_are_read_once_each(entries: int, pages: int) -> None:
    server = LedgerServer(ledger=entries_at(spread(entries)))
    assert len(carry_span(LONG, server, terms()).parts) == 1
    assert [request.number for request in server.requests] == list(range(pages))


def test_more_pages_than_a_part_may_hold_are_split() -> None:
    server = LedgerServer(ledger=entries_at(spread(1001)))
    assert isinstance(carry(Job(LONG), server, terms()), Split)


@pytest.mark.parametrize("settled_before", [LONG.until, LONG.until + SECOND])
def test_a_span_is_settled_if_it_ends_in_time(settled_before: datetime) -> None:
    server = LedgerServer(ledger=entries_at(spread(101)))
    assert isinstance(carry(Job(LONG), server, terms(settled_before=settled_before)), Part)


def test_an_unsettled_span_of_two_pages_is_split() -> None:
    server = LedgerServer(ledger=entries_at(spread(101)))
    assert isinstance(carry(Job(LONG), server, terms(settled_before=LONG.until - MICROSECOND)), Split)


def test_a_span_that_is_settled_in_part_is_split_where_it_settles() -> None:
    server = LedgerServer(ledger=entries_at(spread(300)))
    settled_before = NOON + 30 * DAY + SECOND / 2
    split = carry(Job(LONG), server, terms(settled_before=settled_before))
    assert isinstance(split, Split)
    assert [job.span for job in split.jobs] == [
        Span(NOON, NOON + 30 * DAY),
        Span(NOON + 30 * DAY, LONG.until),
    ]


@pytest.mark.parametrize("order", [newest_first, oldest_first, shuffled(3)])
def test_a_long_settled_ledger_takes_hardly_more_requests_than_it_has_pages(
    order: Order,
) -> None:
    """At most a page in eight is not full, and one tells that there are too many."""
    server = LedgerServer(ledger=entries_at(spread(5000)), order=order)
    carried = carry_span(LONG, server, terms())
    assert [row.event_log_id for row in carried.entries] == list(range(1, 5001))
    assert len(server.requests) <= 50 * 1.15 + 1
    assert max(len(part.entries) for part in carried.parts) <= 1000


def test_a_long_unsettled_ledger_takes_about_twice_as_many_requests() -> None:
    """Each page is seen, to know where to cut it off, and then asked for."""
    server = LedgerServer(ledger=entries_at(spread(2000)))
    assert len(carry_span(LONG, server, terms(settled_before=LONG_AGO)).entries) == 2000
    assert len(server.requests) <= 2 * 20 + 3


def test_a_burst_of_a_second_is_found_in_a_bounded_number_of_requests() -> None:
    """What lies beside it must be cut down from 80 days to a second on either side: to be asked for without it."""
    burst = NOON + 33 * DAY
    server = LedgerServer(ledger=entries_at([*spread(20), *[burst + number * MICROSECOND for number in range(250)]]))
    assert len(carry_span(LONG, server, terms(settled_before=LONG_AGO)).entries) == 270
    assert len(server.requests) <= MOST


@pytest.mark.parametrize(("fold", "by_clock"), [(0, False), (1, False), (0, True)])
@pytest.mark.parametrize(
    ("around", "settled_before", "requests"),
    [(DAY, FAR_AHEAD, 58), (DAY, LONG_AGO, 55), (40 * DAY, FAR_AHEAD, 67), (40 * DAY, LONG_AGO, 67)],
)
def test_two_full_hours_around_a_set_back_are_read_without_being_cut_there(
    around: timedelta, settled_before: datetime, requests: int, fold: int, by_clock: bool
) -> None:
    """Twice their 24 pages, until two readings agree, and the way there: four pages, if settled, to find no end.

    Were they cut, each piece would be asked for with all of the hour that comes twice, down to the last second.
    """
    dates = [SET_BACK - timedelta(hours=1) + number * 3 * SECOND for number in range(2400)]
    server = LedgerServer(ledger=entries_at(dates), zone=BERLIN, fold=fold, by_clock=by_clock)
    span = Span(SET_BACK - around, SET_BACK + around)
    carried = carry_span(span, server, terms(zone=BERLIN, settled_before=settled_before))
    assert [row.event_log_id for row in carried.entries] == list(range(1, 2401))
    assert carried.short == []
    assert len(server.requests) == requests


# ---- A second that holds more than a page ----------------------------------------------------------------------------

DIFFER = "a span too short to be split holds more than a page, and no two readings of it agree"
TOO_MANY = "a span too short to be split holds more than 200 pages"
BURST = [NOON + SECOND / 2] * 25
A_SECOND = Span(NOON, NOON + SECOND)


def test_a_settled_second_of_a_few_pages_is_read_once() -> None:
    server = LedgerServer(ledger=entries_at(BURST), most=10)
    assert isinstance(carry(Job(A_SECOND), server, terms()), Part)
    assert len(server.requests) == 3


@pytest.mark.parametrize("settled_before", [LONG_AGO, FAR_AHEAD])
def test_any_other_second_is_read_until_two_readings_agree(settled_before: datetime) -> None:
    server = LedgerServer(ledger=entries_at(BURST), most=10)
    part = carry(Job(A_SECOND), server, terms(settled_before=settled_before, pages_per_part=2))
    assert isinstance(part, Part)
    assert len(part.entries) == 25
    assert len(server.requests) == 6


def test_a_second_that_changes_between_readings_is_read_again() -> None:
    late = entry(99, NOON)
    server = LedgerServer(ledger=entries_at(BURST), most=10, happens={4: lambda ledger: ledger.append(late)})
    part = carry(Job(A_SECOND), server, terms(settled_before=LONG_AGO))
    assert isinstance(part, Part)
    assert len(part.entries) == 26
    assert len(server.requests) == 9


def test_a_reading_that_does_not_add_up_agrees_with_none() -> None:
    """Not even if it shows the same entries: something came and went behind them, and may have within them."""
    odd = entry(99, NOON + 3 * SECOND / 2)
    server = LedgerServer(
        ledger=entries_at(BURST),
        order=oldest_first,
        most=10,
        happens={2: lambda ledger: ledger.append(odd), 4: lambda ledger: ledger.remove(odd)},
    )
    assert isinstance(carry(Job(A_SECOND), server, terms(settled_before=LONG_AGO)), Part)
    assert len(server.requests) == 9


def test_a_second_that_never_rests_is_given_up_after_four_readings() -> None:
    happens = {
        request: lambda ledger, number=request: ledger.append(entry(1000 + number, NOON))
        for request in range(4, 100, 3)
    }
    server = LedgerServer(ledger=entries_at(BURST[:21]), most=10, happens=happens)
    with pytest.raises(IncompleteLedgerError) as caught:
        carry(Job(A_SECOND), server, terms(settled_before=LONG_AGO))
    assert caught.value.reason == DIFFER
    assert len(server.requests) == 12


def test_two_hundred_pages_of_a_second_are_read_and_no_more() -> None:
    server = LedgerServer(ledger=entries_at(BURST[:1] * 200), most=1)
    assert isinstance(carry(Job(A_SECOND), server, terms()), Part)
    assert len(server.requests) == 400
    server.ledger.append(entry(201, NOON))
    with pytest.raises(IncompleteLedgerError) as caught:
        carry(Job(A_SECOND), server, terms())
    assert caught.value.reason == TOO_MANY
    assert len(server.requests) == 401


@pytest.mark.parametrize("span", [A_SECOND, LONG])
@pytest.mark.parametrize("settled_before", [LONG_AGO, FAR_AHEAD])
def test_a_total_out_of_this_world_is_refused(span: Span, settled_before: datetime) -> None:
    """The numbers of its pages alone would fill the memory."""
    server = Exaggerates(ledger=entries_at(spread(25)), most=10)
    assert_refused(server, TOO_MANY, settled_before, span)


def test_rows_of_one_event_may_fill_more_than_a_page() -> None:
    """A group's event has a row for each member, told apart by the rest of the row."""
    server = LedgerServer(ledger=[entry(7, NOON, customer) for customer in range(25)], most=10)
    carried = carry_span(LONG, server, terms())
    assert sorted(row.customer_id or 0 for row in carried.entries) == list(range(25))
    assert carried.short == []


def test_equal_rows_on_one_page_are_all_handed_out() -> None:
    server = LedgerServer(ledger=[entry(7, NOON)] * 3)
    assert len(carry_span(LONG, server, terms()).entries) == 3


def test_equal_rows_on_two_pages_cannot_be_told_from_a_row_served_twice() -> None:
    server = LedgerServer(ledger=[entry(7, NOON)] * 11, most=10)
    with pytest.raises(IncompleteLedgerError) as caught:
        carry_span(LONG, server, terms())
    assert caught.value.reason == "an entry stands on two pages"
    assert len(server.requests) <= 100


# ---- Ledgers that move -----------------------------------------------------------------------------------------------


@settings(max_examples=examples(100))
@given(st.data(), st.sampled_from([newest_first, oldest_first, shuffled(1)]), st.integers(0, 60))
def test_late_arrivals_never_harm_an_unsettled_span(data: st.DataObject, order: Order, before: int) -> None:
    """Between any two requests an entry is booked, at the end of the span: all that were there come out, once."""
    dates = spread(before)
    now = NOON + 81 * DAY
    happens = {
        number: lambda ledger, number=number: ledger.append(entry(5000 + number, now + number * SECOND))
        for number in data.draw(st.sets(st.integers(1, 40)))
    }
    span = Span(NOON, now + timedelta(hours=1))
    server = LedgerServer(ledger=entries_at(dates), order=order, most=7, happens=happens)
    carried = carry_span(span, server, terms(settled_before=LONG_AGO))
    ids = [row.event_log_id for row in carried.entries]
    assert [number for number in ids if number < 5000] == list(range(1, before + 1))
    assert len(ids) == len(set(ids))
    assert carried.short == []


def test_a_page_that_is_gone_means_to_split() -> None:
    """Error 11003 past the end: the ledger shrank."""
    server = LedgerServer(ledger=entries_at(spread(11)), most=10, happens={2: lambda ledger: ledger.clear()})
    carried = carry_span(LONG, server, terms())
    assert carried.entries == []
    assert [account.missing for account in carried.short] == [11]


def test_a_deletion_while_a_span_was_split_is_a_shortage() -> None:
    """Not an error yet: the stream asks again."""
    server = LedgerServer(ledger=entries_at(spread(20)), most=10, happens={2: lambda ledger: ledger.remove(ledger[0])})
    carried = carry_span(LONG, server, terms(settled_before=LONG_AGO))
    assert [row.event_log_id for row in carried.entries] == list(range(2, 21))
    assert [account.missing for account in carried.short] == [1]


# ---- Broken servers --------------------------------------------------------------------------------------------------

MOST = 120
"""Two requests for each halving of 88 days down to a second, on the way to each of two edges, and some more."""


@pytest.mark.parametrize("echoes", [False, True])
@pytest.mark.parametrize("settled_before", [LONG_AGO, FAR_AHEAD])
def test_a_server_that_ignores_the_page_number_is_read_by_pages_of_its_own(
    echoes: bool, settled_before: datetime
) -> None:
    server = IgnoresOffset(ledger=entries_at(spread(100)), most=10, echoes=echoes)
    carried = carry_span(LONG, server, terms(settled_before=settled_before))
    assert [row.event_log_id for row in carried.entries] == list(range(1, 101))
    assert len(server.requests) <= MOST


@pytest.mark.parametrize(
    ("echoes", "reason"),
    [
        (False, "the server answered with another page than the one asked for"),
        (True, "an entry stands on two pages"),
    ],
)
@pytest.mark.parametrize("settled_before", [LONG_AGO, FAR_AHEAD])
def test_a_server_that_ignores_the_page_number_cannot_show_a_full_second(
    echoes: bool, reason: str, settled_before: datetime
) -> None:
    server = IgnoresOffset(ledger=entries_at([*spread(5)[1:], *BURST[:20]]), most=10, echoes=echoes)
    assert_refused(server, reason, settled_before)


@pytest.mark.parametrize("settled_before", [LONG_AGO, FAR_AHEAD])
@pytest.mark.parametrize("entries", [1, 5, 30])
def test_a_total_that_grows_with_each_call_is_named(entries: int, settled_before: datetime) -> None:
    server = CountsUp(ledger=entries_at(spread(entries)), most=10)
    assert_refused(
        server,
        {
            "the server's totals changed from page to page",
            "the server served another number of entries than it counted",
            "the server counts pages that it does not serve",
        },
        settled_before,
    )


@pytest.mark.parametrize("settled_before", [LONG_AGO, FAR_AHEAD])
@pytest.mark.parametrize("ghost", [NOON, NOON + 40 * DAY, LONG.until - SECOND])
def test_an_entry_that_is_counted_and_never_served_is_named(ghost: datetime, settled_before: datetime) -> None:
    around = [ghost - SECOND / 2, ghost, ghost + SECOND / 2]
    server = CountsGhosts(ledger=entries_at([*spread(30), *around]), most=10, ghost=ghost)
    reasons = {
        "the server served another number of entries than it counted",
    }
    error = assert_refused(server, reasons, settled_before)
    assert error.since is not None
    assert error.until is not None
    assert error.since - 2 * SECOND <= ghost <= error.until + 2 * SECOND


def test_an_entry_that_is_counted_only_in_long_spans_is_a_shortage_of_them() -> None:
    server = CountsGhosts(ledger=entries_at(spread(30)), most=10, ghost=NOON + DAY, only_beyond=10 * DAY)
    carried = carry_span(LONG, server, terms(settled_before=LONG_AGO))
    assert len(carried.entries) == 30
    assert carried.short
    assert all(account.missing == 1 for account in carried.short)


def test_rows_repeated_across_pages_are_got_round() -> None:
    server = RepeatsAcrossPages(ledger=entries_at(spread(95)), most=10)
    carried = carry_span(LONG, server, terms())
    assert [row.event_log_id for row in carried.entries] == list(range(1, 96))
    assert len(server.requests) <= MOST


def test_rows_repeated_across_the_pages_of_a_second_are_named() -> None:
    server = RepeatsAcrossPages(ledger=entries_at(BURST), most=10)
    assert_refused(server, "an entry stands on two pages")


ANOTHER_DATE = "the server filters by another date than ledgerCreatedDate, or its clock is not in server_timezone"


@pytest.mark.parametrize("earlier", [2 * DAY, timedelta(minutes=5), timedelta(minutes=-5)])
def test_a_server_that_filters_by_another_date_is_named(earlier: timedelta) -> None:
    """As soon as an entry shows that lies outside of what was asked for."""
    dates = spread(3000, Span(LONG.since - DAY, LONG.since + 4 * DAY))
    server = FiltersByAnotherDate(ledger=entries_at(dates), earlier=earlier)
    assert_refused(server, ANOTHER_DATE, span=Span(NOON, NOON + DAY))


@pytest.mark.parametrize("job", [Job(LONG), Job(A_SECOND), Job(LONG, dated=False)], ids=["span", "second", "ever"])
def test_a_server_with_another_clock_than_the_one_asked_by_is_named(job: Job) -> None:
    server = LedgerServer(ledger=entries_at([*spread(5), *BURST]), most=10, zone=ZoneInfo("Asia/Kolkata"))
    with pytest.raises(IncompleteLedgerError, match=r"UTC\+0530"):
        carry(job, server, terms())
    assert len(server.requests) == 1


@pytest.mark.parametrize("number", [0, 1])
def test_the_page_with_another_date_is_named(number: int) -> None:
    stray = entry(1000, LONG.until + 2 * SECOND + MICROSECOND)

    rows = entries_at(spread(19))
    server = ServesAll(ledger=[*rows[: number * 10], stray, *rows[number * 10 :]], order=list, most=10)
    with pytest.raises(IncompleteLedgerError) as caught:
        carry_span(LONG, server, terms())
    assert caught.value.page == number


@attrs.define(kw_only=True)
class SaysNoPageSize(LedgerServer):
    """Says that its pages hold no entries."""

    def answer(self, request: PageRequest, limit: int) -> LedgerPage:
        page = super().answer(request, limit)
        return attrs.evolve(page, paging=attrs.evolve(page.paging, page_size=0))


@pytest.mark.parametrize("settled_before", [LONG_AGO, FAR_AHEAD])
@pytest.mark.parametrize("enough", [None, 20])
def test_a_page_size_of_nothing_is_named(settled_before: datetime, enough: int | None) -> None:
    """And nothing is divided by it."""
    server = SaysNoPageSize(ledger=entries_at([*spread(25), *BURST]), most=10)
    with pytest.raises(IncompleteLedgerError) as caught:
        carry_span(LONG, server, terms(settled_before=settled_before, enough=enough))
    assert caught.value.reason == "the server's page count does not fit its total"
    assert len(server.requests) <= MOST


def test_pages_that_are_counted_and_never_served_are_done_without() -> None:
    """Error 11003 for page 1, each time."""
    server = EndsEarly(ledger=entries_at(spread(30)), most=10)
    carried = carry_span(LONG, server, terms())
    assert [row.event_log_id for row in carried.entries] == list(range(1, 31))
    assert carried.short == []
    assert len(server.requests) <= 20


def assert_refused(
    server: LedgerServer, reason: str | set[str], settled_before: datetime = FAR_AHEAD, span: Span = LONG
) -> IncompleteLedgerError:
    with pytest.raises(IncompleteLedgerError) as caught:
        carry_span(span, server, terms(settled_before=settled_before))
    assert caught.value.reason in ({reason} if isinstance(reason, str) else reason)
    assert len(server.requests) <= MOST
    return caught.value


# ---- Error 11010 -----------------------------------------------------------------------------------------------------


def test_a_span_that_is_too_long_for_the_server_is_halved() -> None:
    server = LedgerServer(ledger=entries_at(spread(50)), longest=timedelta(days=30))
    carried = carry_span(LONG, server, terms())
    assert [row.event_log_id for row in carried.entries] == list(range(1, 51))
    assert len(server.requests) == 1 + 2 + 4


def test_halves_of_a_span_that_was_split_belong_to_its_account() -> None:
    """An entry that goes in the meantime is missed, though each of the pieces had to be halved."""
    server = LedgerServer(ledger=entries_at(spread(2000)), order=shuffled(3))
    split = carry(Job(LONG), server, terms())
    assert isinstance(split, Split)
    server.longest = timedelta(days=15)
    server.ledger.pop()
    carried = carry_all(split.jobs, server, terms())
    assert len(carried.entries) == 1999
    assert carried.short == [split.jobs[0].account]


def test_a_server_that_finds_everything_too_long_is_believed_at_a_second() -> None:
    server = LedgerServer(ledger=[], longest=timedelta(0))
    with pytest.raises(IntervalTooLongError):
        carry_span(LONG, server, terms())
    assert len(server.requests) <= 25


# ---- Without dates ---------------------------------------------------------------------------------------------------

EVER = Span(datetime(1970, 1, 1, tzinfo=UTC), NOON)


def carry_ever(server: LedgerServer) -> Carried:
    return carry_all([Job(EVER, dated=False)], server, terms(settled_before=FAR_AHEAD))


def test_a_ledger_of_one_page_takes_one_request() -> None:
    """Entries that are later than the walk's beginning are not of it."""
    server = LedgerServer(ledger=entries_at([NOON - DAY, NOON - MICROSECOND, NOON, NOON + DAY]))
    (part,) = carry_ever(server).parts
    assert [row.event_log_id for row in part.entries] == [1, 2]
    assert len(server.requests) == 1


def test_a_ledger_that_is_empty_takes_one_request() -> None:
    server = LedgerServer(ledger=[])
    assert carry_ever(server).entries == []
    assert len(server.requests) == 1


@pytest.mark.parametrize("order", [newest_first, oldest_first])
def test_a_longer_ledger_is_read_from_its_oldest_entry_on(order: Order) -> None:
    """One of its four pages shows it; then four windows of 88 days."""
    dates = [NOON - number * DAY for number in range(1, 350)]
    server = LedgerServer(ledger=entries_at(dates), order=order)
    carried = carry_ever(server)
    assert [row.event_log_id for row in carried.entries] == list(range(1, 350))
    assert carried.short == []
    assert len(server.requests) == 4 + 4


def test_an_entry_that_is_older_than_the_last_is_found_nearby() -> None:
    """The server orders by id, and 07:39:11 stands before 07:39:12 there (seed 002)."""
    dates = [NOON - number * SECOND for number in range(200)]
    ledger = [entry(1000 - number, date) for number, date in enumerate(dates)]
    oldest = entry(2000, NOON - timedelta(hours=23))

    server = LedgerServer(ledger=[*ledger[:99], oldest, *ledger[99:]], order=list)
    carried = carry_ever(server)
    assert len(carried.entries) == 200
    assert carried.short == []


much_older = pytest.mark.parametrize(
    "older", [timedelta(days=1, microseconds=1), timedelta(days=1, seconds=2), 400 * DAY]
)


def with_one_much_older(pages: int, older: timedelta) -> LedgerServer:
    """So many pages, newest first, but for one entry in the middle."""
    dates = [NOON - number * SECOND for number in range(1, 100 * pages)]
    rows = newest_first(entries_at(dates))
    middle = len(rows) // 2
    odd = entry(9999, min(dates) - older)
    return LedgerServer(ledger=[*rows[:middle], odd, *rows[middle:]], order=list)


@much_older
def test_an_entry_that_is_much_older_than_the_last_is_found_between_a_few_pages(older: timedelta) -> None:
    carried = carry_ever(with_one_much_older(3, older))
    assert [row.event_log_id for row in carried.entries] == [9999, *range(1, 300)]
    assert carried.short == []


@much_older
def test_an_entry_that_is_much_older_than_the_last_of_many_pages_is_a_shortage(older: timedelta) -> None:
    """Be it in the margin of the first window or far away: it is never lost without a word."""
    carried = carry_ever(with_one_much_older(12, older))
    assert len(carried.entries) == 1199
    assert [account.missing for account in carried.short] == [1]


def test_entries_that_are_all_later_are_none() -> None:
    server = LedgerServer(ledger=entries_at([NOON + number * SECOND for number in range(150)]))
    carried = carry_ever(server)
    assert carried.entries == []


def test_a_ledger_of_which_only_later_entries_show_is_still_accounted_for() -> None:
    later = [NOON + DAY + number * SECOND for number in range(300)]
    rows = newest_first(entries_at(later))
    server = LedgerServer(ledger=[*rows[:150], entry(999, NOON - 200 * DAY), *rows[150:]], order=list)
    carried = carry_ever(server)
    assert ([row.event_log_id for row in carried.entries], carried.short) == ([999], [])


def test_a_counted_entry_without_dates_is_a_shortage() -> None:
    server = CountsGhosts(ledger=entries_at([NOON - number * DAY for number in range(1, 200)]), ghost=FAR_AHEAD)
    carried = carry_ever(server)
    assert len(carried.entries) == 199
    assert [account.missing for account in carried.short] == [1]


def test_a_server_that_ignores_the_page_number_hides_the_oldest_and_is_found_out() -> None:
    server = IgnoresOffset(ledger=entries_at([NOON - number * DAY for number in range(1, 200)]), echoes=True)
    assert carry_ever(server).short


def test_pages_that_never_come_without_dates_are_named() -> None:
    server = EndsEarly(ledger=entries_at([NOON - number * DAY for number in range(1, 200)]))
    with pytest.raises(IncompleteLedgerError) as caught:
        carry_ever(server)
    assert caught.value.reason == "the server counts pages that it does not serve"
    assert len(server.requests) == 8


@pytest.mark.parametrize("shown_by", [newest_first, oldest_first])
@pytest.mark.parametrize("many", [1, 150])
def test_a_date_before_all_dates_is_refused(shown_by: Order, many: int) -> None:
    """A zero date of another calendar: no window would reach it."""
    zero = entry(0, datetime(1, 1, 1, tzinfo=UTC))
    server = LedgerServer(ledger=[zero, *entries_at([NOON - number * DAY for number in range(many)])], order=shown_by)
    with pytest.raises(IncompleteLedgerError, match="dated before 1970"):
        carry_ever(server)
    assert len(server.requests) <= 2
