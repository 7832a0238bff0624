"""What a walk is cut into, what is asked for, and what comes out."""

from __future__ import annotations

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
    """

    settled_before: datetime
    zone: tzinfo
    page_size: int
    pages_per_part: int
    window: timedelta = WINDOW


@attrs.frozen
class PageRequest:
    """One page of what lies between two dates of the server's clock; without dates, of everything."""

    asked: Span | None
    number: int


@attrs.frozen(eq=False)
class Job:
    """A span to read.

    Attributes:
        span: The entries that are wanted.
        account: Where they are entered; None if nobody said how many there should be.
        last: Whether they are the last of the account.
        dated: Whether to ask by date; without, the server is asked for everything it has.
    """

    span: Span
    account: Account | None = None
    last: bool = False
    dated: bool = True


@attrs.frozen(eq=False)
class Part:
    """A span whose entries are all here, proved, and sorted by `(created_at, event_log_id)`.

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

    def enter(self) -> list[Account]:
        """Enter it in its account, and say which accounts are closed by that with something missing."""
        if self.job.account is None:
            return []
        return self.job.account.enter(self.before, len(self.entries), self.after, last=self.job.last)


@attrs.frozen(eq=False)
class Split:
    """Jobs that take the place of one, oldest first."""

    jobs: Sequence[Job]


Reading = Generator[Sequence[PageRequest], Sequence[LedgerPage], Part | Split]
"""Yields the pages that it wants next, is sent them in the same order, returns what came out."""
