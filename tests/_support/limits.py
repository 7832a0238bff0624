"""A limit on the real time of an async test, which ends the test alone and says where it waited.

pytest-timeout raises in the main thread, wherever that is; on trio anyio then waits for the test's task, and a test
that waits for something that never comes hangs the whole run. Here the task itself is cancelled.
"""

import asyncio
import contextlib
import functools
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest
import trio

# Of the time that pytest-timeout gives: the cancelled test must have time to end.
SHARE = 0.75

AsyncTest = Callable[..., Awaitable[None]]


def limit_of(item: pytest.Item) -> float:
    """Return how many seconds *item* may take, zero for as many as it likes."""
    marker = item.get_closest_marker("timeout")
    given = marker.args[0] if marker is not None and marker.args else item.config.getini("timeout")
    return SHARE * float(given or 0)


def limited(test: AsyncTest, limit_s: float) -> AsyncTest:
    """Wrap *test* so that it is cancelled and fails once it has taken *limit_s* seconds of real time."""

    @functools.wraps(test)
    async def run(*args: Any, **kwargs: Any) -> None:
        waiting: BaseException | None = None
        with anyio.CancelScope() as scope:
            timer = threading.Timer(limit_s, _cancel_from_thread, [_caller_from_threads(), scope])
            timer.daemon = True
            timer.start()
            try:
                await test(*args, **kwargs)
            except anyio.get_cancelled_exc_class() as cancelled:
                waiting = cancelled
                raise
            finally:
                timer.cancel()
        if scope.cancelled_caught:
            message = f"the test was still waiting after {limit_s:g} s of real time"
            raise TimeoutError(message) from waiting

    return run


def _caller_from_threads() -> Callable[[Callable[[], object]], object]:
    """Return the function with which a thread has something called in the running event loop."""
    try:
        return asyncio.get_running_loop().call_soon_threadsafe
    except RuntimeError:  # It is trio's.
        return trio.lowlevel.current_trio_token().run_sync_soon


def _cancel_from_thread(call_soon: Callable[[Callable[[], object]], object], scope: anyio.CancelScope) -> None:
    with contextlib.suppress(RuntimeError):  # The loop ended in this very moment.
        call_soon(scope.cancel)
