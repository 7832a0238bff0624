"""How fast an export goes, with how much memory, and for how long."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

import attrs
from cyclopts import Group, Parameter

from loyalty_async.cli.settings import Settings
from loyalty_async.errors import InvalidArgument
from loyalty_async.models.rate_limits import RateLimit

__all__ = ["Pace"]

_LONGEST = 1e9
"""Seconds, minutes and hours: far beyond any use."""


@Parameter(name="*", group=Group("Pace", sort_key=3))
@attrs.frozen(kw_only=True)
class Pace:
    """How fast, with how much memory, and for how long."""

    quota: Annotated[
        int | None, Parameter(help="Requests a minute that you may send: kept, shown, and planned with.")
    ] = None
    quota_store: Annotated[
        str | None, Parameter(help="Redis that shares --quota with other processes. [LOYALTY_QUOTA_STORE]")
    ] = attrs.field(default=None, repr=False)
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
        if not self.memory > 0:
            raise InvalidArgument("--memory must be above 0")
        for name in ("settle", "lookback", "grace", "ahead"):
            if not 0 <= getattr(self, name) < _LONGEST:
                raise InvalidArgument(f"--{name} must be at least 0")
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

    def rate_limit(self, settings: Settings) -> RateLimit | None:
        """Give the quota that the client keeps; none unless one was told.

        Raises:
            InvalidArgument: A number that cannot be, or a store that is none.
        """
        if self.quota is not None and self.quota < 1:
            raise InvalidArgument("--quota must be at least 1")
        store = settings.find("quota_store", self.quota_store)
        if self.quota_store and "@" in self.quota_store:
            # Every user of a machine can see the options in its list of processes.
            raise InvalidArgument("--quota-store must hold no password: keep it in LOYALTY_QUOTA_STORE")
        if self.quota is None:
            if self.quota_store:
                raise InvalidArgument("--quota-store needs --quota: what is there to share?")
            return None
        try:
            return RateLimit(self.quota, per=60.0, store=store.value if store else None)
        except InvalidArgument:
            raise InvalidArgument(
                f"{store.place if store else '--quota'} must be the URL of a Redis, such as redis://127.0.0.1:6379/0"
            ) from None
