"""One measurement, in a process that does nothing else: `python -m benchmarks.contending`, by `benchmarks.measuring`.

Reads the pickled contender and task from standard input, and prints what came out as JSON.
"""

from __future__ import annotations

import gc
import json
import pickle
import re
import resource
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio

from benchmarks.ledgers import COUNTED_PATH
from benchmarks.raw import get
from benchmarks.tasks import Contender, Open, Task


async def _measure(opened: Open, contender: Contender, task: Task) -> Mapping[str, float]:
    """Warm up, do the task, and say what it took.

    CPU time is that of this process and of those that it started and waited for.
    """
    async with opened(task, **contender.options) as work:
        await work(task.warming)
        gc.collect()
        counted, burnt, began = _counted(task), _burnt_s(), time.perf_counter()
        units = await work(task.listed)
        seconds, cpu_s = time.perf_counter() - began, _burnt_s() - burnt
        sent = {name: count - counted[name] for name, count in _counted(task).items()}
    return {"units": units, "seconds": seconds, "cpu_s": cpu_s, "peak_mb": _peak_mb(), **sent}


def _peak_mb() -> float:
    """Say how much memory this process held at most.

    `ru_maxrss` counts what the process that started this one held at that moment, too; Linux also keeps a figure of
    this one alone.
    """
    status = Path("/proc/self/status")
    if status.exists():
        (kilobytes,) = re.findall(r"VmHWM:\s+(\d+) kB", status.read_text())
        return int(kilobytes) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _burnt_s() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)


def _counted(task: Task) -> dict[str, int]:
    counted: dict[str, int] = json.loads(get(task.url, [COUNTED_PATH])[0])
    return counted


def main() -> None:
    """Measure."""
    contender, task = pickle.load(sys.stdin.buffer)  # noqa: S301 - from the process that started this one
    options: dict[str, Any] = {"backend": contender.backend}
    if contender.backend == "uvloop":
        options = {"backend": "asyncio", "backend_options": {"use_uvloop": True}}
    print(json.dumps(anyio.run(_measure, contender.load(), contender, task, **options)))


if __name__ == "__main__":
    main()
