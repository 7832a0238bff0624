"""One answer of the ledger endpoint, as the server sent it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from loyalty_async.models.fields import mapping, unshown
from loyalty_async.models.ledger import LedgerEntry, LedgerOwner, RawEntry

__all__ = ["LedgerPage", "Paging", "RawPage", "ServerWarning"]


@attrs.frozen(kw_only=True)
class Paging:
    """Where a page stands (`ledgerDetails`).

    Attributes:
        page_number: Its number, the first is 0.
        page_size: How many entries a full page holds: the server's word, which may be less than was asked for.
        total_entries: How many entries match, over all pages.
        page_count: How many pages they fill.
        extra: What else the server sent.
    """

    page_number: int
    page_size: int
    total_entries: int
    page_count: int
    extra: Mapping[str, Any] = mapping()


@attrs.frozen(kw_only=True)
class ServerWarning:
    """Something the server wants known beside a full answer; its words may name a person and stay out of `repr`."""

    code: int | None = None
    message: str | None = unshown()
    status: bool | None = None
    extra: Mapping[str, Any] = mapping()


@attrs.frozen(kw_only=True)
class LedgerPage:
    """One page of a ledger.

    Attributes:
        owner: Whose ledger it is; None for user groups.
        paging: Where the page stands.
        entries: Its entries, in the server's order.
        warnings: What the server wants known.
        extra: What else the server sent.
    """

    paging: Paging
    owner: LedgerOwner | None = None
    entries: tuple[LedgerEntry, ...] = attrs.field(default=(), repr=lambda entries: f"<{len(entries)}>")
    warnings: tuple[ServerWarning, ...] = ()
    extra: Mapping[str, Any] = mapping()


@attrs.frozen(kw_only=True)
class RawPage(LedgerPage):
    """One page of a ledger whose entries have kept the JSON that they were read from."""

    entries: tuple[RawEntry, ...] = attrs.field(default=(), repr=lambda entries: f"<{len(entries)}>")
