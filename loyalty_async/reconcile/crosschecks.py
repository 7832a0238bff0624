"""One member in two systems: an Altcraft account against Capillary's closing balances.

An Altcraft account is one program in one currency: `active_balance` can be spent, `total_balance` is everything. At
Capillary the points that can be spent are in the category Main; promised and trigger-based points come to it later.

Source: Altcraft, "Get points account balance"; Capillary, "Get customer ledger balance".
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import attrs

from loyalty_async.models.accounts import AccountBalance
from loyalty_async.models.balances import LedgerBalance
from loyalty_async.models.vocabulary import PointsCategory
from loyalty_async.reconcile.matching import Rules
from loyalty_async.reconcile.postings import exact_sum, minus, reported_of
from loyalty_async.reconcile.totals import rounding_bound
from loyalty_async.reconcile.verdicts import Agreement, Reason

__all__ = ["Crosscheck", "CrosscheckVerdict", "match_systems"]


@attrs.frozen(kw_only=True)
class Crosscheck:
    """One figure in both systems.

    Attributes:
        ledger: What Capillary says.
        account: What Altcraft says.
        difference: Altcraft's minus Capillary's.
        agreement: Whether they agree.
        reason: `rounding` if the printed decimals can explain it.
    """

    ledger: Decimal
    account: Decimal
    difference: Decimal
    agreement: Agreement
    reason: Reason | None = None


@attrs.frozen(kw_only=True)
class CrosscheckVerdict:
    """Both figures of an account.

    Attributes:
        active: What can be spent.
        total: Everything.
    """

    active: Crosscheck
    total: Crosscheck


def match_systems(
    account: AccountBalance,
    balance: LedgerBalance,
    *,
    program_id: int,
    currency: str | None = None,
    rules: Rules | None = None,
) -> CrosscheckVerdict:
    """Hold an Altcraft account against a Capillary closing balance. Read both close together: neither has a cut-off.

    Args:
        account: What Altcraft says.
        balance: What Capillary says; with alternate currencies, if *currency* is one.
        program_id: The program at Capillary.
        currency: The alternate currency at Capillary; None for points.
        rules: When the two agree.
    """
    held = {
        of.points_category: points
        for of, points in reported_of(balance.balances).items()
        if (of.program_id, of.currency) == (program_id, currency)
    }
    active = [points for category, points in held.items() if category == PointsCategory.MAIN]
    rules = rules or Rules()
    return CrosscheckVerdict(
        active=_check(active, account.active_balance, rules),
        total=_check(held.values(), account.total_balance, rules),
    )


def _check(ledger: Iterable[Decimal], account: Decimal, rules: Rules) -> Crosscheck:
    printed = [*ledger, account]
    held = exact_sum(printed[:-1])
    difference = minus(account, held)
    size, agreement, reason = difference.copy_abs(), Agreement.MISMATCH, None
    if size <= rules.tolerance:
        agreement = Agreement.MATCH
    elif size <= rounding_bound(printed, rules.rounding):
        agreement, reason = Agreement.INDETERMINATE, Reason.ROUNDING
    return Crosscheck(ledger=held, account=account, difference=difference, agreement=agreement, reason=reason)
