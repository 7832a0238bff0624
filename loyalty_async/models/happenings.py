"""What is special about one kind of event: redemption, transfer, target, adjustment, voucher, import, behaviour.

Source: getLedgerExplodeInfo, samples of each kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import attrs

from loyalty_async.models.earnings import PointsEarned
from loyalty_async.models.fields import mapping, unshown

__all__ = [
    "BehaviouralField",
    "BehaviouralMetadata",
    "FieldAttribute",
    "ImportMeta",
    "ManualPointsAdjustment",
    "PointsDeduction",
    "ProgramPoints",
    "Redemption",
    "TargetCompleted",
    "TransferParty",
    "VoucherRedemption",
]


@attrs.frozen(kw_only=True)
class ProgramPoints:
    """Points of one program; the program's id is a text here."""

    points: Decimal
    program_id: int | str | None = None
    program_name: str | None = None
    extra: Mapping[str, Any] = mapping()


@attrs.frozen(kw_only=True)
class Redemption:
    """A PointsRedemption; `billing_time` is the till's wall clock."""

    points_redeemed: Decimal | None = None
    redemption_purpose: str | None = unshown()
    transaction_number: str | None = unshown()
    redemption_id: str | None = unshown()
    external_reference_number: str | None = unshown()
    notes: str | None = unshown()
    group_redemption: bool | None = None
    billing_time: datetime | None = None
    extra: Mapping[str, Any] = mapping()


@attrs.frozen(kw_only=True)
class TransferParty:
    """Who gave, or got, the points of a PointsTransfer."""

    user_id: int | str | None = unshown()
    first_name: str | None = unshown()
    last_name: str | None = unshown()
    transfer_type: str | None = None
    points_transfer_details: tuple[ProgramPoints, ...] = ()
    extra: Mapping[str, Any] = mapping()


@attrs.frozen(kw_only=True)
class TargetCompleted:
    """A TargetCompleted: which target, in which period, and what it earned."""

    target_group_id: int | None = None
    target_group_name: str | None = None
    target_id: int | None = None
    target_name: str | None = None
    target_description: str | None = None
    target_period_id: int | None = None
    target_period_name: str | None = None
    target_value: Decimal | None = None
    achieved_value: Decimal | None = None
    trigger_value: Decimal | None = None
    source_id: int | None = None
    source_type: str | None = None
    mile_stone_name: str | None = None
    points_earned: PointsEarned | None = None
    extra: Mapping[str, Any] = mapping()


@attrs.frozen(kw_only=True)
class PointsDeduction:
    """One award that a manual adjustment took points from."""

    customer_id: int | None = unshown()
    loyalty_id: int | None = unshown()
    program_id: int | None = None
    program_name: str | None = None
    promotion_id: int | None = None
    promotion_name: str | None = None
    point_awarded_ref_type: str | None = None
    point_awarded_ref_id: int | None = None
    deduction_type: str | None = None
    points_deducted: Decimal | None = None
    points_deducted_str: Decimal | None = None
    points_deducted_currency_value: Decimal | None = None
    points_deducted_currency_value_str: Decimal | None = None
    points_deducted_at: datetime | None = None
    points_deducted_by: str | None = unshown()
    points_deducted_by_id: int | None = unshown()
    source_type: str | None = None
    awarded_till_id: int | None = None
    awarded_till_at: datetime | None = None
    extra: Mapping[str, Any] = mapping()


@attrs.frozen(kw_only=True)
class ManualPointsAdjustment:
    """A ManualPointsAdjustment, with every award that it took points from."""

    org_id: int | None = None
    customer_id: int | None = unshown()
    total_points_deducted: Decimal | None = None
    created_at: datetime | None = None
    reason: str | None = unshown()
    points_deduction_break_up_details: tuple[PointsDeduction, ...] = ()
    extra: Mapping[str, Any] = mapping()


@attrs.frozen(kw_only=True)
class VoucherRedemption:
    """A VoucherRedemption; the code is not shown."""

    voucher_issued_id: int | None = None
    voucher_series_id: int | None = None
    redeemed_voucher_code: str | None = unshown()
    redeem_date: datetime | None = None
    extra: Mapping[str, Any] = mapping()


@attrs.frozen(kw_only=True)
class ImportMeta:
    """Which import an event came with."""

    file_name: str | None = None
    import_start_time: datetime | None = None
    import_end_time: datetime | None = None
    profile_name: str | None = None
    profile_type: str | None = None
    extra: Mapping[str, Any] = mapping()


@attrs.frozen(kw_only=True)
class FieldAttribute:
    """A property of a behavioural event's field; `value` may name a person."""

    value_type: str | None = None
    value: str | None = unshown()
    extra: Mapping[str, Any] = mapping()


@attrs.frozen(kw_only=True)
class BehaviouralField:
    """A field of a behavioural event, with its properties by name."""

    field_name: str | None = None
    field_type: str | None = None
    attributes: Mapping[str, FieldAttribute] = mapping()
    extra: Mapping[str, Any] = mapping()


@attrs.frozen(kw_only=True)
class BehaviouralMetadata:
    """What a GenericEvent is made of."""

    label: str | None = None
    fields: tuple[BehaviouralField, ...] = ()
    extra: Mapping[str, Any] = mapping()
