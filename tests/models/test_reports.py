"""A report tells how far a walk can be trusted."""

from datetime import UTC, datetime

import attrs
import pytest

from loyalty_async.models.reports import Report, Verdict

NOW = datetime(2025, 1, 1, tzinfo=UTC)


def test_a_verdict_reads_as_a_word() -> None:
    assert {f"{verdict}" for verdict in Verdict} == {"complete", "partial", "pending", "failed"}


def test_a_report_is_frozen_and_hashable_with_its_counts() -> None:
    report = Report(verdict=Verdict.COMPLETE, since=NOW, until=NOW, warnings={9018: 2}, unfamiliar={"newField": 1})
    assert len({report, attrs.evolve(report)}) == 1
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        report.entries = 7  # type: ignore[misc]


def test_a_new_report_has_counted_nothing() -> None:
    report = Report(verdict=Verdict.PARTIAL, since=None, until=NOW)
    counts = (report.entries, report.parts, report.splits, report.pages, dict(report.warnings), dict(report.unfamiliar))
    assert counts == (0, 0, 0, 0, {}, {})
