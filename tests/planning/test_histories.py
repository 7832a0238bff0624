"""A whole history is read though nobody knows where it begins, and no more of it than is wanted."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty_async.errors import IncompleteLedgerError
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.pages import LedgerPage, Paging
from loyalty_async.models.spans import Span
from loyalty_async.planning.jobs import Job, PageRequest, Part, Split, Terms
from loyalty_async.planning.parts import read
from loyalty_async.planning.windows import BEGINNING
from tests._support.ledger_server import (
    CountsGhosts,
    IgnoresOffset,
    LedgerServer,
    Order,
    entries_at,
    entry,
    newest_first,
    oldest_first,
    shuffled,
)
from tests._support.profiles import examples
from tests._support.readings import FAR_AHEAD, LONG_AGO, carry, carry_all, terms
from tests._support.walks import MICROSECOND, NOON, SECOND, in_order

DAY = timedelta(days=1)
WINDOW = timedelta(days=88)
EVER = Span(BEGINNING, NOON)
ALL = Job(EVER, dated=False, later=NOON)

orders = pytest.mark.parametrize("order", [newest_first, oldest_first, shuffled(3)], ids=["new", "old", "mixed"])


def daily(many: int, order: Order = newest_first, **settings: Any) -> LedgerServer:
    """Serve an entry of each of so many days; the newest, of yesterday, has the largest id."""
    dates = [NOON - (number + 1) * DAY for number in range(many)]
    return LedgerServer(ledger=entries_at(dates), order=order, **settings)


def latest(enough: int) -> Terms:
    return terms(descending=True, enough=enough)


def split_of(job: Job, server: LedgerServer, under: Terms) -> Split:
    outcome = carry(job, server, under)
    assert isinstance(outcome, Split)
    return outcome


def spans_of(split: Split) -> list[Span]:
    return [job.span for job in split.jobs]


# ---- From the beginning ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pages", [2, 3, 10, 11])
def test_of_a_few_pages_all_are_asked_for_without_dates_the_last_one_first(pages: int) -> None:
    """Where entries were back-dated the oldest may stand anywhere."""
    server = daily(100 * pages)
    split_of(ALL, server, terms())
    assert server.requests == [PageRequest(None, number) for number in (0, pages - 1, *range(1, pages - 1))]


@pytest.mark.parametrize(("pages", "pages_per_part"), [(12, 10), (11, 9), (4, 2)])
def test_of_many_pages_in_order_only_the_first_and_the_last_are_asked_for_without_dates(
    pages: int, pages_per_part: int
) -> None:
    server = daily(100 * pages)
    split_of(ALL, server, terms(pages_per_part=pages_per_part))
    assert server.requests == [PageRequest(None, 0), PageRequest(None, pages - 1)]


def test_a_few_pages_are_asked_for_at_a_time() -> None:
    """Of six pages in no order the first and the last, then three and one."""
    reading = read(ALL, terms(pages_per_part=3))
    asked_for = [next(reading)]
    answers = [[page(60, 6, [NOON - DAY, NOON - 3 * DAY])], [page(60, 6, [NOON - 2 * DAY], number=5)]]
    asked_for += [reading.send(answer) for answer in answers]
    asked_for.append(reading.send([page(60, 6, [NOON - 9 * DAY], number=number) for number in (1, 2, 3)]))
    with pytest.raises(StopIteration) as stopped:
        reading.send([page(60, 6, [NOON - 2 * DAY], number=4)])
    assert [[request.number for request in requests] for requests in asked_for] == [[0], [5], [1, 2, 3], [4]]
    assert spans_of(stopped.value.value) == [Span(NOON - 10 * DAY, NOON)]


@pytest.mark.parametrize("order", [newest_first, oldest_first])
def test_a_back_dated_entry_in_the_middle_of_the_ids_is_read(order: Order) -> None:
    """The server orders by id, and it shows neither on the first page nor on the last."""
    rows = order(daily(399).ledger)
    back_dated = entry(5000, NOON - 3000 * DAY)
    server = LedgerServer(ledger=[*rows[:200], back_dated, *rows[200:]], order=list)
    carried = carry_all([ALL], server, terms())
    assert carried.entries == [back_dated, *oldest_first(rows)]
    assert carried.short == []
    windows = -(-3001 // 88)
    assert len(server.requests) == 4 + windows


@orders
def test_windows_begin_a_day_before_the_oldest_entry_that_was_seen(order: Order) -> None:
    """They are pieces of one account, which expects what the server says that there is."""
    server = daily(200, order, sees=lambda date: date)
    split = split_of(ALL, server, terms())
    since = NOON - 201 * DAY
    assert spans_of(split) == [
        Span(since, since + WINDOW),
        Span(since + WINDOW, since + 2 * WINDOW),
        Span(since + 2 * WINDOW, NOON),
    ]
    (account,) = {job.account for job in split.jobs}
    assert account is not None
    assert (account.span, account.asked, account.said, account.pieces) == (Span(since, NOON), None, 200, 3)
    assert all(job.dated for job in split.jobs)


def test_the_first_window_begins_at_a_whole_second() -> None:
    dates = [NOON - DAY + number * SECOND + SECOND / 2 for number in range(150)]
    first = split_of(ALL, LedgerServer(ledger=entries_at(dates)), terms()).jobs[0].span
    assert first.since == NOON - 2 * DAY


def test_what_is_shown_to_be_later_than_the_walk_is_not_expected() -> None:
    server = daily(200)
    server.ledger += [entry(900 + number, NOON + number * SECOND) for number in range(7)]
    account = split_of(ALL, server, terms()).jobs[0].account
    assert account is not None
    assert account.said == 200


def test_one_page_that_holds_everything_is_the_part() -> None:
    """What is later lies in its margin."""
    server = LedgerServer(ledger=[*daily(5).ledger, entry(99, NOON)])
    part = carry(ALL, server, terms())
    assert isinstance(part, Part)
    assert (len(part.entries), part.before, part.after) == (5, 0, 1)


def answered(job: Job, *answers: Sequence[LedgerPage]) -> Part | Split:
    """Send answers to a reading, one after the other."""
    *earlier, last = answers
    reading = read(job, terms())
    next(reading)
    for answer in earlier:
        reading.send(answer)
    with pytest.raises(StopIteration) as stopped:
        reading.send(last)
    outcome: Part | Split = stopped.value.value
    return outcome


def page(total: int, count: int, dates: Sequence[datetime] = (), number: int = 0) -> LedgerPage:
    paging = Paging(page_number=number, page_size=10, total_entries=total, page_count=count)
    return LedgerPage(paging=paging, entries=tuple(entries_at(dates)))


def test_a_server_that_counts_more_than_its_only_page_holds_is_asked_by_date_at_once() -> None:
    """There is no last page to ask for."""
    split = answered(ALL, [page(17, 1, [NOON - DAY])])
    assert isinstance(split, Split)
    assert spans_of(split) == [Span(NOON - 2 * DAY, NOON)]


def test_a_server_that_counts_entries_and_shows_none_is_named() -> None:
    with pytest.raises(IncompleteLedgerError) as caught:
        answered(ALL, [page(17, 2)], [page(17, 2, number=1)])
    assert caught.value.reason == "the server counts entries and serves none"


def test_a_history_that_lies_behind_the_walk_is_looked_for_in_its_last_day() -> None:
    split = answered(ALL, [page(17, 2, [NOON + DAY])], [page(17, 2, [NOON + DAY], number=1)])
    assert isinstance(split, Split)
    assert spans_of(split) == [Span(NOON - DAY, NOON)]


@pytest.mark.parametrize("order", [newest_first, oldest_first])
def test_a_last_page_that_is_not_the_last_any_more_is_asked_for_again(order: Order) -> None:
    """Two entries have come since the first page: the oldest stands on a page of its own now.

    Because something moved all is looked at once more, at rest.
    """

    def book(ledger: list[LedgerEntry]) -> None:
        ledger.extend([entry(901, NOON), entry(902, NOON)])

    server = daily(200, order, happens={2: book})
    split = split_of(ALL, server, terms())
    assert [(request.number, request.again) for request in server.requests] == [
        *[(0, 0), (1, 0), (2, 0), (1, 0)],
        *[(0, 1), (2, 0), (1, 0)],
    ]
    assert split.jobs[0].span.since == NOON - 201 * DAY


def test_an_entry_that_moved_to_another_page_while_it_was_looked_for_is_found() -> None:
    """The newest on page 1 goes when page 1 has been read: the oldest moves there from page 2, which is read last."""

    def merge(ledger: list[LedgerEntry]) -> None:
        del ledger[0]

    ledger = [entry(9, NOON - DAY), *entries_at([NOON - DAY * day for day in (2, 3, 4)]), entry(1, NOON - 900 * DAY)]
    ledger.append(entry(99, NOON - 5 * DAY))
    server = LedgerServer(ledger=ledger, order=list, most=2, happens={3: merge})
    split = split_of(ALL, server, terms())
    assert [(request.number, request.again) for request in server.requests] == [
        *[(0, 0), (2, 0), (1, 0)],
        *[(0, 1), (2, 0), (1, 0)],
    ]
    assert split.jobs[0].span.since == NOON - 901 * DAY
    account = split.jobs[0].account
    assert account is not None
    assert (account.said, account.sure) == (5, True)


def test_an_entry_that_one_reading_showed_is_not_forgotten_by_the_next() -> None:
    """It is back-dated, on page 1 of three; when something has come there are too many pages to look at all."""

    def book(ledger: list[LedgerEntry]) -> None:
        ledger[:0] = [entry(9000 + len(ledger), NOON)] * 100

    rows = newest_first(daily(250).ledger)
    rows[150] = entry(5000, NOON - 900 * DAY)
    server = LedgerServer(ledger=rows, order=list, happens={3: lambda ledger: ledger.append(rows[-1]), 4: book})
    split = split_of(ALL, server, terms(pages_per_part=2))
    assert [(request.number, request.again) for request in server.requests] == [(0, 0), (2, 0), (1, 0), (0, 1), (3, 0)]
    assert split.jobs[0].span.since == NOON - 901 * DAY


def test_of_many_pages_that_move_no_more_are_looked_at_than_of_those_that_rest() -> None:
    """A ledger in no order that grows all the time would use up the walk's patience otherwise."""

    def book(ledger: list[LedgerEntry]) -> None:
        ledger.append(entry(90_000 + len(ledger), NOON))

    happens = dict.fromkeys(range(50, 2000, 50), book)
    server = LedgerServer(ledger=daily(1500).ledger, order=shuffled(1), most=10, happens=happens)
    account = split_of(ALL, server, terms()).jobs[0].account
    assert account is not None
    assert not account.sure
    assert 150 < len(server.requests) <= 2 * 4 + 200


