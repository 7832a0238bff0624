"""A points ledger: entries, their details, and what they are about.

Field names are the API's in snake_case. Points and amounts are the exact `Decimal` of the server's text. Whatever a
class does not know survives in `extra`, under the server's name. Nothing in a `repr` names a person.

Source: getCustomerLedgerInfo, "Response parameter (Customer and User Group)".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import attrs

from loyalty_async.models.fields import mapping, unshown
from loyalty_async.models.late import Late, with_late
from loyalty_async.models.vocabulary import EntityType, EventName, LedgerEntryType, PointsCategory, Source

__all__ = [
    "EntryDetail",
    "EntryMember",
    "EventDetails",
    "LedgerEntry",
    "LedgerOwner",
    "MemberIdentifier",
    "RawEntry",
    "Transaction",
]


@attrs.frozen(kw_only=True)
class LedgerOwner:
    """Whose ledger an answer is (root `customerDetails`); absent for user groups."""

    first_name: str | None = unshown()
    last_name: str | None = unshown()
    user_id: int | None = unshown()
    external_id: str | None = unshown()
    entity_type: EntityType | str | None = None
    extra: Mapping[str, Any] = mapping()


@attrs.frozen(kw_only=True)
class MemberIdentifier:
    """How a member of a group is known: `type` is `email` or `mobile`."""

    type: str | None = None
    value: str | None = unshown()
    role: str | None = None
    extra: Mapping[str, Any] = mapping()


@attrs.frozen(kw_only=True)
class EntryMember:
    """Who in a group made an entry. The server also sends it, with user id 0, for a customer's own transactions."""

    first_name: str | None = unshown()
    last_name: str | None = unshown()
    identifier: MemberIdentifier | None = unshown()
    role: str | None = None
    user_id: int | str | None = unshown()
    extra: Mapping[str, Any] = mapping()


@attrs.frozen(kw_only=True)
class EntryDetail:
    """Points that went one way in one category, program and currency.

    Attributes:
        ledger_entry_type: CREDIT, DEBIT or OPENING_BALANCE.
        points: How many; the direction is in `ledger_entry_type`, not in the sign.
        points_category: Main, promised or trigger-based.
        program_name: The program whose account it is.
        program_id: Its id.
        alternate_currency_name: The currency; None for points.
        extra: What else the server sent.
    """

    ledger_entry_type: LedgerEntryType | str
    points: Decimal
    points_category: PointsCategory | str | None = None
    program_name: str | None = None
    program_id: int | None = None
    alternate_currency_name: str | None = None
    extra: Mapping[str, Any] = mapping()


@attrs.frozen(kw_only=True)
class Transaction:
    """The bill behind an entry.

    Attributes:
        transaction_id: The server's id of the bill.
        transaction_number: The number printed on it.
        date: The till's wall clock, naive: its zone is not known, whatever offset the server prints behind it.
        amount: What was paid.
        gross_bill_amount: Before discounts and taxes.
        source: Where it was bought.
        extra: What else the server sent.
    """

    transaction_id: int | None = unshown()
    transaction_number: str | None = unshown()
    date: datetime | None = None
    amount: Decimal | None = None
    gross_bill_amount: Decimal | None = None
    source: Source | str | None = None
    extra: Mapping[str, Any] = mapping()


@attrs.frozen(kw_only=True)
class EventDetails:
    """What happened, and the promotion that rewarded it.

    Attributes:
        event_display_name: The event's name as the brand shows it.
        display_name: The same, as older answers spell it.
        promotion_name: For targets, behavioural events and imports.
        promotion_description: Likewise.
        promotion_identifier: The promotion's external id.
        promotion_id: The promotion's id.
        event_date: Wall clock of whoever reported the event, naive like a transaction's date.
        reason: Why points were given, for goodwill points.
        extra: What else the server sent.
    """

    event_display_name: str | None = None
    display_name: str | None = None
    promotion_name: str | None = None
    promotion_description: str | None = unshown()
    promotion_identifier: str | None = unshown()
    promotion_id: int | None = None
    event_date: datetime | None = None
    reason: str | None = unshown()
    extra: Mapping[str, Any] = mapping()


@with_late("customer_details", "entry_details", "transaction_details", "event_details")
@attrs.frozen(kw_only=True)
class LedgerEntry(Late):
    """One line of a ledger: one event, with the points it moved.

    The objects in it are built when they are first looked at; they were proved when the entry was read. An encoder that
    reads past attributes, such as msgspec's, takes `attrs.asdict(entry)`.

    Attributes:
        event_log_id: The event's id. A group's event has a line for each member, with the same id.
        event_name: What happened.
        created_at: When the entry was made, aware.
        customer_id: Who made it. Negative for a group (minus its id); the program's id for expiries and bulk
            allocations.
        customer_details: Who in a group made it, None otherwise.
        entry_details: The points that moved; the truth of the entry.
        net_points_on_event: Credits minus debits as the server rounds and mixes currencies: for display, not for sums.
        net_alternate_currencies_on_event: The same for each alternate currency, by name.
        transaction_details: The bill, if there was one.
        store: Name of the store.
        store_code: Its code.
        till_code: Code of the till.
        event_details: What happened, and the promotion; None if the server sent nothing.
        source_program_id: Program in which the event happened.
        source_program_name: Its name.
        org_id: Organisation in which it happened.
        concept_id: Concept of the till, -1 if unknown; only when asked for.
        concept_name: Its name.
        extra: What else the server sent.
    """

    event_log_id: int
    event_name: EventName | str
    created_at: datetime
    customer_id: int | None = unshown()
    customer_details: EntryMember | None = unshown()
    entry_details: tuple[EntryDetail, ...] = ()
    net_points_on_event: Decimal | None = None
    net_alternate_currencies_on_event: Mapping[str, Decimal] = mapping()
    transaction_details: Transaction | None = unshown()
    store: str | None = unshown()
    store_code: str | None = unshown()
    till_code: str | None = unshown()
    event_details: EventDetails | None = unshown()
    source_program_id: int | None = unshown()
    source_program_name: str | None = unshown()
    org_id: int | None = unshown()
    concept_id: int | None = unshown()
    concept_name: str | None = unshown()
    extra: Mapping[str, Any] = mapping()


@attrs.frozen(kw_only=True)
class RawEntry(LedgerEntry):
    """One line of a ledger with the JSON that it was read from: what `entries(..., raw=True)` gives.

    Attributes:
        raw: The server's own text of the entry, byte for byte; personal data.
    """

    raw: bytes = attrs.field(eq=False, repr=False)
