"""The bill behind an event, line by line.

Source: getLedgerExplodeInfo with `getBillDetails=true`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import attrs

from loyalty_async.models.earnings import (
    AlternateCurrencyBreakup,
    AlternateCurrencyEarned,
    PointsEarned,
    PointsEarnedBreakup,
)
from loyalty_async.models.fields import mapping, unshown
from loyalty_async.models.vocabulary import Source

__all__ = ["BillDetails", "LineItem"]


@attrs.frozen(kw_only=True)
class LineItem:
    """One line of a bill. Amounts are in the bill's currency; `qty` may be a fraction."""

    id: int | None = None
    item_code: str | None = None
    source: Source | str | None = None
    gross_amount: Decimal | None = None
    discount: Decimal | None = None
    amount: Decimal | None = None
    rate: Decimal | None = None
    qty: Decimal | None = None
    serial_number: int | str | None = None
    return_amount: Decimal | None = None
    return_rate: Decimal | None = None
    return_qty: Decimal | None = None
    return_value: Decimal | None = None
    points_earned: PointsEarned | None = None
    points_earned_breakup: PointsEarnedBreakup | None = None
    alternate_currency_value_earned: tuple[AlternateCurrencyEarned, ...] = ()
    alternate_currency_value_earned_breakup: tuple[AlternateCurrencyBreakup, ...] = ()
    extra: Mapping[str, Any] = mapping()


@attrs.frozen(kw_only=True)
class BillDetails:
    """A bill, or the return of one.

    Attributes:
        type: `loyalty` and so on.
        bill_number: The number printed on it.
        gross_amount: Before the discount.
        discount: What was taken off.
        bill_amount: What was paid.
        note: Free text of the till.
        source: Where it was bought.
        bill_date: The till's wall clock, naive.
        return_date: Of the return, likewise.
        return_amount: What was given back.
        return_type: AMOUNT, FULL, LINE_ITEM or CANCELLED.
        return_bill_id: The bill of the return.
        points_earned: What the bill earned.
        points_earned_breakup: Every award behind it.
        alternate_currency_value_earned: The same for alternate currencies.
        alternate_currency_value_earned_breakup: Every award behind that.
        line_items: Its lines.
        extra: What else the server sent.
    """

    type: str | None = None
    bill_number: str | None = unshown()
    gross_amount: Decimal | None = None
    discount: Decimal | None = None
    bill_amount: Decimal | None = None
    note: str | None = unshown()
    source: Source | str | None = None
    bill_date: datetime | None = None
    return_date: datetime | None = None
    return_amount: Decimal | None = None
    return_type: str | None = None
    return_bill_id: int | str | None = unshown()
    points_earned: PointsEarned | None = None
    points_earned_breakup: PointsEarnedBreakup | None = None
    alternate_currency_value_earned: tuple[AlternateCurrencyEarned, ...] = ()
    alternate_currency_value_earned_breakup: tuple[AlternateCurrencyBreakup, ...] = ()
    line_items: tuple[LineItem, ...] = ()
    extra: Mapping[str, Any] = mapping()
