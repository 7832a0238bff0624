from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_async.errors import InvalidArgument
from loyalty_async.models.ledger import EntryDetail, EntryMember, LedgerEntry
from loyalty_async.reconcile import Change, Comparison, Counts, Difference, compare_ledgers
from tests.reconcile.books import SECOND, START

pytestmark = pytest.mark.anyio


def made(number: int, offset_s: float = 0.0, points: str = "5.00", **fields: Any) -> LedgerEntry:
    return LedgerEntry(
        event_log_id=number,
        event_name="TransactionAdd",
        created_at=START + offset_s * SECOND,
        entry_details=(EntryDetail(ledger_entry_type="CREDIT", points=Decimal(points)),),
        **fields,
    )


async def served(entries: Iterable[LedgerEntry]) -> AsyncIterator[LedgerEntry]:
    for entry in entries:
        yield entry


async def compared(left: list[LedgerEntry], right: list[LedgerEntry]) -> tuple[Comparison, list[Difference]]:
    comparison = compare_ledgers(left, served(right))
    return comparison, [difference async for difference in comparison]


def counts(comparison: Comparison) -> tuple[int, int, int, int]:
    return attrs.astuple(comparison.counts)


async def test_equal_ledgers_match() -> None:
    """However many decimals were printed, and whatever else the server sends now."""
    comparison, found = await compared([made(1), made(2, 9)], [made(1, points="5.000"), made(2, 9, extra={"new": 1})])
    assert (found, counts(comparison), comparison.counts.is_clean) == ([], (2, 0, 0, 0), True)


async def test_each_kind_of_difference_is_named() -> None:
    left = [made(1), made(2, 1), made(3, 2), made(5, 4)]
    right = [made(1), made(3, 2, "6.00", store="Other"), made(4, 3), made(5, 50)]
    comparison, found = await compared(left, right)
    assert {each.event_log_id: (each.change, each.fields) for each in found} == {
        2: (Change.ONLY_LEFT, ()),
        3: (Change.CHANGED, ("entry_details", "store")),
        4: (Change.ONLY_RIGHT, ()),
        5: (Change.CHANGED, ("created_at",)),
    }
    assert counts(comparison) == (1, 2, 1, 1)
    assert not comparison.counts.is_clean


async def test_equal_rows_are_counted_off_one_against_one() -> None:
    """A group's event has a row for each member, with the same id."""
    comparison, found = await compared([made(1)] * 3, [made(1)] * 2)
    assert counts(comparison) == (2, 0, 1, 0)
    assert [each.change for each in found] == [Change.ONLY_LEFT]


@given(
    kept=st.lists(st.integers(0, 60), unique=True, max_size=30),
    gone=st.sets(st.integers(0, 60)),
    new=st.sets(st.integers(100, 130), max_size=8),
    changed=st.sets(st.integers(0, 60)),
)
async def test_every_difference_is_found_once_and_nothing_else(
    kept: list[int], gone: set[int], new: set[int], changed: set[int]
) -> None:
    left = sorted((made(number, number % 7) for number in kept), key=_place)
    after = [made(number, number % 7, "9.00" if number in changed else "5.00") for number in kept if number not in gone]
    right = sorted([*after, *(made(number, number % 7) for number in new)], key=_place)
    comparison, found = await compared(left, right)
    assert Counter(each.change for each in found) == Counter(
        [Change.ONLY_LEFT for number in kept if number in gone]
        + [Change.CHANGED for number in kept if number in changed - gone]
        + [Change.ONLY_RIGHT] * len(new)
    )
    assert comparison.counts.matched == len(set(kept) - gone - changed)


def _place(entry: LedgerEntry) -> tuple[Any, int]:
    return entry.created_at, entry.event_log_id


async def test_memory_is_bounded_when_two_ledgers_have_nothing_in_common(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has no partner is given up in good time; an entry that moved beyond that is told twice."""
    monkeypatch.setattr("loyalty_async.reconcile.ledgers._UNHELD", 10)
    left = [made(number, number) for number in range(50)]
    right = [attrs.evolve(each, created_at=each.created_at + timedelta(days=1)) for each in left]
    comparison, _ = await compared(left, right)
    assert counts(comparison) == (0, 0, 50, 50)


async def test_a_left_ledger_that_is_not_sorted_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="not sorted"):
        await compared([made(1, 5), made(2, 1)], [])


async def test_a_difference_can_be_shown_without_persons() -> None:
    """What they are called is gone, and so is what else the server sent; that it differs is still told."""
    then, now = (made(1, customer_details=EntryMember(first_name=name), extra={"x": name}) for name in ("Ann", "Bea"))
    _, [difference] = await compared([then], [now])
    assert difference.fields == ("customer_details",)
    shown = difference.without_persons()
    assert "Ann" not in str(attrs.asdict(shown))
    assert "Bea" not in str(attrs.asdict(shown))
    assert (shown.fields, shown.event_log_id) == (difference.fields, 1)
    assert Difference(change=Change.ONLY_LEFT, left=then).without_persons().right is None


async def test_what_parquet_does_not_keep_apart_is_no_difference() -> None:
    """An object in which nothing is known, an empty mapping, and an id as a number or a text."""
    then = made(1)
    now = made(1, customer_details=EntryMember(), net_alternate_currencies_on_event={})
    comparison, found = await compared([then], [now])
    assert (found, comparison.counts.matched) == ([], 1)
    left, right = (made(1, customer_details=EntryMember(user_id=number)) for number in (5, "5"))
    comparison, found = await compared([left], [right])
    assert (found, comparison.counts.matched) == ([], 1)


def test_counts_add_up() -> None:
    counted = Counts(matched=3)
    assert counted.is_clean
    counted.add(Counts(matched=1, changed=2, only_left=3, only_right=4))
    assert (counted, counted.total, counted.is_clean) == (Counts(4, 2, 3, 4), 13, False)
