"""Async client for loyalty ledgers that proves what it read.

Start with `CapillaryClient`; every error is a `LoyaltyError`.
"""

from loyalty_async.client import CapillaryClient, Stats
from loyalty_async.errors import (
    ApiError,
    AuthenticationError,
    ClientStateError,
    ConnectionFailedError,
    DeadlineExceededError,
    IncompleteLedgerError,
    IntervalTooLongError,
    InvalidArgument,
    InvalidIdentifierError,
    LimitTooLargeError,
    LoyaltyError,
    MalformedAnswerError,
    MemberNotFoundError,
    NoEntriesError,
    PendingEventsError,
    PermissionDeniedError,
    RateLimitedError,
    RequestRefusedError,
    TransportError,
    UnavailableError,
)
from loyalty_async.models.credentials import Basic, OAuth
from loyalty_async.models.ledger import (
    EntryDetail,
    EntryMember,
    EventDetails,
    LedgerEntry,
    LedgerOwner,
    MemberIdentifier,
    Transaction,
)
from loyalty_async.models.members import Customer, Member, UserGroup
from loyalty_async.models.pages import LedgerPage, Paging, ServerWarning
from loyalty_async.models.reports import Report, Verdict
from loyalty_async.models.spans import Span
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
from loyalty_async.streams.queries import EntryQuery
from loyalty_async.transport.session import Timeouts

__all__ = [
    "ApiError",
    "AuthenticationError",
    "Basic",
    "CapillaryClient",
    "ClientStateError",
    "ConnectionFailedError",
    "Customer",
    "DeadlineExceededError",
    "EntityType",
    "Entries",
    "EntryDetail",
    "EntryMember",
    "EntryQuery",
    "EntryStream",
    "EventDetails",
    "EventName",
    "IncompleteLedgerError",
    "IntervalTooLongError",
    "InvalidArgument",
    "InvalidIdentifierError",
    "LedgerEntry",
    "LedgerEntryType",
    "LedgerOwner",
    "LedgerPage",
    "LimitTooLargeError",
    "LoyaltyError",
    "MalformedAnswerError",
    "Member",
    "MemberIdentifier",
    "MemberNotFoundError",
    "NoEntriesError",
    "OAuth",
    "Paging",
    "PendingEventsError",
    "PermissionDeniedError",
    "PointCategoryType",
    "PointsCategory",
    "RateLimitedError",
    "Report",
    "RequestRefusedError",
    "RetryPolicy",
    "ServerWarning",
    "Source",
    "Span",
    "Stats",
    "Timeouts",
    "Transaction",
    "TransportError",
    "UnavailableError",
    "UserGroup",
    "Verdict",
    "__version__",
]

__version__ = "0.1.0"
