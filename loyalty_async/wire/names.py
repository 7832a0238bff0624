"""The APIs' own words, all in one place."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["ISO", "RAW", "wire_name"]

ISO = "ISO"
"""What the newer twin of a date field ends in (page "APIs updated with additional time zone fields")."""

RAW = "\x7fraw"
"""Where an object carries the text that it was decoded from; no answer has a key of this name."""

_IRREGULAR: Mapping[tuple[str, str], str] = {
    ("AccountBalance", "active_balance"): "active_balance",
    ("AccountBalance", "total_balance"): "total_balance",
    ("AwardedPoints", "awarded_at"): "awardedOn",
    ("AwardedPoints", "expires_at"): "expiresOn",
    ("EarnedPoints", "expires_at"): "expiresOn",
    ("LedgerBalance", "details"): "ledgerDetails",
    ("LedgerBalance", "owner"): "customerDetails",
    ("LedgerEntry", "created_at"): "ledgerCreatedDate",
    ("LedgerPage", "entries"): "ledgerEntries",
    ("LedgerPage", "owner"): "customerDetails",
    ("LedgerPage", "paging"): "ledgerDetails",
    ("ManualPointsAdjustment", "created_at"): "createdOn",
    ("PointsDeduction", "awarded_till_at"): "awardedTillDate",
    ("PointsDeduction", "points_deducted_at"): "pointsDeductedOn",
    ("RawEntry", "raw"): RAW,
    ("PromisedPointsSchedule", "scheduled"): "promisedPointsScheduleList",
    ("PromisedPointsSchedule", "trigger_based"): "triggerBasedPointsList",
    ("TargetCompleted", "target_group_id"): "targetGroupID",
    ("TargetCompleted", "target_period_id"): "targetPeriodID",
}
"""By the names of the models: who writes a ledger's names need not have those of events imported."""


def wire_name(name: str, owner: type | None = None) -> str:
    """Say what the API calls a field of *owner*, or a query parameter."""
    for kind in owner.__mro__ if owner else ():
        if (kind.__name__, name) in _IRREGULAR:
            return _IRREGULAR[kind.__name__, name]
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)
