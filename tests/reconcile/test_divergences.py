from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest

from loyalty_async.models.spans import Span
from loyalty_async.reconcile import Agreement, Posting, Reason, Search, match_accounts, next_instant, settle
from tests.reconcile.books import CARD, DAY, MAIN, SECOND, START, entry, line

SPAN = Span(START - DAY, START + 400 * DAY)


def daily(count: int) -> list[Posting]:
    return [entry(number, START + number * DAY, line(MAIN, "1.00")) for number in range(count)]


def truth(postings: list[Posting], at: datetime) -> Decimal:
    return sum((each.lines[0].effect for each in postings if each.created_at < at), start=Decimal("0.000"))


def searched(listed: list[Posting], counted: list[Posting]) -> tuple[Search, int]:
    """Search until nothing more can be learnt, and count what was asked."""
    search, asked = Search(MAIN, SPAN, listed), 0
    search.learn({end: {MAIN: truth(counted, end)} for end in (SPAN.since, SPAN.until)})
    while (instant := search.next_instant()) is not None:
        search.learn({instant: {MAIN: truth(counted, instant)}})
        asked += 1
    return search, asked


@pytest.mark.parametrize("place", [0, 1, 137, 255])
def test_one_entry_of_hundreds_takes_about_log2_of_them(place: int) -> None:
    listed = daily(256)
    counted = [entry(9, each.created_at, line(MAIN, "1.50")) if each.event_log_id == place else each for each in listed]
    search, asked = searched(listed, counted)
    divergence = search.divergence(proved=True)
    assert divergence is not None
    assert (divergence.event_log_id, divergence.difference) == (place, Decimal("0.50"))
    assert divergence.since < listed[place].created_at < divergence.until
    assert asked <= 10  # log2 of 513 instants, and one for the other side.


def test_the_first_of_several_is_found() -> None:
    listed = daily(64)
    counted = [
        entry(9, each.created_at, line(MAIN, "3.00")) if each.event_log_id in {20, 41} else each for each in listed
    ]
    search, _ = searched(listed, counted)
    divergence = search.divergence(proved=True)
    assert divergence is not None
    assert divergence.event_log_id == 20


def test_nothing_is_asked_about_what_adds_up() -> None:
    search, asked = searched(daily(9), daily(9))
    assert (asked, search.divergence(proved=False)) == (0, None)


def test_points_without_an_entry_are_found_in_a_gap_and_told_from_what_follows() -> None:
    listed = daily(16)
    lost = entry(99, START + 5 * DAY + 9 * SECOND, line(MAIN, "7.00"))
    search, asked = searched(listed, [*listed, lost])
    divergence = search.divergence(proved=True)
    assert divergence is not None
    assert (divergence.event_log_ids, divergence.event_log_id, divergence.follows) == ((), None, 5)
    assert (divergence.since, divergence.until) == (lost.created_at, lost.created_at + SECOND)
    assert asked <= 6 + 17  # log2 of 33 instants, and of the seconds of a day.


def test_the_time_of_a_gap_is_not_halved_for_what_rounding_explains() -> None:
    search, asked = searched(daily(16), [*daily(16), entry(99, START + 5 * DAY + 9 * SECOND, line(MAIN, "0.0005"))])
    assert search.divergence(proved=True) is None
    assert asked <= 6


def test_an_instant_in_a_second_with_an_entry_is_not_learnt_from() -> None:
    search = Search(MAIN, SPAN, daily(3))
    search.learn({SPAN.since: {MAIN: Decimal(0)}, START + DAY: {MAIN: Decimal(77)}, SPAN.until: {MAIN: Decimal(3)}})
    assert [step.at for step in search.readings()] == [SPAN.since, SPAN.until]


def test_entries_in_neighbouring_seconds_are_named_together_and_the_uncounted_one_alone() -> None:
    listed = [entry(1, START, line(MAIN, "1.00")), entry(2, START + SECOND, line(MAIN, "2.00"))]
    search, asked = searched(listed, listed[:1])
    divergence = search.divergence(proved=True)
    assert divergence is not None
    assert (asked, divergence.event_log_ids, divergence.uncounted, divergence.event_log_id) == (2, (1, 2), 2, 2)


def test_an_entry_of_another_account_is_none_of_this_one() -> None:
    listed = [entry(1, START, line(CARD, "1.00")), entry(2, START + DAY, line(MAIN, "2.00"))]
    search, _ = searched(listed, [*listed[1:], entry(9, START, line(MAIN, "5.00"))])
    divergence = search.divergence(proved=True)
    assert divergence is not None
    assert (divergence.event_log_ids, divergence.follows) == ((), None)


def test_several_accounts_share_the_questions() -> None:
    listed = [entry(1, START, line(MAIN, "1.00"), line(CARD, "1.00"))]
    searches = [Search(account, SPAN, listed) for account in (MAIN, CARD)]
    for search in searches:
        search.learn({SPAN.since: {}, SPAN.until: {MAIN: Decimal(3), CARD: Decimal(4)}})
    assert next_instant(searches) == searches[0].next_instant() == searches[1].next_instant()


def test_what_rounding_explains_everywhere_stays_indeterminate() -> None:
    listed = daily(40)
    counted = [entry(each.event_log_id, each.created_at, line(MAIN, "1.004")) for each in listed]
    search, _ = searched(listed, counted)
    [verdict] = match_accounts(span=SPAN, opening={}, postings=listed, closing={MAIN: truth(counted, SPAN.until)})
    settled = settle(verdict, search)
    assert (settled.difference, settled.reason, settled.divergence) == (Decimal("0.160"), Reason.ROUNDING, None)


def test_what_rounding_of_all_explains_and_of_one_does_not_becomes_a_mismatch() -> None:
    listed = daily(40)
    counted = [entry(7, each.created_at, line(MAIN, "1.16")) if each.event_log_id == 7 else each for each in listed]
    search, _ = searched(listed, counted)
    [verdict] = match_accounts(span=SPAN, opening={}, postings=listed, closing={MAIN: truth(counted, SPAN.until)})
    assert verdict.reason is Reason.ROUNDING
    settled = settle(verdict, search)
    assert (settled.agreement, settled.reason) == (Agreement.MISMATCH, None)
    assert settled.divergence is not None
    assert settled.divergence.event_log_id == 7
    assert len(settled.readings) > 4
