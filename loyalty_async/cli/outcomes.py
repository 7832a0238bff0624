"""How a command ends: its exit code, and the one line that says why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum

from loyalty_async.cli.outputs import complain
from loyalty_async.errors import (
    ApiError,
    AuthenticationError,
    ClientStateError,
    ConnectionFailedError,
    DeadlineExceededError,
    ExportError,
    IncompleteLedgerError,
    InvalidArgument,
    InvalidIdentifierError,
    LoyaltyError,
    MalformedAnswerError,
    MemberListError,
    MemberNotFoundError,
    OutputError,
    PendingEventsError,
    PermissionDeniedError,
    RateLimitedError,
    RequestRefusedError,
    StoreUnavailableError,
    UnavailableError,
    UnfitValueError,
)
from loyalty_async.models.pages import ServerWarning
from loyalty_async.protocol.codes import PENDING_CODES

__all__ = ["EXIT_CODES", "Outcome", "conclude", "describe", "outcome_of"]


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
* 1: not everything is there: a ledger that could not be proved complete, events that are pending or unknown, members
  of an export that were put aside, files that are not as they were written, a difference that the demo found, a
  balance that does not match or of which that cannot be told
* 2: wrong usage or configuration, a wrong line in a list of members, an output that cannot be written. Of `reconcile`,
  any error: 1 means a mismatch there
* 3: the server refused, was not reached, or answered what it should not
* 130: interrupted
* 141: whoever read the output stopped reading
"""

_CODES: Mapping[type[LoyaltyError], Outcome] = {
    InvalidArgument: Outcome.MISUSED,
    ClientStateError: Outcome.MISUSED,
    ExportError: Outcome.MISUSED,
    UnfitValueError: Outcome.UNPROVED,
    IncompleteLedgerError: Outcome.UNPROVED,
    PendingEventsError: Outcome.UNPROVED,
    LoyaltyError: Outcome.REFUSED,
}

_HINTS: Mapping[type[LoyaltyError], str] = {
    ApiError: "check the options",
    AuthenticationError: (
        "check LOYALTY_KEY and LOYALTY_SECRET, LOYALTY_TILL and LOYALTY_PASSWORD, or ALTCRAFT_TOKEN, "
        "and the configuration file"
    ),
    ConnectionFailedError: "check the base URL and the network",
    MemberListError: (
        "correct the line, which is one such as mobile,917406401004, "
        "or give --dead-letters FILE to put such lines aside"
    ),
    OutputError: "when that is mended, run the same command again: an export goes on where it stopped",
    UnfitValueError: "export as jsonl or csv, which hold any number of digits, or give --dead-letters FILE",
    DeadlineExceededError: "the server is slow or away: try again later",
    IncompleteLedgerError: "what was written is proved as far as it goes: try again later",
    InvalidIdentifierError: "check who is asked for, and the source",
    MalformedAnswerError: "check that the base URL is the API's and that no proxy answers in its place",
    MemberNotFoundError: "check who is asked for, and the source; a mobile number has its country code, no plus",
    PendingEventsError: "try again in some minutes",
    PermissionDeniedError: "check --data-scope if you gave one, else ask for an access group that may read points",
    RateLimitedError: "wait for the quota to come back",
    RequestRefusedError: "check the base URL and the filters",
    StoreUnavailableError: "check --quota-store, or LOYALTY_QUOTA_STORE",
    UnavailableError: "try again later",
}

_ADVICE = "`since`"
_LONGEST_REQUEST_ID = 64


def outcome_of(error: LoyaltyError) -> Outcome:
    """Choose the exit code for an error, the most specific class first."""
    return next(_CODES[kind] for kind in type(error).__mro__ if kind in _CODES)


def conclude(warnings: Iterable[ServerWarning]) -> Outcome:
    """Tell of the server's warnings, by their codes, and choose the exit code for the answer that came with them."""
    codes = sorted({warning.code for warning in warnings if warning.code is not None})
    if codes:
        complain(f"the server warns: {', '.join(map(str, codes))}")
    return Outcome.FINE if PENDING_CODES.isdisjoint(codes) else Outcome.UNPROVED


def describe(error: LoyaltyError) -> str:
    """Put an error, what to do, and the server's name for the request in one line."""
    hint = next((f"; {_HINTS[kind]}" for kind in type(error).__mro__ if kind in _HINTS), "")
    told = str(error)
    if _ADVICE in told:  # It says itself what to do, to who calls the library.
        told, hint = told.replace(_ADVICE, "--since"), ""
    return f"{told}{hint}{_request(error.request_id)}"


def _request(request_id: str | None) -> str:
    """Name the request, unless what came in the header is no name."""
    if request_id and request_id.isprintable() and len(request_id) <= _LONGEST_REQUEST_ID:
        return f" (request {request_id})"
    return ""
