"""Does opening + entries = closing? Pure arithmetic over one member's accounts; decides, and asks nobody."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, get_args

import attrs

from loyalty_async.errors import InvalidArgument
from loyalty_async.models.spans import Span
from loyalty_async.reconcile.postings import Account, Posting, Reported, exact_sum, minus
from loyalty_async.reconcile.totals import Moved, Rounding, by_account, movements, restated, rounding_bound, running
from loyalty_async.reconcile.verdicts import AccountVerdict, Agreement, Reason

__all__ = ["Rules", "match_accounts", "worst"]

_FEWEST_ROUNDS = 2
"""One reading cannot be the same as another."""
_ORDER = (Agreement.MISMATCH, Agreement.INDETERMINATE, Agreement.MATCH)


def _not_negative(_rules: object, field: attrs.Attribute[Decimal], value: object) -> None:
    if not isinstance(value, Decimal) or not value.is_finite() or value < 0:
        raise InvalidArgument(f"{field.name} must be a Decimal of at least 0")


def _several(_rules: object, field: attrs.Attribute[Any], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < _FEWEST_ROUNDS:
        raise InvalidArgument(f"{field.name} must be an integer of at least {_FEWEST_ROUNDS}")


def _not_before(_rules: object, field: attrs.Attribute[Any], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise InvalidArgument(f"{field.name} must be a number of at least 0")


def _known(_rules: object, field: attrs.Attribute[Rounding], value: object) -> None:
    if value not in get_args(Rounding):
        raise InvalidArgument(f"{field.name} must be one of {', '.join(get_args(Rounding))}")


@attrs.frozen(kw_only=True)
class Rules:
    """When two balances agree, and how much to ask before it is said that they do not.

    Attributes:
        tolerance: The largest difference, in points, that still counts as a match.
        rounding: How the server rounds what it prints: to the `nearest`, in `any` way, or `none`. A difference that
            this can explain is `indeterminate`.
        alternate_currencies: Whether alternate currencies are reconciled, too.
        rounds: How often to read everything, at most, until two readings in a row are the same. What matches at once is
            read once.
        pause_s: Seconds between two such readings.
        probes: How many balances to ask for, at most, to find where an account goes wrong; 0 not to look for it.
    """

    tolerance: Decimal = attrs.field(default=Decimal(0), validator=_not_negative)
    rounding: Rounding = attrs.field(default="nearest", validator=_known)
    alternate_currencies: bool = True
    rounds: int = attrs.field(default=3, validator=_several)
    pause_s: float = attrs.field(default=1.0, validator=_not_before)
    probes: int = attrs.field(default=40, validator=_not_before)


def match_accounts(
    *, span: Span, opening: Reported, postings: Sequence[Posting], closing: Reported, rules: Rules | None = None
) -> tuple[AccountVerdict, ...]:
    """Reconcile every account that the opening, an entry or the closing names.

    Args:
        span: From the instant of the opening to that of the closing.
        opening: What the server reports at its beginning.
        postings: Every entry in it, sorted.
        closing: What the server reports at its end.
        rules: When two balances agree; exactly, unless told.

    Returns:
        A verdict for each account, by program, currency and category.
    """
    rules, groups = rules or Rules(), by_account(postings)
    accounts = sorted({**closing, **groups, **opening}, key=lambda account: account.sort_key)
    ends = [(account, (opening.get(account), closing.get(account))) for account in accounts]
    return tuple(_match(account, span, printed, groups.get(account, []), rules) for account, printed in ends)


def worst(agreements: Iterable[Agreement]) -> Agreement:
    """Give the worst of them; of nothing it is a match."""
    return min(agreements, key=_ORDER.index, default=Agreement.MATCH)


def _match(
    account: Account, span: Span, ends: tuple[Decimal | None, Decimal | None], moved: list[Moved], rules: Rules
) -> AccountVerdict:
    """Reconcile one account; one that the opening or the closing does not name holds nothing then."""
    before, after = (amount or Decimal(0) for amount in ends)
    calculated = exact_sum((before, *(line.effect for _, line in moved)))
    difference = minus(after, calculated)
    printed = (*ends, *(line.points for _, line in moved))
    bound = rounding_bound((amount for amount in printed if amount is not None), rules.rounding)
    agreement, reason = _judge(difference, bound, restated(before, moved), rules)
    return AccountVerdict(
        account=account,
        agreement=agreement,
        reason=reason,
        opening=before,
        calculated=calculated,
        reported=ends[1],
        difference=difference,
        rounding=bound,
        movements=movements(moved),
        trail=() if agreement is Agreement.MATCH else running(before, span.since, moved),
    )


def _judge(difference: Decimal, bound: Decimal, excess: Decimal, rules: Rules) -> tuple[Agreement, Reason | None]:
    size = difference.copy_abs()
    if size <= rules.tolerance:
        return Agreement.MATCH, None
    if size <= bound:
        return Agreement.INDETERMINATE, Reason.ROUNDING
    if excess and exact_sum((difference, excess)).copy_abs() <= rules.tolerance:
        return Agreement.INDETERMINATE, Reason.OPENING
    return Agreement.MISMATCH, None
