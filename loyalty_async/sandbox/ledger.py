"""The ledger that the sandbox serves: members and their entries, changeable at any time."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Hashable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, TypeVar

import attrs

from loyalty_async.sandbox.records import (
    DEFAULT_ORGANISATION,
    MAIN,
    ZERO,
    Detail,
    Entry,
    Member,
    Organisation,
    Program,
)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_VIEWS_KEPT: Final = 16  # more than the pages of a few walks over one member need; a bound for memory
_FIRST_USER_ID: Final = 564_000_001
_FIRST_EVENT_LOG_ID: Final = 178_000_001

T = TypeVar("T")


def microseconds(instant: datetime) -> int:
    """Turn an aware instant into whole microseconds since 1970."""
    return (instant - _EPOCH) // _MICROSECOND


@attrs.define(eq=False)
class Book:
    """One member's entries by (creation, eventLogId), with the views that were made of them."""

    entries: list[Entry] = attrs.field(factory=list)
    keys: list[tuple[int, int]] = attrs.field(factory=list)
    views: dict[Hashable, Any] = attrs.field(factory=dict)

    def insert(self, entry: Entry) -> None:
        """Put an entry in its place."""
        key = (microseconds(entry.created_at), entry.event_log_id)
        at = bisect_left(self.keys, key)
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

    def remember(self, key: Hashable, view: T) -> T:
        """Keep a view until the entries change."""
        if len(self.views) >= _VIEWS_KEPT:
            self.views.clear()
        self.views[key] = view
        return view


class Ledger:
    """Members and their entries.

    Every method may be called from any thread; hold `lock` to see several answers of one state.

    Attributes:
        organisation: The programs, tills and currencies that the entries name.
        lock: Held by every change, and by the server for the length of one answer.
    """

    def __init__(self, organisation: Organisation = DEFAULT_ORGANISATION) -> None:
        self.organisation = organisation
        self.lock = threading.RLock()
        self._members: dict[int, Member] = {}
        self._books: dict[int, Book] = {}
        self._identifiers: dict[tuple[str, str], Member] = {}
        self._next_user_id = _FIRST_USER_ID
        self._next_event_log_id = _FIRST_EVENT_LOG_ID

    @property
    def members(self) -> list[Member]:
        """All members, in the order in which they were added."""
        return list(self._members.values())

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

    def add_entry(
        self,
        member_id: int,
        *,
        created_at: datetime,
        points: Decimal | int | str = "0.000",
        event_name: str = "TransactionAdd",
        category: str = MAIN,
        program: Program | None = None,
        currency: str | None = None,
        **fields: Any,
    ) -> Entry:
        """Add one entry, anywhere in a member's history.

        Args:
            member_id: Whose ledger.
            created_at: When the entry was created; aware.
            points: Credit if zero or more, else debit; an entry of several lines has `details` instead.
            event_name: Any name; the ledger does not judge it.
            category: Of the points.
            program: The organisation's first program unless given.
            currency: An alternate currency instead of points.
            fields: Other fields of `Entry`, for instance `details`, or an `event_log_id` in place of the next free one.

        Raises:
            ValueError: The date is naive.
            KeyError: There is no such member.
        """
        if created_at.tzinfo is None:
            raise ValueError("created_at must be an aware datetime")
        program = program or self.organisation.programs[0]
        fields.setdefault("details", (_line(Decimal(points), category, program, currency),))
        fields.setdefault("source_program", program)
        created_at = created_at.astimezone(UTC)
        with self.lock:
            book = self._books[member_id]
            entry = Entry(created_at=created_at, event_name=event_name, **self._with_defaults(member_id, fields))
            book.insert(entry)
            self._next_event_log_id = max(self._next_event_log_id, entry.event_log_id + 1)
            return entry

    def remove_entry(self, member_id: int, event_log_id: int) -> Entry:
        """Take an entry out of a member's ledger, and give it back.

        Raises:
            KeyError: There is no such member, or no such entry.
        """
        with self.lock:
            return self._books[member_id].remove(event_log_id)

    def load(self, member: Member, entries: Sequence[Entry]) -> None:
        """Add a member with a whole history at once.

        Raises:
            ValueError: The user id or an identifier belongs to another member.
        """
        with self.lock:
            self._register(member)
            self._books[member.user_id].fill(entries)
            newest = max((entry.event_log_id for entry in entries), default=0)
            self._next_event_log_id = max(self._next_event_log_id, newest + 1)

    def find(self, identifier_name: str, value: str) -> Member | None:
        """Look a member up, by `mobile`, `email` (in any case), `externalId` or `id`."""
        return self._identifiers.get(_identifier(identifier_name, value))

    def book(self, member_id: int) -> Book:
        """Give the book of a member's entries.

        Raises:
            KeyError: There is no such member.
        """
        return self._books[member_id]

    def entries(self, member_id: int, *, since: datetime | None = None, until: datetime | None = None) -> list[Entry]:
        """Give a member's entries with since <= created_at < until, by (created_at, eventLogId).

        Raises:
            KeyError: There is no such member.
        """
        since_us = None if since is None else microseconds(since)
        until_us = None if until is None else microseconds(until)
        with self.lock:
            return self._books[member_id].between(since_us, until_us)

    def copy(self) -> Ledger:
        """Give a ledger with the same members and entries that changes on its own."""
        twin = Ledger(self.organisation)
        with self.lock:
            for member in self._members.values():
                twin.load(member, self._books[member.user_id].entries)
            twin._next_event_log_id = self._next_event_log_id
        return twin

    def _with_defaults(self, member_id: int, fields: dict[str, Any]) -> dict[str, Any]:
        details = tuple(fields["details"])
        defaults = {
            "event_log_id": self._next_event_log_id,
            "customer_id": member_id,
            "net_points": _net(details),
            "till": self.organisation.tills[0],
            "org_id": self.organisation.org_id,
        }
        return {**defaults, **fields, "details": details}

    def _register(self, member: Member) -> None:
        identifiers = [_identifier("id", str(member.user_id)), _identifier("mobile", member.mobile)]
        identifiers.append(_identifier("email", member.email))
        if member.external_id is not None:
            identifiers.append(_identifier("externalId", member.external_id))
        if any(identifier in self._identifiers for identifier in identifiers):
            raise ValueError("an identifier belongs to another member already")
        self._identifiers.update(dict.fromkeys(identifiers, member))
        self._members[member.user_id] = member
        self._books[member.user_id] = Book()
        self._next_user_id = max(self._next_user_id, member.user_id + 1)


def _identifier(name: str, value: str) -> tuple[str, str]:
    return (name, value.lower() if name == "email" else value)


def _line(points: Decimal, category: str, program: Program, currency: str | None) -> Detail:
    return Detail("DEBIT" if points < 0 else "CREDIT", abs(points), category, program, currency)


def _net(lines: tuple[Detail, ...]) -> Decimal:
    return sum((line.signed for line in lines if line.currency is None), start=ZERO)
