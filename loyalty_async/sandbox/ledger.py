"""The ledger that the sandbox serves: members, groups and their entries, changeable at any time."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import attrs

from loyalty_async.sandbox.books import Book, microseconds
from loyalty_async.sandbox.records import (
    DEFAULT_ORGANISATION,
    MAIN,
    Detail,
    Entry,
    Group,
    GroupKind,
    GroupMember,
    Member,
    Organisation,
    Owner,
    Program,
    total,
)

_FIRST_USER_ID: Final = 564_000_001
FIRST_GROUP_ID: Final = 38_001
_FIRST_EVENT_LOG_ID: Final = 178_000_001
_GROUP_IDENTIFIERS: Final = ("groupId", "externalId", "primaryUserId")


class Ledger:
    """Members, groups of them, and the entries of both.

    A book is found by its owner: a member's user id, or minus a group's id, which is what its entries print, too.

    Every method may be called from any thread; hold `lock` to see several answers of one state.

    Attributes:
        organisation: The programs, tills and currencies that the entries name.
        lock: Held by every change, and by the server for the length of one answer.
    """

    organisation: Organisation
    lock: AbstractContextManager[bool]

    def __init__(self, organisation: Organisation = DEFAULT_ORGANISATION) -> None:
        self.organisation = organisation
        self.lock = threading.RLock()
        self._members: dict[int, Member] = {}
        self._groups: dict[int, Group] = {}
        self._books: dict[int, Book] = {}
        self._identifiers: dict[tuple[str, ...], Owner] = {}
        self._merged: set[int] = set()
        self._next_user_id = _FIRST_USER_ID
        self._next_group_id = FIRST_GROUP_ID
        self._next_event_log_id = _FIRST_EVENT_LOG_ID

    @property
    def members(self) -> list[Member]:
        """All members, in the order in which they were added."""
        return list(self._members.values())

    @property
    def groups(self) -> list[Group]:
        """All groups, in the order in which they were added."""
        return list(self._groups.values())

    def add_member(
        self,
        *,
        user_id: int | None = None,
        mobile: str | None = None,
        email: str | None = None,
        external_id: str | None = None,
        first_name: str | None = "Test",
        last_name: str | None = "Member",
    ) -> Member:
        """Add a member without entries; identifiers that are not given are made up from the user id.

        Raises:
            ValueError: The user id or an identifier belongs to another member.
        """
        with self.lock:
            user_id = self._next_user_id if user_id is None else user_id
            member = Member(
                user_id=user_id,
                mobile=mobile or f"9170{user_id % 10**8:08d}",
                email=email or f"member.{user_id}@example.com",
                external_id=external_id or f"E{user_id:012d}",
                first_name=first_name,
                last_name=last_name,
            )
            self._register(member)
            return member

    def add_group(
        self,
        user_ids: Sequence[int],
        *,
        group_id: int | None = None,
        external_id: str | None = None,
        kind: GroupKind = "USERGROUP2",
        roles: Sequence[str] = ("owner",),
    ) -> Group:
        """Add a group without entries.

        Args:
            user_ids: Its members; the first is the primary one.
            group_id: The next free one unless given.
            external_id: Made up from the group id unless given.
            kind: USERGROUP2 or FLEET.
            roles: Of the members, in their order; the rest are associates.

        Raises:
            KeyError: There is no such member.
            ValueError: Nobody is in it, or an identifier belongs to another group of its kind.
        """
        with self.lock:
            group_id = self._next_group_id if group_id is None else group_id
            given = [*roles, *["associate"] * len(user_ids)]
            members = tuple(
                GroupMember(member=self._members[user_id], role=role)
                for user_id, role in zip(user_ids, given, strict=False)
            )
            if not members:
                raise ValueError("a group has at least one member")
            group = Group(group_id=group_id, external_id=external_id or f"G{group_id:08d}", kind=kind, members=members)
            self._register(group)
            return group

    def add_entry(
        self,
        owner_id: int,
        *,
        created_at: datetime,
        points: Decimal | int | str = "0.000",
        event_name: str = "TransactionAdd",
        category: str = MAIN,
        program: Program | None = None,
        currency: str | None = None,
        **fields: Any,
    ) -> Entry:
        """Add one entry, anywhere in a history.

        Args:
            owner_id: Whose ledger: a member's user id, or minus a group's id.
            created_at: When the entry was created; aware.
            points: Credit if zero or more, else debit; an entry of several lines has `details` instead.
            event_name: Any name; the ledger does not judge it.
            category: Of the points.
            program: The organisation's first program unless given.
            currency: An alternate currency instead of points.
            fields: Other fields of `Entry`, for instance `details`, or an `event_log_id` in place of the next free one.

        Raises:
            ValueError: The date is naive.
            KeyError: There is no such ledger.
        """
        if created_at.tzinfo is None:
            raise ValueError("created_at must be an aware datetime")
        program = program or self.organisation.programs[0]
        fields.setdefault("details", (_line(Decimal(points), category, program, currency),))
        fields.setdefault("source_program", program)
        created_at = created_at.astimezone(UTC)
        with self.lock:
            book = self._books[owner_id]
            entry = Entry(created_at=created_at, event_name=event_name, **self._with_defaults(owner_id, fields))
            book.insert(entry)
            self._next_event_log_id = max(self._next_event_log_id, entry.event_log_id + 1)
            return entry

    def remove_entry(self, owner_id: int, event_log_id: int) -> Entry:
        """Take an entry out of a ledger, and give it back.

        Raises:
            KeyError: There is no such ledger, or no such entry.
        """
        with self.lock:
            return self._books[owner_id].remove(event_log_id)

    def merge(self, user_id: int, merged_id: int) -> list[Entry]:
        """Move a member's entries into the ledger of another, and give them as they are there.

        They keep their dates and ids. They name the other customer then, but for those that name a program instead.

        Args:
            user_id: Whose ledger gets them.
            merged_id: Whose ledger loses them; that member counts as merged from then on.

        Raises:
            KeyError: There is no such member.
            ValueError: It is the same member, or one of the two was merged before.
        """
        with self.lock:
            survivor, merged = self._members[user_id], self._members[merged_id]
            if survivor is merged or self.is_merged(survivor) or self.is_merged(merged):
                raise ValueError("two members that were not merged before can be merged")
            book = self._books[merged_id]
            moved = [_of_customer(entry, merged_id, user_id) for entry in book.entries]
            book.fill([])
            for entry in moved:
                self._books[user_id].insert(entry)
            self._merged.add(merged_id)
            return moved

    def is_merged(self, owner: Owner) -> bool:
        """Whether an owner is a member who was merged into another."""
        return owner.owner_id in self._merged

    def load(self, owner: Owner, entries: Sequence[Entry]) -> None:
        """Add a member or a group with a whole history at once.

        Raises:
            ValueError: The id or an identifier belongs to another owner.
        """
        with self.lock:
            self._register(owner)
            self._books[owner.owner_id].fill(entries)
            newest = max((entry.event_log_id for entry in entries), default=0)
            self._next_event_log_id = max(self._next_event_log_id, newest + 1)

    def find(self, identifier_name: str, value: str) -> Member | None:
        """Look a member up, by `mobile`, `email` (in any case), `externalId` or `id`."""
        found = self._identifiers.get(_identifier(identifier_name, value))
        return found if isinstance(found, Member) else None

    def find_group(self, kind: str, identifier_name: str, value: str) -> Group | None:
        """Look a group of a kind up, by `groupId` (or `id`), `externalId` or `primaryUserId`."""
        name = "groupId" if identifier_name == "id" else identifier_name
        found = self._identifiers.get((kind, name, value))
        return found if isinstance(found, Group) else None

    def owner(self, owner_id: int) -> Owner:
        """Give whose ledger a number stands for.

        Raises:
            KeyError: There is no such ledger.
        """
        return self._members.get(owner_id) or self._groups[-owner_id]

    def book(self, owner_id: int) -> Book:
        """Give the book of an owner's entries.

        Raises:
            KeyError: There is no such ledger.
        """
        return self._books[owner_id]

    def entries(self, owner_id: int, *, since: datetime | None = None, until: datetime | None = None) -> list[Entry]:
        """Give an owner's entries with since <= created_at < until, by (created_at, eventLogId).

        Raises:
            KeyError: There is no such ledger.
        """
        since_us = None if since is None else microseconds(since)
        until_us = None if until is None else microseconds(until)
        with self.lock:
            return self._books[owner_id].between(since_us, until_us)

    def copy(self) -> Ledger:
        """Give a ledger with the same members, groups and entries that changes on its own."""
        twin = Ledger(self.organisation)
        with self.lock:
            owners: list[Owner] = [*self._members.values(), *self._groups.values()]
            for owner in owners:
                twin.load(owner, self._books[owner.owner_id].entries)
                twin._books[owner.owner_id].slips = list(self._books[owner.owner_id].slips)
                twin._books[owner.owner_id].shift_s = self._books[owner.owner_id].shift_s
            twin._next_event_log_id = self._next_event_log_id
            twin._merged = set(self._merged)
        return twin

    def _with_defaults(self, owner_id: int, fields: dict[str, Any]) -> dict[str, Any]:
        details = tuple(fields["details"])
        defaults = {
            "event_log_id": self._next_event_log_id,
            "customer_id": owner_id,
            "net_points": _net(details),
            "till": self.organisation.tills[0],
            "org_id": self.organisation.org_id,
        }
        return {**defaults, **fields, "details": details}

    def _register(self, owner: Owner) -> None:
        identifiers = _identifiers_of(owner)
        if any(identifier in self._identifiers for identifier in identifiers) or owner.owner_id in self._books:
            raise ValueError(f"an identifier belongs to another {type(owner).__name__.lower()} already")
        self._identifiers.update(dict.fromkeys(identifiers, owner))
        self._books[owner.owner_id] = Book()
        if isinstance(owner, Group):
            self._groups[owner.group_id] = owner
            self._next_group_id = max(self._next_group_id, owner.group_id + 1)
        else:
            self._members[owner.user_id] = owner
            self._next_user_id = max(self._next_user_id, owner.user_id + 1)


def _identifiers_of(owner: Owner) -> list[tuple[str, ...]]:
    if isinstance(owner, Group):
        values = (str(owner.group_id), owner.external_id, str(owner.primary.user_id))
        return [(owner.kind, name, value) for name, value in zip(_GROUP_IDENTIFIERS, values, strict=True)]
    identifiers = [("id", str(owner.user_id)), ("mobile", owner.mobile), _identifier("email", owner.email)]
    return [*identifiers, *([] if owner.external_id is None else [("externalId", owner.external_id)])]


def _identifier(name: str, value: str) -> tuple[str, str]:
    return (name, value.lower() if name == "email" else value)


def _of_customer(entry: Entry, before_id: int, user_id: int) -> Entry:
    return attrs.evolve(entry, customer_id=user_id) if entry.customer_id == before_id else entry


def _line(points: Decimal, category: str, program: Program, currency: str | None) -> Detail:
    return Detail("DEBIT" if points < 0 else "CREDIT", points.copy_abs(), category, program, currency)


def _net(lines: tuple[Detail, ...]) -> Decimal:
    return total(line.signed for line in lines if line.currency is None)
