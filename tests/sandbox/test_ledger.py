from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from loyalty_async.sandbox.ledger import Ledger
from loyalty_async.sandbox.records import DEFAULT_PROGRAM, MAIN, Detail
from tests.sandbox.calls import NOON

SECOND = timedelta(seconds=1)


@pytest.fixture
def ledger() -> Ledger:
    ledger = Ledger()
    ledger.add_member(user_id=1, mobile="911", email="Ann@Example.com", external_id="X1")
    return ledger


@pytest.mark.parametrize(
    ("name", "value"), [("id", "1"), ("mobile", "911"), ("email", "ann@example.COM"), ("externalId", "X1")]
)
def test_a_member_is_found_by_each_identifier(ledger: Ledger, name: str, value: str) -> None:
    """Emails in any case, the rest as given."""
    found = ledger.find(name, value)
    assert found is not None
    assert found.user_id == 1


def test_nobody_is_found_by_another_kind_of_identifier(ledger: Ledger) -> None:
    """A mobile number is no external id."""
    assert ledger.find("externalId", "911") is None


def test_an_identifier_belongs_to_one_member(ledger: Ledger) -> None:
    """A second member with the same mobile number is refused, and leaves no trace."""
    with pytest.raises(ValueError, match="another member"):
        ledger.add_member(user_id=2, mobile="911")
    assert [member.user_id for member in ledger.members] == [1]
    assert ledger.find("id", "2") is None


def test_members_without_identifiers_get_their_own() -> None:
    """Members can be added without a thought about their identifiers."""
    ledger = Ledger()
    first, second = ledger.add_member(), ledger.add_member()
    assert first.user_id != second.user_id
    assert first.mobile != second.mobile


def test_entries_come_by_creation_and_id(ledger: Ledger) -> None:
    """Whatever the order in which they were added."""
    for created_at, number in [(NOON, 5), (NOON - SECOND, 9), (NOON, 4), (NOON + SECOND, 1)]:
        ledger.add_entry(1, created_at=created_at, event_log_id=number)
    assert [entry.event_log_id for entry in ledger.entries(1)] == [9, 4, 5, 1]


def test_spans_are_half_open_to_the_microsecond(ledger: Ledger) -> None:
    """since <= created_at < until."""
    moments = [NOON - timedelta(microseconds=1), NOON, NOON + SECOND - timedelta(microseconds=1), NOON + SECOND]
    for number, moment in enumerate(moments):
        ledger.add_entry(1, created_at=moment, event_log_id=number)
    found = ledger.entries(1, since=NOON, until=NOON + SECOND)
    assert [entry.event_log_id for entry in found] == [1, 2]


def test_points_become_a_credit_or_a_debit(ledger: Ledger) -> None:
    """By their sign."""
    credit = ledger.add_entry(1, created_at=NOON, points="2.50")
    debit = ledger.add_entry(1, created_at=NOON, points=Decimal("-1.25"))
    assert [(line.kind, str(line.points)) for line in credit.details + debit.details] == [
        ("CREDIT", "2.50"),
        ("DEBIT", "1.25"),
    ]
    assert (credit.net_points, debit.net_points) == (Decimal("2.50"), Decimal("-1.25"))


def test_lines_can_be_given(ledger: Ledger) -> None:
    """A conversion of promised points nets to nothing."""
    lines = [
        Detail("DEBIT", Decimal(5), "DelayedAccrualPointCategory", DEFAULT_PROGRAM),
        Detail("CREDIT", Decimal(5), MAIN, DEFAULT_PROGRAM),
    ]
    entry = ledger.add_entry(1, created_at=NOON, event_name="DelayedAccrual", details=lines)
    assert entry.details == tuple(lines)
    assert entry.net_points == 0


def test_the_next_id_is_above_all_others(ledger: Ledger) -> None:
    """An id that was given is not given again by itself."""
    ledger.add_entry(1, created_at=NOON, event_log_id=900_000_000)
    assert ledger.add_entry(1, created_at=NOON - SECOND).event_log_id == 900_000_001


def test_a_removed_entry_is_gone(ledger: Ledger) -> None:
    """The ledger may shrink while somebody reads it."""
    entry = ledger.add_entry(1, created_at=NOON)
    kept = ledger.add_entry(1, created_at=NOON)
    assert ledger.remove_entry(1, entry.event_log_id) is entry
    assert ledger.entries(1) == [kept]
    with pytest.raises(KeyError):
        ledger.remove_entry(1, entry.event_log_id)


def test_a_naive_date_is_refused(ledger: Ledger) -> None:
    """A ledger has instants."""
    with pytest.raises(ValueError, match="aware"):
        ledger.add_entry(1, created_at=datetime(2025, 1, 1))  # noqa: DTZ001


def test_an_entry_needs_its_member(ledger: Ledger) -> None:
    """Nobody's entry is refused."""
    with pytest.raises(KeyError):
        ledger.add_entry(404, created_at=NOON)


def test_a_copy_changes_on_its_own(ledger: Ledger) -> None:
    """What is added to one is not in the other."""
    ledger.add_entry(1, created_at=NOON)
    twin = ledger.copy()
    twin.add_entry(1, created_at=NOON)
    twin.add_member(user_id=2)
    assert len(ledger.entries(1)) == 1
    assert len(twin.entries(1)) == 2
    assert len(ledger.members) == 1


