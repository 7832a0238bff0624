"""Ledgers made from a seed: members, the moments of their entries, and what happened at each."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import attrs

from loyalty_async.sandbox.group_seeds import add_groups
from loyalty_async.sandbox.happenings import History, Slot
from loyalty_async.sandbox.ledger import Ledger
from loyalty_async.sandbox.records import DEFAULT_ORGANISATION, Entry, Member

_SIGMA: Final = 1.0  # Of the lognormal lengths: half of them below 0.6 of the mean, one in a hundred above 6.
_WITHOUT_ENTRIES: Final = 0.04
_LONGEST: Final = 20  # Times the mean.
_WITH_BURST: Final = 0.04
_WITH_FRACTION: Final = 0.1
_NAMED: Final = 0.95
_IN_PAIRS: Final = 0.15  # Of the entries have another within about a second, as a bill and its bonus do.
_JITTER_S: Final = 1.5  # Ids are given in the order of jittered times, so that they are not monotone with them
_FIRST_ID: Final = 178_000_000
_LARGEST_ID_GAP: Final = 40
_CONNECTED: Final = 16  # One entry in so many was made in a connected organisation.
_FIRST_NAMES: Final = ("Asha", "Bruno", "Chloé", "Dmitri", "Eun-ji", "Fatima", "Łucja", "Nandini", "Öykü", "美咲")
_LAST_NAMES: Final = ("Adeyemi", "Bergström", "Castillo", "D'Souza", "Kowalska", "Nguyễn", "O'Brien", "Rao", "Tanaka")


def make_ledger(
    members: int,
    seed: int,
    *,
    now: datetime,
    years: float = 3.0,
    entries_per_member: float = 60.0,
    skewed: bool = True,
) -> Ledger:
    """Make a ledger that is the same for the same arguments.

    A few groups of the first members are in it; their entries come after all others by their ids.

    Args:
        members: How many.
        seed: Any integer.
        now: The end of all histories; aware.
        years: How far back they go.
        entries_per_member: The mean.
        skewed: Whether some members have no entry and some several hundred; else all have the mean, rounded.

    Raises:
        ValueError: `now` is naive.
    """
    if now.tzinfo is None:
        raise ValueError("now must be an aware datetime")
    rng = random.Random(seed)
    now = now.astimezone(UTC)
    start = now - timedelta(days=365.25 * years)
    plans = [_moments(rng, start, now, _length(rng, entries_per_member, skewed=skewed)) for _ in range(members)]
    ledger = Ledger()
    for number, slots in enumerate(_numbered(rng, plans)):
        member = _member(rng, number)
        history = History(rng, DEFAULT_ORGANISATION, member.user_id)
        ledger.load(member, [_somewhere(history.happen(slot)) for slot in slots])
    add_groups(ledger, seed, start=start, now=now)
    return ledger


def _somewhere(entry: Entry) -> Entry:
    """Let some of the entries that name the organisation name a connected one."""
    number, rest = divmod(entry.event_log_id, _CONNECTED)
    connected = DEFAULT_ORGANISATION.connected
    return entry if rest or entry.org_id is None else attrs.evolve(entry, org_id=connected[number % len(connected)])


def _length(rng: random.Random, mean: float, *, skewed: bool) -> int:
    """Draw how many entries a member has."""
    if not skewed:
        return round(mean)
    if mean <= 0 or rng.random() < _WITHOUT_ENTRIES:
        return 0
    mu = math.log(mean / (1 - _WITHOUT_ENTRIES)) - _SIGMA**2 / 2
    return min(max(1, round(rng.lognormvariate(mu, _SIGMA))), round(mean * _LONGEST))


def _moments(rng: random.Random, start: datetime, now: datetime, count: int) -> list[datetime]:
    """Draw the moments of a member's entries, sorted; from a registration somewhere in the first half of the span."""
    last_s = max(0, int((now - start).total_seconds()) - 1)  # So that no fraction of a second is after now.
    joined_s = rng.randrange(last_s // 2 + 1)
    seconds: list[int] = []
    while len(seconds) < count:
        at_s = rng.randint(joined_s, last_s)
        seconds.append(at_s)
        if rng.random() < _IN_PAIRS and len(seconds) < count:
            seconds.append(max(joined_s, at_s - rng.randrange(2)))
    if count and rng.random() < _WITH_BURST:
        seconds[: count // 2] = [rng.randint(joined_s, last_s)] * (count // 2)
    first = start.replace(microsecond=0)
    return sorted(first + timedelta(seconds=at_s, microseconds=_fraction(rng)) for at_s in seconds)


def _fraction(rng: random.Random) -> int:
    """Draw microseconds: mostly none, sometimes hundredths or thousandths of a second."""
    if rng.random() >= _WITH_FRACTION:
        return 0
    return rng.choice((rng.randrange(100) * 10_000, rng.randrange(1000) * 1000))


def _numbered(rng: random.Random, plans: list[list[datetime]]) -> Iterator[list[Slot]]:
    """Give every moment an event log id; ids rise over all members, but only roughly in the order of the moments."""
    jittered = sorted(
        (moment.timestamp() + rng.uniform(-_JITTER_S, _JITTER_S), member, place)
        for member, moments in enumerate(plans)
        for place, moment in enumerate(moments)
    )
    ids = [[0] * len(moments) for moments in plans]
    last = _FIRST_ID
    for _, member, place in jittered:
        last += rng.randint(1, _LARGEST_ID_GAP)
        ids[member][place] = last
    for moments, numbers in zip(plans, ids, strict=True):
        yield [Slot(moment, number) for moment, number in zip(moments, numbers, strict=True)]


def _member(rng: random.Random, number: int) -> Member:
    user_id = 564_000_000 + number * 7 + rng.randrange(7)
    named = rng.random() < _NAMED
    return Member(
        user_id=user_id if number % 10 else user_id + 3_000_000_000,
        mobile=f"9170{number:06d}{rng.randrange(100):02d}",
        email=f"Member+{number}@example.com",
        external_id=f"{number:012d}",
        first_name=rng.choice(_FIRST_NAMES) if named else None,
        last_name=rng.choice(_LAST_NAMES) if named else None,
    )
