"""One entry of a ledger, told in full as an event: a recipe for each kind (facts D3).

Points are JSON numbers in what was earned, and texts in redemptions, transfers, targets and totals, as in the samples.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from loyalty_async.sandbox.answers import printed
from loyalty_async.sandbox.bills import bill_parts, return_parts
from loyalty_async.sandbox.earnings import (
    Award,
    Scene,
    award_of,
    credits_of,
    debits_of,
    earned,
    number,
    promotion_name,
    some_promotion,
)
from loyalty_async.sandbox.records import Detail, Entry, Group, Member, Owner, Program, total
from loyalty_async.sandbox.times import legacy_text

Parts = dict[str, Any]
NO_REFERENCE: Final = "-1"
_SOURCE_TYPES: Final = ("USERTARGET", "MILESTONE", "STREAKS", "UNIFIED")
_IDENTIFIED_BY_ACTOR: Final = frozenset({"CustomerRegistration", "PointsRedemption", "PointsTransfer"})


def explode(scene: Scene) -> dict[str, object]:
    """Tell an entry in full."""
    entry = scene.entry
    parts = _RECIPES.get(entry.event_name, _earning)(scene)
    details = {**_details(scene), **parts.pop("eventDetails", {})}
    return {
        "eventLogId": entry.event_log_id,
        "eventName": entry.event_name,
        "eventDetails": details,
        **parts,
        "eventReferenceId": reference_id(entry, scene.owner),
        "uniqueId": f"{entry.event_log_id:x}-{acting_member(entry, scene.owner).user_id:x}",
        **({"orgId": entry.org_id or scene.org_id} if scene.wish.organisations else {}),
    }


def reference_id(entry: Entry, owner: Owner) -> str:
    """Give what `eventReferenceIds` may name: the bill, the request, the voucher, the customer, or nothing."""
    if entry.transaction is not None:
        return str(entry.transaction.transaction_id)
    if entry.event_name == "GenericEvent":
        return str(UUID(int=random.Random(entry.event_log_id).getrandbits(128), version=4))
    if entry.event_name == "VoucherRedemption":
        return str(_voucher_id(entry))
    if entry.event_name in _IDENTIFIED_BY_ACTOR:
        return str(acting_member(entry, owner).user_id)
    return NO_REFERENCE


def acting_member(entry: Entry, owner: Owner) -> Member:
    """Give who made an entry: in a group without a word about it, the primary member."""
    if entry.actor is not None:
        return entry.actor.member
    return owner.primary if isinstance(owner, Group) else owner


def _details(scene: Scene) -> Parts:
    entry = scene.entry
    names = ("eventDisplayName", "displayName")
    till = entry.till.till_id if entry.till else -1
    shown = {name: entry.event_details[name] for name in names if name in entry.event_details}
    return {**scene.calendar.fields("eventTime", entry.happened_at), "tillId": till, **shown}


def _earning(scene: Scene) -> Parts:
    return {"pointsEarned": earned(scene, map(award_of, credits_of(scene.entry)))}


def _promotional_earning(scene: Scene) -> Parts:
    promotion = some_promotion(scene.rng)
    awards = [award_of(line, promotion=promotion) for line in credits_of(scene.entry)]
    return {"pointsEarned": earned(scene, awards)}


def _bill(scene: Scene) -> Parts:
    bill = scene.entry.transaction
    if bill is None:
        return _earning(scene)
    return {"eventDetails": scene.max_conversion(_awards(scene)), **bill_parts(scene, bill)}


def _return(scene: Scene) -> Parts:
    bill = scene.entry.transaction
    return _earning(scene) if bill is None else return_parts(scene, bill)


def _awards(scene: Scene) -> list[Award]:
    return [award_of(line) for line in credits_of(scene.entry)]


def _behaviour(scene: Scene) -> Parts:
    label = scene.entry.event_details.get("eventDisplayName", "Event")
    fields = [
        {
            "fieldName": "mobile",
            "fieldType": "customer",
            "attributes": {
                "accountId": {"valueType": "ENUM"},
                "identifierType": {"valueType": "ENUM", "value": "mobile"},
                "isRequired": {"valueType": "BOOLEAN", "value": "true"},
            },
        },
        {
            "fieldName": "count",
            "fieldType": "double",
            "attributes": {"isRequired": {"valueType": "BOOLEAN", "value": "false"}},
        },
    ]
    return {**_promotional_earning(scene), "behavioralEventMetadata": {"label": label, "fields": fields}}


def _target(scene: Scene) -> Parts:
    rng, kind = scene.rng, scene.rng.choice(_SOURCE_TYPES)
    target = rng.randint(1, 40)
    value = printed(Decimal(target).quantize(Decimal("0.001")))
    promotion = some_promotion(rng)
    points = earned(scene, [award_of(line, promotion=promotion) for line in credits_of(scene.entry)])
    details = {
        "targetGroupID": 100 + target,
        "targetGroupName": f"Targets {target}",
        "targetId": 200 + target,
        "targetName": f"Target {target}",
        "targetDescription": f"Buy {target} times",
        "targetPeriodID": 40 + rng.randrange(12),
        "targetPeriodName": "B1",
        "targetValue": value,
        "achievedValue": value,
        **({"mileStoneName": "First", "triggerValue": value} if kind == "MILESTONE" else {}),
        "sourceId": 5_000_000 + rng.randrange(100_000),
        "sourceType": kind,
        "pointsEarned": {"promo": points["promo"], "promised": points["promised"]},
    }
    return {"targetCompletedDetails": details}


def _redemption(scene: Scene) -> Parts:
    debits, rng = debits_of(scene.entry), scene.rng
    by_program: dict[Program, list[Decimal]] = {}
    for line in debits:
        by_program.setdefault(line.program, []).append(line.points)
    details = {
        "pointsRedeemed": printed(total(line.points for line in debits)),
        "redemptionPurpose": "",
        "transactionNumber": f"r-{scene.entry.event_log_id}",
        **scene.calendar.fields("billingTime", scene.entry.happened_at),
        "redemptionId": f"{rng.getrandbits(30):x}",
        **({"externalReferenceNumber": f"{rng.getrandbits(60):x}"} if rng.random() < 0.5 else {}),  # noqa: PLR2004 - a coin
        "notes": "",
        "groupRedemption": isinstance(scene.owner, Group),
    }
    return {
        "eventDetails": {"redemptionDetails": details},
        "customFields": [],
        "pointsBreakup": [_program_points(program, total(points)) for program, points in by_program.items()],
    }


def _program_points(program: Program, points: Decimal) -> Parts:
    """Write points of a program as redemptions and transfers do: all of it texts."""
    return {"points": printed(points), "programId": str(program.program_id), "programName": program.name}


def _voucher_id(entry: Entry) -> int:
    return 90_000_000 + entry.event_log_id % 1_000_000


def _voucher(scene: Scene) -> Parts:
    details = {
        "voucherIssuedId": _voucher_id(scene.entry),
        "voucherSeriesId": 1_110_000 + scene.rng.randrange(1000),
        "redeemedVoucherCode": f"{scene.rng.randrange(1_000_000):06d}",
        "redeemDate": _written(scene, scene.entry.happened_at),
    }
    return {**_promotional_earning(scene), "voucherRedemptionDetails": details}


def _transfer(scene: Scene) -> Parts:
    """Tell who gave and who got: the ledger's owner gave what is debited; the other side is made up."""
    own = acting_member(scene.entry, scene.owner)
    lines = debits_of(scene.entry) or credits_of(scene.entry)
    here = {"userId": str(own.user_id), "firstName": own.first_name or "", "lastName": own.last_name or ""}
    there = {"userId": str(own.user_id + 1), "firstName": "Other", "lastName": "Member"}
    points = {
        "transferType": "TRANSFER",
        "pointsTransferDetails": [_program_points(line.program, line.points) for line in lines],
    }
    giver, taker = (here, there) if debits_of(scene.entry) else (there, here)
    return {"transferredFrom": {**giver, **points}, "transferredTo": {**taker, **points}, "notes": ""}


