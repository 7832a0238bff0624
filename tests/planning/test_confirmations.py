"""What the server counts without dates is held against what it counts by date."""

from collections.abc import Callable
from datetime import timedelta
from itertools import combinations_with_replacement

import pytest

from loyalty_async.errors import IntervalTooLongError, NoEntriesError
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.pages import LedgerPage
from loyalty_async.models.spans import Span
from loyalty_async.planning.accounts import Account
from loyalty_async.planning.confirmations import Counting, missing
from loyalty_async.planning.jobs import PageRequest, Terms
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
from tests._support.readings import terms
from tests._support.walks import MICROSECOND, NOON, SECOND

DAY = timedelta(days=1)
SPAN = Span(NOON - 400 * DAY, NOON)


def daily(days: int) -> list[LedgerEntry]:
    return entries_at([NOON - number * DAY for number in range(1, days + 1)])


def told(counting: Counting[int | None], server: LedgerServer) -> int | None:
    """Carry the requests of a count to a server and its answers back."""
    try:
        requests = next(counting)
        while True:
            try:
                pages = [answered(server, request) for request in requests]
            except IntervalTooLongError as refusal:
                requests = counting.throw(refusal)
            else:
                requests = counting.send(pages)
    except StopIteration as done:
        number: int | None = done.value
        return number


def answered(server: LedgerServer, request: PageRequest) -> LedgerPage | None:
    try:
        return server.answer(request, 100)
    except NoEntriesError:
        return None


def asked_of(server: LedgerServer, said: int, brought: int, under: Terms | None = None) -> int | None:
    account = Account(SPAN, None, said, 1)
    account.enter(SPAN, 0, brought, 0)
    return told(missing(account, under or terms(), until=NOON, now=NOON), server)


def test_a_span_that_was_split_is_asked_for_once_more() -> None:
    span = Span(NOON - 50 * DAY, NOON)
    whole = Account(span, span, 51, 1)
    whole.enter(span, 0, 49, 0)
    server = LedgerServer(ledger=daily(300))
    assert told(missing(whole, terms(), until=NOON, now=NOON), server) == 1
    assert [request.asked for request in server.requests] == [span]
    server.ledger = [row for row in server.ledger if row.created_at < NOON - 2 * DAY]
    assert told(missing(whole, terms(), until=NOON, now=NOON), server) == 0


def test_a_total_that_came_out_takes_one_request() -> None:
    """What that answer shows to be later does not count."""
    server = LedgerServer(ledger=[*daily(300), entry(900, NOON), entry(901, NOON + DAY)])
    assert asked_of(server, 300, 300) == 0
    assert [request.asked for request in server.requests] == [None]


def test_an_exact_count_is_taken_though_the_total_came_out() -> None:
    """One entry lies before the beginning, one was handed out and is gone."""
    server = LedgerServer(ledger=[*daily(300)[1:], entry(900, NOON - 900 * DAY)])
    assert asked_of(server, 300, 300) == 0
    assert asked_of(server, 300, 300, terms(exact=True)) == 1


@pytest.mark.parametrize("before", [MICROSECOND, SECOND / 2, SECOND, 2 * SECOND])
def test_what_is_dated_just_before_the_beginning_is_missing_too(before: timedelta) -> None:
    """It came along in the margin of the first window, and was not handed out."""
    server = LedgerServer(ledger=[*daily(300), entry(900, SPAN.since - before), entry(901, SPAN.since)])
    assert asked_of(server, 0, 150) == 1


@pytest.mark.parametrize("at", range(1, 34))
def test_a_deletion_during_an_exact_count_hides_nothing(at: int) -> None:
    def delete(ledger: list[LedgerEntry]) -> None:
        ledger.remove(next(row for row in ledger if row.created_at == NOON - 100 * DAY))

    rows = [*daily(300), entry(900, NOON - 900 * DAY)]
    server = LedgerServer(ledger=rows, happens={at: delete})
    assert asked_of(server, 0, 150, terms(exact=True)) == 1


@pytest.mark.parametrize("order", [newest_first, oldest_first])
def test_no_exact_count_comes_out_because_one_entry_goes_from_a_window_and_one_comes_into_another(order: Order) -> None:
    """A window is counted, one of its entries deleted, everything counted, and one arrives: the sums are alike."""

    def delete(ledger: list[LedgerEntry]) -> None:
        ledger.remove(next(row for row in ledger if row.created_at == NOON - 100 * DAY))

    def book(ledger: list[LedgerEntry]) -> None:
        ledger.append(entry(901, NOON + DAY))

    for gone, come in combinations_with_replacement(range(5, 20), 2):
        happens = {gone: delete, come + 1: book}
        server = LedgerServer(ledger=[*daily(300), entry(900, NOON - 900 * DAY)], order=order, happens=happens)
        assert asked_of(server, 0, 150, terms(exact=True)) == 1, (gone, come)


def test_windows_that_have_passed_are_asked_for_at_once_and_those_in_which_entries_arrive_next_to_everything() -> None:
    whole = Account(SPAN, None, 300, 1)
    counting = missing(whole, terms(exact=True), until=NOON, now=NOON)
    server = LedgerServer(ledger=daily(300))
    asked_for = [next(counting)]
    for _ in range(4):
        asked_for.append(counting.send([answered(server, request) for request in asked_for[-1]]))
    assert [len(requests) for requests in asked_for] == [8, 1, 1, 1, 8]
    assert [requests[0].asked is None for requests in asked_for] == [False, False, True, False, False]
    assert NOON in asked_for[1][0].asked  # type: ignore[operator]


