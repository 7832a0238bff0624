"""Does the manifest grow slow? `python -m benchmarks.manifest [--quick]`.

Fills one manifest with many units, and one with few. Then both note files by turns, each unit asked for before, as an
export does: as many units as arrive between two merges, so that each manifest merges once, and the merge counts. Prints
what a unit cost in each, and the ratio: both met the same machine and the same disk. In the end both are asked for
units that they know, as by an export that goes on. All that three times with files of a hundred units, and three times
with files of a thousand.
"""

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs

from loyalty_async.export.arrivals import MOST_ARRIVALS
from loyalty_async.export.manifests import FileRecord, Manifest
from loyalty_async.export.runs import Done, Question, Run

_MANY, _QUICK_MANY, _FEW = 1_000_000, 300_000, 10_000
_FILL = 10_000
_AT_ONCE = 50
"""An export asks for so many members."""
_KNOWN = 10_000
_ROUNDS = 3
_ALLOWED_RATIOS = {100: 1.15, 1_000: 1.35}
"""Of the time of the processor for new units, by how many a file has. With more in a file each costs less, and of that
the merge, which walks through the whole manifest, is more."""
_UNTIL = datetime(2025, 1, 1, tzinfo=UTC)
_RUN = Run(number=1, since=None, asked_until=None, until=_UNTIL, kept_from=_UNTIL - timedelta(days=1))


@attrs.frozen
class _Cost:
    """Microseconds for one unit: by the clock, and of the processor."""

    clock: float
    processor: float

    @classmethod
    def of(cls, work: Callable[[], object], units: int) -> "_Cost":
        """Measure work on so many units."""
        clock, processor = time.perf_counter(), time.process_time()
        work()
        scale = 1e6 / units
        return cls((time.perf_counter() - clock) * scale, (time.process_time() - processor) * scale)


_Pair = tuple[_Cost, _Cost]
"""In the large manifest, and in the small one."""


class _Filled:
    """A manifest with so many units."""

    def __init__(self, path: Path, units: int) -> None:
        self.path, self.units = path, units
        self._manifest = Manifest.open(path, Question({}))
        self._manifest.note(_RUN)
        self._job, self._runs = self._manifest.begin(), self._manifest.runs()
        self._files = 0
        self.keys: list[bytes] = []
        for _ in range(units // _FILL):
            self.note(_FILL)

    def note(self, units: int) -> _Cost:
        """Note the units of one more file, which nobody knew."""
        keys = [os.urandom(16) for _ in range(units)]
        self.keys += keys
        return _Cost.of(lambda: self._note(keys), units)

    def _note(self, keys: list[bytes]) -> None:
        self._ask(keys)
        self._files += 1
        file = FileRecord(
            number=self._files,
            name=str(self._files),
            run=1,
            units=len(keys),
            rows=len(keys),
            bytes=1,
            sha256="0" * 64,
        )
        self._manifest.record(_RUN, self._job, file, [Done(key, 1) for key in keys])

    def ask(self) -> _Cost:
        """Ask for units that are known."""
        keys = random.sample(self.keys, _KNOWN)
        return _Cost.of(lambda: self._ask(keys), _KNOWN)

    def _ask(self, keys: list[bytes]) -> None:
        for start in range(0, len(keys), _AT_ONCE):
            self._manifest.known(keys[start : start + _AT_ONCE], self._runs)

    def close(self) -> None:
        """Close it."""
        self._manifest.close()


def compare(many: int, a_file: int, rounds: int) -> float:
    """Compare a large and a small manifest, print, and give the ratio of the processor's time for new units."""
    noted: list[_Pair] = []
    known: list[_Pair] = []
    size = 0
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "large")
            with closing(_Filled(path, many)) as large, closing(_Filled(Path(folder, "small"), _FEW)) as small:
                noted += [_turn(large, small, number, a_file) for number in range(MOST_ARRIVALS // a_file)]
                known += [(large.ask(), small.ask())]
            size = path.stat().st_size
    print(f"{f'{a_file:,} units a file':25} {many:>11,} {_FEW:>11,} units before   ratio")
    ratio = _print("new", noted)
    _print("known", known)
    print(f"{'':25} {size / (many + MOST_ARRIVALS):.0f} bytes a unit, {size / 1e6:.1f} MB", flush=True)
    return ratio


def _turn(large: _Filled, small: _Filled, number: int, units: int) -> _Pair:
    """Note a file in both; now in the one first, now in the other."""
    if number % 2:
        return large.note(units), small.note(units)
    last = small.note(units)
    return large.note(units), last


def _print(what: str, costs: Sequence[_Pair]) -> float:
    """Print the means of the large and of the small one in microseconds, and give the processor's ratio."""
    ratio = 0.0
    for name in ("clock", "processor"):
        large, small = (statistics.mean(getattr(pair[place], name) for pair in costs) for place in (0, 1))
        ratio = large / small
        print(f"{f'{what}, {name}':25} {large:11.1f} {small:11.1f} microseconds {ratio:7.2f}")
    return ratio


def main() -> None:
    """Compare, and fail if a unit costs more in a large manifest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{_QUICK_MANY:,} units instead of {_MANY:,}")
    quick = parser.parse_args().quick
    many, rounds = (_QUICK_MANY, 1) if quick else (_MANY, _ROUNDS)
    ratios = {a_file: compare(many, a_file, rounds) for a_file in _ALLOWED_RATIOS}
    if grown := [a_file for a_file, allowed in _ALLOWED_RATIOS.items() if ratios[a_file] > allowed]:
        sys.exit(
            f"new units cost more in a large manifest, with so many a file: {grown}; allowed are {_ALLOWED_RATIOS}"
        )


if __name__ == "__main__":
    main()
