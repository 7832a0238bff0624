"""The point from which a walk goes on.

A token says where the walk was: the last entry handed out, and the cut-off. It holds nothing of the member, not even
hashed, and a fingerprint of the query, so that a token is not taken for that of another query of the same member.
Tokens stay readable for one major version.
"""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import datetime
from typing import Any, Self

import attrs

from loyalty_async.errors import InvalidArgument

__all__ = ["ResumePoint", "fingerprint"]

_VERSION = 1


def fingerprint(question: object) -> str:
    """Digest what is asked, the member left out; the same question has the same fingerprint in every process."""
    written = json.dumps(question, sort_keys=True, default=str, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()[:16]


@attrs.frozen(kw_only=True)
class ResumePoint:
    """Where a walk was.

    Attributes:
        question: Fingerprint of the query.
        until: The cut-off, fixed when the walk first began.
        created_at: Date of the last entry handed out; None before the first.
        event_log_id: Its id.
        taken: How many entries with this very date and id were handed out: a group's event has several.
    """

    question: str
    until: datetime
    created_at: datetime | None = None
    event_log_id: int = 0
    taken: int = 0

    def token(self) -> str:
        """Write it as text that survives JSON, URLs and command lines."""
        after = self.created_at and [self.created_at.isoformat(), self.event_log_id, self.taken]
        written = {"v": _VERSION, "q": self.question, "until": self.until.isoformat(), "after": after}
        return base64.urlsafe_b64encode(json.dumps(written, separators=(",", ":")).encode()).decode().rstrip("=")

    @classmethod
    def read(cls, token: str, question: str) -> Self:
        """Read a token of the same query.

        Raises:
            InvalidArgument: It is no token, of another major version, or of another query.
        """
        try:
            written = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
            version, asked = written["v"], written["q"]
            point = cls(question=asked, until=_instant(written["until"]), **_after(written["after"]))
        except (AttributeError, KeyError, LookupError, TypeError, ValueError):
            raise InvalidArgument("resume is not a resume token; give error.resume or stream.resume as it is") from None
        if version != _VERSION:
            raise InvalidArgument(f"the resume token is of version {version}; this release reads version {_VERSION}")
        if asked != question:
            raise InvalidArgument("the resume token is of another query; ask with the same arguments as before")
        return point


def _instant(written: str) -> datetime:
    instant = datetime.fromisoformat(written)
    if instant.utcoffset() is None:
        raise ValueError("an aware datetime was expected")
    return instant


def _after(written: Any) -> dict[str, Any]:
    if written is None:
        return {}
    created_at, event_log_id, taken = written
    return {"created_at": _instant(created_at), "event_log_id": int(event_log_id), "taken": int(taken)}
