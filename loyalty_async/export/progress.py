"""How far an export is."""

from __future__ import annotations

from typing import Any

import attrs

from loyalty_async.client import CapillaryClient
from loyalty_async.export.stores import Written

__all__ = ["Progress", "Summary", "Tally"]


@attrs.frozen(kw_only=True)
class Progress:
    """How far an export is; holds nothing that names a person.

    Attributes:
        members: Lines of the list that were taken up so far.
        total: Lines of the list, if that is known.
        read: Members whose ledger was read, by this process.
        skipped: Members that were done before.
        failed: Lines and members that could not be used.
        entries: Entries that were read.
        units: Members whose rows are durable, by this process.
        rows: Rows that are durable, by this process.
        files: Files that they are in.
        bytes: Their size.
        requests: Requests that were sent.
        retries: How many of them were sent again.
        throttled: Answers that said that the quota was used up (429); None if the client does not count them.
        seconds: How long it has taken.
    """

    members: int = 0
    total: int | None = None
    read: int = 0
    skipped: int = 0
    failed: int = 0
    entries: int = 0
    units: int = 0
    rows: int = 0
    files: int = 0
    bytes: int = 0
    requests: int = 0
    retries: int = 0
    throttled: int | None = None
    seconds: float = 0.0

    @property
    def requests_a_minute(self) -> float:
        """How fast it goes."""
        return self.requests / self.seconds * 60 if self.seconds else 0.0

    @property
    def seconds_left(self) -> float | None:
        """How long it may still take; None as long as nobody can say."""
        came = self.read + self.failed
        if self.total is None or not came:
            return None
        return max(self.total - came - self.skipped, 0) * self.seconds / came


@attrs.frozen(kw_only=True)
class Summary(Progress):
    """How an export ended.

    Attributes:
        complete: Whether every line of the list was taken up; with `failed` 0 every member is in the output.
        run: The number of the run: 1, and one more for each time that what is new was added.
        since: Where it began for members that were new to it, as an ISO text; None for the beginning of each ledger.
        until: The cut-off of all members, as an ISO text.
        unfamiliar: Fields and values that this version does not know, by name: a change of the API.
    """

    complete: bool
    run: int
    since: str | None
    until: str
    unfamiliar: dict[str, int] = attrs.field(factory=dict, hash=False)


@attrs.define
class Tally:
    """Counts while it goes on; see `Progress`."""

    members: int = 0
    read: int = 0
    skipped: int = 0
    failed: int = 0
    entries: int = 0

    def progress(
        self, client: CapillaryClient, sent_before: tuple[int, int], written: Written, seconds: float, total: int | None
    ) -> Progress:
        """Put all figures together."""
        stats = client.stats()
        return Progress(
            **attrs.asdict(self),
            **attrs.asdict(written),
            total=total,
            requests=stats.requests - sent_before[0],
            retries=stats.retries - sent_before[1],
            throttled=_throttled(stats),
            seconds=seconds,
        )


def _throttled(stats: Any) -> int | None:
    """Count answers that said that the quota was used up, if the client tells how its requests ended."""
    traffic = getattr(stats, "traffic", None)
    if traffic is None:
        return None
    return sum(int(some.requests) for some in traffic if some.outcome == "RateLimitedError")
