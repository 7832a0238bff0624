"""What the server counted in a span is held against what its pieces brought."""

from datetime import UTC, datetime, timedelta

import pytest

from loyalty_async.models.spans import Span
from loyalty_async.planning.accounts import Account

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SPAN = Span(NOON, NOON + 2 * HOUR)
ASKED = Span(NOON - timedelta(seconds=1), NOON + 2 * HOUR + timedelta(seconds=1))


def account(said: int, parent: Account | None = None, *, last: bool = False) -> Account:
    return Account(SPAN, ASKED, said, parent, last=last)


def test_pieces_that_bring_what_was_said_close_it() -> None:
    whole = account(7)
    assert whole.enter(0, 3, 0, last=False) == []
    assert whole.enter(0, 4, 0, last=True) == []
    assert (whole.brought, whole.missing) == (7, 0)


def test_an_account_is_short_only_once_its_last_piece_is_in() -> None:
    whole = account(7)
    assert whole.enter(0, 3, 0, last=False) == []
    assert whole.enter(0, 3, 0, last=True) == [whole]
    assert whole.missing == 1


def test_the_outer_margins_of_the_outermost_pieces_count() -> None:
    """What was said includes the margins of the request; those between pieces would be counted twice."""
    whole = account(3 + 4 + 2 + 5)
    assert whole.enter(3, 4, 100, last=False) == []
    assert whole.enter(100, 2, 5, last=True) == []
    assert whole.brought == 14


@pytest.mark.parametrize(("before", "after"), [(2, 5), (3, 4)])
def test_an_entry_missing_in_a_margin_is_missed(before: int, after: int) -> None:
    whole = account(14)
    whole.enter(before, 4, 100, last=False)
    assert whole.enter(100, 2, after, last=True) == [whole]


def test_a_first_piece_without_a_margin_is_the_first_all_the_same() -> None:
    whole = account(6)
    whole.enter(0, 4, 0, last=False)
    assert whole.enter(9, 1, 0, last=True) == [whole]
    assert whole.brought == 5


def test_everything_has_no_margins() -> None:
    """An entry of a margin exists and was not handed out: behind the walk it is later, before it is a loss."""
    whole = Account(SPAN, None, 6)
    whole.enter(1, 3, 0, last=False)
    assert whole.enter(0, 2, 9, last=True) == [whole]
    assert (whole.brought, whole.missing) == (5, 1)


def test_more_than_was_said_is_no_loss() -> None:
    """Entries may have arrived in between."""
    whole = account(3)
    assert whole.enter(0, 5, 0, last=True) == []
    assert whole.missing == 0


def test_a_piece_that_was_split_is_entered_in_the_whole_with_its_own_outer_margins() -> None:
    whole = account(20)
    first = account(9, whole)
    assert first.enter(1, 3, 50, last=False) == []
    assert first.enter(50, 3, 2, last=True) == []
    second = account(14, whole, last=True)
    assert second.enter(3, 6, 50, last=False) == []
    assert second.enter(50, 1, 4, last=True) == [whole]
    assert whole.brought == 1 + 6 + 7 + 4
    assert whole.missing == 2


def test_all_accounts_that_a_piece_closes_short_are_named_the_innermost_first() -> None:
    outer = account(10)
    middle = account(8, outer, last=True)
    inner = account(5, middle, last=True)
    assert inner.enter(0, 4, 0, last=True) == [inner, middle, outer]


def test_a_shortage_is_not_made_up_for_by_a_piece_that_brought_more() -> None:
    outer = account(9)
    short, rich = account(5, outer), account(3, outer, last=True)
    assert short.enter(0, 4, 0, last=True) == [short]
    assert rich.enter(0, 5, 0, last=True) == []
