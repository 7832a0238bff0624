"""Where to cut a span so that each piece holds about as many entries as the others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from loyalty_async.models.spans import Span
from loyalty_async.planning.windows import at_second

__all__ = ["cut", "divisible"]

_SECOND = timedelta(seconds=1)


def divisible(span: Span, asked: Span) -> bool:
    """Tell whether less than a span can be asked for.

    A whole second must lie inside, and most of what is asked for must not be margin: two seconds on each side at most,
    but an hour where the server's clock is set back.
    """
    return at_second(span.since) + _SECOND < span.until and asked.length <= 5 * max(span.length, _SECOND)


def cut(span: Span, seen: Sequence[datetime], total: int, pieces: int) -> list[Span]:
    """Cut a divisible span at whole seconds into two to *pieces* neighbours, oldest first.

    Args:
        span: What to cut.
        seen: Dates of the entries that are known, in the server's order: one page, mostly the newest or the oldest.
        total: How many entries the server says there are.
        pieces: How many pieces are wanted; fewer come out where many entries share a second.
    """
    wanted = (_quantile(span, seen, total, share / pieces) for share in range(1, pieces))
    inside = {at_second(moment) for moment in wanted}
    first = at_second(span.since) + _SECOND
    edges = sorted({max(edge, first) for edge in inside if edge < span.until}) or [first]
    return [Span(since, until) for since, until in zip([span.since, *edges], [*edges, span.until], strict=True)]


def _quantile(span: Span, seen: Sequence[datetime], total: int, share: float) -> datetime:
    """Guess the date before which *share* of the entries lie.

    The entries that are not seen are taken to be spread evenly over the stretch in which the server's order leaves
    them: before the oldest seen if the newest came first, after the newest seen if the oldest did.
    """
    dates = [moment for moment in seen if moment in span]
    hidden = max(total - len(dates), 0)
    rank = share * (hidden + len(dates))
    ascending = sorted(dates)
    if not dates or (hidden and dates not in (ascending, ascending[::-1])):
        return span.since + span.length * share
    if dates == ascending or not hidden:
        if rank < len(dates):
            return ascending[int(rank)]
        return dates[-1] + (span.until - dates[-1]) * ((rank - len(dates)) / hidden)
    if rank < hidden:
        return span.since + (dates[-1] - span.since) * (rank / hidden)
    return ascending[int(rank - hidden)]
