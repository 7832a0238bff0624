"""Two ledgers: one that was exported earlier against the server's now, entry by entry, in bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import attrs

from loyalty_async.errors import InvalidArgument
from loyalty_async.models.ledger import LedgerEntry

__all__ = ["Change", "Comparison", "Counts", "Difference", "compare_ledgers"]

_UNHELD = 10_000
"""So many entries found on one side only are kept, to be recognised on the other side under another date."""


class Change(StrEnum):
    """How an entry differs between two ledgers."""

    CHANGED = "changed"
    ONLY_LEFT = "only_left"
    ONLY_RIGHT = "only_right"


@attrs.frozen(kw_only=True)
class Difference:
    """One entry that is not the same in both ledgers.

    Attributes:
        change: How.
        left: The entry in the left ledger.
        right: The entry in the right one.
        fields: The names of the fields that differ.
    """

    change: Change
    left: LedgerEntry | None = None
    right: LedgerEntry | None = None
    fields: tuple[str, ...] = ()

    @property
    def event_log_id(self) -> int:
        """The event's id."""
        entry = self.left or self.right
        return entry.event_log_id if entry else 0

    def without_persons(self) -> Difference:
        """Leave out of both entries who it was, and what else the server sent; `fields` still names it."""
        left, right = (
            None if entry is None else attrs.evolve(entry, customer_id=None, customer_details=None, extra={})
            for entry in (self.left, self.right)
        )
        return attrs.evolve(self, left=left, right=right)


@attrs.define
class Counts:
    """How many entries are the same in two ledgers, and how many are not.

    Attributes:
        matched: How many entries are the same on both sides.
        changed: How many differ.
        only_left: How many are only in the left ledger.
        only_right: How many are only in the right one.
    """

    matched: int = 0
    changed: int = 0
    only_left: int = 0
    only_right: int = 0

    @property
    def total(self) -> int:
        """How many there are, one on each side counted once."""
        return self.matched + self.changed + self.only_left + self.only_right

    @property
    def is_clean(self) -> bool:
        """Whether nothing differs."""
        return self.total == self.matched

    def add(self, other: Counts) -> None:
        """Take in what came out for others."""
        for name in attrs.fields_dict(Counts):
            setattr(self, name, getattr(self, name) + getattr(other, name))


@attrs.define
class _Heads:
    """The first entry of each side that is not merged yet; None where a side is through."""

    left: LedgerEntry | None = None
    right: LedgerEntry | None = None
    _left_over: bool = False
    _right_over: bool = False

    async def fill(self, left: Iterator[LedgerEntry], right: AsyncIterator[LedgerEntry]) -> None:
        """Take from a side whose head was merged."""
        if self.left is None and not self._left_over:
            self.left = next(left, None)
            self._left_over = self.left is None
        if self.right is None and not self._right_over:
            self.right = await anext(right, None)
            self._right_over = self.right is None

    def take(self) -> tuple[LedgerEntry | None, LedgerEntry | None]:
        """Give the earlier head, or both if they are of the same date and id."""
        left, right = self.left, self.right
        if left is not None and right is not None and _place(left) != _place(right):
            left, right = (left, None) if _place(left) < _place(right) else (None, right)
        if left is not None:
            self.left = None
        if right is not None:
            self.right = None
        return left, right


@attrs.define
class _Lonely:
    """Entries without a partner on the other side so far, by id."""

    _waiting: dict[int, list[Difference]] = attrs.field(factory=dict)
    _count: int = 0

    @property
    def are_many(self) -> bool:
        """Whether it is time to give them up."""
        return self._count > _UNHELD

    def pair(
        self, left: LedgerEntry | None, right: LedgerEntry | None
    ) -> tuple[LedgerEntry | None, LedgerEntry | None]:
        """Give an entry of one side with its partner, which is forgotten; without one, remember the entry."""
        difference = _one_sided(left, right)
        waiting = self._waiting.setdefault(difference.event_log_id, [])
        partner = next((each for each in waiting if each.change != difference.change), None)
        if partner is None:
            waiting.append(difference)
            self._count += 1
            return left, right
        waiting.remove(partner)
        self._count -= 1
        return left or partner.left, right or partner.right

    def give_up(self) -> list[Difference]:
        """Forget all, and give them."""
        waiting, self._waiting, self._count = self._waiting, {}, 0
        return [difference for differences in waiting.values() for difference in differences]


