"""A query gives one and the same sequence however it is iterated, and no sooner than it is."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

import anyio
import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty_async.errors import IncompleteLedgerError, InvalidArgument
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.reports import Report, Verdict
from loyalty_async.models.spans import Span
from loyalty_async.streams.queries import EntryQuery
from tests._support.fetching import Fetch, ids, opened, query, randomly, rest
from tests._support.ledger_server import (
    CountsGhosts,
    Deletes,
    LedgerServer,
    Order,
    entries_at,
    entry,
    newest_first,
    oldest_first,
    shuffled,
)
from tests._support.profiles import examples
from tests._support.readings import FAR_AHEAD, LONG_AGO, terms
from tests._support.walks import NOON, SECOND, Walked, in_order, walked

pytestmark = pytest.mark.anyio

DAY = timedelta(days=1)
NOW = NOON + 800 * DAY


async def read_in(way: int | str | None, question: EntryQuery) -> tuple[list[LedgerEntry], Report]:
    """Iterate plainly (None), with so many ahead, or `collect`."""
    if isinstance(way, str):
        entries = await question.collect()
        return entries, entries.report
    async with opened(question, way) as stream:
        return await rest(stream), stream.report


every_way = pytest.mark.parametrize("way", [None, 0, 3, "collect"])


# ---- One and the same sequence ---------------------------------------------------------------------------------------


@settings(max_examples=examples(25))
@given(walk=walked(), seed=st.integers(0, 1000), ahead=st.integers(0, 6))
async def test_all_ways_give_the_same_sequence(walk: Walked, seed: int, ahead: int) -> None:
    """And take the same requests, under random latencies, with at most `ahead + 1` of them at once."""
    seen = []
    for way in (None, ahead, "collect"):
        server = attrs.evolve(walk.server)
        fetch = Fetch(server, randomly(seed))
        question = query(fetch, since=walk.span.since, until=walk.span.until, now=NOW, under=walk.terms)
        entries, report = await read_in(way, question)
        assert fetch.most <= (5 if way == "collect" else 1 if way is None else ahead + 1)
        assert (fetch.running, report.pages) == (0, fetch.calls - fetch.empty)
        seen.append((entries, report, sorted(map(str, server.requests))))
    assert seen[0] == seen[1] == seen[2]
    entries, report, _ = seen[0]
    assert in_order(entries) == walk.expected
    assert [(row.created_at, row.event_log_id) for row in entries] == sorted(
        (row.created_at, row.event_log_id) for row in entries
    )
    assert (report.verdict, report.entries) == (Verdict.COMPLETE, len(entries))
    assert (report.since, report.until) == (walk.span.since, walk.span.until)


@every_way
async def test_each_iteration_starts_afresh(way: int | str | None) -> None:
    fetch = Fetch(LedgerServer(ledger=entries_at([NOON])))
    question = query(fetch, since=NOON, until=NOON + DAY, now=NOW)
    assert ids((await read_in(way, question))[0]) == [1]
    fetch.server.ledger += [entry(2, NOON + SECOND)]
    assert ids((await read_in(way, question))[0]) == [1, 2]


async def test_nothing_is_sent_without_iteration() -> None:
    fetch = Fetch(LedgerServer(ledger=entries_at([NOON])))
    question = query(fetch, since=NOON, until=NOON + DAY, now=NOW)
    aiter(question)
    async with question.prefetch(ahead=3):
        await anyio.sleep(10)
    assert fetch.calls == 0


@pytest.mark.parametrize("ahead", [-1, -2, -100])
async def test_less_than_nothing_ahead_is_refused(ahead: int) -> None:
    question = query(Fetch(LedgerServer(ledger=[])), since=NOON, until=None, now=NOW)
    with pytest.raises(InvalidArgument, match="ahead"):
        async with question.prefetch(ahead=ahead):
            pytest.fail("it was opened")
    with pytest.raises(InvalidArgument, match="ahead"):
        await question.collect(ahead=ahead)


# ---- Where a walk begins and ends ------------------------------------------------------------------------------------


@every_way
@pytest.mark.parametrize("until", [None, NOW + DAY])
async def test_a_walk_ends_when_it_began(way: int | str | None, until: datetime | None) -> None:
    """What is booked later is not of it, so that it ends at all."""
    server = LedgerServer(ledger=entries_at([NOW - DAY, NOW - SECOND / 2, NOW, NOW + SECOND]))
    entries, report = await read_in(way, query(Fetch(server), since=NOW - 2 * DAY, until=until, now=NOW))
    assert ids(entries) == [1, 2]
    assert report.until == NOW


@every_way
async def test_a_walk_that_begins_in_the_future_sends_nothing(way: int | str | None) -> None:
    fetch = Fetch(LedgerServer(ledger=entries_at([NOW + 2 * DAY])))
    entries, report = await read_in(way, query(fetch, since=NOW + DAY, until=None, now=NOW))
    assert (list(entries), fetch.calls, report.verdict) == ([], 0, Verdict.COMPLETE)


@every_way
async def test_ends_in_an_hour_that_comes_twice_are_instants(way: int | str | None) -> None:
    """02:30 comes before 02:10 of the second round, though not on the wall."""
    berlin = ZoneInfo("Europe/Berlin")
    since = datetime(2024, 10, 27, 2, 30, tzinfo=berlin)
    until = datetime(2024, 10, 27, 2, 10, tzinfo=berlin, fold=1)
    instants = [datetime(2024, 10, 27, 0, minute, tzinfo=UTC) for minute in (20, 40)]
    instants += [datetime(2024, 10, 27, 1, minute, tzinfo=UTC) for minute in (5, 15)]
    fetch = Fetch(LedgerServer(ledger=entries_at(instants), zone=berlin))
    question = query(fetch, since=since, until=until, now=NOW, under=terms(zone=berlin))
    entries, report = await read_in(way, question)
    assert ids(entries) == [2, 3]
    assert (report.since, report.until) == (instants[0] + timedelta(minutes=10), instants[2] + timedelta(minutes=5))


# ---- The whole history -----------------------------------------------------------------------------------------------


@every_way
@pytest.mark.parametrize("until", [None, NOW - 10 * DAY])
async def test_a_history_of_one_page_takes_one_request(way: int | str | None, until: datetime | None) -> None:
    fetch = Fetch(LedgerServer(ledger=entries_at([NOW - number * DAY for number in range(-3, 50)])))
    entries, report = await read_in(way, query(fetch, since=None, until=until, now=NOW))
    expected = [row.created_at for row in fetch.server.ledger if row.created_at < (until or NOW)]
    assert [row.created_at for row in entries] == expected
    assert (fetch.calls, report.since, report.until) == (1, expected[0], until or NOW)
    assert report.entries == len(expected)


@every_way
@pytest.mark.parametrize("order", [newest_first, oldest_first])
@pytest.mark.parametrize("until", [None, NOW - 100 * DAY])
async def test_a_longer_history_is_read_from_its_oldest_entry_on(
    way: int | str | None, order: Callable[..., list[LedgerEntry]], until: datetime | None
) -> None:
    """All pages were seen, and so how many of the entries are later than the walk."""
    fetch = Fetch(LedgerServer(ledger=entries_at([NOW - number * DAY for number in range(1, 300)]), order=order))
    entries, report = await read_in(way, query(fetch, since=None, until=until, now=NOW))
    assert [row.created_at for row in entries] == [
        NOW - number * DAY for number in range(299, 0 if until is None else 100, -1)
    ]
    assert (report.verdict, report.since, report.until) == (Verdict.COMPLETE, NOW - 299 * DAY, until or NOW)
    assert fetch.calls == 3 + (4 if until is None else 3)


async def test_what_lies_ahead_is_empty_and_may_be_taken_up() -> None:
    """By a clock that is behind that of whoever chose the beginning."""
    asked = query(Fetch(LedgerServer(ledger=entries_at([NOON]))), since=NOW + SECOND, until=None, now=NOW)
    entries = await asked.collect()
    assert (list(entries), entries.report.verdict) == ([], Verdict.COMPLETE)
    assert list(await attrs.evolve(asked, resume=entries.resume).collect()) == []


@every_way
async def test_an_empty_history_has_no_beginning(way: int | str | None) -> None:
    entries, report = await read_in(way, query(Fetch(LedgerServer(ledger=[])), since=None, until=None, now=NOW))
    assert (list(entries), report.since, report.verdict) == ([], None, Verdict.COMPLETE)


# ---- Newest first ----------------------------------------------------------------------------------------------------


both_orders = pytest.mark.parametrize("order", ["asc", "desc"])
BERLIN = ZoneInfo("Europe/Berlin")
SET_BACK = datetime(2024, 10, 27, 1, tzinfo=UTC)


async def assert_reversed(walk: Walked, ahead: int, *, dated: bool = True) -> None:
    """Read the newest first in each way: the very reverse of the oldest first, with the same requests in all ways."""
    since = walk.span.since if dated else None
    seen = []
    for way in (None, ahead, "collect"):
        fetch = Fetch(attrs.evolve(walk.server), randomly(7))
        question = query(fetch, since=since, until=walk.span.until, now=NOW, under=walk.terms, order="desc")
        entries, report = await read_in(way, question)
        assert report.verdict is Verdict.COMPLETE
        oldest = entries[-1].created_at if entries else None
        assert (report.entries, report.until) == (len(entries), walk.span.until)
        assert report.since == (since or oldest)
        seen.append((list(entries), report, sorted(map(str, fetch.server.requests))))
    assert seen[0] == seen[1] == seen[2]
    forth = query(Fetch(attrs.evolve(walk.server)), since=since, until=walk.span.until, now=NOW, under=walk.terms)
    assert seen[0][0] == (await read_in(None, forth))[0][::-1]
    if dated:
        assert seen[0][0] == walk.expected[::-1]


@settings(max_examples=examples(25))
@given(walk=walked(), ahead=st.integers(0, 6))
async def test_the_newest_first_are_the_very_reverse_in_every_way(walk: Walked, ahead: int) -> None:
    await assert_reversed(walk, ahead)


@settings(max_examples=examples(25))
@given(
    walk=st.sampled_from([-90, -60, -1, 0, 30, 60, 61]).flatmap(
        lambda minutes: walked(base=SET_BACK + timedelta(minutes=minutes), zone=BERLIN, fold=minutes % 2)
    )
)
async def test_a_clock_that_is_set_back_changes_nothing_newest_first(walk: Walked) -> None:
    await assert_reversed(walk, 2)


@settings(max_examples=examples(15))
@given(
    hours=st.lists(st.integers(1, 300), max_size=60),
    order=st.sampled_from([newest_first, oldest_first]),
    most=st.integers(1, 9),
    until=st.sampled_from([NOW, NOW - 100 * timedelta(hours=1)]),
)
async def test_a_whole_history_newest_first_is_the_very_reverse(
    hours: list[int], order: Callable[..., list[LedgerEntry]], most: int, until: datetime
) -> None:
    ledger = entries_at([NOW - number * timedelta(hours=1) for number in hours])
    server = LedgerServer(ledger=ledger, order=order, most=most)
    span = Span(NOON, until)
    await assert_reversed(Walked(span=span, server=server, terms=terms(settled_before=LONG_AGO)), 2, dated=False)


# ---- No more than is wanted ------------------------------------------------------------------------------------------


def daily(many: int, **settings: Any) -> Fetch:
    """Serve an entry of each of so many days before now; the newest has the largest id."""
    dates = [NOW - (number + 1) * DAY for number in range(many)]
    return Fetch(LedgerServer(ledger=entries_at(dates), **settings))


@every_way
@pytest.mark.parametrize(
    ("many", "since", "requests"),
    [
        (5, None, 1),
        (100, None, 1),
        (101, None, 2),
        (700, None, 2),
        (700, NOW - 30 * DAY, 1),
        (700, NOW - 700 * DAY, 1),
        (700, NOW - 10 * DAY, 1),
    ],
)
async def test_the_latest_twenty_cost_one_request_or_two(
    way: int | str | None, many: int, since: datetime | None, requests: int
) -> None:
    """Two of a history that is longer than a page: dates are needed to prove that it is the latest that are shown."""
    fetch = daily(many)
    question = query(fetch, since=since, until=None, now=NOW, order="desc", max_items=20)
    entries, report = await read_in(way, question)
    days = min(many, 20 if since is None else (NOW - since) // DAY)
    assert [row.created_at for row in entries] == [NOW - (number + 1) * DAY for number in range(min(days, 20))]
    assert (fetch.calls, report.requests, report.entries) == (requests, requests, len(entries))


@every_way
@pytest.mark.parametrize(
    ("many", "since", "requests"),
    [(700, NOW - 700 * DAY, 1), (700, None, 7 + 1), (1100, None, 11 + 1), (1101, None, 2 + 1)],
    ids=["dated", "seven pages", "eleven pages", "twelve pages"],
)
async def test_the_oldest_twenty_cost_one_request_or_what_it_takes_to_find_them(
    way: int | str | None, many: int, since: datetime | None, requests: int
) -> None:
    """Of a whole history up to eleven pages show where it begins, of a longer one the first and the last."""
    fetch = daily(many)
    entries, _ = await read_in(way, query(fetch, since=since, until=None, now=NOW, max_items=20))
    assert ids(entries) == list(range(1, 21))
    assert fetch.calls == requests


@every_way
@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("many", [1, 9, 10, 11, 25, 59, 60, 61])
async def test_so_many_are_the_first_so_many(way: int | str | None, order: Literal["asc", "desc"], many: int) -> None:
    """And it is known that there are no more if they come to the very end."""
    fetch = Fetch(LedgerServer(ledger=entries_at([NOON + number * SECOND for number in range(60)]), most=10))
    under = terms(settled_before=LONG_AGO, window=20 * SECOND)
    question = query(fetch, since=NOON, until=NOON + 60 * SECOND, now=NOW, under=under, order=order, max_items=many)
    entries, report = await read_in(way, question)
    everything = list(range(1, 61))
    assert ids(entries) == (everything if order == "asc" else everything[::-1])[:many]
    assert report.entries == len(entries)
    assert report.verdict is (Verdict.COMPLETE if many >= 60 else Verdict.PARTIAL)


@every_way
@both_orders
@pytest.mark.parametrize("since", [None, NOW - 60 * DAY], ids=["whole history", "dated"])
@pytest.mark.parametrize(("many", "verdict"), [(49, Verdict.PARTIAL), (50, Verdict.COMPLETE), (51, Verdict.COMPLETE)])
async def test_so_many_of_one_answer_are_all_if_it_holds_no_more(
    way: int | str | None, order: Literal["asc", "desc"], since: datetime | None, many: int, verdict: Verdict
) -> None:
    fetch = daily(50)
    question = query(fetch, since=since, until=None, now=NOW, order=order, max_items=many)
    entries, report = await read_in(way, question)
    assert (len(entries), report.verdict, fetch.calls) == (min(many, 50), verdict, 1)


@every_way
@both_orders
async def test_so_many_are_not_all_if_windows_are_left_that_may_be_empty(
    way: int | str | None, order: Literal["asc", "desc"]
) -> None:
    """What is in them is not asked for."""
    fetch = Fetch(LedgerServer(ledger=entries_at([NOON + (100 + number) * DAY for number in range(10)])))
    question = query(fetch, since=NOON, until=NOON + 264 * DAY, now=NOW, order=order, max_items=10)
    entries, report = await read_in(way, question)
    assert (len(entries), report.verdict) == (10, Verdict.PARTIAL)


@pytest.mark.parametrize("ahead", [None, 0, 4])
async def test_nothing_is_sent_once_so_many_were_given(ahead: int | None) -> None:
    fetch = daily(700)
    question = query(fetch, since=NOW - 700 * DAY, until=None, now=NOW, max_items=20)
    async with opened(question, ahead) as stream:
        assert len(await rest(stream)) == 20
        assert await anext(stream, None) is None
        await anyio.sleep(100)
    assert fetch.calls == 1


@pytest.mark.parametrize(("max_items", "most"), [(1, 1), (10, 1), (11, 2), (20, 2), (21, 3), (60, 5), (None, 5)])
async def test_no_more_is_read_ahead_than_the_pages_that_are_wanted(max_items: int | None, most: int) -> None:
    moments = [NOON + number * DAY for number in range(60)]
    fetch = Fetch(LedgerServer(ledger=entries_at(moments)))
    under = terms(window=DAY, page_size=10)
    question = query(fetch, since=NOON, until=NOON + 60 * DAY, now=NOW, under=under, max_items=max_items)
    async with question.prefetch(ahead=4) as stream:
        await anext(stream)
    assert fetch.most == most


# ---- Late arrivals ---------------------------------------------------------------------------------------------------


def arriving(at: Iterable[int]) -> dict[int, Callable[[list[LedgerEntry]], None]]:
    """Book an entry, dated now or a little later, before each of these requests."""

    def book(ledger: list[LedgerEntry]) -> None:
        ledger.append(entry(90_000 + len(ledger), NOW + len(ledger) * SECOND))

    return dict.fromkeys(at, book)


@both_orders
@pytest.mark.parametrize("served", [newest_first, oldest_first, shuffled(5)], ids=["new", "old", "mixed"])
@pytest.mark.parametrize("way", [None, 3])
@pytest.mark.parametrize("since", [None, NOW - 2 * DAY], ids=["whole history", "dated"])
@pytest.mark.parametrize("until", [None, NOW - timedelta(hours=6)], ids=["until now", "until alone"])
async def test_late_arrivals_never_end_a_walk_in_an_error(
    order: Literal["asc", "desc"],
    served: Order,
    way: int | None,
    since: datetime | None,
    until: datetime | None,
) -> None:
    """Whatever the server shows first, and whether what is later than the walk must be counted."""
    rows = entries_at([NOW - number * timedelta(minutes=5) for number in range(1, 250)])
    expected = [row.event_log_id for row in rows if row.created_at < (until or NOW)]
    for at in ([1], [2], range(2, 6), [3, 6, 9], range(1, 60, 7)):
        server = LedgerServer(ledger=list(rows), order=served, most=20, happens=arriving(at))
        entries, report = await read_in(way, query(Fetch(server), since=since, until=until, now=NOW, order=order))
        assert ids(entries) == (expected if order == "asc" else expected[::-1])
        assert report.verdict is Verdict.COMPLETE


@both_orders
async def test_late_arrivals_that_push_the_oldest_onto_another_page_do_not_hide_it(
    order: Literal["asc", "desc"],
) -> None:
    """Two full pages, and two entries more when the last of them is asked for: the oldest stands on a third then."""

    def book(ledger: list[LedgerEntry]) -> None:
        ledger.extend([entry(901, NOW), entry(902, NOW)])

    for number in (1, 2, 3):
        fetch = daily(200, happens={number: book})
        entries, report = await read_in(None, query(fetch, since=None, until=None, now=NOW, order=order))
        assert [row.created_at for row in entries] == sorted(
            (NOW - (day + 1) * DAY for day in range(200)), reverse=order == "desc"
        )
        assert (report.verdict, report.rereads) == (Verdict.COMPLETE, 1 if number == 2 else 0)


async def test_a_loss_is_not_hidden_by_what_is_later_than_the_walk() -> None:
    """One entry that is counted never comes, and many are later."""
    later = [NOW + number * SECOND for number in range(150)]
    dates = [NOW - number * DAY for number in range(1, 150)]
    server = CountsGhosts(ledger=entries_at([*dates, *later]), ghost=FAR_AHEAD, order=oldest_first)
    with pytest.raises(IncompleteLedgerError, match="the server counts 1 entries more than it served"):
        await query(Fetch(server), since=None, until=None, now=NOW, under=terms()).collect()


# ---- Round trips -----------------------------------------------------------------------------------------------------


def sixty_small_windows() -> Fetch:
    """Of which 23 hold two pages: 83 in all."""
    moments = [NOON + (88 * number + 1) * DAY + more * SECOND for number in range(60) for more in range(50)]
    moments += [NOON + (88 * number + 2) * DAY + more * SECOND for number in range(23) for more in range(100)]
    return Fetch(LedgerServer(ledger=entries_at(moments)))


@pytest.mark.parametrize(("way", "trips"), [(None, 83), (3, 26), (6, 16)])
async def test_small_windows_are_read_beside_one_another(way: int | None, trips: int) -> None:
    """Each request takes a second; the ideal is 83 / 4 of them one after the other."""
    fetch = sixty_small_windows()
    began = anyio.current_time()
    entries, _ = await read_in(way, query(fetch, since=NOON, until=NOON + 60 * 88 * DAY, now=NOON + 9999 * DAY))
    assert len(entries) == 60 * 50 + 23 * 100
    assert fetch.calls == 83
    assert anyio.current_time() - began <= trips


@pytest.mark.parametrize(("way", "trips"), [(None, 116), (3, 34), (6, 22)])
async def test_the_pages_of_a_large_window_are_read_beside_one_another(way: int | None, trips: int) -> None:
    """A hundred full pages: the ideal is 100, or 26, or 15, were there no piece that is not quite full."""
    span = 80 * DAY
    fetch = Fetch(LedgerServer(ledger=entries_at([NOON + span * (number / 10_000) for number in range(10_000)])))
    began = anyio.current_time()
    entries, _ = await read_in(way, query(fetch, since=NOON, until=NOON + span, now=NOW))
    assert len(entries) == 10_000
    assert fetch.calls <= 116
    assert anyio.current_time() - began <= trips


@pytest.mark.parametrize("ahead", [0, 2])
async def test_no_more_requests_are_under_way_than_places_even_to_confirm_a_total(ahead: int) -> None:
    """An entry is deleted while its span is read in pieces; spans ahead are under way when its total is confirmed."""
    moments = [NOON + number * timedelta(hours=1) for number in range(5000)]
    server = Deletes(ledger=entries_at(moments), number=1)
    fetch = Fetch(server)
    question = query(fetch, since=NOON, until=NOW, now=NOW, under=terms(settled_before=LONG_AGO))
    async with question.prefetch(ahead=ahead) as stream:
        assert len(await rest(stream)) == 4999
    assert any(server.requests.count(request) == 2 for request in server.requests)
    assert fetch.most == ahead + 1


# ---- Pages -----------------------------------------------------------------------------------------------------------


async def test_pages_are_the_servers_own() -> None:
    fetch = Fetch(LedgerServer(ledger=entries_at([NOON + number * DAY for number in range(150)]), most=10))
    pages = [page async for page in query(fetch, since=NOON, until=NOON + 150 * DAY, now=NOW).pages()]
    assert [page.paging.page_number for page in pages] == [*range(9), *range(7)]
    assert sum(len(page.entries) for page in pages) == 150 + 1  # One lies in the margin behind the first window.


async def test_pages_of_the_whole_history_need_no_dates() -> None:
    fetch = Fetch(LedgerServer(ledger=entries_at([NOON + number * DAY for number in range(25)]), most=10))
    pages = [page async for page in query(fetch, since=None, until=None, now=NOW).pages()]
    assert [len(page.entries) for page in pages] == [10, 10, 5]
    assert {request.asked for request in fetch.server.requests} == {None}


async def test_pages_may_be_many() -> None:
    """They prove nothing, and nobody expects them to."""
    fetch = Fetch(LedgerServer(ledger=entries_at([NOON + number * SECOND for number in range(600)]), most=1))
    pages = [page async for page in query(fetch, since=NOON, until=NOON + DAY, now=NOW).pages()]
    assert len(pages) == 600


async def test_pages_of_nothing_are_none() -> None:
    fetch = Fetch(LedgerServer(ledger=[]))
    assert [page async for page in query(fetch, since=NOON, until=NOON + 200 * DAY, now=NOW).pages()] == []
    assert fetch.calls == 3
