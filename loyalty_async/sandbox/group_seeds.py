"""A few groups for a ledger that is made from a seed: who is in them, and what they did."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

import attrs

from loyalty_async.sandbox.earnings import split
from loyalty_async.sandbox.happenings import History, Slot
from loyalty_async.sandbox.ledger import FIRST_GROUP_ID, Ledger
from loyalty_async.sandbox.records import Detail, Entry, Group, GroupKind, GroupMember, total

_GROUPS: Final = 3
_SIZE: Final = 3  # Members in each.
_EVENTS: Final = 24  # In each group's history.
_TOGETHER: Final = 0.25  # Of the events have a row for each member.
_NOBODY: Final = 0.2  # Of the rest name nobody, as in the samples.
_KINDS: Final[tuple[GroupKind, ...]] = ("USERGROUP2", "FLEET")
_ROLES: Final = {"USERGROUP2": ("owner", "associate", "associate"), "FLEET": ("owner", "driver", "driver")}


def add_groups(ledger: Ledger, seed: int, *, start: datetime, now: datetime) -> None:
    """Add groups of the ledger's first members, with entries in a span; as many as there are members for."""
    rng = random.Random(f"groups of {seed}")
    members = ledger.members
    last_id = max((entry.event_log_id for member in members for entry in ledger.entries(member.user_id)), default=0)
    for number in range(min(_GROUPS, len(members) // _SIZE)):
        kind = _KINDS[number % len(_KINDS)]
        chosen = members[number * _SIZE : (number + 1) * _SIZE]
        roles = zip(chosen, _ROLES[kind], strict=True)
        group = Group(
            group_id=FIRST_GROUP_ID + number,
            external_id=f"G{number:06d}",
            kind=kind,
            members=tuple(GroupMember(member=member, role=role) for member, role in roles),
        )
        slots = _slots(rng, last_id + number * _EVENTS, start, now)
        ledger.load(group, list(_live(rng, ledger, group, slots)))


def _slots(rng: random.Random, last_id: int, start: datetime, now: datetime) -> list[Slot]:
    whole_s = max(0, int((now - start).total_seconds()) - 1)
    first = start.replace(microsecond=0)
    moments = sorted(first + timedelta(seconds=rng.randint(0, whole_s)) for _ in range(_EVENTS))
    return [Slot(moment, last_id + place) for place, moment in enumerate(moments, start=1)]


def _live(rng: random.Random, ledger: Ledger, group: Group, slots: list[Slot]) -> Iterator[Entry]:
    history = History(rng, ledger.organisation, group.owner_id)
    for slot in slots:
        entry = history.happen(slot)
        moves = bool(entry.details) and all(line.kind != "OPENING_BALANCE" for line in entry.details)
        if moves and rng.random() < _TOGETHER:
            yield from _shared(entry, group)
        elif rng.random() < _NOBODY:
            yield entry
        else:
            yield attrs.evolve(entry, actor=rng.choice(group.members))


def _shared(entry: Entry, group: Group) -> Iterator[Entry]:
    """Give a row for each member; their points add up to those of the event."""
    shares = [split(line.points, len(group.members)) for line in entry.details]
    for place, actor in enumerate(group.members):
        lines = tuple(
            attrs.evolve(line, points=parts[place]) for line, parts in zip(entry.details, shares, strict=True)
        )
        yield attrs.evolve(entry, actor=actor, details=lines, net_points=_net(lines))


def _net(lines: tuple[Detail, ...]) -> Decimal:
    return total(line.signed for line in lines if line.currency is None)
