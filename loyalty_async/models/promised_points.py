"""Points that a member will get.

Source: promisedPointsSchedule, "Response parameters".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

import attrs

from loyalty_async.models.fields import mapping, unshown
from loyalty_async.models.pages import ServerWarning
from loyalty_async.models.vocabulary import EntityType

__all__ = ["PromisedPoints", "PromisedPointsSchedule", "PromisedPointsType"]


class PromisedPointsType(StrEnum):
    """What points were promised for."""

    BILL_PROMOTIONS = "bill_promotions"
    BILL_REGULAR = "bill_regular"
    CUSTOMER_PROMOTIONS = "customer_promotions"
    LINE_ITEM_PROMOTIONS = "line_item_promotions"
    LINE_ITEM_REGULAR = "line_item_regular"


@attrs.frozen(kw_only=True)
class PromisedPoints:
    """Points promised by one program for one kind of purchase.

    Attributes:
        points: How many, exactly as sent; may be negative (a return) or zero.
        redeemable_from: The day from which they can be used, in the organisation's calendar; None for points that wait
            for an event instead of a day.
        program_id: The program.
        points_type: What they were promised for.
        extra: What else the server sent.
    """

    points: Decimal
    redeemable_from: date | None = None
    program_id: int | None = None
    points_type: PromisedPointsType | str | None = None
    extra: Mapping[str, Any] = mapping()


@attrs.frozen(kw_only=True)
class PromisedPointsSchedule:
    """Everything that is promised to a member.

    Attributes:
        entity_id: Whose it is; negative for a group.
        entity_type: Customer or group.
        scheduled: Points that become redeemable on a day.
        trigger_based: Points that become redeemable by an event.
        warnings: What the server wants known.
        extra: What else the server sent.
    """

    entity_id: int | None = unshown()
    entity_type: EntityType | str | None = None
    scheduled: tuple[PromisedPoints, ...] = ()
    trigger_based: tuple[PromisedPoints, ...] = ()
    warnings: tuple[ServerWarning, ...] = ()
    extra: Mapping[str, Any] = mapping()
