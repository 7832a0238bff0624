from __future__ import annotations

import random
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from loyalty_async.reconcile import Agreement, Findings, Step
from loyalty_async.reconcile.findings import thinned
from tests.reconcile.books import SECOND, START
from tests.reconcile.runs import verdicts


def found(most: int = 1_000) -> Findings:
    findings = Findings(most)
    for verdict in verdicts():
        findings.add(verdict, "a member")
    return findings


def test_mismatches_come_first_and_the_largest_before_the_rest() -> None:
    rows = found().rows
    kinds = [row.agreement for row in rows]
    assert kinds == sorted(kinds, key=[Agreement.MISMATCH, Agreement.INDETERMINATE].index)
    sizes = [row.account.difference.copy_abs() for row in rows if row.agreement is Agreement.MISMATCH and row.account]
    assert sizes == sorted(sizes, reverse=True)


def test_only_the_heaviest_are_kept_and_all_are_counted() -> None:
    everything, few = found(), found(3)
    assert few.rows == everything.rows[:3]
    assert few.seen == everything.seen == len(everything.rows)


def test_a_member_of_whom_nothing_can_be_told_has_a_row() -> None:
    [row] = [row for row in found().rows if row.account is None]
    assert (row.agreement, row.reason, row.codes) == (Agreement.INDETERMINATE, "unreadable", (8015,))


def test_the_entries_about_a_divergence_are_kept_whole() -> None:
    for row in found().rows:
        divergence = row.account.divergence if row.account else None
        if row.account is None or divergence is None:
            assert row.near == ()
            continue
        ids = [step.event_log_id for step in row.near]
        assert set(divergence.event_log_ids) <= set(ids)
        assert divergence.follows is None or divergence.follows in ids


def test_a_page_of_a_thousand_rows_is_enough_for_any_number_of_members() -> None:
    findings = Findings()
    several = [verdict for verdict in verdicts() if verdict.unmatched]
    for verdict in several * 200:
        findings.add(verdict, "a member")
    assert len(findings.rows) == findings.most
    assert findings.seen > findings.most


@given(st.integers(1, 900), st.integers())
def test_thinning_keeps_the_ends_the_heights_and_the_depths(length: int, seed: int) -> None:
    rng = random.Random(seed)
    trail = [Step(at=START + number * SECOND, balance=Decimal(rng.randint(-1000, 1000))) for number in range(length)]
    thin = thinned(trail, 20)
    assert len(thin) <= min(length, 61)
    assert (thin[0], thin[-1]) == (trail[0], trail[-1])
    for extreme in (max, min):
        assert extreme(step.balance for step in thin) == extreme(step.balance for step in trail)
    assert list(thin) == sorted(thin, key=lambda step: step.at)
