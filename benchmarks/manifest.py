"""Does the manifest grow slow? `python -m benchmarks.manifest [--quick]`.

Notes units in a manifest as an export does, a hundred for each file, asks before whether each is known, and prints what
a unit cost while the manifest grew.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from loyalty_async import Customer
from loyalty_async.export.manifests import FileRecord, Manifest
from loyalty_async.export.members import Listed
from loyalty_async.export.runs import Question, Run
from loyalty_async.export.units import Recent, Spool, Unit

_UNITS, _QUICK_UNITS = 1_000_000, 100_000
_FIRST = 10_000
_A_FILE = 100
_ALLOWED_US = 400.0
"""For one unit, at any size; on a disk of its own it is a tenth of that."""
_MEMBER = Listed(Customer.by_id(1, source="INSTORE"), 1)
_UNTIL = datetime(2025, 1, 1, tzinfo=UTC)
_RUN = Run(number=1, since=None, asked_until=None, until=_UNTIL, kept_from=_UNTIL - timedelta(days=1))


def measure(path: Path, units: int) -> list[float]:
    """Note so many units, and give the microseconds that each file of them took for one."""
    manifest = Manifest.open(path, Question({}))
    job, took = manifest.begin(_RUN), []
    runs = manifest.runs()
    spool = Spool(1)
    for number in range(units // _A_FILE):
        keys = [os.urandom(16) for _ in range(_A_FILE)]
        file = FileRecord(
            number=number + 1, name=f"{number}", run=1, units=_A_FILE, rows=_A_FILE, bytes=1, sha256="0" * 64
        )
        made = [_unit(key, spool) for key in keys]
        began = time.perf_counter()
        for key in keys:
            manifest.known(key, runs)
        manifest.record(_RUN, job, file, made)
        took.append((time.perf_counter() - began) / _A_FILE * 1e6)
    manifest.close()
    return took


def _unit(key: bytes, spool: Spool) -> Unit:
    return Unit(
        listed=_MEMBER,
        key=key,
        since=None,
        written_until=None,
        kept_from=_UNTIL,
        spool=spool,
        recent=Recent(frozenset()),
        rows=1,
    )


def main() -> None:
    """Measure, print, and fail if a unit costs much more in a large manifest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{_QUICK_UNITS:,} units instead of {_UNITS:,}")
    units = _QUICK_UNITS if parser.parse_args().quick else _UNITS
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "manifest.sqlite")
        took = measure(path, units)
        size = path.stat().st_size
    print(f"{'units':>12} {'mean':>9} {'median':>9} {'worst file':>11}   microseconds a unit")
    marks = [mark for mark in (_FIRST, 100_000, 300_000, 1_000_000) if mark <= units]
    for mark in marks:
        last = took[(mark - _FIRST) // _A_FILE : mark // _A_FILE]
        print(f"{mark:12,} {statistics.mean(last):9.1f} {statistics.median(last):9.1f} {max(last):11.1f}")
    print(f"{size / units:.0f} bytes a unit, {size / 1e6:.1f} MB")
    if statistics.mean(took[-_FIRST // _A_FILE :]) > _ALLOWED_US:
        sys.exit(f"a unit took more than {_ALLOWED_US:.0f} microseconds")


if __name__ == "__main__":
    main()
