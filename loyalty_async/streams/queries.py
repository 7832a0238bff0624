"""A question that can be asked again and again: nothing is sent until it is iterated."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from datetime import UTC, datetime

import anyio
import attrs

from loyalty_async.errors import NoEntriesError
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.members import Member
from loyalty_async.models.pages import LedgerPage
from loyalty_async.models.spans import Span
from loyalty_async.planning.jobs import Job, PageRequest, Part, Terms
from loyalty_async.planning.windows import asked, windows
from loyalty_async.protocol.efforts import Effort
from loyalty_async.streams.entries import Entries, EntryStream
from loyalty_async.streams.read_ahead import Further, InTurn, check_ahead, fetch_all, open_ahead
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
    """

    member: Member
    since: datetime | None
    until: datetime | None
    _fetch: FetchPage = attrs.field(repr=False)
    _terms: Callable[[datetime], Terms] = attrs.field(repr=False)
    _clock: Callable[[], datetime] = attrs.field(repr=False)

    def __aiter__(self) -> EntryStream:
        """Iterate one request at a time, without tasks; `break` whenever you like."""
        walk = self._walk()

        async def work(job: Job) -> Part | Further[Job]:
            return await walk.perform(job, walk.pages)

        return EntryStream(walk, self.member, InTurn(work, walk.jobs()))

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
        places = anyio.Semaphore(ahead + 1)
        walk = self._walk(ahead, places)

        async def pages(requests: Sequence[PageRequest]) -> Sequence[LedgerPage]:
            return await fetch_all(walk.page, requests)

        async def work(job: Job) -> Part | Further[Job]:
            return await walk.perform(job, pages)

        async with open_ahead(work, walk.jobs(), ahead=ahead) as parts:
            stream = EntryStream(walk, self.member, parts)
            try:
                yield stream
            finally:
                stream.close()

    async def collect(self, *, ahead: int = 4) -> Entries:
        """Read everything into a list, ahead of itself as `prefetch` does."""
        entries: list[LedgerEntry] = []
        async with self.prefetch(ahead=ahead) as stream:
            while True:
                try:
                    entries.extend(await stream.next_part())
                except StopAsyncIteration:
                    return Entries(entries, stream.report)

    async def pages(self) -> AsyncIterator[LedgerPage]:
        """Give the server's pages as they come, in its order, margins included and without the promises of a walk."""
        walk = self._walk()
        terms = self._terms(walk.now)
        spans = [None] if walk.since is None else windows(Span(walk.since, walk.until), terms.window)
        for span in spans:
            wanted = span and asked(span, terms.zone)
            number = count = 0
            while number == 0 or number < count:
                try:
                    page = await self._fetch(PageRequest(wanted, number), terms.page_size, Effort())
                except NoEntriesError:
                    break
                yield page
                number, count = number + 1, page.paging.page_count

    def _walk(self, ahead: int = 0, places: AbstractAsyncContextManager[object] | None = None) -> Walk:
        # In UTC: two instants of one zone would be compared, and added to, by their wall clocks.
        now = self._clock().astimezone(UTC)
        return Walk(
            fetch=self._fetch,
            terms=self._terms(now),
            since=self.since and self.since.astimezone(UTC),
            until=now if self.until is None else min(self.until.astimezone(UTC), now),
            now=now,
            ahead=ahead,
            places=places or nullcontext(),
        )
