"""Jobs carry where their entries are accounted for."""

from datetime import UTC, datetime, timedelta

from loyalty_async.models.spans import Span
from loyalty_async.planning.accounts import Account
from loyalty_async.planning.jobs import Job, Part
from tests._support.ledger_server import entries_at

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
SPAN = Span(NOON, NOON + timedelta(hours=1))


def test_a_part_that_nobody_counted_closes_nothing() -> None:
    assert Part(Job(SPAN), entries_at([NOON])).enter() == []


def test_a_part_enters_its_entries_and_both_margins() -> None:
    account = Account(SPAN, SPAN, 7)
    assert Part(Job(SPAN, account), entries_at([NOON]), before=2, after=9).enter() == []
    assert Part(Job(SPAN, account, last=True), entries_at([NOON, NOON]), before=9, after=1).enter() == [account]
    assert account.brought == 2 + 3 + 1
