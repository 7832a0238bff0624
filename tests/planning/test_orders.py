"""Entries have one order, in whichever order they come."""

from decimal import Decimal
from random import Random

import attrs
from hypothesis import given
from hypothesis import strategies as st

from loyalty_async.models.ledger import EntryDetail, LedgerEntry
from loyalty_async.planning.orders import in_order
from tests._support.ledger_server import entry
from tests._support.walks import MICROSECOND, NOON, SECOND


def with_points(row: LedgerEntry, points: str) -> LedgerEntry:
    return attrs.evolve(row, entry_details=(EntryDetail(ledger_entry_type="CREDIT", points=Decimal(points)),))


def test_entries_are_ordered_by_date_then_by_event() -> None:
    """Not by event first: imports are back-dated."""
    late, early = entry(1, NOON + MICROSECOND), entry(9, NOON)
    tenth, second = entry(10, NOON + SECOND), entry(2, NOON + SECOND)
    assert in_order([tenth, late, second, early]) == [early, late, second, tenth]


def test_the_rows_of_one_event_are_ordered_by_customer_as_a_number() -> None:
    rows = [entry(7, NOON, customer) for customer in (None, 2, 10)]
    assert in_order(rows[::-1]) == rows


def test_descending_is_the_very_reverse() -> None:
    rows = [entry(7, NOON), entry(7, NOON, 1), entry(7, NOON, 2), entry(8, NOON), entry(1, NOON + SECOND)]
    assert in_order(rows) == rows
    assert in_order(rows, descending=True) == rows[::-1]


def test_rows_that_differ_in_nothing_but_their_points_come_in_one_order() -> None:
    """So that a walk can be taken up between them, however the server sorts them that day."""
    rows = [with_points(entry(7, NOON, 1), points) for points in ("1", "2", "3", "4")]
    orders = [in_order(Random(seed).sample(rows, 4)) for seed in range(20)]
    assert all(order == orders[0] for order in orders)


def test_equal_rows_all_stay() -> None:
    assert in_order([entry(7, NOON)] * 3, descending=True) == [entry(7, NOON)] * 3


alike = st.builds(
    lambda date, event, customer, points: with_points(entry(event, NOON + date * SECOND, customer), points),
    st.integers(0, 1),
    st.integers(1, 2),
    st.sampled_from([None, 1, 2]),
    st.sampled_from(["1", "2"]),
)


@given(st.lists(alike, max_size=12), st.booleans(), st.randoms(use_true_random=False))
def test_one_order_comes_of_any(rows: list[LedgerEntry], descending: bool, random: Random) -> None:
    ordered = in_order(rows, descending=descending)
    assert in_order(random.sample(rows, len(rows)), descending=descending) == ordered
    assert in_order(rows, descending=not descending) == ordered[::-1]
    assert sorted(map(str, ordered)) == sorted(map(str, rows))
