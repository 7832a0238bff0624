from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import pytest

from loyalty_async import InvalidArgument, OutputError
from loyalty_async.export.manifests import FileRecord, Manifest
from loyalty_async.export.runs import Done, Question, Run

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
FIRST = Run(number=1, since=None, asked_until=None, until=NOON, kept_from=NOON - timedelta(days=1))
SECOND = attrs.evolve(FIRST, number=2, until=NOON + timedelta(days=1), kept_from=NOON)
QUESTION = Question({"format": ".jsonl"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "manifest.sqlite"


def key(number: int) -> bytes:
    return number.to_bytes(16, "big")


def file(number: int, units: int, rows: int) -> FileRecord:
    return FileRecord(number=number, name=f"f{number}", run=1, units=units, rows=rows, bytes=1, sha256="0" * 64)


def begun(manifest: Manifest, run: Run) -> int:
    manifest.note(run)
    return manifest.begin()


def test_what_was_noted_is_known_to_the_next_process(path: Path) -> None:
    manifest = Manifest.open(path, QUESTION)
    job = begun(manifest, FIRST)
    manifest.record(FIRST, job, file(1, 1, 7), [Done(key(1), 7, b"recent"), Done(key(2), 0)])
    manifest.close()
    manifest = Manifest.open(path, QUESTION)
    known = manifest.known([key(3), key(2), key(1)], manifest.runs())
    assert {each: (one.run, one.job, one.until, one.recent) for each, one in known.items()} == {
        key(1): (1, 1, NOON, b"recent"),
        key(2): (1, 1, NOON, b""),
    }
    assert manifest.unit_counts() == {1: (1, 7)}
    assert manifest.begin() == 2
    manifest.close()


def test_any_number_of_members_is_asked_for_at_once(path: Path) -> None:
    manifest = Manifest.open(path, QUESTION)
    manifest.record(FIRST, begun(manifest, FIRST), None, [Done(key(number), 0) for number in range(0, 3_000, 2)])
    known = manifest.known([key(number) for number in range(3_000)], manifest.runs())
    assert sorted(known) == [key(number) for number in range(0, 3_000, 2)]
    assert manifest.known([], manifest.runs()) == {}
    manifest.close()


def test_a_later_run_takes_the_place_of_an_earlier_one(path: Path) -> None:
    manifest = Manifest.open(path, QUESTION)
    for run in (FIRST, SECOND):
        job = begun(manifest, run)
        manifest.record(run, job, None, [Done(key(1), 0)])
    assert (manifest.done_count(FIRST), manifest.done_count(SECOND)) == (0, 1)
    assert manifest.known([key(1)], manifest.runs())[key(1)].until == SECOND.until
    manifest.close()


def test_units_are_noted_with_their_file_or_not_at_all(path: Path) -> None:
    manifest = Manifest.open(path, QUESTION)
    job = begun(manifest, FIRST)
    manifest.record(FIRST, job, file(1, 1, 1), [Done(key(1), 1)])
    with pytest.raises(OutputError, match=r"the manifest cannot be written \(SQLITE_CONSTRAINT"):
        manifest.record(FIRST, job, file(1, 1, 1), [Done(key(2), 1)])
    assert manifest.known([key(2)], manifest.runs()) == {}
    manifest.close()


def test_another_question_is_refused_and_the_manifest_is_left_closed(path: Path) -> None:
    manifest = Manifest.open(path, QUESTION)
    begun(manifest, FIRST)
    manifest.close()
    with pytest.raises(InvalidArgument, match="format differ"):
        Manifest.open(path, Question({"format": ".csv"}))
    Manifest.open(path, QUESTION).close()


def test_a_manifest_is_looked_at_where_nothing_can_be_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = Manifest.open(path, QUESTION)
    begun(manifest, FIRST)
    manifest.close()
    before = {each.name: each.stat().st_mtime_ns for each in path.parent.iterdir()}
    monkeypatch.setattr("loyalty_async.export.manifests.os.access", lambda _path, _mode: False)
    looked = Manifest.look(path)
    assert looked.runs() == [FIRST]
    assert (looked.problems(), looked.files()) == ([], [])
    with pytest.raises(OutputError, match="SQLITE_READONLY"):
        looked.complete(FIRST)
    looked.close()
    assert {each.name: each.stat().st_mtime_ns for each in path.parent.iterdir()} == before


def test_a_log_that_was_not_put_in_order_cannot_be_left_out(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = Manifest.open(path, QUESTION)
    monkeypatch.setattr("loyalty_async.export.manifests.os.access", lambda _path, mode: mode != os.W_OK)
    with pytest.raises(OutputError, match="an export is at work here, or was killed"):
        Manifest.look(path)
    manifest.close()