def test_of_many_pages_that_shrink_again_and_again_no_more_are_looked_at_either() -> None:
    """Each reading comes to a page past the end, and is begun anew."""

    def merge(ledger: list[LedgerEntry]) -> None:
        del ledger[:100]

    happens = dict.fromkeys(range(3, 900, 40), merge)
    server = LedgerServer(ledger=daily(2000).ledger, order=shuffled(1), most=10, happens=happens)
    split_of(ALL, server, terms())
    assert max(request.again for request in server.requests) > 0
    assert len(server.requests) <= 2 * 4 + 200 + 10


def test_a_ledger_that_never_stands_still_leaves_a_doubt() -> None:
    """It is read all the same; in the end the server is asked once more."""

    def book(ledger: list[LedgerEntry]) -> None:
        ledger.append(entry(1000 + len(ledger), NOON))

    server = daily(200, newest_first, happens=dict.fromkeys(range(100), book))
    account = split_of(ALL, server, terms()).jobs[0].account
    assert account is not None
    assert not account.sure


def test_a_history_that_grows_by_a_page_with_each_answer_is_given_up() -> None:
    """After fifty last pages."""
    answers = [[page(20 + 10 * turn, 2 + turn, [NOON - DAY])] for turn in range(51)]
    with pytest.raises(IncompleteLedgerError) as caught:
        answered(ALL, *answers)
    assert caught.value.reason == "the number of pages kept growing while the last one was looked for"


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("pages_per_part", [1, 3])
def test_the_oldest_is_looked_for_on_all_pages_if_they_are_in_no_order(seed: int, pages_per_part: int) -> None:
    server = LedgerServer(ledger=daily(60).ledger, order=shuffled(seed), most=10)
    split = split_of(ALL, server, terms(pages_per_part=pages_per_part))
    assert split.jobs[0].span.since == NOON - 61 * DAY
    assert [request.number for request in server.requests] == [0, 5, 1, 2, 3, 4]


