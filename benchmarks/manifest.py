"""Does the manifest grow slow? `python -m benchmarks.manifest [--quick]`.

Fills one manifest with many units, and one with few. Then each notes as many units as arrive between two merges, so
that each merges once, and the merge counts; each unit is asked for before, as an export does. Now the one goes first,
now the other. In the end both are asked for units that they know, as by an export that goes on. All that in several
rounds, with files of a hundred units and with files of a thousand. Prints the medians of what a unit cost in each, and
their ratios.
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

_MANY, _QUICK_MANY, _FEW = 1_000_000, 200_000, 10_000
_FILL = 10_000
_AT_ONCE = 50
"""An export asks for so many members."""
_KNOWN = 10_000
_ROUNDS, _QUICK_ROUNDS = 5, 3
_A_FILE = (100, 1_000)
_ALLOWED_RATIO, _ALLOWED_QUICK = 1.2, 1.5
"""Of the time of the processor for new units. It should not grow. Medians of the same differ by a tenth, and a single
round by half, where the machine changes its pace meanwhile."""
_UNTIL = datetime(2025, 1, 1, tzinfo=UTC)
_RUN = Run(number=1, since=None, asked_until=None, until=_UNTIL, kept_from=_UNTIL - timedelta(days=1))


@attrs.frozen
class _Cost:
    """Microseconds for one unit: by the clock, and of the processor."""

    clock: float
    processor: float

    @classmethod
    def mean(cls, costs: "Sequence[_Cost]") -> "_Cost":
        """Give the mean of several."""
        return cls(*(statistics.mean(getattr(cost, name) for cost in costs) for name in ("clock", "processor")))

    @classmethod
    def of(cls, work: Callable[[], object], units: int) -> "_Cost":
        """Measure work on so many units."""
        clock, processor = time.perf_counter(), time.process_time()
        work()
        scale = 1e6 / units
        return cls((time.perf_counter() - clock) * scale, (time.process_time() - processor) * scale)


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

    def note_until_merged(self, a_file: int) -> _Cost:
        """Note files until there was a merge."""
        return _Cost.mean([self.note(a_file) for _ in range(MOST_ARRIVALS // a_file)])

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
    noted: dict[int, list[_Cost]] = {many: [], _FEW: []}
    known: dict[int, list[_Cost]] = {many: [], _FEW: []}
    size = 0
    for number in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "large")
            with closing(_Filled(path, many)) as large, closing(_Filled(Path(folder, "small"), _FEW)) as small:
                for one in (large, small) if number % 2 else (small, large):
                    noted[one.units].append(one.note_until_merged(a_file))
                    known[one.units].append(one.ask())
            size = path.stat().st_size
    print(f"{f'{a_file:,} units a file':25} {many:>11,} {_FEW:>11,} units before   ratio")
    ratio = _print("new", noted[many], noted[_FEW])
    _print("known", known[many], known[_FEW])
    print(f"{'':25} {size / (many + MOST_ARRIVALS):.0f} bytes a unit, {size / 1e6:.1f} MB", flush=True)
    return ratio


def _print(what: str, large: Sequence[_Cost], small: Sequence[_Cost]) -> float:
    """Print the medians of the large and of the small one in microseconds, and give the processor's ratio."""
    ratio = 0.0
    for name in ("clock", "processor"):
        first, second = (statistics.median(getattr(cost, name) for cost in costs) for costs in (large, small))
        ratio = first / second
        print(f"{f'{what}, {name}':25} {first:11.1f} {second:11.1f} microseconds {ratio:7.2f}")
    return ratio


def main() -> None:
    """Compare, and fail if a unit costs more in a large manifest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{_QUICK_MANY:,} units instead of {_MANY:,}")
    quick = parser.parse_args().quick
    many, rounds, allowed = (_QUICK_MANY, _QUICK_ROUNDS, _ALLOWED_QUICK) if quick else (_MANY, _ROUNDS, _ALLOWED_RATIO)
    ratios = {a_file: compare(many, a_file, rounds) for a_file in _A_FILE}
    if grown := [a_file for a_file, ratio in ratios.items() if ratio > allowed]:
        sys.exit(f"new units cost more than {allowed} times in a large manifest, with so many a file: {grown}")


if __name__ == "__main__":
    main()
