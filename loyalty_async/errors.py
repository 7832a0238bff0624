"""Every error that this library raises, in one tree.

LoyaltyError
├── InvalidArgument                an argument is wrong; nothing was sent (also a ValueError)
├── ClientStateError               the client is not open, closed, or belongs to another event loop
├── TransportError                 no answer arrived
│   ├── ConnectionFailedError      refused, reset, no such host, TLS, proxy
│   ├── DeadlineExceededError      connect, read, write or the whole call took too long (also a TimeoutError)
│   └── StoreUnavailableError      nothing was sent: the store of a shared limit is away, and there is no fallback
├── MalformedAnswerError           an answer arrived that is not what the API documents: "reason @ path"
├── ApiError                       the server said no, with codes
│   ├── AuthenticationError        401: credentials or token
│   ├── PermissionDeniedError      403, 4000, 310141, 310144: access group, connected organisation
│   ├── RequestRefusedError        a parameter, or a combination of them, is not accepted
│   │   ├── InvalidIdentifierError 8001 to 8003, 8013, 8130, 11012, 11013: name, value or source of an identifier
│   │   ├── MemberNotFoundError    8015, 8016, 8069, 8089, 1632: no such member, merged, or not in the programme
│   │   ├── IntervalTooLongError   11010: more than 90 days
│   │   └── LimitTooLargeError     11006, 11029: more rows a page than the server gives
│   ├── NoEntriesError             11003: nothing for these parameters, or past the last page
│   ├── PendingEventsError         11002, 9004: the server has not yet booked everything
│   ├── RateLimitedError           429, 517: the quota is used up
│   └── UnavailableError           461, 500, 502, 503, 504, 520, 521, 4001, 9003: the server, not the request
├── IncompleteLedgerError          a walk whose completeness cannot be proved
└── ExportError                    an export cannot go on
    ├── MemberListError            a line of the list of members cannot be used
    ├── OutputError                the output cannot be written, or is not what its manifest says
    └── UnfitValueError            a value does not fit into the column that it belongs in

The text of an error never holds an identifier, a name, a secret or words of the server: those are attributes,
for the caller who wants them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

__all__ = [
    "ApiError",
    "AuthenticationError",
    "ClientStateError",
    "ConnectionFailedError",
    "DeadlineExceededError",
    "ExportError",
    "IncompleteLedgerError",
    "IntervalTooLongError",
    "InvalidArgument",
    "InvalidIdentifierError",
    "LimitTooLargeError",
    "LoyaltyError",
    "MalformedAnswerError",
    "MemberListError",
    "MemberNotFoundError",
    "NoEntriesError",
    "OutputError",
    "PendingEventsError",
    "PermissionDeniedError",
    "RateLimitedError",
    "RequestRefusedError",
    "StoreUnavailableError",
    "TransportError",
    "UnavailableError",
    "UnfitValueError",
]


class LoyaltyError(Exception):
    """The root of the tree.

    Attributes:
        codes: The server's codes, in its order; empty when the error is not the server's.
        status: The HTTP status, if an answer arrived.
        request_id: The server's name for the request, to quote in a support ticket.
        member: The `Customer` or `UserGroup` that was asked for. Holds personal data: do not log it.
        server_message: The server's own words. They may hold personal data: do not log them.
        resume: The point from which a walk can go on; None where there is none.
    """

    codes: tuple[int, ...] = ()
    status: int | None = None
    request_id: str | None = None
    member: Any = None
    server_message: str | None = None
    resume: str | None = None


class InvalidArgument(LoyaltyError, ValueError):  # noqa: N818 - reads as what it is, like ValueError
    """An argument is wrong; the text says what to give instead. Nothing was sent."""


class ClientStateError(LoyaltyError, RuntimeError):
    """The client is not open yet, already closed, or was opened in another event loop."""


class TransportError(LoyaltyError):
    """No answer arrived."""


class ConnectionFailedError(TransportError):
    """The connection was refused, reset or never made."""


class DeadlineExceededError(TransportError, TimeoutError):
    """A phase of the call, or the whole call with its retries, took longer than the caller allows."""


class StoreUnavailableError(TransportError):
    """The store that processes share a limit in is away, and the limit has no `fallback=`. Nothing was sent."""


class MalformedAnswerError(LoyaltyError):
    """The answer is not what the API documents; the text is "reason @ path", without any value.

    Attributes:
        path: Where in the answer, in the server's names, such as `ledgerEntries[3].points`; empty for the whole.
        cut_off: Whether the answer is no document at all: it may be whole at the next try.
    """

    path: str = ""
    cut_off: bool = False


class ApiError(LoyaltyError):
    """The server refused or failed, and said so with a code that has no class of its own."""


class AuthenticationError(ApiError):
    """The credentials or the token were not accepted."""


class PermissionDeniedError(ApiError):
    """The credentials are good, but their access group does not reach this resource or organisation."""


class RequestRefusedError(ApiError):
    """A parameter, or a combination of parameters, is not accepted."""


class InvalidIdentifierError(RequestRefusedError):
    """The name, value or source of an identifier is missing or malformed."""


class MemberNotFoundError(RequestRefusedError):
    """No member has this identifier in this source and account."""


class IntervalTooLongError(RequestRefusedError):
    """The dates lie further apart than the server allows."""


class LimitTooLargeError(RequestRefusedError):
    """A page was asked to hold more rows than the server gives."""


class NoEntriesError(ApiError):
    """Nothing matches the parameters, or the page lies past the last one."""


class PendingEventsError(ApiError):
    """The server has events of this member that are not booked yet."""


class RateLimitedError(ApiError):
    """The quota is used up.

    Attributes:
        retry_after_s: How long the server asked to wait, in seconds; None if it did not say.
    """

    retry_after_s: float | None = None


class UnavailableError(ApiError):
    """The server, or something before it, is busy or broken.

    Attributes:
        retry_after_s: How long the server asked to wait, in seconds; None if it did not say.
    """

    retry_after_s: float | None = None


class IncompleteLedgerError(LoyaltyError):
    """The answers of the server do not prove that everything was read.

    What was handed out before is proved and in order.

    Attributes:
        reason: What did not add up, in a few words.
        since: Where the stretch of time that could not be proved begins.
        until: Where it ends.
        page: The number of the page that gave it away, if it was one.
    """

    reason: str = ""
    since: datetime | None = None
    until: datetime | None = None
    page: int | None = None


class ExportError(LoyaltyError):
    """An export cannot go on; what it wrote so far stays, and running it again goes on from there."""


class MemberListError(ExportError):
    """A line of the list of members names no member that could be asked for; the text holds nothing of the line.

    Attributes:
        line: The number of the line, the first is 1; of a list in memory, the place.
        text: The beginning of the line, of at most 1,000 characters; None of a list in memory. It may name a person.
    """

    line: int = 0
    text: str | None = None


class OutputError(ExportError):
    """The output cannot be written or read, or is not what its manifest says."""


class UnfitValueError(ExportError):
    """A value does not fit into its column, and would have to be changed to be written; the text names the column."""


def with_codes(text: str, codes: Sequence[int]) -> str:
    """Put codes behind a sentence: "no member has this identifier (8015)"."""
    return f"{text} ({', '.join(map(str, codes))})" if codes else text
