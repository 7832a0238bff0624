"""Events, ten ids a call, in the order of the ids."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Sequence,
)
from contextlib import asynccontextmanager
from itertools import islice

import attrs

from loyalty_async.errors import ApiError, ClientStateError, LoyaltyError
from loyalty_async.models.events import ExplodedEvents, LedgerEvent
from loyalty_async.models.members import Member
from loyalty_async.models.reports import EventsReport, Verdict
from loyalty_async.streams.read_ahead import InTurn, open_ahead

__all__ = ["UNKNOWN_CODES", "EventQuery", "EventStream", "Events", "FetchEvents"]

EventId = int | str
"""An eventLogId, or a reference id; both are compared as texts."""

Ids = tuple[EventId, ...]
FetchEvents = Callable[[Ids], Awaitable[ExplodedEvents]]
"""Gets the events of up to ten ids."""

_IDS_A_CALL = 10
"""Error 11014."""
UNKNOWN_CODES = frozenset({9021, 9022, 11015, 11016, 11024})
"""What the server says when it does not know, or cannot prepare, one of several; none of the others comes then."""


@attrs.frozen(eq=False)
class _Batch:
    """The events of some ids, in the order of the ids."""

    events: Sequence[LedgerEvent]
    unknown: Ids = ()


class Events(list[LedgerEvent]):
    """All events of a query, in order, with its report."""

    def __init__(self, events: Iterable[LedgerEvent], report: EventsReport) -> None:
        super().__init__(events)
        self.report = report


@attrs.define(eq=False)
class _Explosion:
    """The state of one iteration over events."""

    _fetch: FetchEvents
    _identity: Callable[[LedgerEvent], EventId | None]
    _unknown_codes: frozenset[int]
    skipped: dict[str, int]
    verdict: Verdict = Verdict.PARTIAL
    asked: int = 0
    calls: int = 0
    events: int = 0
    unknown: list[EventId] = attrs.field(factory=list)
    warnings: dict[int, int] = attrs.field(factory=dict)

    def jobs(self, ids: Iterable[EventId]) -> Iterator[Ids]:
        """Cut ids into calls, each id once."""
        distinct = self._distinct(ids)
        while batch := tuple(islice(distinct, _IDS_A_CALL)):
            yield batch

    def _distinct(self, ids: Iterable[EventId]) -> Iterator[EventId]:
        known: set[str] = set()
        for event_id in ids:
            if str(event_id) not in known:
                known.add(str(event_id))
                self.asked += 1
                yield event_id

    async def perform(self, ids: Ids) -> _Batch:
        """Get the events of some ids; where one of them is not known, the others are asked for without it."""
        events: list[tuple[str, LedgerEvent]] = []
        unknown: list[EventId] = []
        waiting: deque[tuple[Ids, bool]] = deque([(ids, False)])
        while waiting:
            asked, suspect = waiting.popleft()
            self.calls += 1
            try:
                answer = await self._fetch(asked)
            except ApiError as refusal:
                if self._unknown_codes.isdisjoint(refusal.codes):
                    raise
                named = _named(asked, refusal.server_message or "")
                if len(asked) == 1 or (suspect and len(named) == len(asked)):
                    unknown.extend(asked)
                else:
                    waiting.extend(_apart(asked, named))
                continue
            found = self._assigned(asked, answer)
            if found is None:
                waiting.extend(((one,), True) for one in asked)
                continue
            self._count(answer)
            events.extend(found)
            unknown.extend(one for one in asked if str(one) not in {owner for owner, _ in found})
        places = {str(one): place for place, one in enumerate(ids)}
        events.sort(key=lambda pair: places[pair[0]])
        unknown.sort(key=lambda one: places[str(one)])
        return _Batch([event for _, event in events], tuple(unknown))

    def _assigned(self, asked: Ids, answer: ExplodedEvents) -> list[tuple[str, LedgerEvent]] | None:
        """Say which id each event is of; None if one names none of several, and each must be asked for alone."""
        known = {str(one) for one in asked}
        found = [(str(self._identity(event)), event) for event in answer.events if event is not None]
        if len(asked) == 1:
            return [(str(asked[0]), event) for _, event in found]
        return found if known.issuperset(owner for owner, _ in found) else None

    def _count(self, answer: ExplodedEvents) -> None:
        for warning in answer.warnings:
            if warning.code is not None:
                self.warnings[warning.code] = self.warnings.get(warning.code, 0) + 1

    def take(self, batch: _Batch) -> Sequence[LedgerEvent]:
        """Count a batch that is handed out."""
        self.events += len(batch.events)
        self.unknown.extend(batch.unknown)
        return batch.events

    def report(self, unread: int) -> EventsReport:
        """Say how it stands, when *unread* events of the last batch are not handed out yet."""
        return EventsReport(
            verdict=self.verdict,
            asked=self.asked,
            events=self.events - unread,
            calls=self.calls,
            unknown=tuple(self.unknown),
            skipped=dict(self.skipped),
            warnings=dict(self.warnings),
        )


@attrs.define(eq=False)
class EventStream(AsyncIterator[LedgerEvent]):
    """Events in the order of their ids; suspends only between calls.

    `break` and cancellation lose nothing of the stream and leave nothing running. One task at a time may iterate. An
    error ends the stream and is raised again by every further call.
    """

    _state: _Explosion = attrs.field(repr=False)
    _member: Member = attrs.field(repr=False)
    _source: AsyncIterator[_Batch] = attrs.field(repr=False)
    _unread: deque[LedgerEvent] = attrs.field(init=False, factory=deque, repr=False)
    _busy: bool = attrs.field(init=False, default=False, repr=False)
    _closed: bool = attrs.field(init=False, default=False, repr=False)

    @property
    def report(self) -> EventsReport:
        """What was asked for, what came, and which ids the server does not know."""
        return self._state.report(len(self._unread))

    def close(self) -> None:
        """Refuse further use; the report stays as it is."""
        self._closed = True

    async def __anext__(self) -> LedgerEvent:
        """Give the next event.

        Raises:
            LoyaltyError: A call failed for another reason than an unknown id.
        """
        if self._closed:
            raise ClientStateError("the stream was closed when its block ended")
        while not self._unread:
            self._unread.extend(await self._next_batch())
        return self._unread.popleft()

    async def _next_batch(self) -> Sequence[LedgerEvent]:
        if self._busy:
            raise ClientStateError("two tasks iterate over one stream; give each task its own query")
        self._busy = True
        try:
            return self._state.take(await anext(self._source))
        except StopAsyncIteration:
            self._state.verdict = Verdict.COMPLETE
            raise
        except LoyaltyError as error:
            self._state.verdict = Verdict.FAILED
            error.member = error.member or self._member
            raise
        finally:
            self._busy = False


@attrs.frozen(kw_only=True)
class EventQuery(AsyncIterable[LedgerEvent]):
    """Events by id. Nothing is sent until it is iterated, and each iteration starts afresh.

    Attributes:
        member: Whose events.
        ids: Their ids, ten a call, each asked for once.
        skipped: Entries whose kind the API refuses, by event name.
    """

    member: Member
    ids: Sequence[EventId] = attrs.field(repr=False)
    skipped: dict[str, int] = attrs.field(factory=dict, hash=False)
    _fetch: FetchEvents = attrs.field(repr=False)
    _identity: Callable[[LedgerEvent], EventId | None] = attrs.field(repr=False)
    _unknown_codes: frozenset[int] = attrs.field(default=UNKNOWN_CODES, repr=False)

    def __aiter__(self) -> EventStream:
        """Iterate one call at a time, without tasks; `break` whenever you like."""
        state = self._state()
        return EventStream(state, self.member, InTurn(state.perform, state.jobs(self.ids)))

    @asynccontextmanager
    async def prefetch(self, *, ahead: int = 4) -> AsyncGenerator[EventStream]:
        """Open a stream that is read ahead of its consumer.

        Args:
            ahead: How many calls to make beyond the one being waited for.

        Yields:
            The stream. Nothing is sent until it is iterated; leaving the block cancels what is under way.
        """
        state = self._state()
        async with open_ahead(state.perform, state.jobs(self.ids), ahead=ahead) as batches:
            stream = EventStream(state, self.member, batches)
            try:
                yield stream
            finally:
                stream.close()

    async def collect(self, *, ahead: int = 4) -> Events:
        """Read everything into a list, ahead of itself as `prefetch` does."""
        async with self.prefetch(ahead=ahead) as stream:
            events = [event async for event in stream]
            return Events(events, stream.report)

    def _state(self) -> _Explosion:
        return _Explosion(self._fetch, self._identity, self._unknown_codes, self.skipped)


def _named(ids: Ids, message: str) -> Ids:
    """Find the ids that the server's words name."""
    words = set(re.findall(r"[\w-]+", message))
    return tuple(one for one in ids if str(one) in words)


def _apart(ids: Ids, named: Ids) -> list[tuple[Ids, bool]]:
    """Cut ids in two: those that the server's words name, to make sure of them, and the others; or else two halves."""
    if not named or len(named) == len(ids):
        return [(ids[: len(ids) // 2], False), (ids[len(ids) // 2 :], False)]
    return [(tuple(one for one in ids if one not in named), False), (named, True)]