def test_a_history_that_is_all_later_than_the_walk_is_empty() -> None:
    """All its pages were looked at."""
    server = LedgerServer(ledger=entries_at([NOON + number * DAY for number in range(250)]))
    part = carry(ALL, server, terms())
    assert isinstance(part, Part)
    assert (part.entries, len(server.requests)) == ((), 3)


def test_of_many_pages_in_no_order_some_are_looked_at_and_the_beginning_is_not_sure() -> None:
    server = LedgerServer(ledger=daily(3000).ledger, order=shuffled(1), most=10)
    account = split_of(ALL, server, terms()).jobs[0].account
    assert account is not None
    assert not account.sure
    assert len(server.requests) == 1 + 1 + 200


# ---- From where an earlier walk stopped ------------------------------------------------------------------------------


def rest_of(days: int) -> Job:
    """Go on with a walk, newest first, that handed out the entries of so many days, and comes to that of the last."""
    return Job(Span(BEGINNING, NOON - days * DAY + MICROSECOND), dated=False, earlier=days - 1, later=NOON)


def test_the_rest_is_a_piece_of_the_account_of_everything() -> None:
    """150 of 200 were handed out, and 149 are not read again."""
    server = daily(200)
    split = split_of(rest_of(150), server, terms(descending=True))
    assert server.requests == [PageRequest(None, 0), PageRequest(None, 1)]
    assert spans_of(split) == [Span(NOON - 201 * DAY, NOON - 150 * DAY + MICROSECOND)]
    (job,) = split.jobs
    assert job.account is not None
    assert (job.account.said, job.account.earlier, job.account.brought) == (200, 149, 149)
    carried = carry_all(split.jobs, server, terms(descending=True))
    assert (len(carried.entries), carried.short, job.account.brought) == (51, [], 200)


