"""Verdicts in words, for people who were not there."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from loyalty_async.models.vocabulary import PointsCategory
from loyalty_async.reconcile.figures import amount
from loyalty_async.reconcile.postings import Account
from loyalty_async.reconcile.verdicts import AccountVerdict, Agreement, Divergence, Reason

__all__ = ["REASONS", "account_words", "explain", "program_words", "verdict_words"]

REASONS: Mapping[Reason, str] = {
    Reason.ROUNDING: "The difference is no larger than what rounding of the printed amounts can make.",
    Reason.OPENING: (
        "An opening balance came to an account that held points already. If it restates them instead of adding to "
        "them, the account is right."
    ),
    Reason.MOVED: "The ledger changed from reading to reading. Reconcile this member again.",
    Reason.PENDING: "The server has not booked everything yet. Reconcile this member again later.",
    Reason.INCOMPLETE: "The entries could not be proved complete. Reconcile this member again.",
    Reason.UNEXPORTED: "The export that the entries are from does not have this member.",
    Reason.UNREADABLE: "The server refused, or failed for this member.",
}
_CATEGORIES: Mapping[str, str] = {
    PointsCategory.MAIN: "Main",
    PointsCategory.PROMISED: "Promised",
    PointsCategory.TRIGGER_BASED: "Trigger-based",
}


def program_words(account: Account) -> str:
    """Name a program: its name, else its id."""
    return account.program_name or ("No program" if account.program_id is None else f"Program {account.program_id}")


def account_words(account: Account) -> str:
    """Name the account within its program: `Main`, `Main, Stars`."""
    category = _CATEGORIES.get(account.points_category or "", account.points_category or "No category")
    return category if account.currency is None else f"{category}, {account.currency}"


def verdict_words(agreement: Agreement, reason: Reason | None) -> str:
    """Name a verdict: `Mismatch`, `Indeterminate: rounding`."""
    return agreement.value.capitalize() + (f": {reason.value}" if reason else "")


def explain(verdict: AccountVerdict) -> str:
    """Say what is wrong with an account, and where it begins."""
    sentences = [_amount_words(verdict)]
    if verdict.reason is not None:
        sentences.append(REASONS[verdict.reason])
    if verdict.divergence is not None:
        sentences.append(_where(verdict.divergence))
    return " ".join(sentences)


def _amount_words(verdict: AccountVerdict) -> str:
    direction = "more" if verdict.difference > 0 else "less"
    shown = "names no such account" if verdict.reported is None else f"reports {amount(verdict.reported)}"
    return (
        f"The server {shown}: {amount(verdict.difference.copy_abs())} {direction} than the "
        f"{amount(verdict.calculated)} that the opening balance and the entries make."
    )


def _where(divergence: Divergence) -> str:
    by = f"{amount(divergence.difference.copy_abs())} too {'much' if divergence.difference > Decimal(0) else 'little'}"
    agreed = f"The two agree until {divergence.since:%d %b %Y %H:%M:%S} UTC."
    if len(divergence.event_log_ids) == 1:
        name = divergence.event_names[0]
        counted = "; it does not count it" if divergence.uncounted else ""
        return f"{agreed} With event {divergence.event_log_id} ({name}) the server has {by}{counted}."
    if divergence.event_log_ids:
        ids = ", ".join(map(str, divergence.event_log_ids))
        counted = f" Without event {divergence.uncounted} it would add up." if divergence.uncounted else ""
        return f"{agreed} With the events {ids}, too close in time to be told apart, the server has {by}.{counted}"
    follows = "" if divergence.follows is None else f", after event {divergence.follows},"
    return (
        f"{agreed} By {divergence.until:%d %b %Y %H:%M:%S} UTC{follows} the server has {by}, and no entry in between "
        "says why: one may be missing from the ledger."
    )
