"""How fast an export goes, with how much memory, and for how long."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

import attrs
from cyclopts import Group, Parameter

from loyalty_async.errors import InvalidArgument

__all__ = ["MOST", "Pace"]

MOST = 1e9
"""Seconds, minutes, hours and MB: far beyond any use, as infinity is."""


@Parameter(name="*", group=Group("Pace", sort_key=3))
@attrs.frozen(kw_only=True)
class Pace:
    """How fast, with how much memory, and for how long."""

    workers: Annotated[int, Parameter(help="How many members to read at once.")] = 16
    ahead: Annotated[int, Parameter(help="How many spans of one ledger to read ahead.")] = 1
    memory: Annotated[float, Parameter(help="MB of one ledger to hold; the rest waits in a temporary file.")] = 4.0
    settle: Annotated[float, Parameter(help="Minutes after which the past does not change any more.")] = 60.0
    lookback: Annotated[
        float, Parameter(help="Hours before the end of a run that the next one reads again, for what was booked late.")
    ] = 24.0
    grace: Annotated[float, Parameter(help="Seconds that members under way have to finish after Ctrl-C.")] = 30.0

    def arguments(self) -> dict[str, Any]:
        """Give what `open_export` takes.

        Raises:
            InvalidArgument: A number that cannot be.
        """
        if not 0 < self.memory < MOST:
            raise InvalidArgument("--memory must be above 0, and finite")
        for name in ("settle", "lookback", "grace", "ahead"):
            if not 0 <= getattr(self, name) < MOST:
                raise InvalidArgument(f"--{name} must be at least 0, and finite")
        if self.workers < 1:
            raise InvalidArgument("--workers must be at least 1")
        return {
            "workers": self.workers,
            "ahead": self.ahead,
            "memory": max(int(self.memory * 1024 * 1024), 1),
            "settle": timedelta(minutes=self.settle),
            "lookback": timedelta(hours=self.lookback),
            "grace_s": self.grace,
        }
