"""Who is next: two lanes, first come first served in each.

Interactive calls go first. So that bulk work never stands still, of ten admissions while both lanes wait one is a bulk
call's; so an interactive call that is first in its lane is the next one sent, or the next but one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from enum import IntEnum
from itertools import product
from typing import Generic, Literal, TypeVar, get_args

__all__ = ["LANES", "Lane", "Lanes", "Rank"]

Lane = Literal["interactive", "bulk"]
LANES: tuple[Lane, ...] = get_args(Lane)
_BULK_SHARE = 10
"""One of so many admissions is a bulk call's while both lanes wait."""


class Rank(IntEnum):
    """How a waiter comes: who has been here before goes first."""

    BACK = 0
    """It was let in and could not send: its turn is still its own."""
    RETRY = 1
    """It was sent, and is to be sent again."""
    NEW = 2


_ON_TRIAL = (Rank.BACK, Rank.NEW, Rank.RETRY)

W = TypeVar("W")
_Queue = OrderedDict[W, int]  # Unlike a dict it gives its first key in constant time, however many were removed.


class Lanes(Generic[W]):
    """Waiters by lane, and in a lane by group.

    A group is of calls that share a limit: while its limit is used up, others pass.
    """

    def __init__(self) -> None:
        self._queues: dict[tuple[Lane, str], tuple[_Queue[W], ...]] = {}
        self._places: dict[W, tuple[Lane, str]] = {}
        self._waiting: dict[Lane, int] = dict.fromkeys(LANES, 0)
        self._arrived = 0
        self._passed_bulk = 0

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, waiter: object) -> bool:
        return waiter in self._places

    def __iter__(self) -> Iterator[W]:
        return iter(self._places)

    def waiting(self, lane: Lane) -> int:
        """Count who waits in a lane."""
        return self._waiting[lane]

    def waiting_in(self, group: str) -> int:
        """Count who waits in a group."""
        return sum(len(queue) for (_, its), queues in self._queues.items() if its == group for queue in queues)

    def groups(self) -> set[str]:
        """Name the groups that somebody waits in."""
        return {group for (_, group), queues in self._queues.items() if any(queues)}

    def join(self, waiter: W, lane: Lane, group: str = "", rank: Rank = Rank.NEW) -> None:
        """Put a waiter behind those of its rank who came before it."""
        queues = self._queues.setdefault((lane, group), tuple(OrderedDict() for _ in Rank))
        self._arrived += 1
        queues[rank][waiter] = self._arrived
        self._places[waiter] = (lane, group)
        self._waiting[lane] += 1

    def leave(self, waiter: W) -> bool:
        """Take a waiter out of its place; tell whether it was in one."""
        place = self._places.pop(waiter, None)
        if place is None:
            return False
        self._waiting[place[0]] -= 1
        for queue in self._queues[place]:
            queue.pop(waiter, None)
        return True

    def admit(self, waiter: W) -> None:
        """Take out the waiter whose turn it is, and count it for the share of its lane."""
        passes_bulk = self._places[waiter][0] != "bulk" and self._waiting["bulk"]
        self._passed_bulk = self._passed_bulk + 1 if passes_bulk else 0
        self.leave(waiter)

    def first(self, is_open: Callable[[str], bool] = lambda _group: True, *, on_trial: bool = False) -> W | None:
        """Tell whose turn it is among the groups that are open; None if nobody waits in them.

        Args:
            is_open: Tells whether a group is.
            on_trial: Whether one goes to see how the server is: then who was refused goes last, whatever its lane. It
                may be the one that the server does not take, and the others would wait for its attempts to be over.
        """
        groups = {group for group in self.groups() if is_open(group)}
        lanes: tuple[Lane, ...] = LANES[::-1] if self._passed_bulk >= _BULK_SHARE - 1 else LANES
        order: Iterable[tuple[Lane, Rank]] = product(lanes, Rank)
        if on_trial:
            order = ((lane, rank) for rank, lane in product(_ON_TRIAL, lanes))
        for lane, rank in order if groups else ():
            heads = [head for group in groups for head in self._head(lane, group, rank)]
            if heads:
                return min(heads, key=lambda head: head[0])[1]
        return None

    def _head(self, lane: Lane, group: str, rank: Rank) -> Iterator[tuple[int, W]]:
        """Give the first waiter of a queue, if there is one, with its number."""
        queues = self._queues.get((lane, group))
        if queues and queues[rank]:
            waiter = next(iter(queues[rank]))
            yield queues[rank][waiter], waiter
