"""Members that could not be exported: whose fault it was, and the file that tells of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

import attrs

from loyalty_async.errors import (
    AuthenticationError,
    ClientStateError,
    ConnectionFailedError,
    DeadlineExceededError,
    IncompleteLedgerError,
    LoyaltyError,
    MalformedAnswerError,
    MemberListError,
    OutputError,
    PendingEventsError,
    PermissionDeniedError,
    RateLimitedError,
    StoreUnavailableError,
    UnavailableError,
)
from loyalty_async.export.columns import member_values
from loyalty_async.export.disks import writing
from loyalty_async.export.members import MEMBER_FIELDS, Listing
from loyalty_async.models.members import Member
from loyalty_async.models.reports import Report, Verdict
from loyalty_async.wire.documents import encode_json

__all__ = ["DeadLetters", "Judge", "at_line", "not_complete"]

_OF_ALL = (
    AuthenticationError,
    ClientStateError,
    ConnectionFailedError,
    OutputError,
    PermissionDeniedError,
    RateLimitedError,
    StoreUnavailableError,
)
"""These have nothing to do with the member: every other one would fail in the same way."""
_PERHAPS_OF_ALL = (DeadlineExceededError, MalformedAnswerError, UnavailableError)
_IN_A_ROW = 10
"""So many members one after the other are no coincidence."""


@attrs.define
class Judge:
    """Tells the errors of a member from those of the server."""

    _in_a_row: int = 0

    def clear(self) -> None:
        """A member was read."""
        self._in_a_row = 0

    def is_of_all(self, error: LoyaltyError) -> bool:
        """Say whether to stop, whoever the member is."""
        if isinstance(error, _PERHAPS_OF_ALL):
            self._in_a_row += 1
            return self._in_a_row >= _IN_A_ROW
        return isinstance(error, _OF_ALL)


def at_line(error: LoyaltyError, line: int) -> LoyaltyError:
    """Tell an error in which line its member was listed."""
    if not isinstance(error, MemberListError):
        error.args = (f"line {line} of the members: {error}",)
    return error


class DeadLetters:
    """A file of JSON lines, one for each member that could not be exported; the one place that names them.

    It is begun anew with each process: members that are not done are tried again.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._opened = False

    def open(self) -> None:
        """Begin the file; there is none as long as there is nothing to tell. A pipe or a device is left as it is.

        Raises:
            OutputError: It cannot be written.
        """
        with writing():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if self._path.is_file():
                self._path.unlink()
            where = self._path if self._path.exists() else self._path.parent
            if self._path.is_dir() or not os.access(where, os.W_OK):
                raise OutputError("the file of members put aside cannot be written")

    def add(self, listing: Listing, error: LoyaltyError) -> None:
        """Write a line, at once.

        Raises:
            OutputError: It cannot be written.
        """
        letter: dict[str, object] = {
            "line": listing.line,
            "error": type(error).__name__,
            "codes": list(error.codes),
            "reason": str(error),
            "resume": error.resume,
        }
        if isinstance(listing, MemberListError):
            letter["text"] = listing.text
        else:
            letter |= dict(zip(MEMBER_FIELDS, member_values(listing.member), strict=True))
        with writing():
            if self._file is None:
                self._file = self._path.open("ab", buffering=0)
            self._file.write(encode_json(letter) + b"\n")

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


def not_complete(report: Report, member: Member, resume: str) -> LoyaltyError:
    """Make the error for a ledger of which there may be more than was read.

    Args:
        report: Of the walk that has ended.
        member: Whose ledger.
        resume: Where to go on.

    Returns:
        `PendingEventsError` where the server has not booked everything yet, `IncompleteLedgerError` where there is a
        doubt.
    """
    error: LoyaltyError = IncompleteLedgerError(f"the ledger cannot be proved complete: {report.doubt}")
    if report.verdict is Verdict.PENDING:
        error = PendingEventsError("the server has not booked all events of this member")
    error.member, error.resume = member, resume
    return error
