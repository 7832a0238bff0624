from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_async.errors import (
    ConnectionFailedError,
    DeadlineExceededError,
    LoyaltyError,
    PendingEventsError,
    UnavailableError,
)
from loyalty_async.protocol.budgets import RetryBudget

BUSY = UnavailableError("busy")


@pytest.mark.parametrize(
    ("error", "cost"),
    [(BUSY, 5), (ConnectionFailedError("reset"), 5), (DeadlineExceededError("late"), 10), (PendingEventsError(), 0)],
)
def test_a_retry_costs_what_it_was_for(error: LoyaltyError, cost: int) -> None:
    budget = RetryBudget(100)
    assert budget.spend(error) == cost
    assert budget.left == 100 - cost


def test_an_empty_budget_pays_for_nothing() -> None:
    budget = RetryBudget(12)
    assert [budget.spend(BUSY) for _ in range(4)] == [5, 5, None, None]
    assert budget.left == 2


def test_a_success_pays_in_a_little_and_after_a_retry_what_that_cost() -> None:
    budget = RetryBudget(100)
    spent = budget.spend(DeadlineExceededError("late"))
    assert spent is not None
    budget.spend(BUSY)
    budget.succeed(spent)
    assert budget.left == 95
    for _ in range(20):
        budget.succeed(0)
    assert budget.left == 100


def test_all_that_is_in_flight_may_fail_five_times() -> None:
    assert RetryBudget.for_places(20).capacity == 500
    assert RetryBudget.for_places(100).capacity == 100 * 5 * 5


@given(st.lists(st.sampled_from([BUSY, DeadlineExceededError("late"), None]), max_size=300))
def test_it_never_holds_less_than_nothing_nor_more_than_fits(steps: list[LoyaltyError | None]) -> None:
    budget = RetryBudget(50)
    for step in steps:
        if step is None:
            budget.succeed(0)
        else:
            budget.spend(step)
        assert 0 <= budget.left <= 50
