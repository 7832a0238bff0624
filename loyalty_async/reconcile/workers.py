"""Many members at once: verdicts as they come, in bounded memory.

Tasks live only inside `reconcile_members`, and leaving its block cancels what still runs (PEP 789).
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager

import anyio
import attrs
from anyio.abc import TaskGroup

from loyalty_async.client import CapillaryClient
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
from loyalty_async.models.spans import Span
from loyalty_async.reconcile.matching import Rules
from loyalty_async.reconcile.readings import check_span, reconcile_member, untold
from loyalty_async.reconcile.sources import EntrySource
from loyalty_async.reconcile.summaries import Limit, Summary
from loyalty_async.reconcile.verdicts import MemberVerdict, Reason

__all__ = ["Verdicts", "reconcile_members"]

_TROUBLE = (TransportError, RateLimitedError, UnavailableError)
"""What may be the server's trouble with one member, or its trouble with everybody."""
_OF_A_MEMBER = (ApiError, MalformedAnswerError, TransportError)
_OF_ALL = (AuthenticationError, PermissionDeniedError)
_PATIENCE = 10
"""So many members in a row with such trouble are trouble with everybody: far more than one member's bad data."""

Judge = Callable[[Member, int], Awaitable[MemberVerdict]]


@asynccontextmanager
async def reconcile_members(
    client: CapillaryClient,
    members: Iterable[Member] | AsyncIterable[Member],
    span: Span,
    *,
    rules: Rules | None = None,
    entries: EntrySource | None = None,
    concurrency: int = 8,
    limit: Limit | None = None,
    skip: Callable[[Member], bool] | None = None,
    summary: Summary | None = None,
) -> AsyncGenerator[Verdicts]:
    """Open a stream of verdicts over members, however many.

    Verdicts come as they are ready, in no order; `verdict.number` is the member's place. A member of whom the server
    says no more than an error gets the verdict `indeterminate`, reason `unreadable`; wrong credentials, missing rights,
    and a server that fails for ten members in a row, or for all there are, end the stream. Then these have no verdict:
    nothing says yet that it is about them.

    Args:
        client: An open client.
        members: Whose accounts, taken one by one as there is room: a list, a generator, or an async one over a queue.
        span: From when to when.
        rules: When balances agree, and how much to ask.
        entries: Where entries come from; the server unless told.
        concurrency: How many members to work on, or to keep the verdicts of, at once. Memory holds so many ledgers.
        limit: When to stop because too much is wrong.
        skip: Asked once for each member whether to pass over it, because an earlier run gave its verdict, for instance;
            the others keep their numbers. `ReportFolder.passes`, if there is a report.
        summary: What the earlier run came to, to be added to; a new one unless given.

    Yields:
        The stream. Nothing is sent until it is iterated; leaving the block cancels what is under way.

    Raises:
        InvalidArgument: An argument; nothing was sent.
    """
    check_span(span)
    _check_concurrency(concurrency)

    async def judge(member: Member, number: int) -> MemberVerdict:
        return await reconcile_member(client, member, span, rules=rules, entries=entries, number=number)

    error: BaseException | None = None
    async with anyio.create_task_group() as tasks:
        stream = Verdicts(judge, _Queue(members, skip), concurrency, limit or Limit(), tasks)
        stream.summary = summary or stream.summary
        try:
            yield stream
        except anyio.get_cancelled_exc_class():
            raise
        except BaseException as raised:  # noqa: BLE001 - carried round the task group, which would wrap it in a group
            error = raised
        finally:
            stream.close()
            tasks.cancel_scope.cancel()
    if error is not None:
        raise error


class Verdicts(AsyncIterator[MemberVerdict]):
    """Verdicts as they are ready; made by `reconcile_members`.

    A wait that is cancelled loses nothing. An error ends the stream, bare, behind the verdicts of the members that were
    under way, and is raised again by every further call.

    Attributes:
        summary: Everything that was handed out, in numbers.
    """

    summary: Summary

    def __init__(
        self, judge: Judge, members: AsyncIterator[tuple[Member, int]], concurrency: int, limit: Limit, tasks: TaskGroup
    ) -> None:
        self.summary = Summary()
        self._judge, self._members, self._limit, self._tasks = judge, members, limit, tasks
        self._workers = concurrency
        self._working = 0
        self._doubted: list[MemberVerdict] = []
        self._trouble: LoyaltyError | None = None
        self._answered = False
        self._started = self._closed = self._over = False
        self._error: Exception | None = None
        self._ready: deque[tuple[MemberVerdict, bool]] = deque()
        self._news = anyio.Event()
        self._queue = anyio.Lock()
        self._places = anyio.Semaphore(concurrency)

    def __repr__(self) -> str:
        return f"<Verdicts {self.summary!r}>"

    async def __anext__(self) -> MemberVerdict:
        """Wait for the next verdict.

        Raises:
            StopAsyncIteration: All members are through, or the limit was passed (`summary.stopped`).
            LoyaltyError: The run cannot go on.
        """
        self._start()
        while not (self._ended() or self._ready):
            news = self._news
            await news.wait()
        if self._ended():
            raise StopAsyncIteration
        verdict, has_place = self._ready.popleft()
        if has_place:
            self._places.release()
        self.summary.add(verdict)
        self.summary.stopped = self.summary.passes(self._limit)
        return verdict

    def close(self) -> None:
        """Refuse further use, also to a task that still waits."""
        self._closed = True
        self._tell()

    def _ended(self) -> bool:
        """Tell whether there is nothing more to come; an error comes behind what was under way."""
        if self._closed:
            raise ClientStateError("the stream was closed when its block ended")
        if not (self._ready or self._working):
            if self._error is not None:
                raise self._error
            self._settle_doubts()
        return self.summary.stopped or not (self._ready or self._working)

    def _start(self) -> None:
        if self._started or self._closed:
            return
        self._started, self._working = True, self._workers
        for _ in range(self._workers):
            self._tasks.start_soon(self._work)

    async def _work(self) -> None:
        """Take members until there are none, or nothing more is wanted."""
        try:
            while not self._over and not self.summary.stopped:
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
            verdict = await self._judge(member, number)
        except LoyaltyError as error:
            if not isinstance(error, _OF_A_MEMBER) or isinstance(error, _OF_ALL):
                raise
            verdict = attrs.evolve(untold(member, Reason.UNREADABLE, error.codes), number=number)
            if isinstance(error, _TROUBLE):
                self._doubt(verdict, error)
                return
        self._answered = True
        self._settle_doubts()
        self._ready.append((verdict, True))
        self._tell()

    def _doubt(self, verdict: MemberVerdict, error: LoyaltyError) -> None:
        """Keep a verdict until the server answers for somebody else; raise the error if it does not for too many."""
        if len(self._doubted) + 1 >= _PATIENCE:
            raise error
        self._doubted.append(verdict)
        self._trouble = error
        self._places.release()

    def _settle_doubts(self) -> None:
        """Hand out what was doubted, for the server answers others; raise the error if it answered nobody."""
        if self._trouble is not None and not self._answered:
            self._error = self._trouble
            raise self._trouble
        self._ready.extend((verdict, False) for verdict in self._doubted)
        self._doubted.clear()
        self._trouble = None

    def _tell(self) -> None:
        """Wake who waits."""
        news, self._news = self._news, anyio.Event()
        news.set()


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


def _check_concurrency(concurrency: object) -> None:
    if isinstance(concurrency, bool) or not isinstance(concurrency, int) or concurrency < 1:
        raise InvalidArgument("concurrency must be an integer of at least 1")