@attrs.define
class Comparison(AsyncIterator[Difference]):
    """The differences of two ledgers, as they are found; a wait that is cancelled loses nothing.

    Attributes:
        counts: How many entries are the same so far, and how many are not.
    """

    _left: Iterator[LedgerEntry] = attrs.field(repr=False)
    _right: AsyncIterator[LedgerEntry] = attrs.field(repr=False)
    counts: Counts = attrs.field(init=False, factory=Counts)
    _heads: _Heads = attrs.field(init=False, factory=_Heads, repr=False)
    _lonely: _Lonely = attrs.field(init=False, factory=_Lonely, repr=False)
    _found: deque[Difference] = attrs.field(init=False, factory=deque, repr=False)

    async def __anext__(self) -> Difference:
        """Give the next difference.

        Raises:
            StopAsyncIteration: Both ledgers are through, and the counts are final.
            InvalidArgument: The left ledger is not sorted, or is none.
            LoyaltyError: The right ledger cannot be read.
        """
        while not self._found:
            await self._heads.fill(self._left, self._right)
            if self._heads.left is None and self._heads.right is None:
                self._found.extend(self._lonely.give_up())
                if not self._found:
                    raise StopAsyncIteration
            else:
                self._merge(*self._heads.take())
        difference = self._found.popleft()
        setattr(self.counts, difference.change, getattr(self.counts, difference.change) + 1)
        return difference

    def _merge(self, left: LedgerEntry | None, right: LedgerEntry | None) -> None:
        """Compare what has a partner; what has none may find one of the same id under another date."""
        if left is None or right is None:
            left, right = self._lonely.pair(left, right)
        if left is not None and right is not None:
            fields = _differing(left, right)
            self.counts.matched += not fields
            if fields:
                self._found.append(Difference(change=Change.CHANGED, left=left, right=right, fields=fields))
        elif self._lonely.are_many:
            self._found.extend(self._lonely.give_up())


def compare_ledgers(left: Iterable[LedgerEntry], right: AsyncIterable[LedgerEntry]) -> Comparison:
    """Compare two ledgers of one member and one span.

    Both must be sorted by date and id, as walks and exports are. Equal entries are counted off one against one: a
    group's event has an entry for each member, with the same id. An entry whose date changed is recognised by its id.
    What the server sends beyond the known fields (`extra`) is not compared.

    Args:
        left: The earlier one, for instance `read_rows(file)`.
        right: The later one, for instance `client.ledger.entries(…)`.

    Returns:
        The differences; iterate to find them.
    """
    return Comparison(_sorted(left), aiter(right))


def _one_sided(left: LedgerEntry | None, right: LedgerEntry | None) -> Difference:
    return Difference(change=Change.ONLY_LEFT if right is None else Change.ONLY_RIGHT, left=left, right=right)


def _differing(left: LedgerEntry, right: LedgerEntry) -> tuple[str, ...]:
    names = [field.name for field in attrs.fields(LedgerEntry) if field.name != "extra"]
    return tuple(name for name in names if _bare(getattr(left, name)) != _bare(getattr(right, name)))


def _bare(value: Any) -> Any:
    """Give a value without what this version of the library does not know.

    An object of which nothing is known is none, an id is its text, and a mapping is none if it is empty: so they are
    written to Parquet.
    """
    if isinstance(value, tuple):
        return tuple(map(_bare, value))
    if attrs.has(type(value)):
        names = [field.name for field in attrs.fields(type(value)) if field.name != "extra"]
        bare = {name: _bare(getattr(value, name)) for name in names}
        return bare if any(each is not None for each in bare.values()) else None
    if isinstance(value, Mapping):
        return dict(value) or None
    return str(value) if isinstance(value, int) else value


def _sorted(entries: Iterable[LedgerEntry]) -> Iterator[LedgerEntry]:
    before: LedgerEntry | None = None
    for entry in entries:
        if before is not None and _place(entry) < _place(before):
            raise InvalidArgument("the left ledger is not sorted by date and id: export it with --order asc")
        yield entry
        before = entry


def _place(entry: LedgerEntry) -> tuple[datetime, int]:
    return entry.created_at.astimezone(UTC), entry.event_log_id
