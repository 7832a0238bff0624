"""An event loop that synchronous code drives step by step, in virtual time; between two steps it stands still.

The rules of a state machine are plain functions. A loop in a thread would run on while the next rule is drawn, so that
what happens between two requests would depend on the machine's speed.
"""

import asyncio
import queue
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, Protocol, TypeVar

import anyio
import hypothesis
import outcome
import pytest
import trio
from trio.testing import MockClock

from tests._support.virtual_clock import VirtualTimeLoop

T = TypeVar("T")

_STUCK_S = 20
"""After how many real seconds without anything to do a step is given up."""

hypothesis.register_random(trio._core._run._r)  # Seeded for each example.


class Steps(Protocol):
    """A loop that is driven step by step."""

    def run(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run the loop until some work is done."""

    def start(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Begin work that goes on in later steps."""

    def time(self) -> float:
        """Tell the loop's time."""


class _AsyncioSteps:
    def __init__(self) -> None:
        self.loop = VirtualTimeLoop()
        self._tasks: set[asyncio.Task[None]] = set()

    def run(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return self.loop.run_until_complete(work())

    def start(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        task = self.loop.create_task(work())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def time(self) -> float:
        return self.loop.time()

    def close(self) -> None:
        self.run(self._cancel)
        self.loop.close()

    async def _cancel(self) -> None:
        for task in self._tasks:  # Of a test that failed.
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class _TrioSteps:
    """Trio as the guest of a host loop that runs only within `run`."""

    def __init__(self) -> None:
        self._clock = MockClock(autojump_threshold=0)
        self._due: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
        self._nursery: trio.Nursery | None = None
        self._over: outcome.Outcome[None] | None = None
        trio.lowlevel.start_guest_run(
            self._main,
            run_sync_soon_threadsafe=self._due.put,
            done_callback=self._end,
            host_uses_signal_set_wakeup_fd=True,
            clock=self._clock,
        )
        self._tick_until(lambda: self._nursery is not None)

    async def _main(self) -> None:
        async with trio.open_nursery() as self._nursery:
            await trio.sleep_forever()

    def _end(self, over: outcome.Outcome[None]) -> None:
        self._over = over

    def _tick_until(self, done: Callable[[], bool]) -> None:
        while not done():
            self._due.get(timeout=_STUCK_S)()

    def run(self, work: Callable[[], Awaitable[T]]) -> T:
        done: list[outcome.Outcome[T]] = []

        async def step() -> None:
            done.append(await outcome.acapture(work))

        self.start(step)
        self._tick_until(lambda: bool(done))
        return done[0].unwrap()

    def start(self, work: Callable[[], Awaitable[None]]) -> None:
        assert self._nursery is not None
        self._nursery.start_soon(work)

    def time(self) -> float:
        return self._clock.current_time()

    def close(self) -> None:
        async def leave() -> None:
            assert self._nursery is not None
            self._nursery.cancel_scope.cancel()

        self.start(leave)
        self._tick_until(lambda: self._over is not None)


@contextmanager
def stepping(backend: str) -> Iterator[Steps]:
    """Open a loop of asyncio or trio whose clock starts at zero."""
    steps: _AsyncioSteps | _TrioSteps
    with pytest.MonkeyPatch.context() as patch:
        # Trio shuffles its tasks, by default with a seed that nobody knows; this is how pytest-trio has it settled.
        patch.setattr(trio._core._run, "_ALLOW_DETERMINISTIC_SCHEDULING", True)
        steps = _AsyncioSteps() if backend == "asyncio" else _TrioSteps()
        try:
            yield steps
        finally:
            steps.close()


def held(steps: Steps, block: AbstractAsyncContextManager[T]) -> tuple[T, Callable[[], None]]:
    """Enter a block in this step; the function that comes with its value leaves it, in the same task."""
    values: list[T] = []
    events: list[anyio.Event] = []

    async def hold() -> None:
        async with block as value:
            values.append(value)
            events[0].set()
            await events[1].wait()
        events[2].set()

    async def enter() -> None:
        events.extend(anyio.Event() for _ in range(3))
        steps.start(hold)
        await events[0].wait()

    async def leave() -> None:
        events[1].set()
        await events[2].wait()

    steps.run(enter)
    return values[0], lambda: steps.run(leave)
