"""A folder and its manifest stay whole, whatever ends the process between two steps."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from loyalty_async import Customer, LedgerEntry, OutputError
from loyalty_async.export import Csv, FileLimits, JsonLines, Parquet, Sink, verify_export
from loyalty_async.export import files as files_module
from loyalty_async.export import units as units_module
from loyalty_async.export.files import MANIFEST, FileStore
from loyalty_async.export.manifests import Manifest
from loyalty_async.export.members import Listed
from loyalty_async.export.runs import Run
from loyalty_async.export.sinks import batches as batches_module
from loyalty_async.export.stores import Store
from loyalty_async.export.units import Recent, Unit, member_key
from tests.export.conftest import NOON
from tests.export.outputs import rows_of

RUN = Run(number=1, since=None, asked_until=None, until=NOON, kept_from=NOON)
MEMBERS = [Customer.by_id(number, source="INSTORE") for number in range(1, 7)]


def opened(sink: Sink) -> Store:
    store = sink.open(sink.question(raw=False), raw=False)
    store.begin(RUN)
    return store


def unit(store: Store, member: Customer, entries: int = 2) -> Unit:
    made = Unit(
        listed=Listed(member, 1),
        key=member_key(member, store.secret),
        since=None,
        written_until=None,
        kept_from=NOON,
        spool=store.spool(1_000),
        recent=Recent(frozenset()),
    )
    lines, made.rows = store.encoder(member)(
        [
            LedgerEntry(event_log_id=number, event_name="X", created_at=NOON - timedelta(days=1))
            for number in range(entries)
        ]
    )
    made.spool.add(lines)
    return made


def put(store: Store, made: Unit) -> None:
    """Have a store take a unit, as an export does."""
    try:
        assert list(store.write(made)) == []
    finally:
        made.spool.close()


def export(sink: Sink) -> None:
    """Do what is not done, each member in a file of its own."""
    store = opened(sink)
    try:
        keys = [member_key(member, store.secret) for member in MEMBERS]
        for member, known in zip(MEMBERS, store.known(keys), strict=True):
            if known is None:
                put(store, unit(store, member))
                store.commit()
        store.complete()
    finally:
        store.close()


class Killed(BaseException):
    """The process ends here."""


def after(steps: int, step: Callable[..., Any], *, done: bool) -> Callable[..., Any]:
    """Let a step kill the process at the so-manieth time, before or after it is done."""
    left = [steps]

    def wrapped(*arguments: Any, **named: Any) -> Any:
        left[0] -= 1
        if left[0] == 0 and not done:
            raise Killed
        result = step(*arguments, **named)
        if left[0] == 0:
            raise Killed
        return result

    return wrapped


STEPS = [(os, "fsync"), (Path, "rename"), (files_module, "sync_folder"), (Manifest, "note"), (Manifest, "record")]


@pytest.mark.parametrize("kind", [JsonLines, Csv, Parquet])
@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("holder_and_name", STEPS, ids=lambda step: step[1])
def test_a_process_that_ends_at_any_step_leaves_what_the_next_one_mends(
    holder_and_name: tuple[Any, str], done: bool, kind: type[JsonLines], tmp_path: Path
) -> None:
    holder, name = holder_and_name
    sink = kind(tmp_path / "out")
    for _ in range(2):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(holder, name, after(2, getattr(holder, name), done=done))
            # A killed process closes nothing; here the manifest must be, for the next one to open it.
            patch.setattr(FileStore, "close", lambda store: store._manifest.close())
            with pytest.raises(Killed):
                export(sink)
    export(sink)
    assert len(list(rows_of(sink))) == 2 * len(MEMBERS)
    found = verify_export(tmp_path / "out")
    assert (found.problems, found.complete, found.rows) == ((), True, 2 * len(MEMBERS))


@pytest.mark.parametrize("kind", [JsonLines, Csv, Parquet])
@pytest.mark.parametrize("room", [0, 10, 4_000])
def test_a_disk_that_is_full_is_told_and_leaves_no_half_file(
    room: int, kind: type[JsonLines], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink, left = kind(tmp_path / "out"), [room]
    write = files_module._Draft.write

    def full(draft: Any, content: Any) -> int:
        left[0] -= len(content)
        if left[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(draft, content)

    monkeypatch.setattr(files_module._Draft, "write", full)
    with pytest.raises(OutputError, match="the output cannot be written: No space left on device"):
        export(sink)
    monkeypatch.undo()
    assert not list((tmp_path / "out").glob(".*"))
    export(sink)
    assert len(list(rows_of(sink))) == 2 * len(MEMBERS)


@pytest.mark.parametrize("kind", [JsonLines, Csv, Parquet])
def test_half_a_unit_is_never_committed_even_if_there_is_room_again(
    kind: type[JsonLines], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = kind(tmp_path / "out")
    store = opened(sink)
    put(store, unit(store, MEMBERS[0]))
    write, calls = files_module._Draft.write, iter([True])

    def full_once(draft: Any, content: Any) -> int:
        if next(calls, False):
            write(draft, content[: len(content) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(draft, content)

    monkeypatch.setattr(files_module._Draft, "write", full_once)
    with pytest.raises(OutputError):  # noqa: PT012 - some formats write with the commit only
        put(store, unit(store, MEMBERS[1]))
        store.commit()
    store.commit()  # As an export does when it is left.
    store.close()
    export(sink)
    assert len(list(rows_of(sink))) == 2 * len(MEMBERS)
    assert verify_export(tmp_path / "out").problems == ()


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(units_module, "_BLOCK", 1_000)
    monkeypatch.setattr(batches_module, "_LINE_ROWS", 10)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("kind", [JsonLines, Csv, Parquet])
def test_other_units_are_written_between_the_steps_of_a_large_one(kind: type[JsonLines], tmp_path: Path) -> None:
    store = opened(kind(tmp_path, limits=FileLimits(size=1, age_s=0)))
    large = unit(store, MEMBERS[0], entries=200)
    assert large.spool.is_large
    steps = store.write(large)
    taken = 0
    for member, _ in zip(MEMBERS[1:], steps, strict=False):
        put(store, unit(store, member))
        store.commit(due=True)
        taken += 1
    assert (taken, store.written.files) == (5, 0)  # Nothing ends a file that holds half a unit.
    assert list(steps)
    large.spool.close()
    assert (store.written.units, store.written.rows, store.written.files) == (6, 210, 1)
    store.complete()
    store.close()
    assert verify_export(tmp_path).problems == ()
    assert len(list(rows_of(kind(tmp_path)))) == 210


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("ending", ["left", "forgotten", "dropped"])
def test_a_unit_that_is_left_halfway_takes_its_file_with_it(ending: str, tmp_path: Path) -> None:
    store = opened(JsonLines(tmp_path))
    put(store, unit(store, MEMBERS[1]))
    large = unit(store, MEMBERS[0], entries=50)
    steps = store.write(large)
    next(steps)
    if ending == "left":
        steps.close()  # type: ignore[attr-defined]
    else:
        with pytest.raises(OutputError, match="left halfway"):
            store.commit()
        if ending == "dropped":
            with pytest.raises(OutputError, match="was dropped"):
                next(steps)
    large.spool.close()
    store.close()
    assert [path.name for path in tmp_path.iterdir()] == [MANIFEST]
    export(JsonLines(tmp_path))
    assert len(list(rows_of(JsonLines(tmp_path)))) == 2 * len(MEMBERS)


def test_only_files_of_its_own_names_are_removed(tmp_path: Path) -> None:
    strangers = ["notes.txt", "entries.jsonl", "entries-1.jsonl", ".entries-000001.swp1"]
    own = ["entries-000009.jsonl", ".entries-000002.jsonl.part"]
    store = opened(JsonLines(tmp_path))
    store.complete()
    store.close()
    for name in (*strangers, *own):
        (tmp_path / name).touch()
    opened(JsonLines(tmp_path)).close()
    assert {path.name for path in tmp_path.iterdir()} == {*strangers, MANIFEST}


@pytest.mark.parametrize("begun", [False, True])
def test_files_whose_manifest_is_gone_are_left_alone(begun: bool, tmp_path: Path) -> None:
    sink = JsonLines(tmp_path)
    export(sink)
    before = {path.name for path in tmp_path.glob("entries-*")}
    (tmp_path / MANIFEST).unlink()
    if begun:  # As by a process that was killed before it noted a run.
        Manifest.open(tmp_path / MANIFEST, sink.question(raw=False)).close()
    with pytest.raises(OutputError, match="an export whose manifest is gone: put it back"):
        opened(sink)
    assert {path.name for path in tmp_path.glob("entries-*")} == before


def test_a_file_that_is_gone_is_missed(tmp_path: Path) -> None:
    sink = JsonLines(tmp_path)
    export(sink)
    (tmp_path / "entries-000002.jsonl").unlink()
    with pytest.raises(OutputError, match="1 files that the manifest knows are not there, the first is entries-000002"):
        opened(sink)


def test_members_without_entries_need_no_file(tmp_path: Path) -> None:
    store = opened(JsonLines(tmp_path))
    for member in MEMBERS:
        put(store, unit(store, member, entries=0))
    store.complete()
    assert (store.written.units, store.written.files) == (6, 0)
    store.close()
    assert [path.name for path in tmp_path.iterdir()] == [MANIFEST]


def test_a_commit_that_is_not_due_waits(tmp_path: Path) -> None:
    now = [0.0]
    store = opened(JsonLines(tmp_path, limits=FileLimits(age_s=10)))
    assert isinstance(store, FileStore)
    store._clock = lambda: now[0]
    put(store, unit(store, MEMBERS[0]))
    for now[0], files in ((9.9, 0), (10.0, 1)):
        store.commit(due=True)
        assert store.written.files == files
    store.close()


def test_the_manifest_holds_no_identifier(tmp_path: Path) -> None:
    sink = JsonLines(tmp_path)
    store = opened(sink)
    put(store, unit(store, Customer.by_mobile("917406401004", source="INSTORE")))
    store.complete()
    store.close()
    assert b"917406401004" not in (tmp_path / MANIFEST).read_bytes()


def test_the_same_rows_are_the_same_compressed_file(tmp_path: Path) -> None:
    for name in ("a", "b"):
        export(JsonLines(tmp_path / name, compressed=True))
    first, second = ((tmp_path / name / "entries-000001.jsonl.gz").read_bytes() for name in ("a", "b"))
    assert first == second
