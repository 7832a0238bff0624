"""A walk's figures are right, stay few, and name nobody."""

from collections.abc import Sequence
from datetime import timedelta

import attrs
import pytest

from loyalty_async.models.pages import LedgerPage, Paging, ServerWarning
from loyalty_async.models.reports import Report, Verdict
from loyalty_async.models.spans import Span
from loyalty_async.planning.accounts import Account
from loyalty_async.planning.jobs import Job, Part
from loyalty_async.protocol.efforts import Effort
from loyalty_async.streams.tallies import Tally
from tests._support.ledger_server import entries_at, entry
from tests._support.walks import NOON

HOUR = timedelta(hours=1)
UNTIL = NOON + 9 * HOUR


def hours(since: int, until: int) -> Span:
    return Span(NOON + since * HOUR, NOON + until * HOUR)


def part(span: Span, many: int = 3, account: Account | None = None, *, before: int = 0, after: int = 0) -> Part:
    return Part(Job(span, account), entries_at([span.since] * many), before, after)


def page(*codes: int | None, size: int = 10, names: Sequence[str] = ()) -> LedgerPage:
    return LedgerPage(
        paging=Paging(page_number=0, page_size=size, total_entries=len(names), page_count=1),
        entries=tuple(attrs.evolve(entry(1, NOON), event_name=name) for name in names),
        warnings=tuple(ServerWarning(code=code) for code in codes),
    )


def reported(tally: Tally, unread: int = 0) -> Report:
    return tally.report(Verdict.PARTIAL, NOON, UNTIL, unread)


def test_nothing_is_counted_at_first() -> None:
    assert reported(Tally()) == Report(verdict=Verdict.PARTIAL, since=NOON, until=UNTIL)


# ---- Pages -----------------------------------------------------------------------------------------------------------


def test_pages_are_counted_and_those_that_hold_less_than_was_asked_for() -> None:
    """By the server's word; that a page is not full is no clamp, and more than was asked for is none either."""
    tally = Tally()
    for size, asked_for in [(10, 10), (9, 10), (10, 100), (100, 10)]:
        tally.count_page(page(size=size), asked_for)
    report = reported(tally)
    assert (report.pages, report.clamps, report.page_size) == (4, 2, 100)


def test_warnings_are_counted_by_code() -> None:
    tally = Tally()
    for each in (page(9018, 11002), page(), page(9018, None)):
        tally.count_page(each, 10)
    assert reported(tally).warnings == {9018: 2, 11002: 1}


def test_unfamiliar_names_are_counted_over_all_pages() -> None:
    tally = Tally()
    for _ in range(2):
        tally.count_page(page(names=["New", "New", "Other"]), 10)
    assert reported(tally).unfamiliar == {"event_name=New": 4, "event_name=Other": 2}


@pytest.mark.parametrize("each_on_a_page_of_its_own", [False, True])
def test_a_hundred_unfamiliar_names_are_told_apart_and_the_others_counted_together(
    each_on_a_page_of_its_own: bool,
) -> None:
    """Those that are known by then are still counted under their names."""
    names = [f"New{number}" for number in range(105)]
    tally = Tally()
    for some in [[name] for name in names] if each_on_a_page_of_its_own else [names]:
        tally.count_page(page(names=some), 10)
    tally.count_page(page(names=["New99", "New100", "Newest"]), 10)
    unfamiliar = dict(reported(tally).unfamiliar)
    assert unfamiliar.pop("…") == 5 + 2
    assert unfamiliar.pop("event_name=New99") == 2
    assert unfamiliar == {f"event_name=New{number}": 1 for number in range(99)}


# ---- Parts and what is covered ---------------------------------------------------------------------------------------


def test_parts_and_the_entries_handed_out_are_counted() -> None:
    """An entry that was not taken yet was not handed out."""
    tally = Tally()
    tally.enter(part(hours(0, 1), 3), 3, whole=True)
    tally.enter(part(hours(1, 2), 9), 4, whole=False)
    assert (reported(tally).parts, reported(tally).entries, reported(tally, unread=3).entries) == (2, 7, 4)


def test_what_is_covered_is_the_hull_of_the_parts_handed_out_whole() -> None:
    tally = Tally()
    seen = [reported(tally).covered]
    for span, whole in [(hours(2, 3), True), (hours(3, 4), True), (hours(4, 5), False)]:
        tally.enter(part(span), 3, whole=whole)
        seen.append(reported(tally).covered)
    assert seen == [None, hours(2, 3), hours(2, 4), hours(2, 4)]


def test_what_is_covered_grows_backwards_too() -> None:
    tally = Tally()
    for span in (hours(4, 5), hours(2, 4)):
        tally.enter(part(span), 3, whole=True)
    assert reported(tally).covered == hours(2, 5)


@pytest.mark.parametrize("whole", [False, True])
def test_a_part_of_which_entries_are_left_is_not_covered_yet(whole: bool) -> None:
    tally = Tally()
    tally.enter(part(hours(0, 1)), 3, whole=True)
    tally.enter(part(hours(1, 2)), 3, whole=whole)
    assert reported(tally, unread=1).covered == hours(0, 1)


def test_before_the_first_part_is_through_nothing_is_covered() -> None:
    tally = Tally()
    tally.enter(part(hours(0, 1)), 3, whole=True)
    assert reported(tally, unread=1).covered is None


# ---- What was said and seen ------------------------------------------------------------------------------------------


def test_a_part_of_its_own_proves_what_was_said_of_it_margins_included() -> None:
    tally = Tally()
    tally.enter(part(hours(0, 1), 3, before=1, after=2), 3, whole=True)
    tally.enter(part(hours(1, 2), 0, before=2), 0, whole=True)
    assert (reported(tally).said, reported(tally).seen) == (6 + 2, 6 + 2)


def test_a_piece_is_counted_once_with_its_whole() -> None:
    """When the whole is closed, with what was said of it first; what was said of pieces of pieces is in it."""
    whole = Account(hours(0, 4), hours(0, 4), 9, 2)
    inner = Account(hours(2, 4), hours(2, 4), 5, 2, whole)
    tally = Tally()
    for span, account in [(hours(0, 2), whole), (hours(2, 3), inner), (hours(3, 4), inner)]:
        piece = part(span, 4, account)
        closed = piece.enter()
        tally.enter(piece, 4, whole=True)
        assert (reported(tally).said, reported(tally).seen) == (0, 0)
    for account in closed:
        tally.close(account)
    assert closed == [inner, whole]
    assert (reported(tally).said, reported(tally).seen) == (9, 12)


# ---- What it takes ---------------------------------------------------------------------------------------------------


def test_the_effort_is_told_as_it_stands() -> None:
    effort = Effort()
    tally = Tally(effort)
    effort.requests, effort.retries, effort.waited_s = 7, 2, 1.5
    report = reported(tally)
    assert (report.requests, report.retries, report.waited_s) == (7, 2, 1.5)


def test_a_report_that_was_given_does_not_change() -> None:
    tally = Tally()
    tally.count_page(page(9018, names=["New"]), 10)
    report = reported(tally)
    tally.count_page(page(9018, names=["New"]), 10)
    assert (report.pages, report.warnings, report.unfamiliar) == (1, {9018: 1}, {"event_name=New": 1})
