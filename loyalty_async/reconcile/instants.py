"""Seconds at which a balance can be asked for without ambiguity.

A balance is asked for as of a second (`endDate`), and whether entries of that very second count, or fractions of it, is
not documented. At a second in which no entry falls every reading of the rule gives the same balance.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import attrs

from loyalty_async.models.spans import Span
from loyalty_async.reconcile.postings import Posting

__all__ = ["MARGIN", "Cluster", "boundaries", "clusters", "quiet_after", "quiet_before", "second_of"]

MARGIN = timedelta(minutes=2)
"""How far beyond a span its ends may be moved: more seconds in a row with an entry in each were never seen."""
_SECOND = timedelta(seconds=1)


@attrs.frozen
class Cluster:
    """Entries between which there is no second without an entry: `postings[first:last]`, all in `[since, until)`.

    At `since` and `until`, the seconds before and behind, none falls.
    """

    first: int
    last: int
    since: datetime
    until: datetime


def second_of(instant: datetime) -> datetime:
    """Give the beginning of the second that an instant lies in, in UTC."""
    return instant.astimezone(UTC).replace(microsecond=0)


def quiet_before(instant: datetime, postings: Sequence[Posting], earliest: datetime) -> datetime | None:
    """Find the last second without an entry that begins at *instant* or before; None before *earliest*."""
    taken = {second_of(posting.created_at) for posting in postings}
    second = second_of(instant)
    while second in taken:
        second -= _SECOND
    return second if second >= earliest else None


def quiet_after(instant: datetime, postings: Sequence[Posting], latest: datetime) -> datetime | None:
    """Find the first second without an entry that begins at *instant* or later, and is over at *latest*."""
    taken = {second_of(posting.created_at) for posting in postings}
    second = second_of(instant)
    second += _SECOND if second < instant else timedelta(0)
    while second in taken:
        second += _SECOND
    return second if second + _SECOND <= latest else None


def clusters(postings: Sequence[Posting]) -> list[Cluster]:
    """Group sorted entries, so that a balance can be asked for between any two groups."""
    found: list[Cluster] = []
    for place, posting in enumerate(postings):
        second = second_of(posting.created_at)
        if found and second <= found[-1].until:
            found[-1] = attrs.evolve(found[-1], last=place + 1, until=second + _SECOND)
        else:
            found.append(Cluster(place, place + 1, second - _SECOND, second + _SECOND))
    return found


def boundaries(span: Span, postings: Sequence[Posting]) -> list[tuple[datetime, int]]:
    """Give every instant at which a balance can be asked for to advantage, with the number of entries before it.

    They are the ends of the span, and just before and just behind every cluster, in rising order.
    """
    found = {span.since: 0, span.until: len(postings)}
    for cluster in clusters(postings):
        found.setdefault(max(cluster.since, span.since), cluster.first)
        found.setdefault(min(cluster.until, span.until), cluster.last)
    return sorted(found.items())
