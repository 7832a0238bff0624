"""Promised points that are not converted yet, and when they will be.

Debits consume what came first. The points of a lot become redeemable on the day on which the ledger converts them; a
lot that the ledger does not convert waits for the next run of a job that comes every thirty days.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

import attrs

from loyalty_async.sandbox.records import PROMISED, Detail, Entry, Program, total
from loyalty_async.sandbox.times import Calendar

DUE_DAYS: Final = 30  # The vendor's samples convert within days to weeks; a month is easy to recognise.
_BILL_TYPES: Final = ("bill_regular", "line_item_regular", "bill_promotions", "line_item_promotions")


@attrs.frozen(kw_only=True)
class Lot:
    """Points of one entry that are still there.

    Attributes:
        points: How many; negative for what was taken away and had not been there.
        entry: What they came with.
        program: Whose points.
        converted_at: When the ledger converts them; None if it does not.
    """

    points: Decimal
    entry: Entry
    program: Program
    converted_at: datetime | None = None

    @property
    def points_type(self) -> str:
        """What the points were given for, in the words of the schedule."""
        if self.entry.transaction is None:
            return "customer_promotions"
        return _BILL_TYPES[self.entry.event_log_id % len(_BILL_TYPES)]


def open_lots(entries: Iterable[Entry], program: Program, category: str, now: datetime) -> list[Lot]:
    """Give what a program's account of a category holds at a moment, oldest first.

    Args:
        entries: Of one ledger, by creation; later ones say when lots are converted.
        program: Whose points.
        category: Which account.
        now: The moment; what happens at it is done.
    """
    pending: deque[Lot] = deque()
    converted: list[Lot] = []
    for entry in entries:
        for line in entry.details:
            if line.currency is not None or (line.program.program_id, line.category) != (program.program_id, category):
                continue
            if entry.created_at > now:
                converted.extend(_converted(pending, line, entry))
            elif line.kind == "DEBIT":
                _consume(pending, line, entry)
            elif line.kind == "CREDIT" or line.points:
                pending.append(Lot(points=line.points, entry=entry, program=line.program))
    return [*converted, *pending]


def redeemable_from(lot: Lot, calendar: Calendar, today: date) -> date:
    """Say on which day a lot becomes redeemable; later than today."""
    if lot.converted_at is not None:
        return calendar.day(lot.converted_at)
    due = calendar.day(lot.entry.created_at) + timedelta(days=DUE_DAYS)
    overdue = (today - due).days
    return due if overdue < 0 else due + timedelta(days=(overdue // DUE_DAYS + 1) * DUE_DAYS)


def conversion_day(entries: Sequence[Entry], entry: Entry, program: Program, calendar: Calendar, now: datetime) -> date:
    """Say on which day the last of the points converts that an entry promised in a program."""
    lots = [lot for lot in open_lots(entries, program, PROMISED, entry.created_at) if lot.entry is entry]
    days = [redeemable_from(lot, calendar, calendar.day(now)) for lot in lots]
    return max(days, default=calendar.day(entry.created_at) + timedelta(days=DUE_DAYS))


def _consume(pending: deque[Lot], line: Detail, entry: Entry) -> None:
    """Take a debit from the oldest lots; what they do not hold is owed."""
    owed = line.points - total(lot.points for lot in _taken(pending, line.points))
    if owed:
        pending.append(Lot(points=-owed, entry=entry, program=line.program))


def _converted(pending: deque[Lot], line: Detail, entry: Entry) -> list[Lot]:
    if line.kind != "DEBIT":
        return []
    return [attrs.evolve(lot, converted_at=entry.created_at) for lot in _taken(pending, line.points)]


def _taken(pending: deque[Lot], points: Decimal) -> list[Lot]:
    """Take so many points out of the oldest lots that hold any, with the lots of nothing among them."""
    taken: list[Lot] = []
    while pending and points > 0 and pending[0].points >= 0:
        lot = pending.popleft()
        if lot.points > points:
            pending.appendleft(attrs.evolve(lot, points=lot.points - points))
            lot = attrs.evolve(lot, points=points)
        points -= lot.points
        taken.append(lot)
    return taken
