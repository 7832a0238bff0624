"""The point from which a walk goes on.

A token says where the walk was: its cut-off, the date and event of the last entry handed out, what of the totals was
still to be held against what came, and of a whole history what was learned of it. It does not name the member, not even
hashed, but has a fingerprint of what else was asked: a token of another query is refused. Tokens stay readable for one
major version.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta
from itertools import takewhile
from typing import Any, Self

import attrs

from loyalty_async.errors import InvalidArgument
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.spans import Span

__all__ = ["History", "Mark", "OpenAccount", "ResumePoint", "fingerprint"]

_VERSION = 1
_MICROSECOND = timedelta(microseconds=1)
_FLAWS = ("pending", "short")


def fingerprint(question: object) -> str:
    """Digest what is asked, the member left out; the same question has the same fingerprint in every process."""
    written = json.dumps(question, sort_keys=True, default=str, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()[:16]


@attrs.frozen(kw_only=True)
class Mark:
    """The last entry that a walk handed out.

    Attributes:
        created_at: Its date.
        event_log_id: Its event.
        taken: How many entries of this very date and event were handed out: a group's event has several.
        same_date: How many of this date.
        total: How many in all, by this walk and those that it goes on with.
    """

    created_at: datetime
    event_log_id: int
    taken: int
    same_date: int
    total: int

    @classmethod
    def behind_last(cls, entries: Sequence[LedgerEntry], earlier: Mark | None) -> Self:
        """Mark the last of some entries, at least one, that were handed out behind an earlier mark.

        The earlier mark may be of the same date: a walk that begins at a mark leaves out what was handed out of it.
        """
        last = entries[-1]
        same_date = list(takewhile(lambda entry: entry.created_at == last.created_at, reversed(entries)))
        taken = sum(entry.event_log_id == last.event_log_id for entry in same_date)
        before = earlier if earlier is not None and earlier.created_at == last.created_at else None
        return cls(
            created_at=last.created_at.astimezone(UTC),
            event_log_id=last.event_log_id,
            taken=taken + (before.taken if before and before.event_log_id == last.event_log_id else 0),
            same_date=len(same_date) + (before.same_date if before else 0),
            total=len(entries) + (earlier.total if earlier else 0),
        )

    def before(self, span: Span) -> int:
        """Say how many entries were handed out before a span, which the walk comes to now, or is in."""
        return self.passed if self.created_at in span else self.total

    @property
    def passed(self) -> int:
        """How many entries of other dates were handed out: a walk that goes on reads this date once more."""
        return self.total - self.same_date

    def rest_of(self, span: Span, *, descending: bool) -> Span:
        """Leave of a span what can hold entries behind the mark: the mark's own date included."""
        if descending:
            return Span(span.since, min(span.until, self.created_at + _MICROSECOND))
        return Span(max(span.since, self.created_at), span.until)

    def behind(self, entries: Sequence[LedgerEntry], *, descending: bool) -> list[LedgerEntry]:
        """Leave out of a part, which begins at the mark's date, what was handed out."""
        taken = 0
        behind = []
        for entry in entries:
            ahead = entry.event_log_id - self.event_log_id
            if entry.created_at != self.created_at or (ahead < 0 if descending else ahead > 0):
                behind.append(entry)
            elif ahead == 0:
                taken += 1
                behind += [entry] if taken > self.taken else []
        return behind


@attrs.frozen(kw_only=True)
class History:
    """A whole ledger, of which the caller did not say where it begins.

    Attributes:
        said: How many entries the server said there are, when the walk first began.
        since: Where it was taken to begin.
    """

    said: int
    since: datetime


@attrs.frozen(kw_only=True)
class OpenAccount:
    """A span that was split, of which not all pieces were handed out, or whose total was still to be asked for again.

    Attributes:
        span: What was split.
        said: How many entries the server said it and its margins hold.
        kept: How many of it were handed out, those of the mark's date left out.
        edge: How many entries of the margin came along at which the walk entered it.
    """

    span: Span
    said: int
    kept: int
    edge: int