def _adjustment(scene: Scene) -> Parts:
    entry, member = scene.entry, acting_member(scene.entry, scene.owner)
    debits = debits_of(entry)
    created = scene.calendar.fields("createdOn", entry.created_at)
    # "2026-01-07 05:43:40", without a fraction (facts F).
    created["createdOn"] = str(created["createdOn"]).partition(".")[0]
    details = {
        "orgId": entry.org_id or scene.org_id,
        "customerId": member.user_id,
        "totalPointsDeducted": printed(total(line.points for line in debits)),
        **created,
        "reason": "correction",
        "pointsDeductionBreakUpDetails": [_deduction(scene, line, member) for line in debits],
    }
    return {"manualPointsAdjustmentDetails": details}


def _deduction(scene: Scene, line: Detail, member: Member) -> Parts:
    entry, promotion = scene.entry, some_promotion(scene.rng)
    till = entry.till.till_id if entry.till else -1
    return {
        "customerId": member.user_id,
        "loyaltyId": member.user_id,
        "programId": line.program.program_id,
        "programName": line.program.name,
        "promotionId": promotion,
        "promotionName": promotion_name(promotion),
        "pointAwardedRefType": "POINT_AWARDED_CUSTOMER_PROMOTION",
        "pointAwardedRefId": 738_000_000 + scene.rng.randrange(1_000_000),
        "deductionType": "MANUAL_ADJUSTMENT",
        "pointsDeducted": number(line.points),
        "pointsDeductedStr": printed(line.points),
        "pointsDeductedCurrencyValue": number(line.points),
        "pointsDeductedCurrencyValueStr": printed(line.points),
        **scene.calendar.fields("pointsDeductedOn", entry.created_at),
        "pointsDeductedBy": "till",
        "pointsDeductedById": till,
        "sourceType": "Bill",
        "awardedTillId": till,
        "awardedTillDate": _written(scene, entry.created_at - timedelta(days=35)),
    }


