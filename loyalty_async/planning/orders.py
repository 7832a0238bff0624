"""The one order of entries."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import attrs

from loyalty_async.models.ledger import LedgerEntry

__all__ = ["in_order"]


def in_order(entries: Iterable[LedgerEntry], *, descending: bool = False) -> list[LedgerEntry]:
    """Sort by `(created_at, event_log_id)`; descending is the very reverse.

    The rows of one event, which a group's event has for each member, follow by customer and then by what is in them:
    however the server sorts them they come in one order, so that a walk can be taken up in the middle of them.
    """
    ordered = sorted(entries, key=_place)
    if any(_place(entry) == _place(following) for entry, following in pairwise(ordered)):
        ordered.sort(key=lambda entry: (*_place(entry), str(attrs.asdict(entry))))
    return ordered[::-1] if descending else ordered


def _place(entry: LedgerEntry) -> tuple[object, ...]:
    return entry.created_at, entry.event_log_id, entry.customer_id or 0
