"""Where to cut a span that holds more than can be read at once."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from loyalty_async.models.spans import Span
from loyalty_async.planning.windows import at_second

__all__ = ["cut", "divisible", "halves", "shared_out", "shows_newest_first"]

_SECOND = timedelta(seconds=1)
_FULL = 0.9
"""How full the pieces are meant to be: entries do not come evenly, and one too many means to cut again."""
_LOOSE = 4
"""How many rooms a piece may need of which nothing was seen. Where entries come in bursts many pieces would be nearly
empty; a piece that is too large costs one request, which shows its newest entries and where to cut them off."""
_MOST_PIECES = 64
_LONGEST_BURST = timedelta(seconds=5)
_MOSTLY_MARGIN = 1.4
"""Of five seconds as much is asked for as of two pieces and their margins: such a span is not divided."""
_IN_ORDER = 0.9
"""Which part of the entries is in order where the order is that of their dates."""


def divisible(span: Span, asked: Span) -> bool:
    """Tell whether less than a span can usefully be asked for: a second lies inside, and margins are the lesser part.

    A margin is a second on each side, but an hour where the server's clock is set back.
    """
    return at_second(span.since) + _SECOND < span.until and asked.length < _MOSTLY_MARGIN * span.length


def cut(span: Span, seen: Sequence[datetime], total: int, room: int) -> list[Span]:
    """Cut a divisible span at whole seconds into neighbours, oldest first, that are likely to have room.

    Args:
        span: What to cut.
        seen: Dates of the entries that are known, in the server's order: one page, mostly the newest or the oldest.
        total: How many entries the server says there are.
        room: How many entries can be read at once.
    """
    newest_first = shows_newest_first(seen)
    if total > len(seen) >= room:
        apart = _around_burst(span, seen)
        if apart is None and newest_first is not None:
            apart = _with_seen_apart(span, seen, total, room, newest_first=newest_first)
        if apart is not None:
            return apart
    pieces = math.ceil(total / max(room * _FULL, 1))
    return shared_out(span, seen, total, max(2, min(pieces, _MOST_PIECES)))


def shared_out(span: Span, seen: Sequence[datetime], total: int, pieces: int) -> list[Span]:
    """Cut a divisible span into pieces that are likely to hold as many entries each; fewer where many share a second.

    The arguments are those of `cut`; *pieces* is at least two.
    """
    return _at(span, (_quantile(span, seen, total, share / pieces) for share in range(1, pieces)))


def halves(span: Span) -> list[Span]:
    """Cut a divisible span of which nothing is known in two."""
    return shared_out(span, (), 0, 2)


def _at(span: Span, wanted: Iterable[datetime]) -> list[Span]:
    first = at_second(span.since) + _SECOND
    edges = sorted({max(at_second(edge), first) for edge in wanted if at_second(edge) < span.until}) or [first]
    return [Span(since, until) for since, until in zip([span.since, *edges], [*edges, span.until], strict=True)]


def _around_burst(span: Span, seen: Sequence[datetime]) -> list[Span] | None:
    """Cut a burst of a second or two, of which not all is seen, out of a longer span.

    With its margins: otherwise its neighbours would be asked for with all of it, however often they were cut.
    """
    burst = Span(at_second(min(seen)) - 2 * _SECOND, at_second(max(seen)) + 2 * _SECOND)
    if burst.length > _LONGEST_BURST:
        return None
    edges = [edge for edge in (burst.since, burst.until) if at_second(span.since) < edge < span.until]
    return _at(span, edges) if edges else None


def shows_newest_first(seen: Sequence[datetime]) -> bool | None:
    """Tell in which order the server shows entries; None if not by date. It sorts by id, which is nearly the same.

    In order the first half of what it shows is nearly all of the newer half, or of the older one.
    """
    half = (len(seen) + 1) // 2
    shown, ordered = Counter(seen[:half]), sorted(seen)
    newer, older = (shown & Counter(ordered[-half:])).total(), (shown & Counter(ordered[:half])).total()
    if newer == older or max(newer, older) < _IN_ORDER * half:
        return None
    return newer > older


def _edge_of_seen(span: Span, seen: Sequence[datetime], *, newest_first: bool) -> datetime | None:
    """Find where the entries that were seen can be cut off.

    With the margins of both sides: what is seen of a second may not be all of it. Where most of what was seen would
    be lost by that, it is cut where the last second begins (or ends), which is then alone with what is known.
    """
    last, inward = (at_second(seen[-1]), 1) if newest_first else (at_second(seen[-1]) + _SECOND, -1)
    for edge in (last + inward * 2 * _SECOND, last):
        apart = sum((moment >= edge) if newest_first else (moment < edge) for moment in seen)
        if 2 * apart >= len(seen) and at_second(span.since) < edge < span.until:
            return edge
    return None


def _with_seen_apart(
    span: Span, seen: Sequence[datetime], total: int, room: int, *, newest_first: bool
) -> list[Span] | None:
    edge = _edge_of_seen(span, seen, newest_first=newest_first)
    if edge is None:
        return None
    older, newer = Span(span.since, edge), Span(edge, span.until)
    rest = older if newest_first else newer
    hidden = total - sum(moment not in rest for moment in seen)
    pieces = min(math.ceil(hidden / (room * _LOOSE)), _MOST_PIECES)
    loose = shared_out(rest, (), 0, pieces) if 1 < pieces <= rest.length / _SECOND else [rest]
    return [*loose, newer] if newest_first else [older, *loose]


def _quantile(span: Span, seen: Sequence[datetime], total: int, share: float) -> datetime:
    """Guess the date before which *share* of the entries lie.

    The entries that are not seen are taken to be spread evenly over the stretch in which the server's order leaves
    them: before the oldest seen if the newest came first, after the newest seen if the oldest did. Those that are seen
    in no order are taken for a sample of all.
    """
    dates = sorted(moment for moment in seen if moment in span)
    if not dates:
        return span.since + span.length * share
    newest_first = shows_newest_first(seen)
    hidden = max(total - len(dates), 0) if newest_first is not None else 0
    rank = share * (hidden + len(dates))
    if newest_first:
        rank -= hidden
        return dates[int(rank)] if rank >= 0 else dates[0] + (dates[0] - span.since) * (rank / hidden)
    if rank < len(dates):
        return dates[int(rank)]
    return dates[-1] + (span.until - dates[-1]) * ((rank - len(dates)) / hidden)
