"""The words of the API whose lists may grow: each is an open enumeration, used as `Name | str`."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["EntityType", "EventName", "LedgerEntryType", "PointCategoryType", "PointsCategory", "Source"]


class Source(StrEnum):
    """Where a member is registered (getCustomerLedgerInfo, parameter `source`)."""

    ALL = "ALL"
    ECOMMERCE = "ECOMMERCE"
    FACEBOOK = "FACEBOOK"
    INSTORE = "INSTORE"
    JD = "JD"
    LINE = "LINE"
    MARTJACK = "MARTJACK"
    TAOBAO = "TAOBAO"
    TMALL = "TMALL"
    WEBSITE = "WEBSITE"
    WECHAT = "WECHAT"
    WEB_ENGAGE = "WEB_ENGAGE"


class EntityType(StrEnum):
    """What kind of member a ledger belongs to."""

    CUSTOMER = "CUSTOMER"
    FLEET = "FLEET"
    USERGROUP2 = "USERGROUP2"


class LedgerEntryType(StrEnum):
    """Which way points went."""

    CREDIT = "CREDIT"
    DEBIT = "DEBIT"
    OPENING_BALANCE = "OPENING_BALANCE"


class PointsCategory(StrEnum):
    """Which account of a program the points are in, as entries name it."""

    MAIN = "Main"
    PROMISED = "DelayedAccrualPointCategory"
    TRIGGER_BASED = "ExternalTriggerBasedPointCategory"


class PointCategoryType(StrEnum):
    """Which account of a program to ask for, as requests name it."""

    PROMISED = "PROMISED"
    REGULAR = "REGULAR"
    TRIGGER_BASED = "TRIGGER_BASED"


class EventName(StrEnum):
    """What made an entry: the documented names, and those seen in the documents' samples."""

    ALLOCATE_GOODWILL_POINTS = "AllocateGoodwillPoints"
    BULK_ALLOCATE_POINTS = "BulkAllocatePoints"
    CUSTOMER_REGISTRATION = "CustomerRegistration"
    CUSTOMER_UPDATE = "CustomerUpdate"
    DELAYED_ACCRUAL = "DelayedAccrual"
    GENERIC_EVENT = "GenericEvent"
    MANUAL_POINTS_ADJUSTMENT = "ManualPointsAdjustment"
    POINTS_EXPIRY = "PointsExpiry"
    POINTS_LEDGER_BULK_JOB = "PointsLedgerBulkJob"
    POINTS_REDEMPTION = "PointsRedemption"
    POINTS_REDEMPTION_REVERSAL = "PointsRedemptionReversal"
    POINTS_TRANSFER = "PointsTransfer"
    RETURN_BILL = "ReturnBill"
    TARGET_COMPLETED = "TargetCompleted"
    TRANSACTION_ADD = "TransactionAdd"
    TRANSACTION_UPDATE = "TransactionUpdate"
    USER_GROUP2_CREATE = "UserGroup2Create"
    VOUCHER_REDEMPTION = "VoucherRedemption"
