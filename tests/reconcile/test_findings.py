from __future__ import annotations

import random
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from loyalty_async.reconcile import Agreement, Divergence, Step
from loyalty_async.reconcile.findings import Finding, findings_of, thinned
from tests.reconcile.books import SECOND, START
from tests.reconcile.runs import verdicts


def found() -> list[Finding]:
    return [finding for verdict in verdicts() for finding in findings_of(verdict, "a member")]


def test_a_member_of_whom_nothing_can_be_told_has_a_row() -> None:
    [row] = [row for row in found() if row.account is None]
    assert (row.agreement, row.reason, row.codes) == (Agreement.INDETERMINATE, "unreadable", (8015,))


def test_the_entries_about_a_divergence_are_kept_whole() -> None:
    for row in found():
        divergence = row.account.divergence if row.account else None
        if row.account is None or divergence is None:
            assert row.near == ()
            continue
        ids = [step.event_log_id for step in row.near]
        assert set(divergence.event_log_ids) <= set(ids)
        assert divergence.follows is None or divergence.follows in ids


@given(st.integers(1, 900), st.integers())
def test_thinning_keeps_the_ends_the_heights_and_the_depths(length: int, seed: int) -> None:
    rng = random.Random(seed)
    trail = [Step(at=START + number * SECOND, balance=Decimal(rng.randint(-1000, 1000))) for number in range(length)]
    parted = rng.choice(trail)
    thin = thinned(trail, Divergence(since=START, until=parted.at + SECOND, difference=Decimal(1)), 20)
    assert len(thin) <= min(length, 62)
    assert parted in thin
    assert (thin[0], thin[-1]) == (trail[0], trail[-1])
    for extreme in (max, min):
        assert extreme(step.balance for step in thin) == extreme(step.balance for step in trail)
    assert list(thin) == sorted(thin, key=lambda step: step.at)
