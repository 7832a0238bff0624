"""Spans of time as the server can be asked for them.

The API takes dates of the server's clock, to the second and without an offset, at most 90 days apart (errors 11010 and
11011), and does not say whether `endDate` is inclusive. So a request asks for a second more on each side than is
wanted, and what lies outside is dropped by the entries' own dates.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from loyalty_async.models.spans import Span

__all__ = ["BEGINNING", "WINDOW", "asked", "at_second", "joined", "windows"]

WINDOW = timedelta(days=88)
"""Longest span of one request: under the API's 90 there is room for the margins and a day that a clock skipped."""

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
"""No ledger has older entries."""

_SECOND = timedelta(seconds=1)
_LARGEST_SETBACK = timedelta(hours=3)
"""No clock was set back further since 1970, but for one in Antarctica."""


def windows(span: Span, longest: timedelta = WINDOW, *, newest_first: bool = False) -> Iterator[Span]:
    """Cut a span into neighbours of at most *longest*; together they are the span, and the last one may be shorter."""
    since, until = span.since, span.until
    while since < until:
        if newest_first:
            yield Span(max(until - longest, since), until)
            until = max(until - longest, since)
        else:
            yield Span(since, min(since + longest, until))
            since = min(since + longest, until)


def asked(span: Span, zone: tzinfo) -> Span:
    """Say what to ask the server for, so that nothing of *span* can be missing: whole seconds, margins included.

    Where the server's clock is set back a wall-clock time can mean two instants; the margin is wider by as much there.
    Each end depends on its own instant only: neighbouring spans agree on the end they share.
    """
    return Span(
        at_second(span.since) - _margin(span.since, zone),
        _next_second(span.until) + _margin(span.until, zone),
    )


def joined(spans: Sequence[Span], zone: tzinfo) -> list[Span]:
    """Join neighbours that meet near a set-back of the clock: both would be asked for with all that is there."""
    whole: list[Span] = []
    for span in spans:
        if whole and _margin(span.since, zone) > _SECOND:
            span = Span(whole.pop().since, span.until)  # noqa: PLW2901 - it takes the place of both
        whole.append(span)
    return whole


def at_second(moment: datetime) -> datetime:
    """Round down to a whole second."""
    return moment.replace(microsecond=0)


def _next_second(moment: datetime) -> datetime:
    return at_second(moment) + _SECOND if moment.microsecond else moment


def _margin(moment: datetime, zone: tzinfo) -> timedelta:
    setback = _offset(moment - _LARGEST_SETBACK, zone) - _offset(moment + _LARGEST_SETBACK, zone)
    return _SECOND + max(setback, timedelta(0))


def _offset(moment: datetime, zone: tzinfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta(0)
