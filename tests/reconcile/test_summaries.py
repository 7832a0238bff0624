from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from loyalty_async.errors import InvalidArgument
from loyalty_async.reconcile import Agreement, Limit, Reason, Summary
from tests.reconcile.runs import MEMBERS, verdicts


def test_totals_add_up_over_all_members() -> None:
    """Opening + credits - debits = calculated, and calculated + difference = reported, in every account."""
    summary, seen = Summary(), list(verdicts())
    for verdict in seen:
        summary.add(verdict)
    assert (summary.members, sum(summary.agreements.values())) == (MEMBERS, MEMBERS)
    assert summary.reasons == {Reason.ROUNDING: 1, Reason.UNREADABLE: 1}
    for totals in summary.accounts:
        mine = [each for verdict in seen for each in verdict.accounts if each.account == totals.account]
        assert totals.members == len(mine)
        assert totals.difference == sum((each.difference for each in mine), start=Decimal(0))
        moved = totals.moved("CREDIT") + totals.moved("OPENING_BALANCE") - totals.moved("DEBIT")
        assert totals.opening + moved == totals.calculated
        assert totals.calculated + totals.difference == totals.reported
        assert totals.lines("CREDIT") == sum(
            movement.count for each in mine for movement in each.movements if movement.kind == "CREDIT"
        )


def test_the_worst_that_came_out_is_what_the_run_came_to() -> None:
    summary = Summary()
    assert Summary().agreement is Agreement.MATCH
    for verdict in verdicts():
        summary.add(verdict)
    assert summary.agreement is Agreement.MISMATCH


@pytest.mark.parametrize(
    ("limit", "wrong", "members", "passes"),
    [
        (Limit(), 99, 100, False),
        (Limit(mismatches=3), 3, 10, False),
        (Limit(mismatches=3), 4, 10, True),
        (Limit(mismatches=0), 1, 1, True),
        (Limit(percent=Decimal("2.5"), after=40), 1, 40, False),
        (Limit(percent=Decimal("2.4"), after=40), 1, 40, True),
        (Limit(percent=Decimal("2.4"), after=41), 1, 40, False),
        (Limit(percent=Decimal(0), after=1), 1, 1, True),
    ],
)
def test_a_limit_is_passed_beyond_it(limit: Limit, wrong: int, members: int, *, passes: bool) -> None:
    summary = Summary(members=members)
    summary.agreements[Agreement.MISMATCH] = wrong
    assert summary.passes(limit) is passes


@pytest.mark.parametrize(
    "options", [{"mismatches": -1}, {"percent": Decimal(101)}, {"percent": Decimal(-1)}, {"after": 0}]
)
def test_a_limit_that_cannot_be_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument, match=next(iter(options))):
        Limit(**options)


def test_a_repr_shows_no_member() -> None:
    summary = Summary()
    for verdict in verdicts():
        summary.add(verdict)
    assert "91740640" not in repr(summary)
