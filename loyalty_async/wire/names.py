"""The API's camelCase words, all in one place."""

from __future__ import annotations

from collections.abc import Mapping

from loyalty_async.models.ledger import EventDetails, LedgerEntry, Transaction
from loyalty_async.models.pages import LedgerPage

__all__ = ["DATE_FIELDS", "INSTANT_FIELDS", "ISO", "wire_name"]

ISO = "ISO"
"""What the newer twin of a date field ends in (page "APIs updated with additional time zone fields")."""

INSTANT_FIELDS: Mapping[type, str] = {LedgerEntry: "created_at"}
"""Which field of a class is an instant: the server's clock, with its offset."""

DATE_FIELDS: Mapping[type, str] = {Transaction: "date", EventDetails: "event_date"}
"""Which field of a class is a till's wall clock: no offset is to be trusted."""

_IRREGULAR: Mapping[tuple[type, str], str] = {
    (LedgerEntry, "created_at"): "ledgerCreatedDate",
    (LedgerPage, "owner"): "customerDetails",
    (LedgerPage, "paging"): "ledgerDetails",
    (LedgerPage, "entries"): "ledgerEntries",
}


def wire_name(name: str, owner: type | None = None) -> str:
    """Say what the API calls a field of *owner*, or a query parameter."""
    if owner is not None and (owner, name) in _IRREGULAR:
        return _IRREGULAR[owner, name]
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)
