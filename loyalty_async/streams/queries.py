"""A question that can be asked again and again: nothing is sent until it is iterated."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Literal

import anyio
import attrs

from loyalty_async.errors import InvalidArgument, LoyaltyError, NoEntriesError
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.members import Member
from loyalty_async.models.pages import LedgerPage
from loyalty_async.models.spans import Span
from loyalty_async.planning.histories import EARLIEST
from loyalty_async.planning.jobs import PageRequest, Terms
from loyalty_async.planning.resumes import ResumePoint
from loyalty_async.planning.windows import BEGINNING, asked, windows
from loyalty_async.protocol.efforts import Effort
from loyalty_async.streams.entries import Entries, EntryStream
from loyalty_async.streams.read_ahead import InTurn, check_ahead, fetch_all, open_ahead
from loyalty_async.streams.walks import FetchPage, Walk

__all__ = ["EntryQuery"]


@attrs.frozen(kw_only=True)
class EntryQuery(AsyncIterable[LedgerEntry]):
    """The entries of a member in `[since, until)`, by `(created_at, event_log_id)`.

    Nothing is sent until it is iterated, and each iteration starts afresh. Plain iteration, `prefetch` and `collect`
    give one and the same sequence.

    Attributes:
        member: Whose ledger.
        since: Where it begins; None for the beginning of the ledger.
        until: Where it ends; never later than the moment when the iteration starts, which is also what None means.
        order: `asc` for the oldest first, `desc` for the newest.
        max_items: How many entries to give at most; None for all.
        resume: The point from which to go on; None for the first entry.
    """

    member: Member
    since: datetime | None
    until: datetime | None
    order: Literal["asc", "desc"] = "asc"
    max_items: int | None = None
    resume: str | None = None
    _question: object = attrs.field(repr=False)
    _fetch: FetchPage = attrs.field(repr=False)
    _terms: Callable[[datetime], Terms] = attrs.field(repr=False)
    _clock: Callable[[], datetime] = attrs.field(repr=False)

    def __attrs_post_init__(self) -> None:
        if self.resume is not None:
            self._require_inside(ResumePoint.read(self.resume, self._question))

    def __aiter__(self) -> EntryStream:
        """Iterate one request at a time, without tasks; `break` whenever you like."""
        walk = self._begin()
        return EntryStream(walk, self.member, InTurn(walk.perform, walk.rest.jobs()), self.max_items)

    @asynccontextmanager
    async def prefetch(self, *, ahead: int = 4) -> AsyncGenerator[EntryStream]:
        """Open a stream that is read ahead of its consumer.

        Args:
            ahead: How many spans to read beyond the one being waited for, and how many requests to make beside one
                another; memory holds `ahead + 1` parts of at most `pages_per_part` pages.

        Yields:
            The stream. Nothing is sent until it is iterated; leaving the block cancels what is under way.
        """
        check_ahead(ahead)
        ahead = self._useful(ahead)
        walk = self._begin(ahead=ahead, places=anyio.Semaphore(ahead + 1, fast_acquire=True), fetch_several=fetch_all)
        async with open_ahead(walk.perform, walk.rest.jobs(), ahead=ahead) as parts:
            stream = EntryStream(walk, self.member, parts, self.max_items)
            try:
                yield stream
            finally:
                stream.close()

    async def collect(self, *, ahead: int = 4) -> Entries:
        """Read everything into a list, ahead of itself as `prefetch` does.

        Raises:
            LoyaltyError: The walk cannot go on. What was read is dropped, so `resume` is where this walk began.
        """
        entries: list[LedgerEntry] = []
        async with self.prefetch(ahead=ahead) as stream:
            try:
                while True:
                    entries.extend(await stream.next_part())
            except StopAsyncIteration:
                return Entries(entries, stream.report, stream.resume)
            except LoyaltyError as error:
                error.resume = stream.origin
                raise

    async def pages(self) -> AsyncIterator[LedgerPage]:
        """Give the server's pages as they come, in its order, margins included and without the promises of a walk."""
        now = self._clock().astimezone(UTC)
        terms, span = self._terms(now), self._span(self._point(now))
        for window in [None] if self.since is None else windows(span, terms.window):
            wanted = window and asked(window, terms.zone)
            number = count = 0
            while number == 0 or number < count:
                try:
                    page = await self._fetch(PageRequest(wanted, number), terms.page_size, Effort())
                except NoEntriesError:
                    break
                yield page
                number, count = number + 1, page.paging.page_count

    def _begin(self, **manner: Any) -> Walk:
        # In UTC: two instants of one zone would be compared, and added to, by their wall clocks.
        now = self._clock().astimezone(UTC)
        point = self._point(now)
        return Walk(
            fetch=self._fetch,
            terms=self._terms(now),
            clock=lambda: self._clock().astimezone(UTC),
            span=self._span(point),
            dated=self.since is not None,
            point=point,
            **manner,
        )

    def _point(self, now: datetime) -> ResumePoint:
        """Say where the walk begins: where an earlier one stopped, and with its cut-off."""
        if self.resume is not None:
            return ResumePoint.read(self.resume, self._question)
        now = now.astimezone(UTC)
        until = now if self.until is None else min(self.until.astimezone(UTC), now)
        if self.since is not None:
            until = max(until, self.since.astimezone(UTC))  # What lies ahead is empty.
        return ResumePoint(question=self._question, until=until)

    def _require_inside(self, point: ResumePoint) -> None:
        since = BEGINNING if self.since is None else self.since.astimezone(UTC)
        until = point.until if self.until is None else self.until.astimezone(UTC)
        mark, history = point.mark, point.history
        if (
            not since <= point.until <= until
            or (mark is not None and mark.created_at not in Span(since, point.until))
            or (mark is not None and history is not None and not EARLIEST <= history.since <= mark.created_at)
            or not _nested(point, Span(since, point.until))
        ):
            raise InvalidArgument("the resume token was changed: it points outside of the span that is asked for")

    def _span(self, point: ResumePoint) -> Span:
        since = BEGINNING if self.since is None else self.since.astimezone(UTC)
        span = Span(since, point.until)
        return span if point.mark is None else point.mark.rest_of(span, descending=self.order == "desc")

    def _useful(self, ahead: int) -> int:
        """Look no further ahead than the pages that may still be wanted."""
        if self.max_items is None:
            return ahead
        return min(ahead, (self.max_items - 1) // self._terms(self._clock()).page_size)


def _nested(point: ResumePoint, outer: Span) -> bool:
    """Tell whether open accounts lie in one another, and the mark in all of them."""
    for account in point.accounts:
        if not outer.since <= account.span.since <= account.span.until <= outer.until:
            return False
        outer = account.span
    return not point.accounts or (point.mark is not None and point.mark.created_at in outer)
