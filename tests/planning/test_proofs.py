"""Pages prove that they are everything, or it is said why not."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import attrs
import pytest

from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.pages import LedgerPage, Paging
from loyalty_async.models.spans import Span
from loyalty_async.planning.jobs import PageRequest
from loyalty_async.planning.proofs import event_log_id, foreign_offset, incomplete, stray_page, whole, why_not
from tests._support.ledger_server import LedgerServer, entries_at, entry

SECOND = timedelta(seconds=1)
MICROSECOND = timedelta(microseconds=1)
NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def pages() -> list[LedgerPage]:
    """Three honest pages of ten, ten and five."""
    server = LedgerServer(ledger=entries_at([NOON + number * SECOND for number in range(25)]), most=10)
    return [server.answer(PageRequest(None, number), 100) for number in range(3)]


def page(rows: Sequence[LedgerEntry], *, number: int = 0, size: int = 10, total: int, count: int = 1) -> LedgerPage:
    paging = Paging(page_number=number, page_size=size, total_entries=total, page_count=count)
    return LedgerPage(paging=paging, entries=tuple(rows))


def with_paging(changed: LedgerPage, **figures: Any) -> LedgerPage:
    return attrs.evolve(changed, paging=attrs.evolve(changed.paging, **figures))


def test_honest_pages_are_a_proof(pages: list[LedgerPage]) -> None:
    assert why_not(pages) is None


def test_one_page_may_be_all_pages(pages: list[LedgerPage]) -> None:
    assert why_not([with_paging(pages[0], total_entries=10, page_count=1)]) is None


@pytest.mark.parametrize("number", [0, 1, 2])
def test_each_page_must_be_the_one_asked_for(pages: list[LedgerPage], number: int) -> None:
    pages[number] = with_paging(pages[number], page_number=number + 1)
    assert why_not(pages) == "the server answered with another page than the one asked for"


@pytest.mark.parametrize("figure", ["total_entries", "page_count", "page_size"])
@pytest.mark.parametrize("number", [0, 1, 2])
def test_totals_must_be_the_same_on_all_pages(pages: list[LedgerPage], figure: str, number: int) -> None:
    pages[number] = with_paging(pages[number], **{figure: 26})
    assert why_not(pages) == "the server's totals changed from page to page"


@pytest.mark.parametrize("figures", [{"page_count": 2}, {"page_count": 4}, {"page_size": 0}, {"page_size": 25}])
def test_the_page_count_must_fit_the_total(pages: list[LedgerPage], figures: dict[str, int]) -> None:
    told = [with_paging(each, **figures) for each in pages]
    assert why_not(told) == "the server's page count does not fit its total"


@pytest.mark.parametrize("total", [24, 26])
def test_the_entries_must_be_as_many_as_was_said(pages: list[LedgerPage], total: int) -> None:
    told = [with_paging(each, total_entries=total) for each in pages]
    assert why_not(told) == "the server served another number of entries than it counted"


def test_no_entry_may_stand_on_two_pages(pages: list[LedgerPage]) -> None:
    """Though the numbers add up: another is missing then."""
    pages[2] = attrs.evolve(pages[2], entries=(pages[0].entries[0], *pages[2].entries[1:]))
    assert why_not(pages) == "an entry stands on two pages"


def test_rows_of_one_event_may_stand_on_one_page(pages: list[LedgerPage]) -> None:
    """A group's event has a row for each member; even equal rows are real."""
    twice = pages[1].entries[0]
    pages[1] = attrs.evolve(pages[1], entries=(twice, twice, twice, *pages[1].entries[3:]))
    assert why_not(pages) is None


def test_rows_of_one_event_on_two_pages_are_told_apart_by_the_whole_row() -> None:
    rows = [entry(7, NOON, customer) for customer in range(4)]
    halves = [page(rows[:2], total=4, count=2, size=2), page(rows[2:], number=1, total=4, count=2, size=2)]
    assert why_not(halves, event_log_id) == "an entry stands on two pages"
    assert why_not(halves, lambda row: row) is None


def test_one_answer_that_holds_all_it_counts_is_whole(pages: list[LedgerPage]) -> None:
    assert whole(with_paging(pages[0], total_entries=10, page_count=1))


def test_an_empty_answer_may_count_no_page() -> None:
    assert whole(page([], total=0, count=0))


@pytest.mark.parametrize(
    "figures", [{"total_entries": 11}, {"total_entries": 9}, {"page_number": 1}, {"page_count": 2}, {"page_count": 3}]
)
def test_one_answer_is_not_whole_if_a_figure_is_off(pages: list[LedgerPage], figures: dict[str, int]) -> None:
    """More pages than one contradict a total that is on this one."""
    assert not whole(with_paging(pages[0], **({"total_entries": 10, "page_count": 1} | figures)))


@pytest.mark.parametrize("offset", [timedelta(0), SECOND, 2 * SECOND])
def test_dates_that_are_allowed_are_no_strays(offset: timedelta) -> None:
    """Both ends included: whether the server includes them is not known."""
    assert stray_page([page([entry(1, NOON + offset)], total=1)], Span(NOON, NOON + 2 * SECOND)) is None


@pytest.mark.parametrize("moment", [NOON - MICROSECOND, NOON + 2 * SECOND + MICROSECOND])
def test_a_date_beyond_is_a_stray_and_its_page_is_named(moment: datetime) -> None:
    fine = page([entry(1, NOON)], total=3)
    strange = page([entry(2, NOON), entry(3, moment)], number=1, total=3)
    assert stray_page([fine, strange], Span(NOON, NOON + 2 * SECOND)) == 1


def test_the_error_says_what_and_where() -> None:
    error = incomplete("it does not add up", Span(NOON, NOON + SECOND), 3)
    assert (error.reason, error.since, error.until, error.page) == ("it does not add up", NOON, NOON + SECOND, 3)
    assert str(error) == (
        "the ledger cannot be proved complete: it does not add up "
        "([2025-03-01T12:00:00+00:00, 2025-03-01T12:00:01+00:00), page 3)"
    )
    assert "page" not in str(incomplete("it does not add up", Span(NOON, NOON + SECOND)))


def test_the_error_may_say_what_helps_behind_what_and_where() -> None:
    error = incomplete("it does not add up", Span(NOON, NOON + SECOND), advice="; try again")
    assert error.reason == "it does not add up"
    assert str(error) == (
        "the ledger cannot be proved complete: it does not add up "
        "([2025-03-01T12:00:00+00:00, 2025-03-01T12:00:01+00:00)); try again"
    )


@pytest.mark.parametrize(
    ("zone", "told"), [(UTC, "+0530"), (ZoneInfo("Asia/Kolkata"), None), (ZoneInfo("Europe/Berlin"), "+0530")]
)
def test_an_offset_that_is_not_that_of_the_zone_is_found(zone: tzinfo, told: str | None) -> None:
    """A request's dates would be read by another clock, and the newest hours would be missing without a sign."""
    kolkata = timezone(timedelta(hours=5, minutes=30))
    page = LedgerPage(
        paging=Paging(page_number=0, page_size=10, total_entries=1, page_count=1),
        entries=(entry(1, datetime(2025, 3, 1, 12, tzinfo=kolkata)),),
    )
    assert foreign_offset([page], zone) == told
