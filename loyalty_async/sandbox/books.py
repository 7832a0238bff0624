"""The entries of one ledger, in order, and what was made of them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

import attrs

from loyalty_async.sandbox.records import Detail, Entry

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_VIEWS_KEPT: Final = 16  # more than the pages of a few walks over one member need; a bound for memory

T = TypeVar("T")


def microseconds(instant: datetime) -> int:
    """Turn an aware instant into whole microseconds since 1970."""
    return (instant - _EPOCH) // _MICROSECOND


@attrs.define(eq=False)
class Book:
    """One owner's entries by (creation, eventLogId), with the views that were made of them.

    `slips` are lines that balances count from a microsecond on and no entry shows, `shift_s` the seconds by which
    balances are cut off later than was asked for; there are none unless a script says.
    """

    entries: list[Entry] = attrs.field(factory=list)
    keys: list[tuple[int, int]] = attrs.field(factory=list)
    views: dict[Hashable, Any] = attrs.field(factory=dict)
    slips: list[tuple[int, Detail]] = attrs.field(factory=list)
    shift_s: float = 0.0

    def slip(self, at: datetime, lines: Iterable[Detail]) -> None:
        """Let balances count lines, from an instant on, that no entry shows: a defect, on purpose."""
        self.slips.extend((microseconds(at), line) for line in lines)

    def slipped(self, until_us: int | None) -> list[Detail]:
        """Give the lines that balances count before an instant and no entry shows."""
        return [line for at_us, line in self.slips if until_us is None or at_us < until_us]

    def insert(self, entry: Entry) -> None:
        """Put an entry in its place: behind those of the same moment and id."""
        key = (microseconds(entry.created_at), entry.event_log_id)
        at = bisect_right(self.keys, key)
        self.keys.insert(at, key)
        self.entries.insert(at, entry)
        self.views.clear()

    def remove(self, event_log_id: int) -> Entry:
        """Take out the oldest entry of that id."""
        for at, entry in enumerate(self.entries):
            if entry.event_log_id == event_log_id:
                del self.keys[at], self.entries[at]
                self.views.clear()
                return entry
        raise KeyError(f"no entry {event_log_id} in this ledger")

    def fill(self, entries: Iterable[Entry]) -> None:
        """Replace everything with these entries, in any order."""
        keyed = [((microseconds(entry.created_at), entry.event_log_id), entry) for entry in entries]
        keyed.sort(key=lambda pair: pair[0])
        self.keys = [key for key, _ in keyed]
        self.entries = [entry for _, entry in keyed]
        self.views.clear()

    def between(self, since_us: int | None, until_us: int | None) -> list[Entry]:
        """Give the entries of a half-open span in microseconds."""
        start = 0 if since_us is None else bisect_left(self.keys, (since_us, -1))
        end = None if until_us is None else bisect_left(self.keys, (until_us, -1))
        return self.entries[start:end]

    def with_id(self, event_log_id: int) -> list[Entry]:
        """Give the entries of one event: a group's event has one for each member."""
        index: dict[int, list[Entry]] | None = self.views.get("by id")
        if index is None:
            index = {}
            for entry in self.entries:
                index.setdefault(entry.event_log_id, []).append(entry)
            self.remember("by id", index)
        return index.get(event_log_id, [])

    def remember(self, key: Hashable, view: T) -> T:
        """Keep a view until the entries change."""
        if len(self.views) >= _VIEWS_KEPT:
            self.views.clear()
        self.views[key] = view
        return view
