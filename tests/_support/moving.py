"""A ledger that moves between two requests, and keeps account of what was there throughout."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Literal

import attrs

from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.planning.jobs import PageRequest
from tests._support.ledger_server import LedgerServer, entry
from tests._support.readings import LONG_AGO

Row = tuple[datetime, int, int]
"""What tells a row of a ledger apart, in the order of walks: date, event, customer."""

Kind = Literal["arrive", "backdate", "delete", "merge", "replace"]

_IDS_OF_OLD = 500
"""Where the ids of merged entries begin: below those that are given to new ones, among those of the first ledger."""
_IDS_OF_NEW = 5000


def row_of(one: LedgerEntry) -> Row:
    """Tell a row apart from all others."""
    return one.created_at, one.event_log_id, one.customer_id or 0


@attrs.frozen
class Change:
    """How a ledger changes at once.

    Attributes:
        kind: One entry comes, dated now (arrive) or in the past (backdate); one goes (delete); some come and some go
            (merge); one comes and one near it goes, so that no total changes (replace).
        anchor: Where in time: at one of the dates that are known when it happens.
        nudge: How far beside it.
        many: How many come, or go.
    """

    kind: Kind
    anchor: int
    nudge: timedelta
    many: int = 1


@attrs.define(kw_only=True)
class Moving:
    """What happens to a server's ledger, and which of its rows were there from when on.

    Attributes:
        server: Whose ledger.
        clock: The server's clock.
        movable: How long ago an entry may be dated that comes or goes; None for any date.
        landmarks: Dates at and around which things happen, besides those of the entries.
        answers: How many requests were answered.
        changes: What is still to happen, by the number of the answer.
        faults: What is still to be raised, by the number of the answer.
        raised: What was raised.
        made: How many changes happened.
        moved_at: The number of the last answer before which something changed.
        there: The rows that are there, and after how many answers they came.
        ever: All rows that ever were there.
    """

    server: LedgerServer
    clock: Callable[[], datetime]
    movable: timedelta | None
    landmarks: list[datetime]
    answers: int = 0
    changes: dict[int, list[Change]] = attrs.field(factory=lambda: defaultdict(list))
    faults: dict[int, Exception] = attrs.field(factory=dict)
    raised: list[Exception] = attrs.field(factory=list)
    made: int = 0
    moved_at: int = -1
    there: dict[Row, int] = attrs.field(init=False)
    ever: set[Row] = attrs.field(init=False)
    _born: int = attrs.field(init=False, default=0)

    def __attrs_post_init__(self) -> None:
        self.there = dict.fromkeys(map(row_of, self.server.ledger), 0)
        self.ever = set(self.there)

    def script(self, changes: Iterable[tuple[int, Change]]) -> None:
        """Let things happen before some of the next answers, the first of which is 1."""
        for gap, change in changes:
            self.changes[self.answers + gap].append(change)

    def before_answer(self, _: PageRequest) -> Exception | None:
        """Let happen what is due before the next answer; give what is raised in its stead."""
        self.answers += 1
        for change in self.changes.pop(self.answers, ()):
            self._make(change)
        if self.answers not in self.faults:
            return None
        self.raised.append(self.faults.pop(self.answers))
        return self.raised[-1]

    def there_since(self, answers: int) -> Iterable[Row]:
        """Give the rows that are there and were, when so many requests had been answered."""
        return [row for row, came in self.there.items() if came <= answers]

    @property
    def pending(self) -> int:
        """How many changes and faults are still to come."""
        return len(self.changes) + len(self.faults)

    def _make(self, change: Change) -> None:
        self.made += 1
        self.moved_at = self.answers
        match change.kind:
            case "arrive":
                self._add([self.clock() + abs(change.nudge)] * change.many, _IDS_OF_NEW)
            case "backdate":
                self._add([self._date(change)], _IDS_OF_NEW)
            case "delete":
                self._remove(change.anchor, change.many)
            case "merge":
                apart = [number * change.nudge / 4 for number in range(change.many)]
                self._add([self._movable(self._date(change) + each) for each in apart], _IDS_OF_OLD)
                self._remove(change.anchor, change.many // 2)
            case "replace":
                for moment in self._remove(change.anchor, 1):
                    self._add([self._movable(moment + change.nudge)], _IDS_OF_NEW)

    def _date(self, change: Change) -> datetime:
        known = sorted({row.created_at for row in self.server.ledger} | {*self.landmarks, self.clock()}, reverse=True)
        return self._movable(known[change.anchor % len(known)] + change.nudge)

    def _movable(self, moment: datetime) -> datetime:
        return max(moment, self._floor)

    @property
    def _floor(self) -> datetime:
        return LONG_AGO if self.movable is None else self.clock() - self.movable

    def _add(self, moments: Iterable[datetime], ids: int) -> None:
        for moment in moments:
            self._born += 1
            row = entry(ids + self._born, moment)
            self.server.ledger.append(row)
            self.there[row_of(row)] = self.answers
            self.ever.add(row_of(row))

    def _remove(self, anchor: int, many: int) -> set[datetime]:
        """Let whole events go: of what is left of one nobody could say which rows were handed out. Give their dates."""
        events = sorted({(-one.created_at.timestamp(), one.event_log_id) for one in self._removable()})
        gone = {event for _, event in (events[anchor % len(events) :][:many] if events else [])}
        leaving = [one for one in self._removable() if one.event_log_id in gone]
        for one in leaving:
            del self.there[row_of(one)]
        self.server.ledger = [one for one in self.server.ledger if row_of(one) in self.there]
        return {one.created_at for one in leaving}

    def _removable(self) -> list[LedgerEntry]:
        return [one for one in self.server.ledger if one.created_at >= self._floor]
