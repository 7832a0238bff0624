"""A ledger server in a few lines: pages of what lies between two dates of its clock, honest or lying.

It shares no code with planning, so that the two cannot be wrong together.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zlib import crc32

import attrs

from loyalty_async.errors import IntervalTooLongError, LimitTooLargeError, NoEntriesError
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.pages import LedgerPage, Paging, ServerWarning
from loyalty_async.models.vocabulary import EventName
from loyalty_async.planning.jobs import PageRequest

NINETY_DAYS = timedelta(days=90)
FRACTION = timedelta(seconds=1)
"""How far a server may see a date from where it is."""


def entry(event_log_id: int, created_at: datetime, customer_id: int | None = None) -> LedgerEntry:
    """Make an entry; rows of one event have its id and another customer."""
    return LedgerEntry(
        event_log_id=event_log_id,
        event_name=EventName.TRANSACTION_ADD,
        created_at=created_at,
        customer_id=customer_id,
    )


def entries_at(moments: Sequence[datetime]) -> list[LedgerEntry]:
    """Make one entry for each moment, numbered from one in the order of their dates."""
    return [entry(number, moment) for number, moment in enumerate(sorted(moments), 1)]


# ---- How a server sees the fraction of a second ----------------------------------------------------------------------


def exactly(moment: datetime) -> datetime:
    return moment


def truncated(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


def rounded(moment: datetime) -> datetime:
    return truncated(moment + timedelta(milliseconds=500))


# ---- In which order it serves ----------------------------------------------------------------------------------------


Order = Callable[[Sequence[LedgerEntry]], list[LedgerEntry]]


def _key(row: LedgerEntry) -> tuple[datetime, int, int]:
    return row.created_at, row.event_log_id, row.customer_id or 0


def oldest_first(ledger: Sequence[LedgerEntry]) -> list[LedgerEntry]:
    return sorted(ledger, key=_key)


def newest_first(ledger: Sequence[LedgerEntry]) -> list[LedgerEntry]:
    return sorted(ledger, key=_key, reverse=True)


def newest_id_first(ledger: Sequence[LedgerEntry]) -> list[LedgerEntry]:
    """Serve as the samples do: what was back-dated stands among those that were booked when it was."""
    return sorted(ledger, key=lambda row: (row.event_log_id, row.customer_id or 0), reverse=True)


def shuffled(seed: int) -> Order:
    """Serve in no order, but always in the same one: what arrives gets a place among the others."""

    def order(ledger: Sequence[LedgerEntry]) -> list[LedgerEntry]:
        return sorted(ledger, key=lambda one: crc32(f"{seed} {one.event_log_id} {one.customer_id}".encode()))

    return order


# ---- Servers ---------------------------------------------------------------------------------------------------------


@attrs.define(kw_only=True)
class LedgerServer:
    """An honest server.

    Attributes:
        ledger: What it holds, in any order.
        order: In which order it serves.
        most: What it clamps `limit` to, silently.
        refuses_over: The largest `limit` that it does not refuse (11006, 11029).
        inclusive: Whether an entry dated at `endDate` matches.
        sees: What it takes an entry's date for when it filters.
        zone: The zone of its clock.
        fold: Which of the two instants it takes a wall-clock time for that its clock shows twice.
        by_clock: Whether it compares wall-clock times instead of instants.
        longest: How far apart dates may be (11010).
        warnings: Codes that come with pages, by the number of the request, which starts at 1.
        happens: What changes the ledger just before a request is answered, by its number.
        requests: Every request so far.
    """

    ledger: list[LedgerEntry]
    order: Order = newest_first
    most: int = 100
    refuses_over: int | None = None
    inclusive: bool = True
    sees: Callable[[datetime], datetime] = exactly
    zone: tzinfo = UTC
    fold: int = 0
    by_clock: bool = False
    longest: timedelta = NINETY_DAYS
    warnings: Mapping[int, int] = attrs.field(factory=dict)
    happens: Mapping[int, Callable[[list[LedgerEntry]], None]] = attrs.field(factory=dict)
    requests: list[PageRequest] = attrs.field(init=False, factory=list)

    def answer(self, request: PageRequest, limit: int) -> LedgerPage:
        """Answer one request."""
        self.requests.append(request)
        self.happens.get(len(self.requests), _nothing)(self.ledger)
        if self.refuses_over is not None and limit > self.refuses_over:
            raise LimitTooLargeError("11006")
        size = min(limit, self.most)
        matching = self.matching(request)
        rows = self.rows(matching, request.number, size)
        if not rows:
            raise NoEntriesError("11003")
        total = self.total(matching, request)
        warning = self.warnings.get(len(self.requests))
        return LedgerPage(
            paging=Paging(
                page_number=self.page_number(request),
                page_size=size,
                total_entries=total,
                page_count=-(-total // size),
            ),
            entries=tuple(self._dated(row) for row in rows),
            warnings=() if warning is None else (ServerWarning(code=warning),),
        )

    def _dated(self, row: LedgerEntry) -> LedgerEntry:
        """Print the date with the offset of the server's clock, as the ISO field does."""
        local = row.created_at.astimezone(self.zone)
        return attrs.evolve(row, created_at=local.replace(tzinfo=timezone(local.utcoffset() or timedelta(0))))

    def matching(self, request: PageRequest) -> list[LedgerEntry]:
        """Find what matches, in the order in which it is served."""
        if request.asked is None:
            return self.order(self.ledger)
        start, end = self._clock(request.asked.since), self._clock(request.asked.until)
        if end - start > self.longest:
            raise IntervalTooLongError("11010")
        if not self.by_clock:
            start, end = self._instant(start), self._instant(end)
        found, since, until = [], start - FRACTION, end + FRACTION
        for row in self.ledger:
            date = self.date(row)
            if not (self.by_clock or since <= date <= until):
                continue  # As most, whatever it takes their fractions for.
            date = self.sees(date)
            moment = self._clock(date) if self.by_clock else date
            if start <= moment < end or (self.inclusive and moment == end):
                found.append(row)
        return self.order(found)

    def date(self, row: LedgerEntry) -> datetime:
        """Say by which date it filters."""
        return row.created_at

    def rows(self, matching: Sequence[LedgerEntry], number: int, size: int) -> Sequence[LedgerEntry]:
        """Cut out one page."""
        return matching[number * size :][:size]

    def total(self, matching: Sequence[LedgerEntry], request: PageRequest) -> int:  # noqa: ARG002 (for liars)
        """Say how many entries match."""
        return len(matching)

    def page_number(self, request: PageRequest) -> int:
        """Say which page this is."""
        return request.number

    def _clock(self, moment: datetime) -> datetime:
        return moment.astimezone(self.zone).replace(tzinfo=None, fold=0)

    def _instant(self, clock: datetime) -> datetime:
        return clock.replace(tzinfo=self.zone, fold=self.fold).astimezone(UTC)