@pytest.mark.parametrize(("left", "number"), [(49, 0), (50, 1)])
@pytest.mark.parametrize(("in_pieces", "by_now"), [(0, 0), (0, 1), (1, 1), (1, 3)])
def test_what_arrived_in_the_margins_of_a_span_since_is_not_missing(
    left: int, number: int, in_pieces: int, by_now: int
) -> None:
    """The newest page shows it; of 51 the pieces brought 49, and the others were deleted, or one of them was not."""
    span = Span(NOON - 50 * DAY, NOON)
    whole = Account(span, Span(span.since - SECOND, NOON + SECOND), 51, 1)
    whole.enter(span, 0, 49, in_pieces)
    arrived = [entry(900 + each, NOON + SECOND / 2) for each in range(by_now)]
    server = LedgerServer(ledger=[*daily(left), *arrived])
    assert told(missing(whole, terms(), until=NOON, now=NOON), server) == number


@pytest.mark.parametrize("at", range(1, 24))
def test_a_deletion_and_an_import_during_a_count_are_no_loss(at: int) -> None:
    def delete(ledger: list[LedgerEntry]) -> None:
        ledger.remove(next(row for row in ledger if row.created_at == NOON - 300 * DAY))

    def book(ledger: list[LedgerEntry]) -> None:
        ledger.append(entry(900, NOON - DAY))

    for first, second in ((delete, book), (book, delete)):
        for later in (1, 4, 9):
            server = LedgerServer(ledger=daily(300), happens={at: first, at + later: second})
            assert asked_of(server, 0, 150) == 0


@pytest.mark.parametrize("order", [newest_first, oldest_first, shuffled(1)])
@pytest.mark.parametrize("sees", [exactly, truncated, rounded])
@pytest.mark.parametrize("inclusive", [False, True])
@pytest.mark.parametrize("older", [0, 1, 7])
def test_what_lies_before_the_beginning_is_missing_whatever_was_handed_out(
    order: Order, sees: Callable[..., object], inclusive: bool, older: int
) -> None:
    """And whatever lies at the edges of the windows that are counted."""
    edges = [SPAN.since + number * terms().window + nudge for number in range(1, 5) for nudge in NUDGES]
    rows = [*daily(300), *entries_at(edges), *entries_at([NOON - 900 * DAY] * older), entry(1, NOON + 9 * DAY)]
    server = LedgerServer(ledger=rows, order=order, sees=sees, inclusive=inclusive)  # type: ignore[arg-type]
    assert asked_of(server, 0, 150) == older


NUDGES = [-SECOND, -SECOND / 2, -MICROSECOND, 0 * SECOND, MICROSECOND, SECOND / 2, SECOND]


def test_a_span_costs_its_windows_and_their_overlaps() -> None:
    server = LedgerServer(ledger=daily(300))
    assert asked_of(server, 0, 150) == 0
    windows = 5
    assert len(server.requests) == 1 + windows + (windows - 1) + 1


def test_a_server_that_takes_shorter_spans_only_is_asked_for_those() -> None:
    server = LedgerServer(ledger=daily(300), longest=30 * DAY)
    assert asked_of(server, 0, 150) == 0


def test_a_server_that_refuses_every_span_is_given_up() -> None:
    server = LedgerServer(ledger=daily(300), longest=timedelta(0))
    with pytest.raises(IntervalTooLongError):
        asked_of(server, 0, 150)
    assert len(server.requests) < 60


class CountsNoFurther(LedgerServer):
    """Says 250 at most, without dates."""

    def total(self, matching: object, request: object) -> int:
        said = super().total(matching, request)  # type: ignore[arg-type]
        return min(said, 250) if request.asked is None else said  # type: ignore[attr-defined]


def test_a_total_that_is_capped_is_too_little() -> None:
    assert asked_of(CountsNoFurther(ledger=daily(300)), 250, 300) == -50


@pytest.mark.parametrize("at", range(1, 22))
def test_one_arrival_while_it_counts_is_neither_missing_nor_hides_what_is(at: int) -> None:
    def book(ledger: list[LedgerEntry]) -> None:
        ledger.append(entry(900, NOON + DAY))

    for older in (0, 1):
        rows = [*daily(300), *entries_at([NOON - 900 * DAY] * older)]
        server = LedgerServer(ledger=rows, order=oldest_first, happens={at: book})
        assert asked_of(server, 0, 150) == older


def test_a_ledger_that_never_rests_cannot_be_counted() -> None:
    def book(ledger: list[LedgerEntry]) -> None:
        ledger.append(entry(900 + len(ledger), NOON + DAY))

    server = LedgerServer(ledger=daily(300), order=oldest_first, happens=dict.fromkeys(range(10_000), book))
    assert asked_of(server, 300, 299) is None
    assert len(server.requests) == 1 + 8 + 5 * (1 + 1 + 1 + 8)


def test_an_empty_ledger_has_nothing_that_is_missing() -> None:
    assert asked_of(LedgerServer(ledger=[]), 3, 3) == 0
