"""The words that the documents list."""

from enum import StrEnum

import pytest

from loyalty_async.models import vocabulary
from loyalty_async.models.vocabulary import (
    EntityType,
    EventName,
    LedgerEntryType,
    PointCategoryType,
    PointsCategory,
    Source,
)
from tests.samples import as_printed, entries_of, samples


def words(listed: str) -> set[str]:
    return {word.strip() for word in listed.split(",")}


@pytest.mark.parametrize(
    ("enum", "documented"),
    [
        (
            Source,
            "FACEBOOK , WEB_ENGAGE , INSTORE , MARTJACK , TMALL , TAOBAO , JD , ECOMMERCE , WEBSITE , LINE , ALL",
        ),
        (EntityType, "CUSTOMER , USERGROUP2, FLEET"),
        (LedgerEntryType, "OPENING_BALANCE , CREDIT , DEBIT"),
        (PointCategoryType, "REGULAR , PROMISED , TRIGGER_BASED"),
        (PointsCategory, "Main, DelayedAccrualPointCategory, ExternalTriggerBasedPointCategory"),
        (
            EventName,
            """GenericEvent , TransactionAdd , TransactionUpdate , TargetCompleted , PointsRedemption ,
            VoucherRedemption , DelayedAccrual , PointsTransfer , PointsRedemptionReversal , CustomerRegistration ,
            CustomerUpdate""",
        ),
        (
            EventName,
            """PointsExpiry, ReturnBill, AllocateGoodwillPoints, BulkAllocatePoints, ManualPointsAdjustment,
            UserGroup2Create, PointsLedgerBulkJob""",
        ),
    ],
)
def test_every_documented_word_is_a_member(enum: type[StrEnum], documented: str) -> None:
    assert words(documented) <= {member.value for member in enum}


def test_every_word_of_the_printed_answers_is_a_member() -> None:
    entries = [entry for name in samples() for entry in entries_of(as_printed(name))]
    details = [detail for entry in entries for detail in entry["entryDetails"]]
    assert {entry["eventName"] for entry in entries} <= set(EventName)
    assert {detail["ledgerEntryType"] for detail in details} <= set(LedgerEntryType)
    assert {detail["pointsCategory"] for detail in details} <= set(PointsCategory)


@pytest.mark.parametrize("name", vocabulary.__all__)
def test_a_word_can_be_used_as_its_text(name: str) -> None:
    enum: type[StrEnum] = getattr(vocabulary, name)
    for member in enum:
        assert member == member.value
        assert f"{member}" == member.value
        assert {member.value: 1}[member] == 1
