"""Exports in processes of their own, which may be killed: forked from one that has imported everything."""

from __future__ import annotations

import multiprocessing
import os
import resource
from collections.abc import Sequence
from datetime import datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import anyio
import attrs

from loyalty_async import CapillaryClient, Customer, LoyaltyError, OAuth, RetryPolicy
from loyalty_async.export import Sink, Stretch, export_ledgers

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.export.children", "loyalty_async.export", "pyarrow.parquet", "psycopg"])

NOBODY = 65534


@attrs.frozen(kw_only=True)
class Task:
    """One export."""

    url: str
    sink: Sink
    user_ids: Sequence[int]
    since: datetime
    until: datetime | None = None
    backend: str = "asyncio"
    options: dict[str, Any] = attrs.field(factory=dict)
    largest_file: int | None = None
    as_nobody: bool = False
    problem_file: Path | None = None


async def perform(task: Task) -> None:
    auth = OAuth(key="sandbox-key", secret="sandbox-secret")
    retry = RetryPolicy(attempts=4, first_delay_s=0.01, longest_delay_s=0.05)
    async with CapillaryClient(task.url, auth=auth, retry=retry) as client:
        await export_ledgers(
            client,
            (Customer.by_id(user_id, source="INSTORE") for user_id in task.user_ids),
            Stretch(task.since, task.until),
            task.sink,
            **{
                "filters": {"include_alternate_currencies": True},
                "settle": timedelta(0),
                "workers": 4,
                **task.options,
            },
        )


def _main(task: Task) -> None:
    if task.largest_file is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (task.largest_file, task.largest_file))
    if task.as_nobody and os.geteuid() == 0:
        os.setuid(NOBODY)
    try:
        anyio.run(perform, task, backend=task.backend)
    except LoyaltyError as error:
        if task.problem_file:
            task.problem_file.write_text(f"{type(error).__name__}: {error}")
        os._exit(1)


def start(task: Task) -> BaseProcess:
    """Begin an export in a process of its own."""
    process = _CONTEXT.Process(target=_main, args=(task,), daemon=True)
    process.start()
    return process


def finish(task: Task, limit_s: float = 50.0) -> int | None:
    """Run an export in a process of its own, and give its exit code."""
    process = start(task)
    process.join(limit_s)
    return process.exitcode
