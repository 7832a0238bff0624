"""Is everything there that the manifest says, and nothing else?"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, cast

import attrs

from loyalty_async.errors import OutputError
from loyalty_async.export.files import MANIFEST, is_own
from loyalty_async.export.manifests import FileRecord, Manifest
from loyalty_async.export.runs import Run
from loyalty_async.export.sinks.parquet import load_pyarrow

__all__ = ["Verification", "verify_export"]

_BLOCK = 1 << 20


@attrs.frozen(kw_only=True)
class Verification:
    """What a check of a folder found.

    Attributes:
        files: Files that the manifest knows.
        rows: Rows that they hold, by the manifest.
        bytes: Their size.
        complete: Whether the last run came through its whole list.
        problems: What is not as it should be; empty if all is well.
    """

    files: int
    rows: int
    bytes: int
    complete: bool
    problems: tuple[str, ...]


def verify_export(folder: Path | str) -> Verification:
    """Check every file, hash, row count and the manifest itself; reads everything once.

    Raises:
        OutputError: There is no manifest, or an export is at work in the folder.
        InvalidArgument: Parquet files cannot be read without the extra.
    """
    folder = Path(folder)
    manifest = Manifest.look(folder / MANIFEST)
    try:
        files, runs = manifest.files(), manifest.runs()
        problems = [f"{MANIFEST}: {problem}" for problem in manifest.problems()]
        problems += [problem for file in files for problem in _of_file(folder, file)]
        problems += _of_units(files, manifest.unit_counts(), runs)
    finally:
        manifest.close()
    known = {file.name for file in files}
    problems += [
        f"{path.name}: is {'half-written' if path.name.startswith('.') else 'not in the manifest'}"
        for path in sorted(folder.iterdir())
        if is_own(path) and path.name not in known
    ]
    return Verification(
        files=len(files),
        rows=sum(file.rows for file in files),
        bytes=sum(file.bytes for file in files),
        complete=bool(runs) and runs[-1].complete,
        problems=tuple(problems),
    )


def _of_file(folder: Path, file: FileRecord) -> Iterator[str]:
    path = folder / file.name
    try:
        size = path.stat().st_size
        if size != file.bytes:
            yield f"{file.name}: has {size} bytes, not {file.bytes}"
        elif _sha256(path) != file.sha256:
            yield f"{file.name}: its SHA-256 is another"
        elif (rows := _rows(path)) != file.rows:
            yield f"{file.name}: has {rows} rows, not {file.rows}"
    except FileNotFoundError:
        yield f"{file.name}: is not there"
    except OSError as problem:
        raise OutputError(f"{file.name} cannot be read: {problem.strerror}") from None


def _of_units(files: Sequence[FileRecord], counts: dict[int, tuple[int, int]], runs: Sequence[Run]) -> Iterator[str]:
    """Hold each file against the members that the manifest has in it: all of the last run, what is left of others."""
    last = runs[-1].number if runs else 0
    for file in files:
        units, rows = counts.pop(file.number, (0, 0))
        same = (units, rows) == (file.units, file.rows)
        if not same and (file.run == last or units > file.units or rows > file.rows):
            yield f"{file.name}: the manifest has {rows} rows of {units} members in it, not {file.rows} of {file.units}"
    if counts:
        yield f"{MANIFEST}: members have rows in {len(counts)} files that it does not know"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _rows(path: Path) -> int:
    """Count the rows of a file by reading it."""
    kind = path.name.partition(".")[2]
    if kind == "parquet":
        return int(load_pyarrow().parquet.ParquetFile(path).metadata.num_rows)
    with path.open("rb") as file:
        content = cast("BinaryIO", gzip.GzipFile(fileobj=file)) if kind.endswith(".gz") else file
        return _lines(content, quoted=True) - 1 if kind.startswith("csv") else _lines(content, quoted=False)


def _lines(file: BinaryIO, *, quoted: bool) -> int:
    """Count lines; where texts may be quoted, a line break within quotes ends none."""
    lines, inside = 0, False
    for block in iter(lambda: file.read(_BLOCK), b""):
        if not quoted:
            lines += block.count(b"\n")
            continue
        pieces = block.split(b'"')
        lines += sum(piece.count(b"\n") for piece in pieces[inside::2])
        inside ^= len(pieces) % 2 == 0
    return lines
