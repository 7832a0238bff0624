"""What the server counted in a span is held against what its pieces brought."""

from datetime import UTC, datetime, timedelta

import pytest

from loyalty_async.models.spans import Span
from loyalty_async.planning.accounts import Account

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SPAN = Span(NOON, NOON + 3 * HOUR)
ASKED = Span(NOON - timedelta(seconds=1), NOON + 3 * HOUR + timedelta(seconds=1))


FIRST, MIDDLE, LAST = (Span(NOON + place * HOUR, NOON + (place + 1) * HOUR) for place in range(3))


def account(said: int, parent: Account | None = None, *, span: Span = SPAN, pieces: int = 2) -> Account:
    return Account(span, ASKED, said, pieces, parent)


def test_pieces_that_bring_what_was_said_close_it() -> None:
    whole = account(7)
    assert whole.enter(FIRST, 0, 3, 0) == []
    assert whole.enter(LAST, 0, 4, 0) == [whole]
    assert (whole.brought, whole.missing) == (7, 0)


def test_an_account_is_closed_only_once_all_its_pieces_are_in() -> None:
    whole = account(7, pieces=3)
    assert whole.enter(FIRST, 0, 3, 0) == []
    assert whole.enter(MIDDLE, 0, 1, 0) == []
    assert whole.enter(LAST, 0, 2, 0) == [whole]
    assert whole.missing == 1


@pytest.mark.parametrize(("brought", "missing"), [(6, 1), (7, 0), (8, 0)])
def test_a_span_is_doubtful_if_it_brought_too_little(brought: int, missing: int) -> None:
    """More may have arrived."""
    whole = account(7, pieces=1)
    whole.enter(SPAN, 0, brought, 0)
    assert (whole.missing, whole.doubtful) == (missing, missing > 0)


@pytest.mark.parametrize(("brought", "missing", "doubtful"), [(6, 1, True), (7, 0, False), (8, 0, True)])
def test_everything_is_doubtful_if_it_brought_too_much_too(brought: int, missing: int, doubtful: bool) -> None:
    """What arrives later is later than it."""
    everything = Account(SPAN, None, 7, 1)
    everything.enter(SPAN, 9, brought, 9)
    assert (everything.missing, everything.doubtful) == (missing, doubtful)


def test_everything_is_doubtful_if_its_beginning_is() -> None:
    """What is older and what has arrived may cancel out."""
    everything = Account(SPAN, None, 7, 1, sure=False)
    everything.enter(SPAN, 0, 7, 0)
    assert (everything.missing, everything.doubtful) == (0, True)


def test_the_root_of_an_account_is_that_of_the_whole() -> None:
    whole = account(7)
    piece = account(3, whole, span=FIRST)
    assert [one.root for one in (whole, piece, account(1, piece, span=FIRST))] == [whole] * 3


def test_what_an_earlier_walk_handed_out_was_brought() -> None:
    everything = Account(SPAN, None, 7, 1, earlier=5)
    assert everything.brought == 5
    everything.enter(SPAN, 0, 2, 5)
    assert (everything.brought, everything.doubtful) == (7, False)


@pytest.mark.parametrize("newest_first", [False, True])
def test_the_outer_margins_of_the_outermost_pieces_count(newest_first: bool) -> None:
    """What was said includes the margins of the request; those between pieces would be counted twice."""
    whole = account(3 + 4 + 2 + 5)
    pieces = [(FIRST, 3, 4, 100), (LAST, 100, 2, 5)]
    for span, before, kept, after in pieces[::-1] if newest_first else pieces:
        whole.enter(span, before, kept, after)
    assert whole.brought == 14


@pytest.mark.parametrize(("before", "after"), [(2, 5), (3, 4)])
def test_an_entry_missing_in_a_margin_is_missed(before: int, after: int) -> None:
    whole = account(14)
    whole.enter(FIRST, before, 4, 100)
    whole.enter(LAST, 100, 2, after)
    assert whole.missing == 1


def test_everything_has_no_margins() -> None:
    """An entry of a margin exists and was not handed out: behind the walk it is later, before it is a loss."""
    whole = Account(SPAN, None, 6, 2)
    whole.enter(FIRST, 1, 3, 0)
    whole.enter(LAST, 0, 2, 9)
    assert (whole.brought, whole.missing) == (5, 1)


def test_what_an_earlier_walk_handed_out_of_everything_counts() -> None:
    whole = Account(SPAN, None, 6, 1, kept=4)
    whole.enter(SPAN, 9, 2, 9)
    assert (whole.brought, whole.missing) == (6, 0)


def test_more_than_was_said_is_no_loss() -> None:
    """Entries may have arrived in between."""
    whole = account(3, pieces=1)
    assert whole.enter(SPAN, 0, 5, 0) == [whole]
    assert whole.missing == 0


def test_pieces_that_take_the_place_of_one_must_all_be_in() -> None:
    whole = account(3)
    whole.replace(2)
    assert whole.enter(FIRST, 0, 1, 0) == []
    assert whole.enter(MIDDLE, 0, 1, 0) == []
    assert whole.enter(LAST, 0, 1, 0) == [whole]


def test_a_piece_that_was_split_is_entered_in_the_whole_with_its_own_outer_margins() -> None:
    whole = account(20)
    first = account(9, whole, span=FIRST)
    half = NOON + HOUR / 2
    assert first.enter(Span(NOON, half), 1, 3, 50) == []
    assert first.enter(Span(half, FIRST.until), 50, 3, 2) == [first]
    second = account(14, whole, span=LAST)
    middle = LAST.since + HOUR / 2
    assert second.enter(Span(LAST.since, middle), 3, 6, 50) == []
    assert second.enter(Span(middle, LAST.until), 50, 1, 4) == [second, whole]
    assert whole.brought == 1 + 6 + 7 + 4
    assert whole.missing == 2


def test_all_accounts_that_a_piece_closes_are_named_the_innermost_first() -> None:
    outer = account(10, pieces=1)
    middle = account(8, outer, pieces=1)
    inner = account(5, middle, pieces=1)
    assert inner.enter(SPAN, 0, 4, 0) == [inner, middle, outer]


def test_a_shortage_is_not_made_up_for_by_a_piece_that_brought_more() -> None:
    outer = account(9)
    short, rich = account(5, outer, pieces=1), account(3, outer, pieces=1)
    short.enter(SPAN, 0, 4, 0)
    rich.enter(SPAN, 0, 5, 0)
    assert (short.missing, rich.missing, outer.missing) == (1, 0, 0)
