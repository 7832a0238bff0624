"""One walk over a ledger: asks for what the plan wants, and keeps count of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import datetime
from typing import Protocol, TypeVar

import anyio
import attrs

from loyalty_async.errors import IntervalTooLongError, LimitTooLargeError, NoEntriesError
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.pages import LedgerPage
from loyalty_async.models.reports import Report, Verdict
from loyalty_async.models.spans import Span
from loyalty_async.planning.accounts import Account
from loyalty_async.planning.confirmations import missing
from loyalty_async.planning.jobs import Job, PageRequest, Part, Terms
from loyalty_async.planning.parts import read
from loyalty_async.planning.proofs import incomplete
from loyalty_async.planning.rests import Rest
from loyalty_async.planning.resumes import History, ResumePoint
from loyalty_async.planning.windows import BEGINNING
from loyalty_async.protocol.codes import PENDING_CODES
from loyalty_async.protocol.efforts import Effort
from loyalty_async.streams.read_ahead import Further, fetch_in_turn
from loyalty_async.streams.tallies import Tally

__all__ = ["FetchPage", "Walk"]

P = TypeVar("P")
T = TypeVar("T")

FetchPage = Callable[[PageRequest, int, Effort], Awaitable[LedgerPage]]
"""Gets one page, of at most so many entries, and adds to what that takes."""


class FetchSeveral(Protocol):
    """Fetches several pages, one after the other or at once."""

    async def __call__(
        self, fetch: Callable[[PageRequest], Awaitable[P]], requests: Sequence[PageRequest]
    ) -> Sequence[P]:
        """Give what came of each request."""


_SMALL_PAGE = 10
"""What a server that refuses our page size still gives (errors 11006 and 11029)."""
_PATIENCE = 500
"""How many pages in a row may prove nothing before a walk is given up: two readings of a second of 200 pages take 400,
to find it in 88 days about 50."""
_PAUSE_S = 1.0
"""How long to leave a span alone that moved while it was read: the server dates what it books, to the second."""
_GIVE_SINCE = "; if they are dated before that, give `since`"


@attrs.define(eq=False, kw_only=True)
class Walk:
    """The state of one walk.

    Attributes:
        span: What is left to read.
        dated: Whether its beginning was asked for; otherwise it is the whole history.
        point: Where it begins.
        verdict: How far it can be trusted.
        short: Whether the server counted entries that it did not serve.
        restless: Whether the ledger moved too much to be counted.
        rest: What it has to read.
        history: What is known of the whole ledger, if it is walked.
    """

    span: Span
    dated: bool
    point: ResumePoint
    verdict: Verdict = Verdict.PARTIAL
    _fetch: FetchPage
    _terms: Terms
    _clock: Callable[[], datetime]
    _ahead: int = 0
    _places: AbstractAsyncContextManager[object] = attrs.field(factory=nullcontext)
    _fetch_several: FetchSeveral = fetch_in_turn
    _tally: Tally = attrs.field(factory=Tally)
    _fruitless: int = 0
    _oldest: datetime | None = None
    _beginning: datetime = BEGINNING
    restless: bool = False
    short: bool = attrs.field(init=False)
    history: History | None = attrs.field(init=False)
    rest: Rest = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.rest = Rest(self.span, self.point, self._terms, self.dated)
        self.short, self.history = self.point.short, self.point.history if self.point.mark else None

    @property
    def descending(self) -> bool:
        """Whether it goes from the newest to the oldest."""
        return self._terms.descending

    async def perform(self, job: Job) -> Part | Further[Job, Part]:
        """Read the span of a job, or learn that it must be split.

        Raises:
            IncompleteLedgerError: It cannot be proved.
        """
        outcome = await self._carry(lambda: read(job, self._terms), self._page)
        if isinstance(outcome, Part):
            self._fruitless = 0
            return outcome
        if outcome.part is not None or not job.dated:
            self._fruitless = 0  # What was looked at has shown where to read.
        self._tally.splits += 1
        return Further(outcome.jobs[::-1] if self.descending else outcome.jobs, outcome.part)

    async def _carry(
        self,
        begin: Callable[[], Generator[Sequence[PageRequest], Sequence[P], T]],
        fetch: Callable[[PageRequest], Awaitable[P]],
    ) -> T:
        """Carry what it asks for to the server, and the answers back; begin anew if the server refuses large pages."""

        async def get(requests: Sequence[PageRequest]) -> Sequence[P]:
            if any(request.again for request in requests):
                self._tally.rereads += 1
                await anyio.sleep(_PAUSE_S)
            return await self._fetch_several(fetch, requests)

        while True:
            page_size = self._terms.page_size
            try:
                return await _drive(begin(), get)
            except LimitTooLargeError:
                if page_size <= _SMALL_PAGE:
                    raise
                self._terms = attrs.evolve(self._terms, page_size=_SMALL_PAGE)

    async def _page(self, request: PageRequest) -> LedgerPage:
        """Get one page, when there is a place for it, and count it."""
        async with self._places:
            self._require_progress(request)
            page_size = self._terms.page_size
            page = await self._fetch(request, page_size, self._tally.effort)
        self._tally.count_page(page, page_size)
        return page

    def _require_progress(self, request: PageRequest) -> None:
        self._fruitless += 1
        if self._fruitless > _PATIENCE + self._terms.pages_per_part * (self._ahead + 1):
            span = request.asked or self.span
            advice = "; give `since`" if request.asked is None else ""
            raise incomplete(f"{self._fruitless - 1} pages proved nothing", span, request.number, advice=advice)

    async def confirm(self, account: Account) -> None:
        """Ask once more how many entries a span holds that did not bring what the server said, or may not have.

        A whole history that goes on behind an error that told of it is not asked for again.

        Raises:
            IncompleteLedgerError: It still says another number.
        """
        if self.point.short and account.of_everything:
            return
        until, now = self.point.until, max(self._clock(), self.point.until)
        number = await self._carry(lambda: missing(account, self._terms, until=until, now=now), self._page_to_count)
        if number is None:
            self.restless = True
        elif number:
            self.short = account.settled = True
            compared = "more than it served" if number > 0 else "fewer without dates than by date"
            advice = _GIVE_SINCE if number > 0 and account.of_everything else ""
            raise incomplete(f"the server counts {abs(number)} entries {compared}", account.span, advice=advice)

    async def _page_to_count(self, request: PageRequest) -> LedgerPage | None:
        """Get one page of which only the total matters, None if there is nothing: no reason to lose patience."""
        self._fruitless = 0
        try:
            return await self._page(request)
        except NoEntriesError:
            return None

    def hand_out(self, part: Part, most: int | None = None) -> Sequence[LedgerEntry]:
        """Give up to *most* entries of a part in the order of the walk, without what came before the mark."""
        entries = part.entries[::-1] if self.descending else part.entries
        mark = self.point.mark
        if mark is not None and mark.created_at in part.job.span:
            entries = mark.behind(entries, descending=self.descending)
        handed_out = entries[:most]
        self._learn(part)
        if handed_out:
            dates = (handed_out[0].created_at, handed_out[-1].created_at)
            self._oldest = min(*dates, self._oldest or dates[0])
        self._tally.enter(part, len(handed_out), whole=len(handed_out) == len(entries))
        return handed_out

    def _learn(self, part: Part) -> None:
        """Learn from the parts of a whole ledger where it begins, and how much it should hold."""
        whole = part.job.account and part.job.account.root
        if whole and whole.of_everything:
            self._beginning = whole.span.since
            if self.history is None:
                self.history = History(said=whole.said, since=whole.span.since)

    def close(self, account: Account) -> None:
        """Note what the pieces of a span brought."""
        account.settled = True
        self._tally.close(account)

    @property
    def pending(self) -> bool:
        """Whether the server warned, in this walk or one that it goes on with, that it has not booked everything."""
        return self.point.pending or not PENDING_CODES.isdisjoint(self._tally.warnings)

    @property
    def through(self) -> bool:
        """Whether all of the span was handed out."""
        return self._tally.reaches(Span(max(self.span.since, self._beginning), self.span.until))

    @property
    def doubt(self) -> str | None:
        """Why it cannot be complete; of what a walk before this one was short it stays short."""
        if self.short:
            return "an error told that entries are missing"
        return "the ledger moved too much to be counted" if self.restless else None

    def finish(self) -> None:
        """Note that everything was handed out."""
        if self.doubt is None:
            self.verdict = Verdict.PENDING if self.pending else Verdict.COMPLETE

    def report(self, unread: int) -> Report:
        """Say how it stands, when *unread* entries of the last part are not handed out yet."""
        since = self.span.since if self.span.since > BEGINNING else self._oldest
        return attrs.evolve(self._tally.report(self.verdict, since, self.span.until, unread), doubt=self.doubt)


async def _drive(
    reading: Generator[Sequence[PageRequest], Sequence[P], T],
    get_pages: Callable[[Sequence[PageRequest]], Awaitable[Sequence[P]]],
) -> T:
    """Carry a reading's requests to the server and the answers back, until it is done."""
    try:
        requests = next(reading)
        while True:
            try:
                pages = await get_pages(requests)
            except (NoEntriesError, IntervalTooLongError) as refusal:
                requests = reading.throw(refusal)
            else:
                requests = reading.send(pages)
    except StopIteration as done:
        outcome: T = done.value
        return outcome