def _goodwill(scene: Scene) -> Parts:
    details = {
        "reason": scene.entry.event_details.get("reason", "POINTS_ISSUE"),
        "comments": "",
        "assocId": 0,
        "requestId": 17_000_000 + scene.rng.randrange(1_000_000),
    }
    return {"eventDetails": details, **_promotional_earning(scene)}


def _import(scene: Scene) -> Parts:
    at = scene.entry.created_at
    meta = {
        "fileName": f"import_{scene.entry.event_log_id}.csv",
        "importStartTime": _written(scene, at - timedelta(minutes=1)),
        "importEndTime": _written(scene, at),
        "profileName": "Customer Promotion",
        "profileType": "Promotional Rewards",
    }
    return {**_promotional_earning(scene), "importMeta": meta}


def _written(scene: Scene, moment: datetime) -> str:
    """Write a date that has no newer twin."""
    return legacy_text(moment if moment.tzinfo is None else moment.astimezone(scene.calendar.zone))


Recipe = Callable[[Scene], Parts]
_RECIPES: Final[Mapping[str, Recipe]] = {
    "NewBill": _bill,
    "TransactionAdd": _bill,
    "TransactionUpdate": _bill,
    "GroupTransactionAdd": _bill,
    "ReturnBill": _return,
    "GenericEvent": _behaviour,
    "TargetCompleted": _target,
    "PointsRedemption": _redemption,
    "VoucherRedemption": _voucher,
    "PointsTransfer": _transfer,
    "ManualPointsAdjustment": _adjustment,
    "AllocateGoodwillPoints": _goodwill,
    "BulkAllocatePoints": _import,
    "BillPointsPromotionImport": _import,
    "CustomerPromotionImport": _import,
    "LineItemsPointsPromotionImport": _import,
}
EXPLODED_NAMES: Final[Sequence[str]] = (
    *sorted(_RECIPES.keys() - {"BulkAllocatePoints", "TransactionUpdate"}),
    "CustomerRegistration",
    "CustomerUpdate",
)
"""What `eventName` may be (facts D3)."""
