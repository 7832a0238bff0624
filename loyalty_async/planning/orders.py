"""The one order of entries."""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter, eq

import attrs

from loyalty_async.models.ledger import LedgerEntry

__all__ = ["in_order"]

_PLACE = attrgetter("created_at", "event_log_id")


def in_order(entries: Iterable[LedgerEntry], *, descending: bool = False) -> list[LedgerEntry]:
    """Sort by `(created_at, event_log_id)`; descending is the very reverse.

    The rows of one event, which a group's event has for each member, follow by customer and then by what is in them:
    however the server sorts them they come in one order, so that a walk can be taken up in the middle of them.
    """
    ordered = sorted(entries, key=_PLACE)
    places = list(map(_PLACE, ordered))
    if any(map(eq, places, places[1:])):
        ordered.sort(key=lambda entry: (*_PLACE(entry), entry.customer_id or 0, str(attrs.asdict(entry))))
    return ordered[::-1] if descending else ordered
