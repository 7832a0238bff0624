"""Async client for loyalty ledgers that proves what it read.

Start with `CapillaryClient`; every error is a `LoyaltyError`.
"""

from loyalty_async.client import AltcraftClient, CapillaryClient
from loyalty_async.errors import (
    ApiError,
    AuthenticationError,
    ClientStateError,
    ConnectionFailedError,
    DeadlineExceededError,
    ExportError,
    IncompleteLedgerError,
    IntervalTooLongError,
    InvalidArgument,
    InvalidIdentifierError,
    LimitTooLargeError,
    LoyaltyError,
    MalformedAnswerError,
    MemberListError,
    MemberNotFoundError,
    NoEntriesError,
    OutputError,
    PendingEventsError,
    PermissionDeniedError,
    RateLimitedError,
    RequestRefusedError,
    StoreUnavailableError,
    TransportError,
    UnavailableError,
    UnfitValueError,
)
from loyalty_async.models.accounts import AccountBalance, Profile
from loyalty_async.models.balances import BalanceDetails, ClosingBalance, LedgerBalance
from loyalty_async.models.bills import BillDetails, LineItem
from loyalty_async.models.credentials import Basic, OAuth
from loyalty_async.models.earnings import (
    AlternateCurrencyBreakup,
    AlternateCurrencyEarned,
    AwardAction,
    AwardedPoints,
    EarnedPoints,
    PointsEarned,
    PointsEarnedBreakup,
    PromotionDetails,
)
from loyalty_async.models.events import CustomField, LedgerEvent, LedgerEventDetails, PointInTimeSlab
from loyalty_async.models.happenings import (
    BehaviouralField,
    BehaviouralMetadata,
    FieldAttribute,
    ImportMeta,
    ManualPointsAdjustment,
    PointsDeduction,
    ProgramPoints,
    Redemption,
    TargetCompleted,
    TransferParty,
    VoucherRedemption,
)
from loyalty_async.models.hooks import Hook, RequestDetails
from loyalty_async.models.ledger import (
    EntryDetail,
    EntryMember,
    EventDetails,
    LedgerEntry,
    LedgerOwner,
    MemberIdentifier,
    RawEntry,
    Transaction,
)
from loyalty_async.models.members import Customer, Member, UserGroup
from loyalty_async.models.pages import LedgerPage, Paging, RawPage, ServerWarning
from loyalty_async.models.promised_points import PromisedPoints, PromisedPointsSchedule, PromisedPointsType
from loyalty_async.models.rate_limits import RateLimit
from loyalty_async.models.reports import EventsReport, Report, Verdict
from loyalty_async.models.scopes import DataScope
from loyalty_async.models.spans import Span
from loyalty_async.models.stats import EndpointLimit, Stats, Traffic, Waiting
from loyalty_async.models.vocabulary import (
    EntityType,
    EventName,
    LedgerEntryType,
    PointCategoryType,
    PointsCategory,
    Source,
)
from loyalty_async.protocol.backoff import RetryPolicy
from loyalty_async.streams.entries import Entries, EntryStream
from loyalty_async.streams.events import EventQuery, Events, EventStream
from loyalty_async.streams.queries import EntryQuery
from loyalty_async.transport.exchanges import Timeouts

__all__ = [
    "AccountBalance",
    "AltcraftClient",
    "AlternateCurrencyBreakup",
    "AlternateCurrencyEarned",
    "ApiError",
    "AuthenticationError",
    "AwardAction",
    "AwardedPoints",
    "BalanceDetails",
    "Basic",
    "BehaviouralField",
    "BehaviouralMetadata",
    "BillDetails",
    "CapillaryClient",
    "ClientStateError",
    "ClosingBalance",
    "ConnectionFailedError",
    "CustomField",
    "Customer",
    "DataScope",
    "DeadlineExceededError",
    "EarnedPoints",
    "EndpointLimit",
    "EntityType",
    "Entries",
    "EntryDetail",
    "EntryMember",
    "EntryQuery",
    "EntryStream",
    "EventDetails",
    "EventName",
    "EventQuery",
    "EventStream",
    "Events",
    "EventsReport",
    "ExportError",
    "FieldAttribute",
    "Hook",
    "ImportMeta",
    "IncompleteLedgerError",
    "IntervalTooLongError",
    "InvalidArgument",
    "InvalidIdentifierError",
    "LedgerBalance",
    "LedgerEntry",
    "LedgerEntryType",
    "LedgerEvent",
    "LedgerEventDetails",
    "LedgerOwner",
    "LedgerPage",
    "LimitTooLargeError",
    "LineItem",
    "LoyaltyError",
    "MalformedAnswerError",
    "ManualPointsAdjustment",
    "Member",
    "MemberIdentifier",
    "MemberListError",
    "MemberNotFoundError",
    "NoEntriesError",
    "OAuth",
    "OutputError",
    "Paging",
    "PendingEventsError",
    "PermissionDeniedError",
    "PointCategoryType",
    "PointInTimeSlab",
    "PointsCategory",
    "PointsDeduction",
    "PointsEarned",
    "PointsEarnedBreakup",
    "Profile",
    "ProgramPoints",
    "PromisedPoints",
    "PromisedPointsSchedule",
    "PromisedPointsType",
    "PromotionDetails",
    "RateLimit",
    "RateLimitedError",
    "RawEntry",
    "RawPage",
    "Redemption",
    "Report",
    "RequestDetails",
    "RequestRefusedError",
    "RetryPolicy",
    "ServerWarning",
    "Source",
    "Span",
    "Stats",
    "StoreUnavailableError",
    "TargetCompleted",
    "Timeouts",
    "Traffic",
    "Transaction",
    "TransferParty",
    "TransportError",
    "UnavailableError",
    "UnfitValueError",
    "UserGroup",
    "Verdict",
    "VoucherRedemption",
    "Waiting",
    "__version__",
]

__version__ = "0.1.0"
