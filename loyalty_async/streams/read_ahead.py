"""Jobs done in order, one at a time or some ahead, while a job may turn out to be several.

Tasks live only inside `open_ahead`, and leaving its block cancels what still runs: a generator that owned tasks could
be left in another task than the one that entered it (PEP 789).
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

import anyio
import attrs
from anyio.abc import TaskGroup

from loyalty_async.errors import ClientStateError, InvalidArgument

__all__ = ["Further", "InTurn", "check_ahead", "fetch_all", "fetch_in_turn", "open_ahead"]

Q = TypeVar("Q")
R = TypeVar("R")
"""A job, and what comes of it."""


@attrs.frozen(eq=False)
class Further(Generic[Q, R]):
    """What takes the place of the job that was done.

    Attributes:
        jobs: What is to be done.
        result: What came of it already, before that; None if nothing did.
    """

    jobs: Sequence[Q]
    result: R | None = None


Work = Callable[[Q], Awaitable[R | Further[Q, R]]]


@attrs.define(eq=False)
class InTurn(AsyncIterator[R], Generic[Q, R]):
    """Results in order, each job begun when its result is asked for; no tasks.

    `break` leaves nothing behind. A wait that is cancelled loses nothing: the job begins anew at the next call. After
    an error every further call raises it again.
    """

    _work: Work[Q, R]
    _jobs: Iterator[Q]
    _next: deque[Q] = attrs.field(init=False, factory=deque)
    _error: Exception | None = attrs.field(init=False, default=None)

    async def __anext__(self) -> R:
        """Do jobs until one has a result."""
        if self._error is not None:
            raise self._error
        while self._next or self._take():
            try:
                result = await self._work(self._next[0])
            except Exception as error:
                self._error = error
                raise
            self._next.popleft()
            if not isinstance(result, Further):
                return result
            self._next.extendleft(reversed(result.jobs))
            if result.result is not None:
                return result.result
        raise StopAsyncIteration

    def _take(self) -> bool:
        for job in self._jobs:
            self._next.append(job)
            return True
        return False


@attrs.define(eq=False, kw_only=True)
class _Slot(Generic[Q, R]):
    """The place of one job in the queue; its task fills in what came of it."""

    job: Q
    started: bool = False
    result: R | None = None
    error: Exception | None = None
    settled: anyio.Event = attrs.field(factory=anyio.Event)


@attrs.define(eq=False)
class Ahead(AsyncIterator[R], Generic[Q, R]):
    """Results in order, up to *ahead* jobs begun early; made by `open_ahead`.

    A wait that is cancelled loses nothing: the job goes on. An error comes in its place, bare, and again at every
    further call; nothing new is begun after it.
    """

    _work: Work[Q, R]
    _jobs: Iterator[Q]
    _ahead: int
    _tasks: TaskGroup
    _slots: deque[_Slot[Q, R]] = attrs.field(init=False, factory=deque)
    _running: int = attrs.field(init=False, default=0)
    _closed: bool = attrs.field(init=False, default=False)

    async def __anext__(self) -> R:
        """Wait for the result of the job at the head."""
        while True:
            if self._closed:
                raise ClientStateError("the stream was closed when its block ended")
            self._begin()
            if not self._slots:
                raise StopAsyncIteration
            # Wait at the head and only then remove it: a wait that is cancelled must lose nothing.
            head = self._slots[0]
            await head.settled.wait()
            if head.error is not None:
                raise head.error
            if self._slots and self._slots[0] is head:
                self._slots.popleft()
                return head.result  # type: ignore[return-value]

    def close(self) -> None:
        """Refuse further use, also to a task that still waits; cancel what is under way."""
        self._closed = True
        while self._slots:
            self._slots.popleft().settled.set()
        if self._running:  # To cancel takes its time, even where there is nothing to cancel.
            self._tasks.cancel_scope.cancel()

    def _begin(self) -> None:
        """Begin jobs in order until enough are under way or waiting to be taken; the head is always begun."""
        while (slot := self._next()) is not None:
            slot.started = True
            self._running += 1
            self._tasks.start_soon(self._do, slot)

    def _next(self) -> _Slot[Q, R] | None:
        """Find the job to begin now, if any; looked for anew each time: an eager task changes the queue at once."""
        if sum(slot.started for slot in self._slots) > self._ahead and self._slots[0].started:
            return None
        for slot in self._slots:
            if not slot.started:
                return slot
        return self._slots[-1] if self._take() else None

    def _take(self) -> bool:
        for job in self._jobs:
            self._slots.append(_Slot(job=job))
            return True
        return False

    async def _do(self, slot: _Slot[Q, R]) -> None:
        try:
            result = await self._work(slot.job)
        except Exception as error:  # noqa: BLE001 - handed to the consumer, in its place
            slot.error = error
            self._end_with(slot)
        else:
            if isinstance(result, Further):
                self._replace(slot, result)
            else:
                slot.result = result
        finally:
            self._running -= 1
        slot.settled.set()

    def _end_with(self, slot: _Slot[Q, R]) -> None:
        """Forget what comes after an error; what comes before it is still done."""
        self._jobs = iter(())
        while slot in self._slots and self._slots[-1] is not slot:
            self._slots.pop()

    def _replace(self, slot: _Slot[Q, R], further: Further[Q, R]) -> None:
        """Put jobs in the place of one, or behind it if it has a result."""
        if slot in self._slots:
            place = self._slots.index(slot)
            if further.result is None:
                del self._slots[place]
            else:
                slot.result = further.result
                place += 1
            for offset, job in enumerate(further.jobs):
                self._slots.insert(place + offset, _Slot(job=job))
            self._begin()


def check_ahead(ahead: object) -> None:
    """Refuse what is no number of jobs."""
    if isinstance(ahead, bool) or not isinstance(ahead, int) or ahead < 0:
        raise InvalidArgument("ahead must be an integer of at least 0")


@asynccontextmanager
async def open_ahead(work: Work[Q, R], jobs: Iterable[Q], *, ahead: int) -> AsyncGenerator[Ahead[Q, R]]:
    """Open a stream of results that are worked on ahead of the consumer.

    Args:
        work: Does one job.
        jobs: In the order in which their results are wanted; may be endless, advanced only when there is room.
        ahead: How many jobs to do beyond the one being waited for.

    Yields:
        The stream. Nothing is begun until it is iterated; leaving the block cancels whatever still runs.

    Raises:
        InvalidArgument: *ahead* is no integer of at least 0.
    """
    check_ahead(ahead)
    error: BaseException | None = None
    async with anyio.create_task_group() as tasks:
        stream: Ahead[Q, R] = Ahead(work, iter(jobs), ahead, tasks)
        try:
            yield stream
        except anyio.get_cancelled_exc_class():
            raise
        except BaseException as raised:  # noqa: BLE001 - carried round the task group, which would wrap it in a group
            error = raised
        finally:
            stream.close()
    if error is not None:
        raise error


async def fetch_in_turn(fetch: Callable[[Q], Awaitable[R]], requests: Sequence[Q]) -> Sequence[R]:
    """Fetch one after the other; no tasks."""
    return [await fetch(request) for request in requests]


async def fetch_all(fetch: Callable[[Q], Awaitable[R]], requests: Sequence[Q]) -> Sequence[R]:
    """Fetch all at once, in order; the first error, bare, cancels the rest."""
    results: dict[int, R] = {}
    errors: list[Exception] = []

    async def one(place: int, request: Q) -> None:
        try:
            results[place] = await fetch(request)
        except Exception as error:  # noqa: BLE001 - raised below, bare
            errors.append(error)
            tasks.cancel_scope.cancel()

    if len(requests) == 1:
        return [await fetch(requests[0])]
    async with anyio.create_task_group() as tasks:
        for place, request in enumerate(requests):
            tasks.start_soon(one, place, request)
    if errors:
        raise errors[0]
    return [results[place] for place in range(len(requests))]
