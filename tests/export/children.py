"""Exports in processes of their own, which may be killed: forked from one that has imported everything."""

from __future__ import annotations

import ctypes
import functools
import multiprocessing
import os
import resource
import ssl
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import anyio
import attrs
import pytest

from loyalty_async import CapillaryClient, Customer, LoyaltyError, OAuth, RateLimit, RetryPolicy
from loyalty_async.export import Sink, Stretch, arrivals, export_ledgers

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    ["tests.export.children", "loyalty_async.export", "pyarrow.parquet", "psycopg", "coredis"]
)


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
    unprivileged: bool = False
    rate_limit: RateLimit | None = None
    problem_file: Path | None = None
    most_arrivals: int | None = None


async def perform(task: Task) -> None:
    auth = OAuth(key="sandbox-key", secret="sandbox-secret")
    retry = RetryPolicy(attempts=4, first_delay_s=0.01, longest_delay_s=0.05)
    quick = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # Without the machine's certificates: they take time to read.
    limit = task.rate_limit
    async with CapillaryClient(task.url, auth=auth, retry=retry, verify=quick, rate_limit=limit) as client:
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


def obey_permissions() -> None:
    """Let the mode of files count for this process even if it is root's (capabilities(7)); for Linux."""
    version_3 = 0x20080522
    header = (ctypes.c_uint32 * 2)(version_3, 0)
    none = (ctypes.c_uint32 * 6)()
    if os.geteuid() == 0 and ctypes.CDLL(None).capset(header, none):
        raise OSError("the privileges of root cannot be laid down")


def _main(task: Task, begun: Event) -> None:
    if task.largest_file is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (task.largest_file, task.largest_file))
    if task.most_arrivals is not None:
        arrivals.MOST_ARRIVALS = task.most_arrivals
    if task.unprivileged:
        obey_permissions()
    begun.set()
    try:
        anyio.run(perform, task, backend=task.backend)
    except LoyaltyError as error:
        if task.problem_file:
            task.problem_file.write_text(f"{type(error).__name__}: {error}")
        os._exit(1)


@functools.cache
def _get_ready() -> None:
    """Start the process that all others are forked from.

    It knows no `sys.path` but that of the environment, and says nothing if there is nothing to import.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
        forkserver.ensure_running()


def start(task: Task) -> BaseProcess:
    """Begin an export in a process of its own; it is about to open its output when this returns."""
    begun = _CONTEXT.Event()
    process = start_process(_main, task, begun)
    begun.wait(30)
    return process


def start_process(main: Callable[..., object], *arguments: object) -> BaseProcess:
    """Begin a process of its own."""
    _get_ready()
    process = _CONTEXT.Process(target=main, args=arguments, daemon=True)
    process.start()
    return process


def finish(task: Task, limit_s: float = 50.0) -> int | None:
    """Run an export in a process of its own, and give its exit code."""
    process = start(task)
    process.join(limit_s)
    return process.exitcode
