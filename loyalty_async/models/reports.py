"""What a walk did, and what that proves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import attrs

__all__ = ["EventsReport", "Report", "Verdict"]


class Verdict(StrEnum):
    """How far a walk can be trusted."""

    COMPLETE = "complete"
    """Every entry of the span was handed out, once."""
    PARTIAL = "partial"
    """What was handed out is proved, and there may be more: the walk goes on, or the caller stopped it."""
    PENDING = "pending"
    """Everything the server has was handed out, but the server warned that it has not booked everything yet."""
    FAILED = "failed"
    """The walk ended in an error."""


@attrs.frozen(kw_only=True)
class Report:
    """A walk so far; holds nothing that names a person.

    Attributes:
        verdict: How far it can be trusted.
        since: Where the span begins; None if the whole history was asked for and nothing was found yet.
        until: Where it ends: the caller's `until`, or the moment when the walk began.
        entries: How many entries were handed out.
        parts: How many proved spans they came in.
        splits: How many spans were split because one reading could not prove them.
        pages: How many pages the server answered with, those that proved nothing included.
        page_size: How many entries a page holds: the server's word.
        warnings: The server's warnings by code, each page counted.
        unfamiliar: Fields and values that this version does not know, by name, each entry counted: a change of the API.
    """

    verdict: Verdict
    since: datetime | None
    until: datetime
    entries: int = 0
    parts: int = 0
    splits: int = 0
    pages: int = 0
    page_size: int | None = None
    warnings: Mapping[int, int] = attrs.field(factory=dict, hash=False)
    unfamiliar: Mapping[str, int] = attrs.field(factory=dict, hash=False)


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
