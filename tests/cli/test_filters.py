from __future__ import annotations

import pytest

from loyalty_async.cli.filters import BalanceFilters, Currencies, Filters
from loyalty_async.errors import InvalidArgument


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        (
            Currencies(include_alternate_currencies=True, alternate_currency_names=["Stars"]),
            "give --currency or --with-currencies, not both",
        ),
        (
            BalanceFilters(include_alternate_currencies=True, alternate_currency_names=["Stars"]),
            "give --currency or --with-currencies, not both",
        ),
        (
            Filters(include_alternate_currencies=True, alternate_currency_names=["Stars"]),
            "give --currency or --with-currencies, not both",
        ),
        (Filters(include_till_concept_events=True), "--with-concept-events needs --program-id"),
        (Filters(exclude_point_categories=True), "--without-points needs --with-currencies"),
        (Filters(till_ids=[1], store_id=2), "give only one of --till-id, --store-id, --store-code"),
        (Filters(store_id=2, store_code="x"), "give only one of --till-id, --store-id, --store-code"),
    ],
)
def test_what_does_not_go_together_is_refused(filters: Currencies, said: str) -> None:
    with pytest.raises(InvalidArgument, match=f"^{said}$"):
        filters.check()


@pytest.mark.parametrize(
    "filters",
    [
        Filters(),
        Filters(include_till_concept_events=True, program_id=1),
        Filters(exclude_point_categories=True, include_alternate_currencies=True),
        BalanceFilters(include_till_concept_events=True, till_id=1),
    ],
)
def test_what_goes_together_is_not(filters: Currencies) -> None:
    filters.check()


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (BalanceFilters(), False),
        (BalanceFilters(include_alternate_currencies=True), False),
        (BalanceFilters(till_id=1), True),
        (BalanceFilters(ledger_entry_type="DEBIT"), True),
        (BalanceFilters(point_category_type="REGULAR"), True),
    ],
)
def test_a_balance_says_whether_entries_are_left_out(filters: BalanceFilters, *, expected: bool) -> None:
    assert filters.are_there is expected
