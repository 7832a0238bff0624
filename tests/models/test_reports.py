"""A report tells how far a walk can be trusted."""

import json
from datetime import UTC, datetime, timedelta

import attrs
import pytest

from loyalty_async.models.reports import Report, Verdict
from loyalty_async.models.spans import Span

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


EVERYTHING = Report(
    verdict=Verdict.PENDING,
    doubt="it moved",
    since=NOW,
    until=NOW + timedelta(days=1),
    covered=Span(NOW, NOW + timedelta(hours=1)),
    entries=1,
    said=2,
    seen=3,
    parts=4,
    splits=5,
    rereads=6,
    pages=7,
    clamps=8,
    page_size=9,
    requests=10,
    retries=11,
    waited_s=1.25,
    warnings={9018: 12},
    unfamiliar={"newField": 13},
)


def test_a_report_as_json_is_written_with_its_own_names() -> None:
    """A dashboard reads it: a name that changes breaks it."""
    document = EVERYTHING.as_json()
    assert json.loads(json.dumps(document)) == document  # As it comes back from a file.
    assert document == {
        "verdict": "pending",
        "doubt": "it moved",
        "since": "2025-01-01T00:00:00+00:00",
        "until": "2025-01-02T00:00:00+00:00",
        "covered": ["2025-01-01T00:00:00+00:00", "2025-01-01T01:00:00+00:00"],
        "entries": 1,
        "said": 2,
        "seen": 3,
        "parts": 4,
        "splits": 5,
        "rereads": 6,
        "pages": 7,
        "clamps": 8,
        "page_size": 9,
        "requests": 10,
        "retries": 11,
        "waited_s": 1.25,
        "warnings": {"9018": 12},
        "unfamiliar": {"newField": 13},
    }


def test_a_report_as_json_has_every_field() -> None:
    assert list(EVERYTHING.as_json()) == [field.name for field in attrs.fields(Report)]


def test_what_a_new_report_has_not_is_null_as_json() -> None:
    document = Report(verdict=Verdict.PARTIAL, since=None, until=NOW).as_json()
    assert [name for name, value in document.items() if value is None] == ["doubt", "since", "covered", "page_size"]
    assert type(document["verdict"]) is str
    json.dumps(document)
