"""One walk over a ledger: asks for what the plan wants, and keeps count of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import UTC, datetime

import attrs

from loyalty_async.errors import IntervalTooLongError, LimitTooLargeError, NoEntriesError
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.pages import LedgerPage
from loyalty_async.models.reports import Report, Verdict
from loyalty_async.models.spans import Span
from loyalty_async.planning.accounts import Account
from loyalty_async.planning.drift import unfamiliar
from loyalty_async.planning.jobs import Job, PageRequest, Part, Reading, Split, Terms
from loyalty_async.planning.parts import read
from loyalty_async.planning.proofs import incomplete
from loyalty_async.planning.windows import windows
from loyalty_async.protocol.codes import PENDING_CODES
from loyalty_async.protocol.efforts import Effort
from loyalty_async.streams.read_ahead import Further

__all__ = ["FetchPage", "GetPages", "Walk"]

FetchPage = Callable[[PageRequest, int, Effort], Awaitable[LedgerPage]]
"""Gets one page, of at most so many entries, and adds to what that takes."""

GetPages = Callable[[Sequence[PageRequest]], Awaitable[Sequence[LedgerPage]]]
"""Gets several pages, one after the other or at once."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SMALL_PAGE = 10
"""What a server that refuses our page size still gives (errors 11006 and 11029)."""
_PATIENCE = 500
"""How many pages in a row may prove nothing before a walk is given up: two readings of a second of 200 pages take 400,
to find it in 88 days about 50."""


@attrs.define(eq=False, kw_only=True)
class Walk:
    """The state of one walk.

    Attributes:
        since: Where it begins; None for the whole history.
        until: Where it ends.
        now: When it began: what the whole history goes up to.
        verdict: How far it can be trusted.
    """

    since: datetime | None
    until: datetime
    now: datetime
    verdict: Verdict = Verdict.PARTIAL
    _fetch: FetchPage
    _terms: Terms
    _ahead: int = 0
    _places: AbstractAsyncContextManager[object] = attrs.field(factory=nullcontext)
    _effort: Effort = attrs.field(factory=Effort)
    _entries: int = 0
    _parts: int = 0
    _splits: int = 0
    _pages: int = 0
    _fruitless: int = 0
    _page_size: int | None = None
    _warnings: Counter[int] = attrs.field(factory=Counter)
    _unfamiliar: Counter[str] = attrs.field(factory=Counter)

    def jobs(self) -> Iterator[Job]:
        """Say what there is to read, oldest first."""
        if self.since is None:
            yield Job(Span(_EPOCH, self.now), dated=False)
        else:
            yield from map(Job, windows(Span(self.since, self.until), self._terms.window))

    async def perform(self, job: Job, get_pages: GetPages) -> Part | Further[Job]:
        """Read the span of a job, or learn that it must be split.

        Raises:
            IncompleteLedgerError: It cannot be proved.
        """
        while True:
            page_size = self._terms.page_size
            try:
                outcome = await _drive(read(job, self._terms), get_pages)
            except LimitTooLargeError:
                if page_size <= _SMALL_PAGE:
                    raise
                self._terms = attrs.evolve(self._terms, page_size=_SMALL_PAGE)
            else:
                self._fruitless = 0 if isinstance(outcome, Part) else self._fruitless
                self._splits += isinstance(outcome, Split)
                return Further(outcome.jobs) if isinstance(outcome, Split) else outcome

    async def page(self, request: PageRequest) -> LedgerPage:
        """Get one page, when there is a place for it, and count it."""
        async with self._places:
            self._require_progress(request)
            page = await self._fetch(request, self._terms.page_size, self._effort)
        self._pages += 1
        self._page_size = page.paging.page_size
        self._warnings.update(warning.code for warning in page.warnings if warning.code is not None)
        self._unfamiliar.update(unfamiliar(page))
        return page

    def _require_progress(self, request: PageRequest) -> None:
        self._fruitless += 1
        if self._fruitless > _PATIENCE + self._terms.pages_per_part * (self._ahead + 1):
            span = request.asked or Span(_EPOCH, self.now)
            raise incomplete(f"{self._fruitless} pages proved nothing", span, request.number)

    async def pages(self, requests: Sequence[PageRequest]) -> Sequence[LedgerPage]:
        """Get several pages, one after the other."""
        return [await self.page(request) for request in requests]

    async def confirm(self, account: Account) -> None:
        """Ask once more how many entries a span holds that brought fewer than the server first said.

        Raises:
            IncompleteLedgerError: It still says more than it served.
        """
        try:
            page = await self.page(PageRequest(account.asked, 0))
        except NoEntriesError:
            return
        later = 0 if account.asked else sum(entry.created_at >= account.span.until for entry in page.entries)
        missing = page.paging.total_entries - later - account.brought
        if missing > 0:
            reason = f"the server counts {missing} entries more than it served"
            raise incomplete(reason, account.span)

    def hand_out(self, part: Part) -> Sequence[LedgerEntry]:
        """Give the entries of a part that lie in the walk, and count them."""
        entries = part.entries
        if part.job.span.until > self.until:
            entries = [entry for entry in entries if entry.created_at < self.until]
        if self.since is None and entries:
            self.since = entries[0].created_at
        self._parts += 1
        self._entries += len(entries)
        return entries

    def finish(self) -> None:
        """Note that everything was handed out."""
        self.verdict = Verdict.COMPLETE if PENDING_CODES.isdisjoint(self._warnings) else Verdict.PENDING

    def report(self, unread: int) -> Report:
        """Say how it stands, when *unread* entries of the last part are not handed out yet."""
        return Report(
            verdict=self.verdict,
            since=self.since,
            until=self.until,
            entries=self._entries - unread,
            parts=self._parts,
            splits=self._splits,
            pages=self._pages,
            page_size=self._page_size,
            warnings=dict(self._warnings),
            unfamiliar=dict(self._unfamiliar),
        )


async def _drive(reading: Reading, get_pages: GetPages) -> Part | Split:
    """Carry a reading's requests to the server and the answers back, until it is done."""
    try:
        requests = next(reading)
        while True:
            try:
                pages = await get_pages(requests) if requests else ()
            except (NoEntriesError, IntervalTooLongError) as refusal:
                requests = reading.throw(refusal)
            else:
                requests = reading.send(pages)
    except StopIteration as done:
        outcome: Part | Split = done.value
        return outcome
