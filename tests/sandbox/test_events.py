from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from loyalty_async.sandbox.earnings import Scene, Wish
from loyalty_async.sandbox.events import EXPLODED_NAMES, acting_member, explode, reference_id
from loyalty_async.sandbox.ledger import Ledger
from loyalty_async.sandbox.records import (
    CARD_PROGRAM,
    DEFAULT_ORGANISATION,
    DEFAULT_PROGRAM,
    MAIN,
    PROMISED,
    Detail,
    Transaction,
)
from loyalty_async.sandbox.times import Calendar
from tests.sandbox.calls import NOON

BILL = Transaction(
    transaction_id=3_923_627_848,
    number="txn-5",
    date=datetime(2025, 3, 1, 17, 30),  # noqa: DTZ001 - a till's wall clock
    amount=Decimal("150.10"),
    gross_amount=Decimal("150.10"),
)
CREDIT = Detail("CREDIT", Decimal("46.69"), MAIN, DEFAULT_PROGRAM)
DEBITS = (
    Detail("DEBIT", Decimal("20.00"), MAIN, DEFAULT_PROGRAM),
    Detail("DEBIT", Decimal("0.121"), MAIN, CARD_PROGRAM),
)


def scene(
    name: str, *lines: Detail, wish: Wish | None = None, calendar: Calendar | None = None, **fields: Any
) -> Scene:
    ledger = Ledger()
    member = ledger.add_member(user_id=7001, first_name="Ann")
    entry = ledger.add_entry(
        7001,
        created_at=NOON,
        event_name=name,
        details=lines or (CREDIT,),
        **{"event_log_id": 9, "org_id": None, **fields},
    )
    return Scene(
        entry=entry,
        owner=member,
        org_id=100737,
        programs=DEFAULT_ORGANISATION.programs,
        wish=wish or Wish(),
        calendar=calendar or Calendar(),
        convert_on=lambda _: date(2025, 4, 10),
    )


def told(name: str, *lines: Detail, **fields: Any) -> Any:
    return explode(scene(name, *lines, **fields))


def test_a_purchase_without_flags_is_told_briefly() -> None:
    """As in the minimal sample; its time is the till's."""
    assert told("TransactionAdd", transaction=BILL) == {
        "eventLogId": 9,
        "eventName": "TransactionAdd",
        "eventDetails": {
            "eventTime": "2025-03-01 12:00:00.0",
            "eventTimeISO": "2025-03-01T12:00:00Z",
            "tillId": 700101,
        },
        "eventReferenceId": "3923627848",
        "uniqueId": "9-1b59",
    }


def test_the_time_is_what_was_reported() -> None:
    """The event's date if there is one, else the creation."""
    reported = told("TransactionAdd", transaction=BILL, event_details={"eventDate": BILL.date})
    assert reported["eventDetails"]["eventTime"] == "2025-03-01 17:30:00.0"
    assert told("CustomerUpdate")["eventDetails"]["eventTime"] == "2025-03-01 12:00:00.0"


def test_older_servers_have_no_iso_twins() -> None:
    """Anywhere in an event."""
    for name in EXPLODED_NAMES:
        old = told(
            name, *DEBITS, transaction=BILL, wish=Wish(bills=True, breakup=True), calendar=Calendar(iso_twins=False)
        )
        assert "ISO" not in str(old)


def test_v2_1_names_the_organisation() -> None:
    """The entry's, or the one that is asked."""
    wish = Wish(organisations=True)
    assert told("CustomerUpdate", wish=wish)["orgId"] == 100737
    assert told("CustomerUpdate", wish=wish, org_id=200801)["orgId"] == 200801
    assert "orgId" not in told("CustomerUpdate")


def test_flags_bring_the_bill_and_the_last_day() -> None:
    """The day stands with the event, too."""
    promised = Detail("CREDIT", Decimal("5.00"), PROMISED, DEFAULT_PROGRAM)
    event = told("TransactionAdd", CREDIT, promised, transaction=BILL, wish=Wish(bills=True, max_conversion=True))
    assert event["eventDetails"]["maxConversionDate"] == "2025-04-10 00:00:00.0"
    assert event["billDetails"]["billNumber"] == "txn-5"
    assert "maxConversionDate" not in told("TransactionAdd", CREDIT, promised, transaction=BILL)["eventDetails"]


@pytest.mark.parametrize("name", ["TransactionAdd", "ReturnBill"])
def test_a_purchase_without_a_bill_tells_its_points(name: str) -> None:
    """Anything may be booked by a test."""
    assert told(name)["pointsEarned"]["regular"][0]["value"] == Decimal("46.69")


def test_a_return_tells_its_bill() -> None:
    """If it is asked for."""
    event = told("ReturnBill", *DEBITS, transaction=BILL, wish=Wish(bills=True))
    assert event["billDetails"]["returnBillId"] == BILL.transaction_id
    assert "billDetails" not in told("ReturnBill", *DEBITS, transaction=BILL)


def test_a_behavioural_event_has_metadata_and_a_request_id() -> None:
    """Its points are a promotion's; an attribute may have no value."""
    event = told("GenericEvent", event_details={"eventDisplayName": "Walk", "displayName": "Walk"})
    assert event["eventDetails"]["displayName"] == "Walk"
    assert event["behavioralEventMetadata"]["label"] == "Walk"
    attributes = event["behavioralEventMetadata"]["fields"][0]["attributes"]
    assert attributes["accountId"] == {"valueType": "ENUM"}
    assert attributes["isRequired"] == {"valueType": "BOOLEAN", "value": "true"}
    assert event["pointsEarned"]["promo"][0]["value"] == Decimal("46.69")
    assert len(event["eventReferenceId"]) == 36


