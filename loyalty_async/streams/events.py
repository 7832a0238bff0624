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
from itertools import groupby, islice

import attrs

from loyalty_async.errors import ApiError, ClientStateError, LoyaltyError
from loyalty_async.models.events import ExplodedEvents, LedgerEvent
from loyalty_async.models.members import Member
from loyalty_async.models.reports import EventsReport, Verdict
from loyalty_async.streams.read_ahead import Further, InTurn, open_ahead

__all__ = ["UNKNOWN_CODES", "EventQuery", "EventStream", "Events", "FetchEvents"]

EventId = int | str
"""An eventLogId, or a reference id; both are compared as texts."""

Ids = tuple[EventId, ...]
FetchEvents = Callable[[Ids], Awaitable[ExplodedEvents]]
"""Gets the events of up to ten ids."""

_IDS_A_CALL = 10
"""Error 11014."""
UNKNOWN_CODES = frozenset({9021, 9022, 11016, 11024})
"""What the server says when it does not know one id among several; then none of the others comes either."""


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

    async def perform(self, ids: Ids) -> _Batch | Further[Ids]:
        """Get the events of some ids; where one of them is not known, the others are asked for without it."""
        self.calls += 1
        try:
            answer = await self._fetch(ids)
        except ApiError as refusal:
            if self._unknown_codes.isdisjoint(refusal.codes):
                raise
            return Further(_apart(ids, refusal.server_message or "")) if len(ids) > 1 else _Batch((), unknown=ids)
        for warning in answer.warnings:
            if warning.code is not None:
                self.warnings[warning.code] = self.warnings.get(warning.code, 0) + 1
        return self._sorted(ids, [event for event in answer.events if event is not None])

    def _sorted(self, ids: Ids, events: Sequence[LedgerEvent]) -> _Batch:
        places = {str(event_id): place for place, event_id in enumerate(ids)}
        found = [str(self._identity(event)) for event in events]
        in_order = sorted(zip(found, events, strict=True), key=lambda pair: places.get(pair[0], len(ids)))
        # An event that does not name its id may belong to any of them.
        unknown = () if "None" in found else tuple(event_id for event_id in ids if str(event_id) not in found)
        return _Batch([event for _, event in in_order], unknown)

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


def _apart(ids: Ids, message: str) -> list[Ids]:
    """Cut ids in pieces that keep their order: those that the server's message names alone, or else two halves."""
    named = [event_id for event_id in ids if str(event_id) in re.findall(r"[\w-]+", message)]
    if not named or len(named) == len(ids):
        return [ids[: len(ids) // 2], ids[len(ids) // 2 :]]
    runs = [(is_named, tuple(run)) for is_named, run in groupby(ids, key=named.__contains__)]
    return [piece for is_named, run in runs for piece in ([(one,) for one in run] if is_named else [run])]
