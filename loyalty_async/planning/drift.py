"""What of an answer this version does not know: how a change of the API is noticed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.pages import LedgerPage

__all__ = ["unfamiliar"]


def unfamiliar(page: LedgerPage) -> Counter[str]:
    """Count unknown fields, as `transaction_details.newField`, and unknown values, as `event_name=NewEvent`."""
    counts = Counter(page.extra)
    for entry in page.entries:
        counts.update(_in_entry(entry))
    return counts


def _in_entry(entry: LedgerEntry) -> Iterator[str]:
    if entry.event_name.__class__ is str:
        yield f"event_name={entry.event_name}"
    for detail in entry.entry_details:
        if detail.ledger_entry_type.__class__ is str:
            yield f"ledger_entry_type={detail.ledger_entry_type}"
        if detail.points_category.__class__ is str:
            yield f"points_category={detail.points_category}"
        yield from (f"entry_details.{name}" for name in detail.extra)
    yield from entry.extra
    for name in ("customer_details", "transaction_details", "event_details"):
        part = getattr(entry, name)
        if part is not None:
            yield from (f"{name}.{field}" for field in part.extra)
