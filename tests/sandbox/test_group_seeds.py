from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from loyalty_async.sandbox.group_seeds import _shared
from loyalty_async.sandbox.ledger import Ledger
from loyalty_async.sandbox.records import CARD_PROGRAM, DEFAULT_PROGRAM, MAIN, Detail, Entry
from loyalty_async.sandbox.seeds import make_ledger

NOW = datetime(2025, 11, 1, tzinfo=UTC)
POINT = Decimal("1.000")


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    return make_ledger(12, 7, now=NOW)


def rows(ledger: Ledger) -> list[Entry]:
    return [entry for group in ledger.groups for entry in ledger.entries(group.owner_id)]


def told(entry: Entry) -> tuple[object, ...]:
    return (entry.event_log_id, entry.created_at, entry.event_name, entry.details, entry.actor, entry.net_points)


def test_the_same_seed_makes_the_same_groups(ledger: Ledger) -> None:
    """And another seed makes others."""
    again, other = make_ledger(12, 7, now=NOW), make_ledger(12, 8, now=NOW)
    assert ledger.groups == again.groups
    assert list(map(told, rows(ledger))) == list(map(told, rows(again)))
    assert list(map(told, rows(ledger))) != list(map(told, rows(other)))


@pytest.mark.parametrize(("members", "groups"), [(0, 0), (2, 0), (3, 1), (6, 2), (50, 3)])
def test_there_are_as_many_as_there_are_members_for(members: int, groups: int) -> None:
    """Three members in each, nobody in two; of both kinds."""
    made = make_ledger(members, 1, now=NOW, entries_per_member=2).groups
    everyone = [each.member.user_id for group in made for each in group.members]
    assert len(made) == groups
    assert len(set(everyone)) == 3 * groups
    assert {group.kind for group in made} == {"USERGROUP2", "FLEET"} if groups > 1 else groups < 2


def test_ids_are_nobody_elses_and_moments_lie_in_the_span(ledger: Ledger) -> None:
    """After those of all members."""
    newest = max(entry.event_log_id for member in ledger.members for entry in ledger.entries(member.user_id))
    numbers = Counter((entry.event_log_id, entry.customer_id) for entry in rows(ledger))
    owners = {number: len({owner for each, owner in numbers if each == number}) for number, _ in numbers}
    assert min(owners) > newest
    assert set(owners.values()) == {1}
    assert all(NOW - timedelta(days=3 * 366) < entry.created_at < NOW for entry in rows(ledger))
    assert ledger.add_entry(ledger.members[0].user_id, created_at=NOW).event_log_id > max(owners)


def test_some_events_have_a_row_for_each_member(ledger: Ledger) -> None:
    """Some one row of one member, and some name nobody."""
    events: dict[int, list[Entry]] = {}
    for entry in rows(ledger):
        events.setdefault(entry.event_log_id, []).append(entry)
    assert {len(entries) for entries in events.values()} == {1, 3}
    together = [entries for entries in events.values() if len(entries) == 3]
    assert len(together) > 5
    assert all(len({entry.actor for entry in entries}) == 3 for entries in together)
    assert {entry.actor is None for entry in rows(ledger)} == {True, False}


def test_a_groups_balances_never_fall_below_zero(ledger: Ledger) -> None:
    """Also where an event's points are shared out."""
    for group in ledger.groups:
        balances: dict[tuple[int, str, str | None], object] = {}
        for entry in ledger.entries(group.owner_id):
            for line in entry.details:
                key = (line.program.program_id, line.category, line.currency)
                balances[key] = balances.get(key, 0) + line.effect  # type: ignore[operator]
                assert balances[key] >= 0  # type: ignore[operator]


def test_a_history_opens_once(ledger: Ledger) -> None:
    """The opening balances are one row, of points for everybody."""
    for group in ledger.groups:
        opened = [
            (line.program.program_id, line.category)
            for entry in ledger.entries(group.owner_id)
            for line in entry.details
            if line.kind == "OPENING_BALANCE" and line.currency is None
        ]
        assert len(opened) == len(set(opened)) == 6


def test_the_rows_of_an_event_add_up(ledger: Ledger) -> None:
    """To the last digit, with the nets."""
    group = ledger.groups[0]
    lines = [Detail("CREDIT", Decimal("100.01"), MAIN, DEFAULT_PROGRAM), Detail("DEBIT", POINT, MAIN, CARD_PROGRAM)]
    whole = Ledger()
    whole.add_member(user_id=1)
    shared = list(_shared(whole.add_entry(1, created_at=NOW, details=lines), group))
    assert [entry.actor for entry in shared] == list(group.members)
    for place, line in enumerate(lines):
        assert sum(entry.details[place].points for entry in shared) == line.points
    assert sum(entry.net_points for entry in shared) == Decimal("99.01")
