"""What a walk is cut into, what is asked for, and what comes out."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from datetime import datetime, timedelta, tzinfo

import attrs

from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.pages import LedgerPage
from loyalty_async.models.spans import Span
from loyalty_async.planning.accounts import Account
from loyalty_async.planning.windows import WINDOW

__all__ = ["Job", "PageRequest", "Part", "Reading", "Split", "Terms"]


@attrs.frozen(kw_only=True)
class Terms:
    """What all readings of a walk share.

    Attributes:
        settled_before: Spans that end here or earlier do not change any more.
        zone: The time zone of the server's clock.
        page_size: How many entries to ask for in a page.
        pages_per_part: How many pages may be walked by offset, and held in memory, before a span is split.
        window: The longest span to ask for.
        descending: Whether the newest are wanted first.
        enough: How many entries the caller takes at most; None for all.
        exact: Whether a whole history is counted by date in the end, even if its total came out.
    """

    settled_before: datetime
    zone: tzinfo
    page_size: int
    pages_per_part: int
    window: timedelta = WINDOW
    descending: bool = False
    enough: int | None = None
    exact: bool = False

    def pages_at_once(self, span: Span, page_size: int) -> int:
        """Say how many pages of what span may be walked by offset, when the server gives so many entries a page."""
        if span.until > self.settled_before:
            return 1
        if self.enough is None or page_size < 1:
            return self.pages_per_part
        return min(self.pages_per_part, math.ceil(self.enough / page_size))


@attrs.frozen
class PageRequest:
    """One page of what lies between two dates of the server's clock; without dates, of everything.

    Attributes:
        asked: The two dates.
        number: Of the page, from 0.
        again: How often the span was read before, in vain.
    """

    asked: Span | None
    number: int
    again: int = attrs.field(default=0, eq=False)


@attrs.frozen(eq=False)
class Job:
    """A span to read.

    Attributes:
        span: The entries that are wanted.
        account: Where they are entered; None if nobody said how many there should be.
        dated: Whether to ask by date; without, the server is asked for everything it has.
        earlier: How many entries of everything an earlier walk handed out, which this one goes on with.
        later: Of everything, what is dated here or after does not count: the end of the walk.
        asked: What to ask the server for; None for the span and its margins.
        pages: Those of what is asked for that are here already, the first among them, all of one reading.
        by_ends: Whether it may be read from an end, as `ends` does: not if the server's order was of no help before.
    """

    span: Span
    account: Account | None = None
    dated: bool = attrs.field(default=True, kw_only=True)
    earlier: int = attrs.field(default=0, kw_only=True)
    later: datetime | None = attrs.field(default=None, kw_only=True)
    asked: Span | None = attrs.field(default=None, kw_only=True)
    pages: Sequence[LedgerPage] = attrs.field(default=(), kw_only=True)
    by_ends: bool = attrs.field(default=True, kw_only=True)


@attrs.frozen(eq=False)
class Part:
    """A span whose entries are all here, proved, and sorted as `in_order` does.

    Attributes:
        job: What was read.
        entries: All entries of its span.
        before: How many entries of the request's margin before the span came along.
        after: How many of the margin behind it.
    """

    job: Job
    entries: Sequence[LedgerEntry] = ()
    before: int = 0
    after: int = 0

    @property
    def brought(self) -> int:
        """How many entries the server counted, and served, for it."""
        return self.before + len(self.entries) + self.after

    @property
    def lineage(self) -> list[Account]:
        """The accounts that it is a piece of, the innermost first."""
        return self.job.account.lineage if self.job.account else []

    def enter(self) -> list[Account]:
        """Enter it in its account, and say which accounts that closes."""
        if self.job.account is None:
            return []
        return self.job.account.enter(self.job.span, self.before, len(self.entries), self.after)


@attrs.frozen(eq=False)
class Split:
    """What takes the place of a job.

    Attributes:
        jobs: What is to be read, oldest first.
        part: What is proved already, and comes first in the order of the walk.
    """

    jobs: Sequence[Job]
    part: Part | None = None


Reading = Generator[Sequence[PageRequest], Sequence[LedgerPage], Part | Split]
"""Yields the pages that it wants next, is sent them in the same order, returns what came out."""
