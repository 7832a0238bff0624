"""Between a client and the store that it shares a quota in: one task that carries one question at a time.

Whoever waits for an answer may be cancelled: the answer is heard all the same, and what it brings is there for others.
While the store does not answer the courier goes on trying. For a while, as long as a restart takes, its client waits;
then the store counts as away until it answers again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol, Self

import anyio
from anyio.abc import TaskGroup

from loyalty_async.transport.reservations import Booking, Question

__all__ = ["Carry", "Courier", "Store", "StoreError"]

PATIENCE_S = 5.0
"""How long a store may take to restart."""
_AGAIN_S = (0.05, 0.1, 0.2, 0.5)
_FLUSH_S = 1.0
"""How long the end of a client waits until a pause is told."""

Carry = Callable[[Question], Awaitable[Booking]]
"""Asks the store; raises `StoreError` if it does not answer."""


class StoreError(Exception):
    """The store does not answer, or cannot; the text is the name of the error behind it.

    Attributes:
        hopeless: Whether it answered, and waiting will not help: a wrong password, say.
    """

    def __init__(self, cause: str, *, hopeless: bool = False) -> None:
        super().__init__(cause)
        self.hopeless: bool = hopeless


class Store(Protocol):
    """Where shared quotas are."""

    def open(self) -> AbstractAsyncContextManager[Carry]:
        """Connect; what is raised in the block or by opening is a `StoreError`."""
        ...


class Courier:
    """Carries questions to a store.

    Attributes:
        away: Why the store counts as away; empty if it does not.
        refuses: Whether the store answers, and takes no question: a wrong password, say.
        round_trips: How many questions were answered.
    """

    def __init__(self, store: Store, patience_s: float = PATIENCE_S) -> None:
        """Make a courier that does nothing until it is opened.

        Args:
            store: Where to carry questions.
            patience_s: How long the store may be silent before it counts as away.
        """
        self.away: str = ""
        self.refuses: bool = False
        self.round_trips: int = 0
        self._store, self._patience_s = store, patience_s
        self._work: dict[str, Callable[[Carry], Awaitable[None]]] = {}
        self._failures = 0
        self._silent_since = 0.0
        self._tasks: TaskGroup | None = None
        self._news: Callable[[], None] | None = None

    def listen(self, news: Callable[[], None]) -> None:
        """Tell whenever something was done, or could not be."""
        self._news = news

    async def open(self, first: Callable[[Carry], Awaitable[None]]) -> Self:
        """Begin to work.

        Args:
            first: What to do first on each new connection; once it is done the store counts as well.
        """
        self._first = first
        self._come, self._moved = anyio.Event(), anyio.Event()
        tasks = anyio.create_task_group()
        await tasks.__aenter__()
        self._tasks = tasks
        tasks.start_soon(self._run)
        return self

    async def close(self) -> None:
        """End, in the task that opened; what is still to be told is told first, if that is quick."""
        tasks, self._tasks = self._tasks, None
        if tasks is None:
            return
        try:
            with anyio.move_on_after(_FLUSH_S):
                while self._work and not self._failures:
                    await self._moved.wait()
        finally:
            # Neither the caller's error nor its cancellation is the task's.
            tasks.cancel_scope.shield = True
            tasks.cancel_scope.cancel()
            await tasks.__aexit__(None, None, None)

    @property
    def is_open(self) -> bool:
        """Whether questions are carried."""
        return self._tasks is not None

    def post(self, name: str, work: Callable[[Carry], Awaitable[None]]) -> None:
        """Have something done, unless what goes by the same name still waits to be done."""
        if self.is_open:
            self._work.setdefault(name, work)
            self._come.set()

    def carries(self, name: str) -> bool:
        """Tell whether what goes by a name still waits to be done."""
        return name in self._work

    async def _run(self) -> None:
        while True:
            try:
                async with self._store.open() as carry:
                    await self._first(carry)
                    self._succeeded()
                    while True:
                        await self._do_next(carry)
            except StoreError as error:
                self._failed(error)
                await anyio.sleep(_AGAIN_S[min(self._failures, len(_AGAIN_S)) - 1])

    async def _do_next(self, carry: Carry) -> None:
        if not self._work:
            self._come = anyio.Event()
            await self._come.wait()
        name, work = next(iter(self._work.items()))
        await work(carry)
        self._work.pop(name, None)
        self._succeeded()

    def _succeeded(self) -> None:
        self.round_trips += 1
        self._failures, self.away, self.refuses = 0, "", False
        self._move()

    def _failed(self, error: StoreError) -> None:
        now = anyio.current_time()
        if not self._failures:
            self._silent_since = now
        self._failures += 1
        self.refuses = error.hopeless
        if error.hopeless or now - self._silent_since >= self._patience_s:
            self.away = str(error)
            self._work.clear()
        self._move()

    def _move(self) -> None:
        self._moved.set()
        self._moved = anyio.Event()
        if self._news is not None:
            self._news()