@attrs.frozen(kw_only=True)
class ResumePoint:
    """Where a walk was.

    Attributes:
        question: What was asked, the member left out; only its fingerprint goes into a token.
        until: The cut-off, fixed when the walk first began.
        mark: The last entry handed out; None before the first.
        history: What is known of the whole ledger that is walked from its beginning on; None if it is not, or if one
            answer held it all.
        accounts: The open accounts that the mark lies in, the outermost first, without that of everything.
        pending: Whether the server warned that it has not booked everything yet.
        short: Whether the server counted entries, before the mark, that it did not serve.
    """

    question: object
    until: datetime
    mark: Mark | None = None
    history: History | None = None
    accounts: tuple[OpenAccount, ...] = ()
    pending: bool = False
    short: bool = False

    def token(self) -> str:
        """Write it as text that survives JSON, URLs and command lines."""
        mark = self.mark and [self.mark.created_at.isoformat(), *attrs.astuple(self.mark)[1:]]
        written = {"v": _VERSION, "q": fingerprint(self.question), "until": self.until.isoformat(), "mark": mark}
        if self.history is not None:
            written["all"] = [self.history.said, self.history.since.isoformat()]
        if self.accounts:
            written["open"] = [_figures(account) for account in self.accounts]
        written |= {name: True for name in _FLAWS if getattr(self, name)}
        return base64.urlsafe_b64encode(json.dumps(written, separators=(",", ":")).encode()).decode().rstrip("=")

    @classmethod
    def read(cls, token: object, question: object) -> Self:
        """Read a token of the same query.

        Raises:
            InvalidArgument: It is no token, of another major version, or of another query.
        """
        written = _decoded(token)
        if written.get("v") != _VERSION:
            raise InvalidArgument(f"the resume token is of another version; this release reads version {_VERSION}")
        if written.get("q") != fingerprint(question):
            raise InvalidArgument(
                "the resume token is of another query; ask with the same since, until, order, filters and data scope"
            )
        try:
            return cls(
                question=question,
                until=_instant(written["until"]),
                mark=_mark(written["mark"]),
                history=_history(written.get("all")),
                accounts=tuple(map(_account, written.get("open", ()))),
                **{name: written.get(name, False) is True for name in _FLAWS},
            )
        except (KeyError, TypeError, ValueError):
            raise _no_token() from None


def _decoded(token: object) -> dict[str, Any]:
    try:
        if not isinstance(token, str):
            raise _no_token()
        written = json.loads(base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise _no_token() from None
    if not isinstance(written, dict):
        raise _no_token()
    return written


def _no_token() -> InvalidArgument:
    return InvalidArgument("resume is not a resume token: give the one of an error, a stream or a list as it is")


def _instant(written: str) -> datetime:
    instant = datetime.fromisoformat(written)
    if instant.utcoffset() is None or not MINYEAR < instant.year < MAXYEAR:
        raise ValueError("an aware datetime was expected, with room to calculate on both sides")
    return instant.astimezone(UTC)


def _mark(written: Any) -> Mark | None:
    if written is None:
        return None
    created_at, event_log_id, *counts = written
    _require_whole(event_log_id)
    _require_counts(*counts)
    taken, same_date, total = counts
    return Mark(
        created_at=_instant(created_at), event_log_id=event_log_id, taken=taken, same_date=same_date, total=total
    )


def _history(written: Any) -> History | None:
    if written is None:
        return None
    said, since = written
    _require_counts(said)
    return History(said=said, since=_instant(since))


def _figures(account: OpenAccount) -> list[object]:
    since, until = account.span.since.isoformat(), account.span.until.isoformat()
    return [since, until, account.said, account.kept, account.edge]


def _account(written: Any) -> OpenAccount:
    since, until, *counts = written
    _require_counts(*counts)
    said, kept, edge = counts
    return OpenAccount(span=Span(_instant(since), _instant(until)), said=said, kept=kept, edge=edge)


def _require_counts(*numbers: object) -> None:
    _require_whole(*numbers)
    if any(isinstance(number, int) and number < 0 for number in numbers):
        raise ValueError("counts were expected")


def _require_whole(*numbers: object) -> None:
    if any(type(number) is not int for number in numbers):
        raise ValueError("whole numbers were expected")
