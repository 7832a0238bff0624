"""Carries the requests of readings to a server and its answers back, without an event loop."""

from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo

import attrs

from loyalty_async.errors import IntervalTooLongError, NoEntriesError
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.spans import Span
from loyalty_async.planning.accounts import Account
from loyalty_async.planning.jobs import Job, Part, Split, Terms
from loyalty_async.planning.parts import read
from loyalty_async.planning.windows import WINDOW, windows
from tests._support.ledger_server import LedgerServer

LONG_AGO = datetime(1971, 1, 1, tzinfo=UTC)
FAR_AHEAD = datetime(2999, 1, 1, tzinfo=UTC)


def terms(
    *,
    settled_before: datetime = FAR_AHEAD,
    zone: tzinfo = UTC,
    page_size: int = 100,
    pages_per_part: int = 10,
    window: timedelta = WINDOW,
    descending: bool = False,
    enough: int | None = None,
    exact: bool = False,
) -> Terms:
    """Make terms under which everything is settled, unless told otherwise."""
    return Terms(
        settled_before=settled_before,
        zone=zone,
        page_size=page_size,
        pages_per_part=pages_per_part,
        window=window,
        descending=descending,
        enough=enough,
        exact=exact,
    )


@attrs.define
class Carried:
    """What came of carrying readings through.

    Attributes:
        parts: The parts, in the order of the walk.
        short: Accounts that a part closed with something missing.
        splits: What was split.
    """

    parts: list[Part] = attrs.field(factory=list)
    short: list[Account] = attrs.field(factory=list)
    splits: list[Split] = attrs.field(factory=list)

    @property
    def entries(self) -> list[LedgerEntry]:
        """The entries of all parts."""
        return [entry for part in self.parts for entry in part.entries]


def carry(job: Job, server: LedgerServer, under: Terms) -> Part | Split:
    """Carry one reading through."""
    reading = read(job, under)
    try:
        requests = next(reading)
        while True:
            try:
                pages = [server.answer(request, under.page_size) for request in requests]
            except (NoEntriesError, IntervalTooLongError) as refusal:
                requests = reading.throw(refusal)
            else:
                requests = reading.send(pages)
    except StopIteration as done:
        outcome: Part | Split = done.value
        return outcome


def carry_all(jobs: Sequence[Job], server: LedgerServer, under: Terms) -> Carried:
    """Carry readings through, those of what they split into included, in the order of the walk."""
    carried, waiting = Carried(), deque(jobs)
    while waiting:
        outcome = carry(waiting.popleft(), server, under)
        if isinstance(outcome, Split):
            carried.splits.append(outcome)
            waiting.extendleft(outcome.jobs if under.descending else reversed(outcome.jobs))
        part = outcome.part if isinstance(outcome, Split) else outcome
        if part is not None:
            carried.parts.append(part)
            carried.short += [account for account in part.enter() if account.missing]
    return carried


def carry_span(span: Span, server: LedgerServer, under: Terms) -> Carried:
    """Read a span in windows."""
    jobs = map(Job, windows(span, under.window, newest_first=under.descending))
    return carry_all(list(jobs), server, under)
