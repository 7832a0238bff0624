from __future__ import annotations

import functools
import hashlib
import itertools
import random
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

import attrs
import pytest

from loyalty_async import InvalidArgument, OutputError
from loyalty_async.export import arrivals
from loyalty_async.export.manifests import FileRecord, Manifest
from loyalty_async.export.runs import Done, Question, Run
from tests.export.children import start_process

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
FIRST = Run(number=1, since=None, asked_until=None, until=NOON, kept_from=NOON - timedelta(days=1))
SECOND = attrs.evolve(FIRST, number=2, until=NOON + timedelta(days=1), kept_from=NOON)
QUESTION = Question({"format": ".jsonl"})
A_FILE, MOST, KILLS = 3, 12, 30
OLD_SCHEMA = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE runs (
    number INTEGER PRIMARY KEY, since TEXT, asked_until TEXT, until TEXT, kept_from TEXT, complete INTEGER
);
CREATE TABLE units (
    member BLOB PRIMARY KEY, run INTEGER, job INTEGER, file INTEGER, rows INTEGER, recent BLOB
) WITHOUT ROWID;
CREATE TABLE files (number INTEGER PRIMARY KEY, name TEXT, run INTEGER, units INTEGER, rows INTEGER, bytes INTEGER,
    sha256 TEXT);
PRAGMA user_version = 1;
"""
"""Of the first release, as it was written: it stays readable."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "manifest.sqlite"


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let arrivals be many when they are a few."""
    monkeypatch.setattr(arrivals, "MOST_ARRIVALS", MOST)


def key(number: int) -> bytes:
    return hashlib.blake2b(b"%d" % number, digest_size=16).digest()


def units_of(number: int) -> list[Done]:
    """Give the units of a file; a unit's rows and its memory tell it from others."""
    numbers = range((number - 1) * A_FILE, number * A_FILE)
    return [Done(key(each), each + 1, b"recent %d" % each) for each in numbers]


def record(manifest: Manifest, number: int, run: Run = FIRST, job: int = 1) -> None:
    """Note a file and its units."""
    units = units_of(number)
    rows = sum(unit.rows for unit in units)
    file = FileRecord(
        number=number, name=f"f{number}", run=run.number, units=A_FILE, rows=rows, bytes=1, sha256="0" * 64
    )
    manifest.record(run, job, file, units)


def begun(path: Path, run: Run = FIRST) -> Manifest:
    manifest = Manifest.open(path, QUESTION)
    manifest.note(run)
    manifest.begin()
    return manifest


def require_exactly(manifest: Manifest, files: int) -> None:
    """Hold what every reader sees against so many files of the first run: nothing lost, nothing doubled."""
    assert [file.number for file in manifest.files()] == list(range(1, files + 1))
    units = [unit for number in range(1, files + 1) for unit in units_of(number)]
    known = manifest.known([key(number) for number in range((files + 2) * A_FILE)], manifest.runs())
    assert {each: one.recent for each, one in known.items()} == {unit.member: unit.recent for unit in units}
    assert sorted(manifest.unit_rows()) == [unit.rows for unit in units]
    assert manifest.unit_counts() == {file.number: (file.units, file.rows) for file in manifest.files()}
    assert manifest.done_count(FIRST) == len(units)
    assert manifest.problems() == []


def rows_of(path: Path) -> tuple[int, int]:
    """Count the arrivals, and what is merged."""
    with closing(sqlite3.connect(path)) as manifest:
        ((arrived,), (merged,)) = manifest.execute(
            "SELECT count(*) FROM arrivals UNION ALL SELECT count(*) FROM units"
        ).fetchall()
    return arrived, merged


def test_readers_see_arrivals_and_what_is_merged_alike(path: Path) -> None:
    manifest = begun(path)
    for number in range(1, 10):
        record(manifest, number)
        require_exactly(manifest, number)
    manifest.close()
    assert rows_of(path) == (3, 24)  # Merged twice, when twelve were there.
    for opened in (Manifest.look, functools.partial(Manifest.open, question=QUESTION)):
        manifest = opened(path)
        require_exactly(manifest, 9)
        manifest.close()


def test_the_next_process_appends_to_the_arrivals_of_the_last(path: Path) -> None:
    for number in range(1, 10):
        manifest = begun(path)
        record(manifest, number)
        manifest.close()
    assert rows_of(path) == (3, 24)
    manifest = Manifest.look(path)
    require_exactly(manifest, 9)
    manifest.close()


@pytest.mark.parametrize("between", [1, 4, 5], ids=["both arrive", "one is merged at once", "one is merged"])
def test_a_member_of_two_runs_is_there_once_as_the_later_one_left_it(between: int, path: Path) -> None:
    manifest = begun(path)
    for number in range(1, between + 1):
        record(manifest, number)
    manifest.note(SECOND)
    manifest.record(SECOND, 1, None, [Done(key(0), 7, b"later")])
    assert manifest.known([key(0)], manifest.runs())[key(0)].recent == b"later"
    assert (manifest.done_count(FIRST), manifest.done_count(SECOND)) == (between * A_FILE - 1, 1)
    for number in range(between + 1, 10):
        record(manifest, number)
    assert manifest.known([key(0)], manifest.runs())[key(0)].recent == b"later"
    assert (manifest.done_count(FIRST), manifest.done_count(SECOND)) == (9 * A_FILE - 1, 1)
    assert len(manifest.unit_rows()) == 9 * A_FILE
    manifest.close()


