"""A long settled span is read without reading a page of it twice; what is cut off is proved before it is handed out."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty_async.errors import NoEntriesError
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.pages import LedgerPage
from loyalty_async.models.spans import Span
from loyalty_async.planning.jobs import Job, PageRequest, Split, Terms
from tests._support.ledger_server import (
    LedgerServer,
    Order,
    entries_at,
    entry,
    exactly,
    newest_first,
    oldest_first,
    rounded,
    shuffled,
    truncated,
)
from tests._support.profiles import examples
from tests._support.readings import FAR_AHEAD, Carried, carry, carry_all, carry_span, terms
from tests._support.walks import MICROSECOND, NOON, SECOND

DAY = timedelta(days=1)
LONG = Span(NOON, NOON + 80 * DAY)

both_ways = pytest.mark.parametrize("descending", [False, True])
both_orders = pytest.mark.parametrize("order", [newest_first, oldest_first])


def by_id(ledger: Sequence[LedgerEntry]) -> list[LedgerEntry]:
    """Serve as the API does: the newest id first, which may not be the newest date."""
    return sorted(ledger, key=lambda row: row.event_log_id, reverse=True)


def by_id_upwards(ledger: Sequence[LedgerEntry]) -> list[LedgerEntry]:
    return by_id(ledger)[::-1]


def spread(many: int, span: Span = LONG) -> list[datetime]:
    return [span.since + span.length * (number / many) for number in range(many)]


def assert_read(server: LedgerServer, carried: Carried, span: Span, *, descending: bool = False) -> None:
    """Each entry once and in order, part by part, and every account settled."""
    expected = sorted(
        (row for row in server.ledger if row.created_at in span), key=lambda row: (row.created_at, row.event_log_id)
    )
    parts = carried.parts[::-1] if descending else carried.parts
    assert [row for part in parts for row in part.entries] == expected
    assert [part.job.span.since for part in parts[1:]] == [part.job.span.until for part in parts[:-1]]
    assert carried.short == []


def numbered(dates: Sequence[datetime]) -> list[LedgerEntry]:
    """Make entries with ids in the order of the list."""
    return [entry(number, date) for number, date in enumerate(dates)]


def ids(carried: Carried, *, descending: bool) -> list[int]:
    """Give the ids of all parts, oldest first."""
    parts = carried.parts[::-1] if descending else carried.parts
    return [row.event_log_id for part in parts for row in part.entries]


def in_hand(split: Split) -> int:
    """Count the pages that are held when an end was cut off: what was cut off, and those of the rest."""
    assert split.part is not None
    return math.ceil(len(split.part.entries) / 100) + len(split.jobs[0].pages)


# ---- What it costs ---------------------------------------------------------------------------------------------------


@both_ways
@both_orders
@pytest.mark.parametrize("pages", [11, 17, 20, 30])
def test_as_many_pages_are_asked_for_as_there_are(pages: int, order: Order, descending: bool) -> None:
    server = LedgerServer(ledger=entries_at(spread(100 * pages)), order=order)
    assert_read(server, carry_span(LONG, server, terms(descending=descending)), LONG, descending=descending)
    renumbered = (order is newest_first) == descending  # What lay beside a cut comes once more, on a page with others.
    assert len(server.requests) <= pages + renumbered


@both_ways
@both_orders
def test_many_pages_take_one_in_twenty_more(order: Order, descending: bool) -> None:
    """One tells that there are so many, and the last page of each long piece is not full."""
    server = LedgerServer(ledger=entries_at(spread(20_000)), order=order)
    assert_read(server, carry_span(LONG, server, terms(descending=descending)), LONG, descending=descending)
    assert len(server.requests) <= 200 * 1.05


@both_ways
@both_orders
def test_what_is_cut_off_and_what_proves_it_are_no_more_pages_than_a_part_may_have(
    order: Order, descending: bool
) -> None:
    server = LedgerServer(ledger=entries_at(spread(2500)), order=order)
    carried = carry_span(LONG, server, terms(descending=descending))
    assert len(carried.splits) > 3
    assert all(in_hand(split) <= 10 for split in carried.splits)
    assert max(len(part.entries) for part in carried.parts) <= 1000


@both_orders
@pytest.mark.parametrize("under", [terms(pages_per_part=1), terms(pages_per_part=2), terms(settled_before=NOON)])
def test_a_span_of_which_few_pages_may_be_held_is_not_read_so(under: Terms, order: Order) -> None:
    """Above all not in atomic mode, and not if it is not settled."""
    server = LedgerServer(ledger=entries_at(spread(1100)), order=order)
    carried = carry_span(LONG, server, under)
    assert_read(server, carried, LONG)
    assert all(split.part is None for split in carried.splits)


def test_where_the_order_is_not_that_of_dates_a_span_is_cut_by_density() -> None:
    server = LedgerServer(ledger=entries_at(spread(1500)), order=shuffled(3))
    carried = carry_span(LONG, server, terms())
    assert_read(server, carried, LONG)
    assert [split.part for split in carried.splits] == [None]


def test_where_the_order_misled_once_it_is_not_relied_on_again() -> None:
    """A dozen entries of the first days got later ids, amid pages that are not read for that."""
    dates = spread(1900)
    server = LedgerServer(ledger=numbered([*dates[1:24:2], *dates[24:900], *dates[:24:2], *dates[900:]]), order=by_id)
    carried = carry_span(LONG, server, terms())
    assert_read(server, carried, LONG)
    assert [split.part for split in carried.splits] == [None] * len(carried.splits)
    assert len(server.requests) <= 19 * 1.15 + 1 + 8


# ---- What is proved --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("moved", [0, 150, 350, 390])
@pytest.mark.parametrize("order", [by_id, by_id_upwards])
@both_ways
def test_an_entry_of_the_end_that_stands_on_another_page_is_not_lost(
    order: Order, descending: bool, moved: int
) -> None:
    """What is left holds one entry less than it should: so the end, of which no page shows that, is not handed out."""
    dates = spread(2000)
    odd = dates.pop(len(dates) - 1 - moved if descending else moved)
    server = LedgerServer(ledger=numbered([*dates[:1000], odd, *dates[1000:]]), order=order)
    assert_read(server, carry_span(LONG, server, terms(descending=descending)), LONG, descending=descending)


@pytest.mark.parametrize("request_number", [2, 4, 6, 7, 9, 11, 14])
@both_orders
@both_ways
def test_an_entry_that_arrives_meanwhile_harms_nothing(order: Order, descending: bool, request_number: int) -> None:
    """Though nothing may enter a settled span: its totals tell."""
    late = entry(9999, NOON + 40 * DAY + SECOND / 2)
    server = LedgerServer(
        ledger=entries_at(spread(2000)), order=order, happens={request_number: lambda ledger: ledger.append(late)}
    )
    carried = carry_span(LONG, server, terms(descending=descending))
    came = [number for number in ids(carried, descending=descending) if number != late.event_log_id]
    assert came == list(range(1, 2001))
    assert carried.short == []


@pytest.mark.parametrize("request_number", [2, 4, 6, 7, 9, 11, 14])
@both_orders
@both_ways
def test_an_entry_that_goes_meanwhile_takes_no_other_with_it(
    order: Order, descending: bool, request_number: int
) -> None:
    """It is missing, or it was handed out: nothing else is."""
    gone = entries_at(spread(2000))[1000]
    server = LedgerServer(
        ledger=entries_at(spread(2000)), order=order, happens={request_number: lambda ledger: ledger.remove(gone)}
    )
    carried = carry_span(LONG, server, terms(descending=descending))
    came = ids(carried, descending=descending)
    assert [number for number in range(1, 2001) if number not in came] in ([], [1001])
    assert came == sorted(came)
    assert {account.missing for account in carried.short} == ({1} if len(came) < 2000 else set())


@attrs.define(kw_only=True)
class CountsLess(LedgerServer):
    """Forgets, where it is asked for less than all, an entry beside the edge."""

    whole: Span
    off: int = -1

    def total(self, matching: Sequence[LedgerEntry], request: PageRequest) -> int:
        assert request.asked is not None
        return len(matching) + (self.off if request.asked.length < self.whole.length else 0)


@pytest.mark.parametrize("off", [-1, 1])
@both_orders
@both_ways
def test_an_end_is_not_handed_out_if_the_rest_is_not_what_it_should_be(
    order: Order, descending: bool, off: int
) -> None:
    server = CountsLess(ledger=entries_at(spread(1100)), order=order, whole=LONG, off=off)
    split = carry(Job(LONG), server, terms(descending=descending))
    assert isinstance(split, Split)
    assert split.part is None


@attrs.define(kw_only=True)
class EndsTooSoon(LedgerServer):
    """Knows nothing where it is asked for less than all."""

    whole: Span

    def answer(self, request: PageRequest, limit: int) -> LedgerPage:
        if request.asked is not None and request.asked.length < self.whole.length:
            self.requests.append(request)
            raise NoEntriesError("11003")
        return super().answer(request, limit)


@both_ways
def test_an_end_is_not_handed_out_if_there_is_no_rest(descending: bool) -> None:
    server = EndsTooSoon(ledger=entries_at(spread(1100)), whole=LONG)
    split = carry(Job(LONG), server, terms(descending=descending))
    assert isinstance(split, Split)
    assert split.part is None
    assert carry_all(split.jobs, server, terms()).short == [split.jobs[0].account]


def test_a_loss_in_the_rest_is_held_against_what_the_whole_said() -> None:
    """Of 2,000 entries one goes after the first end was cut off: each end after it is proved, and the sum is short."""
    server = LedgerServer(ledger=entries_at(spread(2000)))
    split = carry(Job(LONG), server, terms())
    assert isinstance(split, Split)
    assert split.part is not None
    assert split.part.enter() == []
    server.ledger.pop()
    carried = carry_all(split.jobs, server, terms())
    assert len(split.part.entries) + len(carried.entries) == 1999
    assert split.part.job.account in carried.short


# ---- Where it is cut -------------------------------------------------------------------------------------------------


@both_ways
@both_orders
def test_the_rest_is_asked_for_without_the_second_beside_the_cut(order: Order, descending: bool) -> None:
    """Whatever the server makes of fractions and of the ends of a span, no entry may lie on the wrong side."""
    server = LedgerServer(ledger=entries_at(spread(1100)), order=order)
    split = carry(Job(LONG), server, terms(descending=descending))
    assert isinstance(split, Split)
    (rest,) = split.jobs
    assert rest.asked is not None
    if descending:
        assert rest.asked == Span(LONG.since - SECOND, rest.span.until - SECOND)
    else:
        assert rest.asked == Span(rest.span.since + SECOND, LONG.until + SECOND)


@st.composite
def crowded(draw: st.DrawFn) -> LedgerServer:
    """Entries a second or so apart, some with an id that is not in its place, from a server that may see them so or so.

    Most are near one another: where to cut is a question of fractions.
    """
    gaps = st.sampled_from([0, 1, 400, 500, 600, 999, 1000, 1001, 1500, 2000, 2001, 3000, 60_000])
    moments = [NOON + SECOND]
    for gap in draw(st.lists(gaps, min_size=11, max_size=60)):
        moments.append(moments[-1] + timedelta(milliseconds=gap))
    rows = entries_at(moments)
    for _ in range(draw(st.sampled_from([0, 0, 1, 2]))):
        rows.insert(draw(st.integers(0, len(rows) - 1)), rows.pop(draw(st.integers(0, len(rows) - 1))))
    return LedgerServer(
        ledger=numbered([row.created_at for row in rows]),
        order=draw(st.sampled_from([by_id, by_id_upwards])),
        most=draw(st.integers(1, 4)),
        inclusive=draw(st.booleans()),
        sees=draw(st.sampled_from([exactly, truncated, rounded])),
    )


@settings(max_examples=examples(400))
@given(crowded(), st.integers(3, 10), st.booleans())
def test_whatever_lies_beside_a_cut_comes_once(server: LedgerServer, at_once: int, descending: bool) -> None:
    span = Span(NOON, NOON + DAY)
    carried = carry_span(span, server, terms(pages_per_part=at_once, descending=descending))
    assert_read(server, carried, span, descending=descending)


def test_what_is_left_is_read_on_as_it_was_begun() -> None:
    """Though its first page, of two entries, looks as if the order were the other one."""
    moments = [NOON + number * 3 * SECOND for number in [*range(10), 11, 10, 12, 13]]
    server = LedgerServer(ledger=numbered(moments), order=by_id, most=2)
    span = Span(NOON, NOON + DAY)
    carried = carry_span(span, server, terms(pages_per_part=3, descending=True))
    assert_read(server, carried, span, descending=True)
    assert len([split for split in carried.splits if split.part is not None]) > 1


def test_some_of_these_are_read_from_their_ends() -> None:
    """Otherwise the test above tested nothing."""
    server = LedgerServer(ledger=entries_at([NOON + number * 3 * SECOND for number in range(60)]), most=4)
    assert carry_span(Span(NOON, NOON + DAY), server, terms()).splits[0].part is not None


def test_an_hour_that_comes_twice_is_not_cut() -> None:
    berlin, back = ZoneInfo("Europe/Berlin"), datetime(2024, 10, 27, 1, tzinfo=UTC)
    hour = timedelta(hours=1)
    dates = [back - hour + number * 4 * SECOND for number in range(1500)]
    server = LedgerServer(ledger=entries_at(dates), zone=berlin)
    carried = carry_span(Span(back - 2 * hour, back + 2 * hour), server, terms(zone=berlin))
    assert len(carried.entries) == 1500
    edges = [split.jobs[0].span.since for split in carried.splits if split.part is not None]
    assert all(abs(edge - back) > hour for edge in edges)


def test_a_burst_without_a_gap_is_not_cut() -> None:
    """Every entry a second after the one before it: nothing is asked for beyond the pages that show that."""
    dates = [NOON + number * SECOND for number in range(1, 1500)]
    server = LedgerServer(ledger=entries_at(dates))
    split = carry(Job(LONG), server, terms())
    assert isinstance(split, Split)
    assert split.part is None
    assert [request.number for request in server.requests] == [0, 11, 12, 13, 14]
    assert_read(server, carry_all(split.jobs, server, terms()), LONG)


def test_a_cut_lies_inside_the_span() -> None:
    """Entries of the margin before it come along: they are no end of it."""
    before = [LONG.since - SECOND + number * MICROSECOND for number in range(300)]
    server = LedgerServer(ledger=entries_at([*before, *spread(1000)[1:]]))
    carried = carry_span(LONG, server, terms(settled_before=FAR_AHEAD))
    assert_read(server, carried, LONG)


def test_a_second_that_is_left_is_read_until_two_readings_agree() -> None:
    """As any other: pages that are here from before are no reading of it. Most of these lie in the margin behind."""
    span = Span(NOON - 20 * SECOND, NOON + 2 * SECOND)
    behind = [span.until + number * MICROSECOND for number in range(1, 14)]
    server = LedgerServer(ledger=entries_at([*[NOON] * 2, *behind]), most=4)
    carried = carry_span(span, server, terms(pages_per_part=3))
    assert carried.splits[0].part is not None
    assert_read(server, carried, span)
    last = [request.number for request in server.requests if request.asked == server.requests[-1].asked]
    assert last[-8:] == [0, 1, 2, 3] * 2
