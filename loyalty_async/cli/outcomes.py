"""How a command ends: its exit code, and the one line that says why."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from loyalty_async.errors import (
    AuthenticationError,
    ClientStateError,
    ConnectionFailedError,
    DeadlineExceededError,
    IncompleteLedgerError,
    InvalidArgument,
    InvalidIdentifierError,
    LoyaltyError,
    MalformedAnswerError,
    MemberNotFoundError,
    PendingEventsError,
    PermissionDeniedError,
    RateLimitedError,
    RequestRefusedError,
    UnavailableError,
)

__all__ = ["EXIT_CODES", "Outcome", "describe", "outcome_of"]


class Outcome(IntEnum):
    """The exit codes."""

    FINE = 0
    UNPROVED = 1
    MISUSED = 2
    REFUSED = 3
    INTERRUPTED = 130
    CUT_OFF = 141
    """As a shell shows for programs that a closed pipe ended: 128 and the number of SIGPIPE."""


EXIT_CODES = """Exit codes:

* 0: fine
* 1: the ledger could not be proved complete, or the demo found a difference
* 2: wrong usage or configuration; nothing was sent
* 3: the server refused, was not reached, or answered what it should not
* 130: interrupted
* 141: whoever read the output stopped reading
"""

_CODES: Mapping[type[LoyaltyError], Outcome] = {
    InvalidArgument: Outcome.MISUSED,
    ClientStateError: Outcome.MISUSED,
    IncompleteLedgerError: Outcome.UNPROVED,
    PendingEventsError: Outcome.UNPROVED,
    LoyaltyError: Outcome.REFUSED,
}

_HINTS: Mapping[type[LoyaltyError], str] = {
    AuthenticationError: "check LOYALTY_KEY and LOYALTY_SECRET, or LOYALTY_TILL and LOYALTY_PASSWORD",
    ConnectionFailedError: "check the base URL and the network",
    DeadlineExceededError: "the server is slow or away: try again later",
    IncompleteLedgerError: "what was written is proved as far as it goes: try again later",
    InvalidIdentifierError: "check --member and --source",
    MalformedAnswerError: "check that the base URL is the API's and that no proxy answers in its place",
    MemberNotFoundError: "check --member and --source; a mobile number has its country code and no plus sign",
    PendingEventsError: "try again in some minutes",
    PermissionDeniedError: "ask for an access group that may read points",
    RateLimitedError: "wait for the quota to come back",
    RequestRefusedError: "check the base URL and the filters",
    UnavailableError: "try again later",
}

_LONGEST_REQUEST_ID = 64


def outcome_of(error: LoyaltyError) -> Outcome:
    """Choose the exit code for an error, the most specific class first."""
    return next(_CODES[kind] for kind in type(error).__mro__ if kind in _CODES)


def describe(error: LoyaltyError) -> str:
    """Put an error, what to do, and the server's name for the request in one line."""
    hint = next((f"; {_HINTS[kind]}" for kind in type(error).__mro__ if kind in _HINTS), "")
    return f"{error}{hint}{_request(error.request_id)}"


def _request(request_id: str | None) -> str:
    """Name the request, unless what came in the header is no name."""
    if request_id and request_id.isprintable() and len(request_id) <= _LONGEST_REQUEST_ID:
        return f" (request {request_id})"
    return ""
