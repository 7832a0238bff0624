"""A folder of files and their manifest: a file is there whole or not at all, and no unit is in two.

A file is written under another name, made durable, and given its own name; only then the manifest notes it with
the units that it holds. What the manifest does not know when a folder is opened is the rest of a process that died.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, cast

import attrs

from loyalty_async.errors import OutputError
from loyalty_async.export.disks import sync_folder, writing
from loyalty_async.export.manifests import FileRecord, Manifest
from loyalty_async.export.runs import Done, Known, Past, Question, Run
from loyalty_async.export.stores import Encode, Format, Writer, Written
from loyalty_async.export.units import Spool, Unit
from loyalty_async.models.members import Member

__all__ = ["MANIFEST", "FileLimits", "FileStore", "is_own", "peek", "unit_rows"]

MANIFEST = "manifest.sqlite"
_OWN = re.compile(r"\.?entries-\d{6,}\.[a-z.]+")
"""What this module names its files; nothing else in a folder is touched."""
_MOST_UNITS = 10_000
"""Units wait in memory for their file: so many, however small they are."""


def is_own(path: Path) -> bool:
    """Tell whether a file has the name of one of ours."""
    return _OWN.fullmatch(path.name) is not None


def peek(folder: Path, question: Question) -> Past:
    """Look what a folder has; there is nothing in one that is not there."""
    if not (folder / MANIFEST).exists():
        return Past()
    manifest = Manifest.look(folder / MANIFEST)
    try:
        runs = manifest.runs()
        if not runs:
            return Past()
        question.require_same(manifest.question)
        return Past(runs, manifest.done_count(runs[-1]))
    finally:
        manifest.close()


def unit_rows(folder: Path) -> list[int]:
    """Give how many rows each member has in a folder."""
    manifest = Manifest.look(folder / MANIFEST)
    try:
        return manifest.unit_rows()
    finally:
        manifest.close()


@attrs.frozen(kw_only=True)
class FileLimits:
    """When a file is long enough.

    Attributes:
        size: Bytes after which a file ends; a little more, or as much more as one ledger takes.
        age_s: Seconds after which a file ends, however short: what a kill can cost.
    """

    size: int = 128 * 1024 * 1024
    age_s: float = 300.0


class _Draft(io.RawIOBase):
    """A file that does not have its name yet; counts and hashes what goes through."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.size = 0
        self._dropped = False
        self._digest = hashlib.sha256()
        self._file = path.open("wb", buffering=1 << 16)

    def writable(self) -> bool:
        return True

    def write(self, content: object) -> int:
        block = memoryview(content).cast("B")  # type: ignore[arg-type]
        if self._dropped:
            return len(block)  # pyarrow's writer ends its file when it is forgotten, and tells of it if it cannot.
        self._file.write(block)
        self._digest.update(block)
        self.size += len(block)
        return len(block)

    def tell(self) -> int:
        return self.size

    def publish(self, path: Path) -> str:
        """Make it durable under its own name, and give the hash of its content."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self.path.rename(path)
        sync_folder(path.parent)
        return self._digest.hexdigest()

    def drop(self) -> None:
        """Remove it."""
        self._dropped = True
        with contextlib.suppress(OSError):
            self._file.close()
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)


@attrs.define(eq=False, repr=False)
class FileStore:
    """An open folder; see `Store`."""

    _folder: Path
    _format: Format
    _limits: FileLimits
    _manifest: Manifest
    _clock: Callable[[], float] = time.monotonic
    _runs: Sequence[Run] = ()
    _run: Run | None = None
    _job: int = 0
    _next: int = 1
    _draft: _Draft | None = None
    _writer: Writer | None = None
    _waiting: dict[bytes, Done] = attrs.field(factory=dict)
    _waiting_since: float = 0.0
    _halves: int = 0
    _written: Written = attrs.field(factory=Written)

    @classmethod
    def open(cls, folder: Path, form: Format, limits: FileLimits, question: Question) -> FileStore:
        """Open a folder, or make it: lock it, remove what is half-written, and look whether the rest is there.

        Raises:
            InvalidArgument: It belongs to another question.
            OutputError: It cannot be written, is in use, or a file is not there.
        """
        with writing():
            folder.mkdir(parents=True, exist_ok=True)
            if not os.access(folder, os.W_OK):  # SQLite's own words for it are many, and none is plain.
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        manifest = Manifest.open(folder / MANIFEST, question)
        try:
            store = cls(folder, form, limits, manifest)
            store._tidy()
        except BaseException:
            manifest.close()
            raise
        return store

    def _tidy(self) -> None:
        files = {file.name: file for file in self._manifest.files()}
        self._next = max((file.number for file in files.values()), default=0) + 1
        with writing():
            there = {path.name: path for path in self._folder.iterdir() if is_own(path)}
            if not self._manifest.runs() and any(not name.startswith(".") for name in there):
                raise OutputError(
                    "the folder holds files of an export whose manifest is gone: put it back, or choose another folder"
                )
            for name in there.keys() - files.keys():
                there[name].unlink()
        missing = sorted(files.keys() - there.keys())
        if missing:
            raise OutputError(
                f"{len(missing)} files that the manifest knows are not there, the first is {missing[0]}: "
                "put them back, or choose another folder"
            )

    @property
    def secret(self) -> bytes:
        """The key by which this manifest hashes members."""
        return self._manifest.secret

    @property
    def written(self) -> Written:
        """What was made durable since it was opened."""
        return self._written

    def runs(self) -> Sequence[Run]:
        """Give the runs so far, in order."""
        return self._manifest.runs()

    def begin(self, run: Run) -> int:
        """Work on a run, which is noted before its first file."""
        self._job = self._manifest.begin()
        self._run, self._runs = run, [*self._manifest.runs()[: run.number - 1], run]
        return self._job

    def known(self, keys: Sequence[bytes]) -> Sequence[Known | None]:
        """Say what is known of members."""
        run, found = self._begun(), self._manifest.known(keys, self._runs)
        waiting = Known(run.until, run.kept_from, run.number, self._job, b"")
        return [waiting if key in self._waiting else found.get(key) for key in keys]

    def encoder(self, member: Member) -> Encode:
        """Make what encodes the entries of a member."""
        return self._format.encoder(member)

    def spool(self, memory: int) -> Spool:
        """Make the place for a unit's rows: beside the files, where there is room for them."""
        return Spool(memory, self._folder)

    def write(self, unit: Unit) -> Iterator[None]:
        """Take the rows of a whole unit, a block of them with each step."""
        if not self._waiting:
            self._waiting_since = self._clock()
        if unit.rows:
            yield from self._fill(unit)
        self._waiting[unit.key] = unit.done()
        long = self._writer is not None and self._writer.size >= self._limits.size
        if not self._halves and (long or len(self._waiting) >= _MOST_UNITS):
            self.commit()

    def _fill(self, unit: Unit) -> Iterator[None]:
        """Write the rows of a unit; half of it must not stay, whatever ends this."""
        self._halves += 1
        try:
            with self._whole_or_nothing(), writing():
                writer = self._writer or self._begin_file()
                for number, lines in enumerate(unit.spool.blocks()):
                    if number:
                        yield
                    if writer is not self._writer:
                        raise OutputError("the file that holds the beginning of a unit was dropped")
                    writer.write(lines)
        finally:
            self._halves -= 1

    def commit(self, *, due: bool = False) -> None:
        """Make durable what was taken."""
        if due and (self._halves or self._clock() - self._waiting_since < self._limits.age_s):
            return
        if self._halves:
            self._drop()
            raise OutputError("a unit was left halfway, and its file with it")
        if not self._waiting:
            return
        units = tuple(self._waiting.values())
        with self._whole_or_nothing():
            self._manifest.note(self._begun())
            file = self._end_file(units)
            self._manifest.record(self._begun(), self._job, file, units)
        self._waiting.clear()
        so_far = self._written
        self._written = Written(
            units=so_far.units + len(units),
            rows=so_far.rows + sum(unit.rows for unit in units),
            files=so_far.files + (file is not None),
            bytes=so_far.bytes + (file.bytes if file else 0),
        )

    def complete(self) -> None:
        """Note that the run came through the whole list."""
        self.commit()
        self._manifest.note(self._begun())
        self._manifest.complete(self._begun())

    def close(self) -> None:
        """Drop what was not committed, and close."""
        self._drop()
        self._manifest.close()

    @contextlib.contextmanager
    def _whole_or_nothing(self) -> Iterator[None]:
        """Forget the open file and its units if something goes wrong: half a unit may be in it."""
        try:
            yield
        except BaseException:
            self._drop()
            raise

    def _drop(self) -> None:
        if self._draft is not None:
            self._draft.drop()
        self._draft = self._writer = None
        self._waiting.clear()

    def _begun(self) -> Run:
        if self._run is None:
            raise OutputError("no run was begun")
        return self._run

    def _begin_file(self) -> Writer:
        self._draft = _Draft(self._folder / f".{self._name()}.part")
        self._writer = self._format.open(cast("BinaryIO", self._draft))
        return self._writer

    def _end_file(self, units: Sequence[Done]) -> FileRecord | None:
        if self._draft is None or self._writer is None:
            return None
        with writing():
            self._writer.close()
            sha256 = self._draft.publish(self._folder / self._name())
        filled = [unit.rows for unit in units if unit.rows]
        file = FileRecord(
            number=self._next,
            name=self._name(),
            run=self._begun().number,
            units=len(filled),
            rows=sum(filled),
            bytes=self._draft.size,
            sha256=sha256,
        )
        self._draft = self._writer = None
        self._next += 1
        return file

    def _name(self) -> str:
        return f"entries-{self._next:06}{self._format.suffix}"
