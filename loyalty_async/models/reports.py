"""What a walk did, and what that proves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

import attrs

from loyalty_async.models.spans import Span

__all__ = ["EventsReport", "Report", "Verdict"]


class Verdict(StrEnum):
    """How far a walk can be trusted."""

    COMPLETE = "complete"
    """Every entry of the span was handed out, once."""
    PARTIAL = "partial"
    """What was handed out is proved, and there may be more: the walk goes on, or the caller stopped it, or it went on
    behind an error that said that entries were missing, or a whole history moved too much to be counted in the end."""
    PENDING = "pending"
    """Everything the server has was handed out, but the server warned that it has not booked everything yet."""
    FAILED = "failed"
    """The walk ended in an error."""


@attrs.frozen(kw_only=True)
class Report:
    """A walk so far; holds nothing that names a person.

    Attributes:
        verdict: How far it can be trusted.
        doubt: Why it cannot be `complete`, however far it goes; None if there is no reason so far.
        since: Where the span begins; None if the whole history was asked for and nothing was found yet.
        until: Where it ends: the caller's `until`, or the moment when the walk began. Of a walk that went on with
            another, the end at which it began is where it took it up.
        covered: The stretch of it of which every entry was handed out; None before the first part is through.
        entries: How many entries were handed out.
        said: How many entries the server said there are in the spans that were read to their end, margins of requests
            included; a span that was split counts when its last piece is in.
        seen: How many of them it served; more than it said if entries arrived meanwhile.
        parts: How many proved spans were handed out, empty ones included.
        splits: How many spans were split because one reading could not prove them.
        rereads: How often a span was read again, because it moved or because two readings must agree.
        pages: How many pages the server answered with, those that proved nothing included.
        clamps: How many of them hold fewer entries than were asked for, by the server's word.
        page_size: How many entries a page holds: the server's word.
        requests: How many requests were sent, those sent again included.
        retries: How many of them were sent again.
        waited_s: How long they waited before they were sent, in seconds; the sum over all requests.
        warnings: The server's warnings by code, each page counted.
        unfamiliar: Fields and values that this version does not know, by name, each entry counted: a change of the API.
    """

    verdict: Verdict
    doubt: str | None = None
    since: datetime | None
    until: datetime
    covered: Span | None = None
    entries: int = 0
    said: int = 0
    seen: int = 0
    parts: int = 0
    splits: int = 0
    rereads: int = 0
    pages: int = 0
    clamps: int = 0
    page_size: int | None = None
    requests: int = 0
    retries: int = 0
    waited_s: float = 0.0
    warnings: Mapping[int, int] = attrs.field(factory=dict, hash=False)
    unfamiliar: Mapping[str, int] = attrs.field(factory=dict, hash=False)

    def as_json(self) -> dict[str, Any]:
        """Give it as what `json.dumps` takes: instants as ISO texts, names as they are here."""
        return {name: _plain(value) for name, value in attrs.asdict(self, recurse=False).items()}


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Span):
        return [value.since.isoformat(), value.until.isoformat()]
    if isinstance(value, Mapping):
        return {str(name): count for name, count in value.items()}
    return str(value) if isinstance(value, Verdict) else value


@attrs.frozen(kw_only=True)
class EventsReport:
    """An iteration over events so far.

    Attributes:
        verdict: `complete` once every id was asked for; `partial` before.
        asked: How many distinct ids were asked for.
        events: How many events were handed out; one id may have several.
        calls: How many calls it took.
        unknown: Ids for which the server has no event, or cannot prepare it.
        skipped: Entries that were not asked for because the API refuses their kind, by event name.
        warnings: The server's warnings by code, each call counted.
    """

    verdict: Verdict
    asked: int = 0
    events: int = 0
    calls: int = 0
    unknown: tuple[int | str, ...] = attrs.field(default=(), repr=lambda ids: f"<{len(ids)}>")
    skipped: Mapping[str, int] = attrs.field(factory=dict, hash=False)
    warnings: Mapping[int, int] = attrs.field(factory=dict, hash=False)
