"""Members whose calls go one at a time.

The server takes one action at a time for a customer and answers 521 to another (page "Points ledger"). It is no use to
send such calls side by side; so for a minute after a 521 the member's calls take turns. Members are kept as they are,
never written anywhere, and forgotten after that minute.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import AsyncGenerator, Generator, Hashable
from contextlib import asynccontextmanager, contextmanager

import anyio
import attrs

__all__ = ["Turns"]

_WATCH_S = 60.0
_MOST = 10_000
"""Members at most: of more than that the one that was watched longest is forgotten early."""


@attrs.define(eq=False)
class _Turn:
    until: float
    lock: anyio.Lock = attrs.field(factory=anyio.Lock, init=False)


@attrs.define(eq=False)
class Turns:
    """Who must take turns."""

    _watched: OrderedDict[Hashable, _Turn] = attrs.field(factory=OrderedDict, init=False, repr=False)
    _in_flight: Counter[Hashable] = attrs.field(factory=Counter, init=False, repr=False)
    _idle: dict[Hashable, anyio.Event] = attrs.field(factory=dict, init=False, repr=False)
    _most: int = _MOST

    def __len__(self) -> int:
        return len(self._watched)

    def watch(self, member: Hashable, now: float) -> None:
        """Let the calls of a member take turns from now on, for a while."""
        turn = self._watched.setdefault(member, _Turn(now))
        turn.until = now + _WATCH_S
        self._watched.move_to_end(member)
        if len(self._watched) > self._most:
            self._watched.popitem(last=False)

    def watches(self, member: Hashable, now: float) -> bool:
        """Tell whether a member's calls take turns; forget whoever need not any more."""
        while self._watched and next(iter(self._watched.values())).until <= now:
            self._watched.popitem(last=False)
        return member in self._watched

    @contextmanager
    def flight(self, member: Hashable) -> Generator[None]:
        """Mark a request for a member as under way."""
        self._in_flight[member] += 1
        try:
            yield
        finally:
            self._in_flight[member] -= 1
            if not self._in_flight[member]:
                del self._in_flight[member]
                if (idle := self._idle.pop(member, None)) is not None:
                    idle.set()

    @asynccontextmanager
    async def turn(self, member: Hashable) -> AsyncGenerator[bool]:
        """Wait for the member's turn, first come first served; give whether it takes turns at all.

        What was sent before the turns began is waited for, too. A wait that is cancelled passes the turn on.
        """
        if not self._watched or not self.watches(member, anyio.current_time()):
            yield False
            return
        async with self._watched[member].lock:
            while member in self._in_flight:
                await self._idle.setdefault(member, anyio.Event()).wait()
            yield True
