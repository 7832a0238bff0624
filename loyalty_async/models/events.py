"""An event of a ledger, in full.

Source: getLedgerExplodeInfo, v2 and v2.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from loyalty_async.models.bills import BillDetails
from loyalty_async.models.earnings import PointsEarned
from loyalty_async.models.fields import mapping, unshown
from loyalty_async.models.happenings import (
    BehaviouralMetadata,
    ImportMeta,
    ManualPointsAdjustment,
    ProgramPoints,
    Redemption,
    TargetCompleted,
    TransferParty,
    VoucherRedemption,
)
from loyalty_async.models.pages import ServerWarning
from loyalty_async.models.vocabulary import EventName

__all__ = ["CustomField", "ExplodedEvents", "LedgerEvent", "LedgerEventDetails", "PointInTimeSlab"]


@attrs.frozen(kw_only=True)
class CustomField:
    """A field of the brand's own; its value may name a person."""

    name: str | None = None
    value: int | str | None = unshown()
    extra: Mapping[str, Any] = mapping()


@attrs.frozen(kw_only=True)
class PointInTimeSlab:
    """The member's tier in a program when the event happened."""

    point_in_time_slab_number: int | None = None
    point_in_time_slab_name: str | None = None
    program_id: int | None = None
    is_default_program: bool | None = None
    extra: Mapping[str, Any] = mapping()


@attrs.frozen(kw_only=True)
class LedgerEventDetails:
    """When, where and why an event happened.

    Attributes:
        event_time: Wall clock of whoever reported the event, naive.
        till_id: The till; -1 for none.
        event_display_name: The event's name as the brand shows it.
        display_name: The same, for behavioural events.
        reason: Why points were given.
        comments: What the agent wrote.
        assoc_id: The agent.
        request_id: The request for goodwill.
        redemption_details: For a PointsRedemption.
        max_conversion_date: The last day on which promised points of the event convert.
        extra: What else the server sent.
    """

    event_time: datetime | None = None
    till_id: int | None = None
    event_display_name: str | None = None
    display_name: str | None = None
    reason: str | None = unshown()
    comments: str | None = unshown()
    assoc_id: int | None = None
    request_id: int | None = None
    redemption_details: Redemption | None = None
    max_conversion_date: datetime | None = None
    extra: Mapping[str, Any] = mapping()


@attrs.frozen(kw_only=True)
class LedgerEvent:
    """One event; which parts are there depends on its name and on what was asked for.

    Attributes:
        event_log_id: The event's id, as in the ledger's entries. One id may have several events.
        event_name: What happened.
        event_reference_id: The bill or request behind it, always a text; "-1" for none.
        unique_id: The server's name for it.
        org_id: Organisation in which it happened.
        event_details: When, where and why.
        points_earned: What it earned.
        bill_details: The bill, for transactions and returns.
        custom_fields: Fields of the brand's own.
        extended_fields: The same for extended fields, as sent: their shape is not documented.
        payment_modes: How the bill was paid.
        point_in_time_slabs: The member's tiers at that time.
        points_breakup: Points by program, for redemptions.
        transferred_from: Who gave the points of a transfer.
        transferred_to: Who got them.
        notes: What was noted with a transfer.
        target_completed_details: For a TargetCompleted.
        manual_points_adjustment_details: For a ManualPointsAdjustment.
        voucher_redemption_details: For a VoucherRedemption.
        import_meta: For imports.
        behavioral_event_metadata: For a GenericEvent.
        extra: What else the server sent.
    """

    event_log_id: int
    event_name: EventName | str
    event_reference_id: str | None = unshown()
    unique_id: str | None = unshown()
    org_id: int | None = None
    event_details: LedgerEventDetails | None = None
    points_earned: PointsEarned | None = None
    bill_details: BillDetails | None = unshown()
    custom_fields: tuple[CustomField, ...] = attrs.field(default=(), repr=False)
    extended_fields: tuple[Any, ...] = attrs.field(default=(), repr=False, hash=False)
    payment_modes: tuple[str, ...] = ()
    point_in_time_slabs: tuple[PointInTimeSlab, ...] = attrs.field(default=(), repr=False)
    points_breakup: tuple[ProgramPoints, ...] = ()
    transferred_from: TransferParty | None = unshown()
    transferred_to: TransferParty | None = unshown()
    notes: str | None = unshown()
    target_completed_details: TargetCompleted | None = unshown()
    manual_points_adjustment_details: ManualPointsAdjustment | None = unshown()
    voucher_redemption_details: VoucherRedemption | None = unshown()
    import_meta: ImportMeta | None = unshown()
    behavioral_event_metadata: BehaviouralMetadata | None = unshown()
    extra: Mapping[str, Any] = mapping()


@attrs.frozen(kw_only=True)
class ExplodedEvents:
    """One answer of the endpoint: null stands where an id is not known."""

    events: tuple[LedgerEvent | None, ...] = ()
    warnings: tuple[ServerWarning, ...] = ()
    extra: Mapping[str, Any] = mapping()