def test_a_group_is_found_by_each_identifier(ledger: Ledger) -> None:
    """Of its kind; a group is no member, and a member no group."""
    ledger.add_member(user_id=2)
    group = ledger.add_group([2, 1], group_id=5, external_id="G5", kind="FLEET", roles=["owner", "driver"])
    for name, value in (("id", "5"), ("groupId", "5"), ("externalId", "G5"), ("primaryUserId", "2")):
        assert ledger.find_group("FLEET", name, value) is group
        assert ledger.find_group("USERGROUP2", name, value) is None
    assert ledger.find_group("FLEET", "primaryUserId", "1") is None
    assert ledger.find("groupId", "5") is ledger.find("id", "5") is None
    assert [(each.member.user_id, each.role) for each in group.members] == [(2, "owner"), (1, "driver")]
    assert group.primary.user_id == 2


def test_a_group_has_a_book_of_its_own(ledger: Ledger) -> None:
    """Under minus its id, which its entries print; not its members'."""
    group = ledger.add_group([1])
    entry = ledger.add_entry(group.owner_id, created_at=NOON, actor=group.members[0])
    assert ledger.entries(group.owner_id) == [entry]
    assert entry.customer_id == group.owner_id == -group.group_id
    assert ledger.entries(1) == []
    assert ledger.owner(group.owner_id) is group
    assert ledger.owner(1) is ledger.members[0]
    with pytest.raises(KeyError):
        ledger.owner(2)


def test_groups_without_identifiers_get_their_own(ledger: Ledger) -> None:
    """And their members roles: an owner, and associates."""
    for user_id in (2, 3):
        ledger.add_member(user_id=user_id)
    first, second = ledger.add_group([1, 2, 3]), ledger.add_group([2])
    assert first.group_id != second.group_id
    assert first.external_id != second.external_id
    assert [each.role for each in first.members] == ["owner", "associate", "associate"]


def test_an_identifier_belongs_to_one_group_of_a_kind(ledger: Ledger) -> None:
    """A second one is refused, and leaves no trace; another kind is another world, but for the ledger's number."""
    ledger.add_member(user_id=2)
    ledger.add_group([1], group_id=5, external_id="G5")
    taken: list[dict[str, Any]] = [{"group_id": 5}, {"external_id": "G5"}, {"group_id": 5, "kind": "FLEET"}]
    for fields in taken:
        with pytest.raises(ValueError, match="another group"):
            ledger.add_group([2], **fields)
    with pytest.raises(ValueError, match="another group"):
        ledger.add_group([1])
    assert len(ledger.groups) == 1
    assert ledger.add_group([1], external_id="G5", kind="FLEET").group_id != 5


def test_a_group_is_made_of_members(ledger: Ledger) -> None:
    """At least one, and all of them known."""
    with pytest.raises(ValueError, match="at least one"):
        ledger.add_group([])
    with pytest.raises(KeyError):
        ledger.add_group([1, 404])


def test_a_copy_has_the_groups(ledger: Ledger) -> None:
    """With their entries, and changes on its own."""
    group = ledger.add_group([1], group_id=50_000)
    ledger.add_entry(group.owner_id, created_at=NOON)
    twin = ledger.copy()
    twin.add_entry(group.owner_id, created_at=NOON)
    assert twin.groups == [group]
    assert (len(ledger.entries(-50_000)), len(twin.entries(-50_000))) == (1, 2)
    assert twin.add_group([twin.add_member().user_id]).group_id == 50_001


def test_a_merge_moves_a_history(ledger: Ledger) -> None:
    """In its order; who is named as the customer is another then, but a program stays what it is."""
    merged = ledger.add_member(user_id=2)
    ledger.add_entry(1, created_at=NOON, event_log_id=3)
    ledger.add_entry(2, created_at=NOON + SECOND, event_log_id=2)
    ledger.add_entry(2, created_at=NOON - SECOND, event_log_id=9, customer_id=973, points=5)
    moved = ledger.merge(1, 2)
    assert [entry.event_log_id for entry in moved] == [9, 2]
    assert [(entry.event_log_id, entry.customer_id) for entry in ledger.entries(1)] == [(9, 973), (3, 1), (2, 1)]
    assert [entry.net_points for entry in moved] == [5, 0]
    assert ledger.entries(2) == []
    assert ledger.is_merged(merged)
    assert not ledger.is_merged(ledger.members[0])


def test_only_two_members_are_merged_and_each_once(ledger: Ledger) -> None:
    """Nothing is moved otherwise."""
    for user_id in (2, 3):
        ledger.add_member(user_id=user_id)
    group = ledger.add_group([1])
    ledger.merge(1, 2)
    ledger.add_entry(3, created_at=NOON)
    for survivor, merged in ((3, 3), (2, 3), (3, 2)):
        with pytest.raises(ValueError, match="two members"):
            ledger.merge(survivor, merged)
    for survivor, merged in ((404, 3), (3, 404), (group.owner_id, 3), (3, group.owner_id)):
        with pytest.raises(KeyError):
            ledger.merge(survivor, merged)
    assert len(ledger.entries(3)) == 1


def test_a_copy_knows_who_was_merged(ledger: Ledger) -> None:
    """And merges on its own."""
    second, third = ledger.add_member(user_id=2), ledger.add_member(user_id=3)
    ledger.merge(1, 2)
    twin = ledger.copy()
    assert twin.is_merged(second)
    twin.merge(1, 3)
    assert (ledger.is_merged(third), twin.is_merged(third)) == (False, True)


def test_large_numbers_are_not_rounded(ledger: Ledger) -> None:
    """Whatever the sign."""
    digits = "1" + "0" * 30 + ".001"
    credit, debit = (ledger.add_entry(1, created_at=NOON, points=sign + digits) for sign in ("", "-"))
    assert [str(entry.details[0].points) for entry in (credit, debit)] == [digits, digits]
    assert [str(entry.net_points) for entry in (credit, debit)] == [digits, f"-{digits}"]
