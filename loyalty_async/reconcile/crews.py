"""Many members at once: results as they come, in bounded memory, whatever is asked about each.

Tasks live only inside `open_crew`, and leaving its block cancels what still runs (PEP 789).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, Generic, TypeVar

import anyio
from anyio.abc import TaskGroup

from loyalty_async.errors import (
    ApiError,
    AuthenticationError,
    ClientStateError,
    InvalidArgument,
    LoyaltyError,
    MalformedAnswerError,
    PermissionDeniedError,
    RateLimitedError,
    TransportError,
    UnavailableError,
)
from loyalty_async.models.members import Member

__all__ = ["Crew", "Judge", "check_concurrency", "open_crew"]

_TROUBLE = (TransportError, RateLimitedError, UnavailableError)
"""What may be the server's trouble with one member, or its trouble with everybody."""
_OF_A_MEMBER = (ApiError, MalformedAnswerError, TransportError)
_OF_ALL = (AuthenticationError, PermissionDeniedError)
_PATIENCE = 10
"""So many members in a row with such trouble are trouble with everybody: far more than one member's bad data."""

Result = TypeVar("Result")
Judge = Callable[[Member, int], Awaitable[Result]]


class Crew(AsyncIterator[Result], ABC, Generic[Result]):
    """Results as they are ready.

    A wait that is cancelled loses nothing. An error ends the stream, bare, behind the results of the members that were
    under way, and is raised again by every further call.
    """

    def __init__(
        self,
        judge: Judge[Result],
        members: Iterable[Member] | AsyncIterable[Member],
        skip: Callable[[Member], bool] | None,
        concurrency: int,
        tasks: TaskGroup,
    ) -> None:
        self._judge, self._members, self._tasks = judge, _Queue(members, skip), tasks
        self._workers = concurrency
        self._working = 0
        self._doubted: list[Result] = []
        self._trouble: LoyaltyError | None = None
        self._answered = False
        self._started = self._closed = self._over = False
        self._error: Exception | None = None
        self._ready: deque[tuple[Result, bool]] = deque()
        self._news = anyio.Event()
        self._queue = anyio.Lock()
        self._places = anyio.Semaphore(concurrency)

    @property
    def _stopped(self) -> bool:
        """Whether enough was seen, so that nobody more is wanted."""
        return False

    @abstractmethod
    def _take_in(self, result: Result) -> None:
        """Count a result that is handed out."""

    @abstractmethod
    def _unreadable(self, member: Member, number: int, codes: tuple[int, ...]) -> Result:
        """Give the result of a member of whom the server says no more than an error."""

    async def __anext__(self) -> Result:
        """Wait for the next result.

        Raises:
            StopAsyncIteration: All members are through, or enough was seen.
            LoyaltyError: The run cannot go on.
        """
        self._start()
        while not (self._ended() or self._ready):
            news = self._news
            await news.wait()
        if self._ended():
            raise StopAsyncIteration
        result, has_place = self._ready.popleft()
        if has_place:
            self._places.release()
        self._take_in(result)
        return result

    def close(self) -> None:
        """Refuse further use, also to a task that still waits."""
        self._closed = True
        self._tell()

    def forget(self) -> None:
        """Let go of the results that nobody took."""
        for result in (*self._doubted, *(result for result, _ in self._ready)):
            self._let_go(result)

    def _let_go(self, result: Result) -> None:
        """Let go of a result that nobody takes."""

    def _ended(self) -> bool:
        """Tell whether there is nothing more to come; an error comes behind what was under way."""
        if self._closed:
            raise ClientStateError("the stream was closed when its block ended")
        if not (self._ready or self._working):
            if self._error is not None:
                raise self._error
            self._settle_doubts()
        return self._stopped or not (self._ready or self._working)

    def _start(self) -> None:
        if self._started or self._closed:
            return
        self._started, self._working = True, self._workers
        for _ in range(self._workers):
            self._tasks.start_soon(self._work)

    async def _work(self) -> None:
        """Take members until there are none, or nothing more is wanted."""
        try:
            while not self._over and not self._stopped:
                await self._places.acquire()
                taken = await self._take()
                if taken is None:
                    self._places.release()
                    return
                await self._do(*taken)
        except Exception as error:  # noqa: BLE001 - handed to the consumer, bare
            self._error, self._over = self._error or error, True
        finally:
            self._working -= 1
            self._tell()

    async def _take(self) -> tuple[Member, int] | None:
        async with self._queue:  # An async generator cannot be asked by two at once.
            if self._over:
                return None
            try:
                return await anext(self._members)
            except StopAsyncIteration:
                self._over = True
                return None

    async def _do(self, member: Member, number: int) -> None:
        try:
            result = await self._judge(member, number)
        except LoyaltyError as error:
            if not isinstance(error, _OF_A_MEMBER) or isinstance(error, _OF_ALL):
                raise
            result = self._unreadable(member, number, error.codes)
            if isinstance(error, _TROUBLE):
                self._doubt(result, error)
                return
        self._answered = True
        self._settle_doubts()
        self._ready.append((result, True))
        self._tell()

    def _doubt(self, result: Result, error: LoyaltyError) -> None:
        """Keep a result until the server answers for somebody else; raise the error if it does not for too many."""
        if len(self._doubted) + 1 >= _PATIENCE:
            raise error
        self._doubted.append(result)
        self._trouble = error
        self._places.release()

    def _settle_doubts(self) -> None:
        """Hand out what was doubted, for the server answers others; raise the error if it answered nobody."""
        if self._trouble is not None and not self._answered:
            self._error = self._trouble
            raise self._trouble
        self._ready.extend((result, False) for result in self._doubted)
        self._doubted.clear()
        self._trouble = None

    def _tell(self) -> None:
        """Wake who waits."""
        news, self._news = self._news, anyio.Event()
        news.set()


CrewT = TypeVar("CrewT", bound=Crew[Any])


@asynccontextmanager
async def open_crew(make: Callable[[TaskGroup], CrewT]) -> AsyncGenerator[CrewT]:
    """Open a crew in a task group of its own; what its block raises comes out bare."""
    error: BaseException | None = None
    tasks = anyio.create_task_group()
    crew = make(tasks)
    try:
        async with tasks:
            try:
                yield crew
            except anyio.get_cancelled_exc_class():
                raise
            except BaseException as raised:  # noqa: BLE001 - carried round the group, which would wrap it in another
                error = raised
            finally:
                crew.close()
                tasks.cancel_scope.cancel()
    finally:
        crew.forget()  # Only now nobody works any more.
    if error is not None:
        raise error


class _Queue(AsyncIterator[tuple[Member, int]]):
    """Members of any iterable, numbered; no generator of our own, which would have to be closed."""

    def __init__(
        self, members: Iterable[Member] | AsyncIterable[Member], skip: Callable[[Member], bool] | None
    ) -> None:
        self._skip, self._taken = skip, 0
        self._ahead = aiter(members) if isinstance(members, AsyncIterable) else None
        self._plain = iter(()) if isinstance(members, AsyncIterable) else iter(members)

    async def __anext__(self) -> tuple[Member, int]:
        while True:
            member = await self._next()
            self._taken += 1
            if self._skip is None or not self._skip(member):
                return member, self._taken

    async def _next(self) -> Member:
        if self._ahead is not None:
            return await anext(self._ahead)
        for member in self._plain:
            return member
        raise StopAsyncIteration


def check_concurrency(concurrency: object) -> None:
    """Require a number of members to work on at once."""
    if isinstance(concurrency, bool) or not isinstance(concurrency, int) or concurrency < 1:
        raise InvalidArgument("concurrency must be an integer of at least 1")