def test_a_target_has_texts_for_its_values() -> None:
    """And numbers for its points, which no purchase gave."""
    events = [told("TargetCompleted", event_log_id=number)["targetCompletedDetails"] for number in range(40)]
    assert {event["sourceType"] for event in events} == {"USERTARGET", "MILESTONE", "STREAKS", "UNIFIED"}
    for event in events:
        assert event["targetValue"].endswith(".000")
        assert event["pointsEarned"].keys() == {"promo", "promised"}
        assert event["pointsEarned"]["promo"][0]["value"] == Decimal("46.69")
        assert ("mileStoneName" in event) == ("triggerValue" in event) == (event["sourceType"] == "MILESTONE")


def test_a_redemption_is_all_texts() -> None:
    """By program, and in all."""
    event = told("PointsRedemption", *DEBITS)
    details = event["eventDetails"]["redemptionDetails"]
    assert (details["pointsRedeemed"], details["groupRedemption"]) == ("20.121", False)
    assert event["pointsBreakup"] == [
        {"points": "20.000", "programId": "973", "programName": "Everyday Program"},
        {"points": "0.121", "programId": "2199", "programName": "Card Program"},
    ]
    assert event["eventReferenceId"] == "7001"


def test_a_transfer_has_two_sides() -> None:
    """The ledger's owner gave what is debited, and got what is credited."""
    given, got = told("PointsTransfer", DEBITS[0]), told("PointsTransfer", CREDIT)
    assert given["transferredFrom"] == {
        "userId": "7001",
        "firstName": "Ann",
        "lastName": "Member",
        "transferType": "TRANSFER",
        "pointsTransferDetails": [{"points": "20.00", "programId": "973", "programName": "Everyday Program"}],
    }
    assert given["transferredTo"]["userId"] != "7001"
    assert got["transferredTo"]["userId"] == "7001"
    assert got["transferredFrom"]["pointsTransferDetails"][0]["points"] == "46.69"
    both = told("PointsTransfer", CREDIT, DEBITS[0])
    assert both["transferredFrom"] == given["transferredFrom"]


def test_an_adjustment_has_each_number_twice() -> None:
    """As a text in all, and as a number and a text for each award."""
    details = told("ManualPointsAdjustment", *DEBITS)["manualPointsAdjustmentDetails"]
    assert (details["totalPointsDeducted"], details["createdOn"]) == ("20.121", "2025-03-01 12:00:00")
    assert details["createdOnISO"] == "2025-03-01T12:00:00Z"
    assert [row["pointsDeducted"] for row in details["pointsDeductionBreakUpDetails"]] == [20, Decimal("0.121")]
    assert [row["pointsDeductedStr"] for row in details["pointsDeductionBreakUpDetails"]] == ["20.00", "0.121"]
    assert len(details["pointsDeductionBreakUpDetails"][0]) == 20


def test_a_voucher_is_its_own_reference() -> None:
    """By the id under which it was issued."""
    event = told("VoucherRedemption", *DEBITS)
    assert event["voucherRedemptionDetails"].keys() == {
        "voucherIssuedId",
        "voucherSeriesId",
        "redeemedVoucherCode",
        "redeemDate",
    }
    assert event["eventReferenceId"] == str(event["voucherRedemptionDetails"]["voucherIssuedId"])


def test_goodwill_has_a_reason_and_no_reference() -> None:
    """ "-1" stands for none."""
    event = told("AllocateGoodwillPoints", event_details={"reason": "GoodGuy"})
    assert event["eventDetails"]["reason"] == "GoodGuy"
    assert event["eventDetails"]["assocId"] == 0
    assert event["eventReferenceId"] == "-1"


@pytest.mark.parametrize("name", ["CustomerPromotionImport", "BulkAllocatePoints"])
def test_an_import_names_its_file(name: str) -> None:
    """And when it ran."""
    meta = told(name)["importMeta"]
    assert meta["fileName"] == "import_9.csv"
    assert (meta["importStartTime"], meta["importEndTime"]) == ("2025-03-01 11:59:00.0", "2025-03-01 12:00:00.0")


def test_everything_else_tells_its_points() -> None:
    """Also an event without a till, and a name that nobody knows."""
    event = told("SomethingNew", till=None)
    assert event["eventDetails"]["tillId"] == -1
    assert event["pointsEarned"]["regular"][0]["value"] == Decimal("46.69")


def test_a_groups_event_is_its_members() -> None:
    """The primary member's if nobody is named; each has a unique id of its own."""
    ledger = Ledger()
    for user_id in (7001, 7002):
        ledger.add_member(user_id=user_id)
    group = ledger.add_group([7001, 7002])
    entries = [
        ledger.add_entry(group.owner_id, created_at=NOON, event_name="PointsRedemption", actor=actor)
        for actor in (None, *group.members)
    ]
    assert [acting_member(entry, group).user_id for entry in entries] == [7001, 7001, 7002]
    assert [reference_id(entry, group) for entry in entries] == ["7001", "7001", "7002"]


def test_the_names_are_the_documents() -> None:
    """Those that `eventName` may have; a conversion is not among them."""
    assert len(EXPLODED_NAMES) == 16
    assert "DelayedAccrual" not in EXPLODED_NAMES
