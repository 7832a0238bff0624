"""What an import takes, in an interpreter that has imported nothing else.

As in an installation: with the bytecode of all modules at hand. A copy of the repository has none where the environment
says that none is written, and its modules would be compiled at each import, beside an httpx that is not.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
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


_WITHOUT: Final = "import sys; sys.modules['click'] = sys.modules['trio'] = None; "
"""Where they are installed, httpx imports its command line with the one, and httpcore a backend with the other."""


@asynccontextmanager
async def imported(_: Task, code: str) -> AsyncIterator[Work]:
    """Run what imports something, once for each member.

    Raises:
        RuntimeError: Something optional came with it.
    """
    code = _WITHOUT + code
    with tempfile.TemporaryDirectory() as bytecode:
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": bytecode}
        there = _python(
            f"{code}; print(*[name for name, module in sys.modules.items() if module])", environment
        ).split()
        if surplus := OPTIONAL.intersection(there):
            raise RuntimeError(f"with `{code.removeprefix(_WITHOUT)}` comes {', '.join(sorted(surplus))}")

        async def work(members: Sequence[int]) -> int:
            for _ in members:
                _python(code, environment)
            return len(members)

        yield work


def _python(code: str, environment: Mapping[str, str]) -> str:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout  # noqa: S603
