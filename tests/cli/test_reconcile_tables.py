from __future__ import annotations

from itertools import islice

import pytest

from loyalty_async.cli.reconcile_tables import reconcile_tables
from loyalty_async.reconcile import Findings, Summary, named
from tests.cli.conftest import drawn
from tests.reconcile.runs import verdicts


@pytest.mark.parametrize(
    ("reported", "where"), [(True, "all are in the report"), (False, "--report writes all of them")]
)
def test_totals_and_the_worst_differences_are_shown_exactly(where: str, *, reported: bool) -> None:
    summary, findings = Summary(), Findings()
    for verdict in verdicts():
        summary.add(verdict)
        findings.add(verdict, named(verdict.member))
    lines = drawn(reconcile_tables(summary, islice(findings, 4), seen=findings.seen, reported=reported))
    text = "\n".join(lines)
    assert all(len(line) <= 80 for line in lines)
    for totals in summary.accounts:
        assert format(totals.calculated, "f") in text
    assert "-1234.560" in text
    assert "mobile=•••" in text
    assert f"4 of {findings.seen} differences; {where}" in text
    rows = [line for line in lines if line.startswith(("Main", "promised", "Stars"))]
    assert len({line.index(".") for line in rows}) == 1
