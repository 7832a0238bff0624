from __future__ import annotations

from pathlib import Path

import pytest

from loyalty_async.reconcile import Rules, UnwrittenReport
from tests.reconcile.runs import MEMBERS, SPAN, verdicts


def test_it_counts_and_keeps_the_worst_and_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    report = UnwrittenReport(SPAN, Rules())
    for verdict in verdicts():
        assert not report.passes(verdict.member)
        report.summary.add(verdict)
        report.add(verdict)
        assert report.passes(verdict.member)
    assert (report.summary.members, report.journal.repeated) == (MEMBERS, MEMBERS)
    assert len(report.findings) == report.findings.seen == 10
    assert next(iter(report.findings)).member == "mobile=•••0006"
    report.close()
    assert list(tmp_path.iterdir()) == []
