"""What an import takes, in an interpreter that has imported nothing else."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from benchmarks.tasks import Task, Work

__all__ = ["imported"]

OPTIONAL: Final = frozenset(
    {
        "aiohttp",
        "coredis",
        "cyclopts",
        "httpx_aiohttp",
        "opentelemetry",
        "psycopg",
        "pyarrow",
        "rich",
        "sqlite3",
        "starlette",
        "trio",
        "uvicorn",
    }
)
"""What no import of the package itself may bring; sqlite3 is there for exports only."""


_WITHOUT_CLICK: Final = "import sys; sys.modules['click'] = None; import "


@asynccontextmanager
async def imported(_: Task, module: str) -> AsyncIterator[Work]:
    """Import a module, once for each member.

    Raises:
        RuntimeError: Something optional came with it.
    """
    code = _WITHOUT_CLICK + module
    if surplus := OPTIONAL.intersection(_python(f"{code}; print(*sys.modules)").split()):
        raise RuntimeError(f"{module} imports {', '.join(sorted(surplus))}")

    async def work(members: Sequence[int]) -> int:
        for _ in members:
            _python(code)
        return len(members)

    yield work


def _python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout  # noqa: S603
