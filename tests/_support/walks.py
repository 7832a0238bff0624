"""Hypothesis strategies: a ledger, a server that holds it, and a walk over it that has sharp edges."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo

import attrs
from hypothesis import strategies as st

from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.spans import Span
from loyalty_async.planning.jobs import Terms
from tests._support.ledger_server import (
    LedgerServer,
    entry,
    exactly,
    newest_first,
    oldest_first,
    rounded,
    shuffled,
    truncated,
)
from tests._support.readings import FAR_AHEAD, LONG_AGO, terms

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MICROSECOND = timedelta(microseconds=1)

_fractions = st.sampled_from([timedelta(0), MICROSECOND, SECOND / 2, SECOND - MICROSECOND])
_nudges = st.one_of(
    st.just(timedelta(0)),
    st.sampled_from([MICROSECOND, SECOND / 2, SECOND - MICROSECOND, SECOND, SECOND + MICROSECOND, 2 * SECOND]).flatmap(
        lambda nudge: st.sampled_from([nudge, -nudge])
    ),
    st.timedeltas(-SECOND, SECOND),
)
_windows = st.sampled_from([SECOND / 2, SECOND, 2 * SECOND, 10 * SECOND, timedelta(hours=7), timedelta(days=88)])
_orders = st.one_of(st.sampled_from([newest_first, oldest_first]), st.integers(0, 3).map(shuffled))


@attrs.frozen(kw_only=True)
class Walked:
    """A span, under which terms it is read, and the server that has it."""

    span: Span
    terms: Terms
    server: LedgerServer

    @property
    def expected(self) -> list[LedgerEntry]:
        """The entries that must come out."""
        return in_order(row for row in self.server.ledger if self.span.since <= row.created_at < self.span.until)


def in_order(rows: Iterable[LedgerEntry]) -> list[LedgerEntry]:
    """Sort by date, event and customer."""
    return sorted(rows, key=lambda row: (row.created_at, row.event_log_id, row.customer_id or 0))


@st.composite
def walked(
    draw: st.DrawFn, *, base: datetime = NOON, zone: tzinfo = UTC, fold: int = 0, by_clock: bool = False
) -> Walked:
    """A walk with windows, entries and bursts of which many lie at, or by a hair beside, an edge."""
    window = draw(_windows)
    since = base + draw(_fractions)
    until = since + draw(
        st.one_of(
            st.sampled_from([MICROSECOND, window / 2, window, window + MICROSECOND, 2 * window]),
            st.timedeltas(MICROSECOND, 3 * window),
        )
    )
    span = Span(since, until)
    settled_before = draw(st.one_of(st.sampled_from([LONG_AGO, FAR_AHEAD]), _places(span, window)))
    page_size = draw(st.integers(1, 7))
    server = LedgerServer(
        ledger=draw(_ledgers(span, window)),
        order=draw(_orders),
        most=draw(st.integers(1, 7)),
        inclusive=draw(st.booleans()),
        sees=draw(st.sampled_from([exactly, truncated, rounded])),
        zone=zone,
        fold=fold,
        by_clock=by_clock,
    )
    pages_per_part = draw(st.sampled_from([1, 2, 3, 10]))
    return Walked(
        span=span,
        server=server,
        terms=terms(
            settled_before=settled_before,
            zone=zone,
            page_size=page_size,
            pages_per_part=pages_per_part,
            window=window,
        ),
    )


def _places(span: Span, window: timedelta) -> st.SearchStrategy[datetime]:
    """Moments at and around the edges of windows, and anywhere in the span."""
    edges = [span.until, *(span.since + number * window for number in range(-(-span.length // window)))]
    inside = st.integers(0, span.length // MICROSECOND).map(lambda micros: span.since + micros * MICROSECOND)
    return st.builds(lambda place, nudge: place + nudge, st.one_of(st.sampled_from(edges), inside), _nudges)


@st.composite
def _ledgers(draw: st.DrawFn, span: Span, window: timedelta) -> list[LedgerEntry]:
    """Entries with ids in any order, some in bursts of one second, some rows of one event; all different."""
    rows: list[LedgerEntry] = []
    for moment in draw(st.lists(_places(span, window), max_size=10)):
        many = draw(st.sampled_from([1, 1, 1, 2, 5, 12]))
        together = many > 1 and draw(st.booleans())
        for number in range(many):
            spread = timedelta(0) if together else number * MICROSECOND
            event = len(rows) - number if together else 1000 - len(rows)
            rows.append(entry(event, moment + spread, customer_id=len(rows)))
    return rows
