"""Does the manifest grow slow? `python -m benchmarks.manifest [--quick]`.

Fills one manifest with many units, and one with few; then notes units in both by turns, as an export does, a hundred
for each file, asked for before and noted then. Prints what a unit cost in each, and the ratio: both met the same
machine and the same disk.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs

from loyalty_async.export.manifests import FileRecord, Manifest
from loyalty_async.export.runs import Done, Question, Run

_MANY, _QUICK_MANY, _FEW = 1_000_000, 100_000, 10_000
_A_FILE, _FILL = 100, 10_000
_FILES, _QUICK_FILES = 300, 60
_ALLOWED_RATIO = 2.5
"""Of the time of the processor. In a manifest of some ten thousand units and more, each unit changes a page of its own;
in a smaller one the units of a file share pages."""
_UNTIL = datetime(2025, 1, 1, tzinfo=UTC)
_RUN = Run(number=1, since=None, asked_until=None, until=_UNTIL, kept_from=_UNTIL - timedelta(days=1))


@attrs.frozen
class _Cost:
    """Microseconds for one unit: by the clock, and of the processor."""

    clock: float
    processor: float


class _Filled:
    """A manifest with so many units."""

    def __init__(self, path: Path, units: int) -> None:
        self._manifest = Manifest.open(path, Question({}))
        self._manifest.note(_RUN)
        self._job, self._runs = self._manifest.begin(), self._manifest.runs()
        self._files = 0
        for _ in range(units // _FILL):
            self.note(_FILL)

    def note(self, units: int) -> _Cost:
        """Note the units of one more file."""
        keys = [os.urandom(16) for _ in range(units)]
        done = [Done(key, 1) for key in keys]
        self._files += 1
        file = FileRecord(
            number=self._files, name=str(self._files), run=1, units=units, rows=units, bytes=1, sha256="0" * 64
        )
        clock, processor = time.perf_counter(), time.process_time()
        for start in range(0, units, 50):
            self._manifest.known(keys[start : start + 50], self._runs)
        self._manifest.record(_RUN, self._job, file, done)
        scale = 1e6 / units
        return _Cost((time.perf_counter() - clock) * scale, (time.process_time() - processor) * scale)

    def close(self) -> None:
        """Close it."""
        self._manifest.close()


def compare(folder: Path, many: int, files: int) -> float:
    """Note so many files in a large and in a small manifest, print, and give the ratio of the processor's time."""
    large, small = _Filled(folder / "large", many), _Filled(folder / "small", _FEW)
    costs: list[tuple[_Cost, _Cost]] = [(large.note(_A_FILE), small.note(_A_FILE)) for _ in range(files)]
    large.close()
    small.close()
    print(
        f"{'units before':>14} {'clock, median':>14} {'clock, mean':>12} {'processor, mean':>16}   microseconds a unit"
    )
    means: list[float] = []
    for units, came in zip((many, _FEW), zip(*costs, strict=True), strict=True):
        clock, means_of = [cost.clock for cost in came], statistics.mean(cost.processor for cost in came)
        means.append(means_of)
        print(f"{units:14,} {statistics.median(clock):14.1f} {statistics.mean(clock):12.1f} {means_of:16.1f}")
    size = (folder / "large").stat().st_size
    print(f"ratio {means[0] / means[1]:.2f}; {size / (many + files * _A_FILE):.0f} bytes a unit, {size / 1e6:.1f} MB")
    return means[0] / means[1]


def main() -> None:
    """Compare, and fail if a unit costs much more in a large manifest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{_QUICK_MANY:,} units instead of {_MANY:,}")
    quick = parser.parse_args().quick
    with tempfile.TemporaryDirectory() as folder:
        ratio = compare(Path(folder), _QUICK_MANY if quick else _MANY, _QUICK_FILES if quick else _FILES)
    if ratio > _ALLOWED_RATIO:
        sys.exit(f"a unit took {ratio:.2f} times as long, allowed are {_ALLOWED_RATIO}")


if __name__ == "__main__":
    main()
