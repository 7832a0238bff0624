"""What a contender is asked to do, and what it is."""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from typing import Any, Final, Literal

import attrs

from benchmarks.ledgers import BEGINNING, PAGE, SAMPLE, Served

__all__ = ["Contender", "Open", "Task", "Work"]

Work = Callable[[Sequence[int]], Awaitable[int]]
"""Reads the ledgers of these members, or asks for their balances, and counts the entries, or balances, that came."""

_FIRST_MEMBER: Final = 1_001


@attrs.frozen(kw_only=True)
class Task:
    """One measurement.

    Attributes:
        url: Where the server is.
        served: What it has.
        members: How many members to go through.
        warm: How many calls, or ledgers of one page, come before the clock starts.
        page_size: Entries in a page.
        in_flight: How many requests may be under way at once, for those who send several.
    """

    url: str
    served: Served
    members: int = 1
    warm: int = 1
    page_size: int = PAGE
    in_flight: int = 8

    @property
    def warming(self) -> Sequence[int]:
        """Who comes before the clock starts."""
        return [SAMPLE] * self.warm

    @property
    def listed(self) -> Sequence[int]:
        """Who is measured."""
        return range(_FIRST_MEMBER, _FIRST_MEMBER + self.members)

    @property
    def since(self) -> datetime:
        """The date of the first entry."""
        return BEGINNING.replace(tzinfo=UTC)

    @property
    def until(self) -> datetime:
        """A moment behind the last entry."""
        return self.since + self.served.entries * timedelta(seconds=self.served.every_s)


Open = Callable[..., AbstractAsyncContextManager[Work]]
"""Takes a task, and gives what does it; what happens before is not measured, but for its memory."""


@attrs.frozen
class Contender:
    """One way to do a task, always in a process of its own.

    Attributes:
        name: As the tables call it.
        place: Module in `benchmarks.contenders`, a colon, and the `Open` in it.
        needs: Packages without which it is left out.
        options: Further arguments of the `Open`.
        backend: Which event loop it runs on.
        settings: What was chosen for it, for the list of contenders.
    """

    name: str
    place: str
    needs: Sequence[str] = ()
    options: Mapping[str, Any] = attrs.field(factory=dict, kw_only=True)
    backend: Literal["asyncio", "uvloop", "trio"] = attrs.field(default="asyncio", kw_only=True)
    settings: str = attrs.field(kw_only=True)

    def missing(self) -> str | None:
        """Say what it lacks on this machine."""
        absent = [package for package in self.needs if find_spec(package) is None]
        return f"{' and '.join(absent)} not installed" if absent else None

    def load(self) -> Open:
        """Import it."""
        module, _, name = self.place.partition(":")
        opened: Open = getattr(importlib.import_module(f"benchmarks.contenders.{module}"), name)
        return opened