def test_a_file_that_could_not_be_noted_leaves_no_place_behind(path: Path) -> None:
    manifest = begun(path)
    for number in range(1, 4):
        record(manifest, number)
    with pytest.raises(OutputError, match="SQLITE_CONSTRAINT"):
        manifest.record(FIRST, 1, manifest.files()[0], units_of(9))
    record(manifest, 4)
    require_exactly(manifest, 4)
    manifest.close()


def images(path: Path, work: Callable[[Manifest], None], folder: Path) -> Iterator[Path]:
    """Work on a manifest, and give its files as they were on the disk before each statement: what a kill leaves."""
    manifest, count = begun(path), itertools.count()

    def copy(_statement: str) -> None:
        image = folder / str(next(count))
        image.mkdir()
        for each in path.parent.glob("manifest.sqlite*"):
            shutil.copy(each, image)

    manifest._connection.set_trace_callback(copy)
    work(manifest)
    manifest.close()
    for number in range(next(count)):
        yield folder / str(number) / path.name


def test_a_kill_before_any_statement_loses_and_doubles_nothing(path: Path, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()

    def work(manifest: Manifest) -> None:
        for number in range(1, 10):
            record(manifest, number)

    seen = []
    for image in images(path, work, tmp_path / "images"):
        manifest = begun(image)
        files = len(manifest.files())
        require_exactly(manifest, files)
        seen.append(files)
        for number in range(files + 1, 10):
            record(manifest, number)
        require_exactly(manifest, 9)
        manifest.close()
    assert seen == sorted(seen)
    assert set(seen) == set(range(10))


def _note_until_killed(path: Path, done: Connection) -> None:
    arrivals.MOST_ARRIVALS = MOST
    manifest = begun(path)
    for number in itertools.count(len(manifest.files()) + 1):
        record(manifest, number)
        done.send(number)


@pytest.mark.real_time
def test_what_was_noted_before_a_kill_is_there_and_nothing_twice(path: Path) -> None:
    rng, noted = random.Random(0), 0
    for _ in range(KILLS):
        receive, send = Pipe(duplex=False)
        process = start_process(_note_until_killed, path, send)
        send.close()
        noted = receive.recv()  # It is at work.
        time.sleep(rng.uniform(0.0, 0.02))
        process.kill()
        process.join()
        with suppress(EOFError):
            while True:
                noted = receive.recv()
        receive.close()
        manifest = Manifest.look(path)
        files = len(manifest.files())
        require_exactly(manifest, files)
        manifest.close()
        assert files in (noted, noted + 1)  # The last one was durable, and not told any more.
    assert rows_of(path)[1] > KILLS * A_FILE


def old(path: Path, files: int) -> None:
    """Write a manifest of version 1."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(OLD_SCHEMA)
        facts = {"question": QUESTION.text(), "secret": bytes(32), "jobs": 1}
        connection.executemany("INSERT INTO facts VALUES (?, ?)", facts.items())
        since, until = FIRST.kept_from.isoformat(), FIRST.until.isoformat()
        connection.execute("INSERT INTO runs VALUES (1, NULL, NULL, ?, ?, NULL)", [until, since])
        for number in range(1, files + 1):
            units = units_of(number)
            connection.execute(
                "INSERT INTO files VALUES (?, ?, 1, ?, ?, 1, ?)",
                [number, f"f{number}", len(units), sum(unit.rows for unit in units), "0" * 64],
            )
            connection.executemany(
                "INSERT INTO units VALUES (?, 1, 1, ?, ?, ?)",
                [(unit.member, number, unit.rows, unit.recent) for unit in units],
            )


@pytest.mark.parametrize("writable", [True, False])
def test_a_manifest_of_version_1_is_read_and_left_as_it_is(
    writable: bool, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old(path, 5)
    before = path.read_bytes()
    if not writable:
        monkeypatch.setattr("loyalty_async.export.manifests.os.access", lambda _path, _mode: False)
    manifest = Manifest.look(path)
    require_exactly(manifest, 5)
    manifest.close()
    assert path.read_bytes() == before


def test_an_export_goes_on_with_a_manifest_of_version_1(path: Path) -> None:
    old(path, 5)
    manifest = begun(path)
    require_exactly(manifest, 5)
    for number in range(6, 12):
        record(manifest, number)
        require_exactly(manifest, number)
    manifest.note(SECOND)
    manifest.record(SECOND, 2, None, [Done(key(0), 0, b"later")])
    assert manifest.known([key(0)], manifest.runs())[key(0)].recent == b"later"
    assert manifest.done_count(FIRST) == 11 * A_FILE - 1
    manifest.close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)


def test_a_manifest_of_version_1_that_is_refused_is_left_as_it_is(path: Path) -> None:
    old(path, 1)
    before = path.read_bytes()
    with pytest.raises(InvalidArgument, match="format differ"):
        Manifest.open(path, Question({"format": ".csv"}))
    assert path.read_bytes() == before