def test_an_entry_that_is_gone_from_the_rest_is_missed() -> None:
    server = CountsGhosts(ledger=daily(199).ledger, ghost=FAR_AHEAD)
    carried = carry_all([rest_of(150)], server, terms(descending=True))
    assert [account.missing for account in carried.short] == [1]


def test_a_rest_in_one_page_is_a_part_of_it() -> None:
    part = carry(rest_of(30), daily(50), terms(descending=True))
    assert isinstance(part, Part)
    assert (len(part.entries), part.before, part.after) == (21, 0, 29)


def test_what_was_handed_out_newest_first_is_not_missed_and_what_is_later_not_expected() -> None:
    """The walk ended at noon, and the rest of it ends at the mark."""
    server = daily(200)
    server.ledger += [entry(900 + number, NOON + number * SECOND) for number in range(7)]
    rest = Span(BEGINNING, NOON - 50 * DAY + MICROSECOND)
    carried = carry_all([Job(rest, dated=False, earlier=49, later=NOON)], server, terms(descending=True))
    assert (len(carried.entries), carried.short) == (151, [])


# ---- No more than is wanted ------------------------------------------------------------------------------------------


def test_enough_of_the_newest_are_read_by_date_and_the_others_only_if_asked_for() -> None:
    server = daily(300)
    split = split_of(ALL, server, latest(20))
    assert server.requests == [PageRequest(None, 0)]
    assert spans_of(split) == [Span(BEGINNING, NOON - 20 * DAY), Span(NOON - 20 * DAY, NOON)]
    assert [job.dated for job in split.jobs] == [False, True]
    (account,) = {job.account for job in split.jobs}
    assert account is not None
    assert (account.said, account.pieces) == (300, 2)
    part = carry(split.jobs[-1], server, latest(20))
    assert isinstance(part, Part)
    assert len(part.entries) == 20


@pytest.mark.parametrize("left", [30, 1, 0])
def test_who_sees_all_that_is_left_knows_where_it_begins(left: int) -> None:
    """Otherwise a total that does not come out would be counted by date, from the beginning of all ledgers."""
    server = daily(300)
    split = split_of(ALL, server, latest(20))
    server.ledger = in_order(server.ledger)[::-1][:left]
    older, account = split.jobs[0], split.jobs[0].account
    assert account is not None
    assert account.span == EVER
    assert isinstance(carry(older, server, latest(20)), Part)
    beginning = min(server.ledger[-1].created_at, older.span.until) - DAY if left else older.span.until
    assert account.span == Span(beginning, NOON)


def test_enough_begin_at_a_whole_second() -> None:
    """An entry of the same second may not have been shown."""
    dates = [NOON - number * SECOND / 4 for number in range(1, 300)]
    split = split_of(ALL, LedgerServer(ledger=entries_at(dates)), latest(6))
    assert split.jobs[-1].span == Span(NOON - 2 * SECOND, NOON)


