"""Jobs carry where their entries are accounted for."""

from datetime import UTC, datetime, timedelta

import pytest

from loyalty_async.models.spans import Span
from loyalty_async.planning.accounts import Account
from loyalty_async.planning.jobs import Job, Part
from tests._support.ledger_server import entries_at
from tests._support.readings import terms

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
SPAN = Span(NOON, NOON + timedelta(hours=1))


def test_a_part_that_nobody_counted_closes_nothing() -> None:
    assert Part(Job(SPAN), entries_at([NOON])).enter() == []


def test_a_part_enters_its_entries_and_both_margins() -> None:
    noon = Span(NOON, NOON + timedelta(minutes=1))
    account = Account(SPAN, SPAN, 7, 2)
    assert Part(Job(noon, account), entries_at([NOON]), before=2, after=9).enter() == []
    rest = Part(Job(Span(noon.until, SPAN.until), account), entries_at([NOON, NOON]), before=9, after=1)
    assert rest.enter() == [account]
    assert account.brought == 2 + 3 + 1


@pytest.mark.parametrize(
    ("settled", "enough", "page_size", "pages"),
    [
        (True, None, 100, 10),
        (False, None, 100, 1),
        (False, 999, 100, 1),
        (True, 20, 100, 1),
        (True, 101, 100, 2),
        (True, 20, 3, 7),
        (True, 9999, 10, 10),
        (True, 5, 0, 10),
    ],
)
def test_a_span_is_walked_by_offset_if_it_is_settled_and_no_further_than_needed(
    settled: bool, enough: int | None, page_size: int, pages: int
) -> None:
    under = terms(settled_before=SPAN.until if settled else SPAN.since, enough=enough)
    assert under.pages_at_once(SPAN, page_size) == pages
