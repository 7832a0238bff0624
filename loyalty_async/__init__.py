"""Async client for loyalty ledgers that proves what it read.

Start with `CapillaryClient`; every error is a `LoyaltyError`.

A name is imported from its module when it is first looked up, so that a program pays for what it uses: the errors and
`Customer` are quick, a client brings httpx and all that it needs.
"""

import importlib
import typing

if typing.TYPE_CHECKING:
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

_HOMES = {
    name: home
    for home, names in {
        "client": "AltcraftClient CapillaryClient",
        "errors": (
            "ApiError AuthenticationError ClientStateError ConnectionFailedError DeadlineExceededError "
            "ExportError IncompleteLedgerError IntervalTooLongError InvalidArgument InvalidIdentifierError "
            "LimitTooLargeError LoyaltyError MalformedAnswerError MemberListError MemberNotFoundError "
            "NoEntriesError OutputError PendingEventsError PermissionDeniedError RateLimitedError "
            "RequestRefusedError StoreUnavailableError TransportError UnavailableError UnfitValueError"
        ),
        "models.accounts": "AccountBalance Profile",
        "models.balances": "BalanceDetails ClosingBalance LedgerBalance",
        "models.bills": "BillDetails LineItem",
        "models.credentials": "Basic OAuth",
        "models.earnings": (
            "AlternateCurrencyBreakup AlternateCurrencyEarned AwardAction AwardedPoints EarnedPoints "
            "PointsEarned PointsEarnedBreakup PromotionDetails"
        ),
        "models.events": "CustomField LedgerEvent LedgerEventDetails PointInTimeSlab",
        "models.happenings": (
            "BehaviouralField BehaviouralMetadata FieldAttribute ImportMeta ManualPointsAdjustment "
            "PointsDeduction ProgramPoints Redemption TargetCompleted TransferParty VoucherRedemption"
        ),
        "models.hooks": "Hook RequestDetails",
        "models.ledger": (
            "EntryDetail EntryMember EventDetails LedgerEntry LedgerOwner MemberIdentifier RawEntry Transaction"
        ),
        "models.members": "Customer Member UserGroup",
        "models.pages": "LedgerPage Paging RawPage ServerWarning",
        "models.promised_points": "PromisedPoints PromisedPointsSchedule PromisedPointsType",
        "models.rate_limits": "RateLimit",
        "models.reports": "EventsReport Report Verdict",
        "models.scopes": "DataScope",
        "models.spans": "Span",
        "models.stats": "EndpointLimit Stats Traffic Waiting",
        "models.vocabulary": "EntityType EventName LedgerEntryType PointCategoryType PointsCategory Source",
        "protocol.backoff": "RetryPolicy",
        "streams.entries": "Entries EntryStream",
        "streams.events": "EventQuery Events EventStream",
        "streams.queries": "EntryQuery",
        "transport.exchanges": "Timeouts",
    }.items()
    for name in names.split()
}
"""Where each name is at home: what is imported above, for those who run."""


if not typing.TYPE_CHECKING:  # With it a misspelt name would pass every type checker.

    def __getattr__(name: str) -> object:
        """Import a public name, once; threads that ask for it together get the same."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