def test_enough_that_reach_far_back_are_read_in_windows() -> None:
    """A server may show the oldest first."""
    split = split_of(ALL, daily(300, oldest_first), latest(20))
    since = NOON - 220 * DAY
    assert spans_of(split) == [
        Span(BEGINNING, since),
        Span(since, since + WINDOW),
        Span(since + WINDOW, since + 2 * WINDOW),
        Span(since + 2 * WINDOW, NOON),
    ]
    account = split.jobs[0].account
    assert account is not None
    assert account.pieces == 4


@pytest.mark.parametrize(("enough", "questions"), [(99, 1), (100, 1), (101, 3), (None, 3)])
def test_enough_must_be_shown(enough: int | None, questions: int) -> None:
    server = daily(300)
    split_of(ALL, server, terms(descending=True, enough=enough))
    assert len(server.requests) == questions


def test_enough_are_entries_of_the_walk() -> None:
    """Ninety of the first page are later than it; eleven are not shown, and four pages are looked through."""
    server = daily(300)
    server.ledger += [entry(900 + number, NOON + number * SECOND) for number in range(90)]
    assert spans_of(split_of(ALL, server, latest(10)))[-1] == Span(NOON - 10 * DAY, NOON)
    asked_so_far = len(server.requests)
    split_of(ALL, server, latest(11))
    assert len(server.requests) == asked_so_far + 4


def test_who_begins_with_the_oldest_must_find_them_first() -> None:
    """However few are wanted."""
    server = daily(300)
    split_of(ALL, server, terms(enough=20))
    assert server.requests == [PageRequest(None, 0), PageRequest(None, 2), PageRequest(None, 1)]


def test_what_lies_before_enough_is_still_a_piece_of_the_whole() -> None:
    server = daily(300)
    carried = carry_all([ALL], server, latest(20))
    assert [row.event_log_id for row in carried.parts[0].entries] == list(range(281, 301))
    assert len(carried.entries) == 300
    assert carried.short == []


def test_what_lies_before_enough_is_a_piece_though_the_rest_does_not_show_there() -> None:
    """Where the oldest come first, the page without dates shows nothing of what was read by date."""
    carried = carry_all([ALL], daily(300, oldest_first), latest(20))
    assert len(carried.entries) == 300
    assert carried.short == []


def test_nothing_is_looked_for_before_the_beginning_of_all_ledgers() -> None:
    server = LedgerServer(ledger=entries_at([BEGINNING] * 150))
    split = split_of(ALL, server, latest(20))
    assert all(job.dated for job in split.jobs)


def test_an_entry_that_is_missing_before_enough_is_missed() -> None:
    server = CountsGhosts(ledger=daily(250).ledger, ghost=FAR_AHEAD)
    assert [account.missing for account in carry_all([ALL], server, latest(20)).short] == [1]


def test_a_server_that_ignores_the_page_number_hides_the_oldest_and_is_found_out() -> None:
    server = IgnoresOffset(ledger=daily(300).ledger, echoes=True)
    assert carry_all([ALL], server, latest(20)).short


histories = st.lists(st.integers(1, 300).map(lambda days: NOON - days * DAY / 3), max_size=60)


@settings(max_examples=examples(60))
@given(
    dates=histories,
    order=st.sampled_from([newest_first, oldest_first, shuffled(1), shuffled(2)]),
    most=st.integers(1, 9),
    under=st.builds(
        terms,
        settled_before=st.sampled_from([LONG_AGO, FAR_AHEAD]),
        descending=st.booleans(),
        enough=st.none() | st.integers(1, 70),
        window=st.just(20 * DAY),
    ),
)
def test_any_history_is_read_once_in_either_direction(
    dates: list[datetime], order: Order, most: int, under: Terms
) -> None:
    """However much is enough: a consumer who goes on gets the rest."""
    server = LedgerServer(ledger=entries_at(dates), order=order, most=most)
    carried = carry_all([ALL], server, under)
    spans = [part.job.span for part in carried.parts]
    assert spans == sorted(spans, key=lambda span: span.since, reverse=under.descending)
    if order in (newest_first, oldest_first):
        assert carried.short == []
    if not carried.short:  # Where the oldest shows on no page that is asked for, it is missed, and that is said.
        assert in_order(carried.entries) == in_order(server.ledger)