def _nothing(ledger: list[LedgerEntry]) -> None:
    """Leave the ledger as it is."""


@attrs.define(kw_only=True)
class Deletes(LedgerServer):
    """Deletes one entry as soon as it was counted in a request for more than a page."""

    number: int

    def answer(self, request: PageRequest, limit: int) -> LedgerPage:
        page = super().answer(request, limit)
        if page.paging.page_count > 1 and self.number in [row.event_log_id for row in self.matching(request)]:
            self.ledger = [row for row in self.ledger if row.event_log_id != self.number]
        return page


@attrs.define(kw_only=True)
class IgnoresOffset(LedgerServer):
    """Serves page 0 for every page, and calls it by its number or by the one that was asked for."""

    echoes: bool

    def rows(self, matching: Sequence[LedgerEntry], number: int, size: int) -> Sequence[LedgerEntry]:  # noqa: ARG002
        return matching[:size]

    def page_number(self, request: PageRequest) -> int:
        return request.number if self.echoes else 0


@attrs.define(kw_only=True)
class CountsUp(LedgerServer):
    """Says a larger total at each request."""

    def total(self, matching: Sequence[LedgerEntry], request: PageRequest) -> int:  # noqa: ARG002
        return len(matching) + len(self.requests)


@attrs.define(kw_only=True)
class Exaggerates(LedgerServer):
    """Says that there are very many."""

    def total(self, matching: Sequence[LedgerEntry], request: PageRequest) -> int:  # noqa: ARG002
        return 10**12


@attrs.define(kw_only=True)
class CountsGhosts(LedgerServer):
    """Counts an entry that it never serves: in every request that reaches its date, or only in long ones."""

    ghost: datetime
    only_beyond: timedelta = timedelta(0)

    def total(self, matching: Sequence[LedgerEntry], request: PageRequest) -> int:
        if request.asked is None:
            return len(matching) + 1
        counted = self.ghost in request.asked and request.asked.length > self.only_beyond
        return len(matching) + counted


@attrs.define(kw_only=True)
class RepeatsAcrossPages(LedgerServer):
    """Begins each page with the last row of the page before, so that the last rows of all never come."""

    def rows(self, matching: Sequence[LedgerEntry], number: int, size: int) -> Sequence[LedgerEntry]:
        return matching[number * size - number :][: len(matching[number * size :][:size])]


@attrs.define(kw_only=True)
class FiltersByAnotherDate(LedgerServer):
    """Filters by a date that lies before the one that it shows."""

    earlier: timedelta

    def date(self, row: LedgerEntry) -> datetime:
        return row.created_at - self.earlier


@attrs.define(kw_only=True)
class ServesAll(LedgerServer):
    """Does not look at dates."""

    def matching(self, request: PageRequest) -> list[LedgerEntry]:  # noqa: ARG002
        return self.order(self.ledger)


@attrs.define(kw_only=True)
class EndsEarly(LedgerServer):
    """Says 11003 for every page but the first."""

    def rows(self, matching: Sequence[LedgerEntry], number: int, size: int) -> Sequence[LedgerEntry]:
        return matching[:size] if number == 0 else []


@attrs.define(kw_only=True)
class MisnamesPages(LedgerServer):
    """Calls each page by a number that is too large: its first page is page 1."""

    def page_number(self, request: PageRequest) -> int:
        return request.number + 1


@attrs.define(kw_only=True)
class MiscountsPages(LedgerServer):
    """Says that there are so many pages, whatever there are; or so many more."""

    pages: int | None = None
    more: int = 0

    def answer(self, request: PageRequest, limit: int) -> LedgerPage:
        page = super().answer(request, limit)
        count = page.paging.page_count + self.more if self.pages is None else self.pages
        return attrs.evolve(page, paging=attrs.evolve(page.paging, page_count=count))


@attrs.define(kw_only=True)
class ClampsMoreAndMore(LedgerServer):
    """Gives one entry fewer a page at each request, down to one."""

    def answer(self, request: PageRequest, limit: int) -> LedgerPage:
        page = super().answer(request, limit)
        self.most = max(self.most - 1, 1)
        return page


@attrs.define(kw_only=True)
class CountsAndServesNone(LedgerServer):
    """Says how many there are, and serves empty pages."""

    def answer(self, request: PageRequest, limit: int) -> LedgerPage:
        page = super().answer(request, limit)
        return attrs.evolve(page, entries=())
