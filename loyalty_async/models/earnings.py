"""Points that an event earned, in short and in full.

Points are the exact `Decimal` of the server's text, be it a JSON string in one event and a number in another. Dates
that end in `_at` are instants; the others are wall clocks whose zone the documents do not give.

Source: getLedgerExplodeInfo, "Response parameters" and samples.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import attrs

from loyalty_async.models.fields import mapping

__all__ = [
    "AlternateCurrencyBreakup",
    "AlternateCurrencyEarned",
    "AwardAction",
    "AwardedPoints",
    "EarnedPoints",
    "PointsEarned",
    "PointsEarnedBreakup",
    "PromotionDetails",
]


@attrs.frozen(kw_only=True)
class EarnedPoints:
    """Points earned under one program.

    Attributes:
        value: How many.
        program_id: The program.
        program_name: Its name.
        expires_at: When they expire.
        expiry_type: `fixed` or `rolling`.
        promotion_id: The promotion that gave them, if one did.
        promotion_name: Its name.
        promotion_start_date: When it begins.
        promotion_end_date: When it ends.
        conversion_date: When promised points become redeemable.
        return_points: Taken back by a return.
        returned_points: The same, as promotions spell it.
        extra: What else the server sent.
    """

    value: Decimal
    program_id: int | None = None
    program_name: str | None = None
    expires_at: datetime | None = None
    expiry_type: str | None = None
    promotion_id: int | None = None
    promotion_name: str | None = None
    promotion_start_date: datetime | None = None
    promotion_end_date: datetime | None = None
    conversion_date: datetime | None = None
    return_points: Decimal | None = None
    returned_points: Decimal | None = None
    extra: Mapping[str, Any] = mapping()


@attrs.frozen(kw_only=True)
class PointsEarned:
    """Points earned by purchase (`regular`), by promotion (`promo`), and promised for later."""

    regular: tuple[EarnedPoints, ...] = ()
    promo: tuple[EarnedPoints, ...] = ()
    promised: tuple[EarnedPoints, ...] = ()
    max_conversion_date: datetime | None = None
    extra: Mapping[str, Any] = mapping()


@attrs.frozen(kw_only=True)
class AlternateCurrencyEarned(PointsEarned):
    """What was earned in one alternate currency."""

    alternate_currency_name: str | None = None
    alternate_currency_identifier: str | None = None


@attrs.frozen(kw_only=True)
class PromotionDetails:
    """The promotion behind awarded points."""

    promotion_id: int | None = None
    promotion_name: str | None = None
    extra: Mapping[str, Any] = mapping()


@attrs.frozen(kw_only=True)
class AwardAction:
    """The rule that awarded points."""

    id: int | None = None
    name: str | None = None
    ruleset_id: int | None = None
    ruleset_name: str | None = None
    extra: Mapping[str, Any] = mapping()


@attrs.frozen(kw_only=True)
class AwardedPoints:
    """Points with the strategies that allocated them and that will let them expire.

    Attributes:
        value: How many.
        source_value: The amount that they were computed from.
        expires_at: When they expire.
        awarded_at: When they were awarded; its offset may not be the server's.
        program_id: The program.
        program_name: Its name.
        allocation_strategy_id: How many points were given for what.
        allocation_strategy_name: Its name.
        points_category_id: The account.
        points_category_name: Its name.
        expiry_strategy_id: When they expire, as a rule.
        expiry_strategy_name: Its name.
        expiry_type: `fixed` or `rolling`.
        promotion_details: The promotion, if one gave them.
        award_action_details: The rule that gave them.
        return_points: Taken back by a return.
        extra: What else the server sent.
    """

    value: Decimal
    source_value: Decimal | None = None
    expires_at: datetime | None = None
    awarded_at: datetime | None = None
    program_id: int | None = None
    program_name: str | None = None
    allocation_strategy_id: int | None = None
    allocation_strategy_name: str | None = None
    points_category_id: int | None = None
    points_category_name: str | None = None
    expiry_strategy_id: int | None = None
    expiry_strategy_name: str | None = None
    expiry_type: str | None = None
    promotion_details: PromotionDetails | None = None
    award_action_details: AwardAction | None = None
    return_points: Decimal | None = None
    extra: Mapping[str, Any] = mapping()


@attrs.frozen(kw_only=True)
class PointsEarnedBreakup:
    """Every award behind the points earned."""

    regular: tuple[AwardedPoints, ...] = ()
    promo: tuple[AwardedPoints, ...] = ()
    promised: tuple[AwardedPoints, ...] = ()
    extra: Mapping[str, Any] = mapping()


@attrs.frozen(kw_only=True)
class AlternateCurrencyBreakup(PointsEarnedBreakup):
    """Every award in one alternate currency."""

    alternate_currency_name: str | None = None
    alternate_currency_identifier: str | None = None
