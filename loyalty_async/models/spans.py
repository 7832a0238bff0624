"""Half-open stretches of time."""

from __future__ import annotations

from datetime import datetime, timedelta

import attrs

__all__ = ["Span"]


@attrs.frozen
class Span:
    """All instants `t` with `since <= t < until`; both ends are aware."""

    since: datetime
    until: datetime

    def __contains__(self, instant: datetime) -> bool:
        return self.since <= instant < self.until

    def __str__(self) -> str:
        return f"[{self.since.isoformat()}, {self.until.isoformat()})"

    @property
    def length(self) -> timedelta:
        """How long it lasts."""
        return self.until - self.since
