"""Quota and pause together: when the next request of a group may be sent.

`Permits` is the local kind. The one of `shared_permits` takes its place by doing the same: a group is then open once a
permit has come from the store, for which `order` asks at `opens_at`; and `halt` tells the store, too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Self

import attrs

from loyalty_async.errors import ApiError, LoyaltyError
from loyalty_async.models.rate_limits import RateLimit
from loyalty_async.transport.pauses import Pause
from loyalty_async.transport.quotas import LearntQuota, Quota, open_at, take_all

__all__ = ["Permits"]


@attrs.define(eq=False)
class Permits:
    """The quotas of a client and of its groups, and its pause.

    Attributes:
        pause: When nobody may send.
    """

    _limits: Sequence[Quota] = ()
    _groups: Mapping[str, Sequence[Quota]] = attrs.field(factory=dict)
    _learnt: LearntQuota | None = None
    pause: Pause = attrs.field(factory=Pause, init=False)
    _quotas: dict[str, tuple[Quota, ...]] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        common = (*self._limits, *((self._learnt,) if self._learnt else ()))
        self._quotas = {"": common, **{group: (*common, *own) for group, own in self._groups.items()}}

    @classmethod
    def from_limits(
        cls, limits: Sequence[RateLimit], groups: Mapping[str, Sequence[RateLimit]], *, learn: bool
    ) -> Permits:
        """Make the quotas for limits of the client and of groups; *learn* another one from what the server says."""
        own = {group: [Quota.from_limit(limit) for limit in limits] for group, limits in groups.items()}
        return cls([Quota.from_limit(limit) for limit in limits], own, LearntQuota() if learn else None)

    async def __aenter__(self) -> Self:
        """Open what permits come from; local ones come from nowhere."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close it."""

    @property
    def store(self) -> str | None:
        """How the store is that processes share quotas in; None if there is none."""
        return None

    @property
    def round_trips(self) -> int:
        """How many questions it answered."""
        return 0

    @property
    def limited(self) -> bool:
        """Whether there is any quota."""
        return any(self._quotas.values())

    def group(self, name: str) -> str:
        """Name the group that calls of an endpoint wait in: its own if it has a limit of its own."""
        return name if name in self._quotas else ""

    def opens_at(self, group: str) -> float:
        """Tell from when on a request of a group may be sent, as things are."""
        return max(self.pause.until, open_at(self._quotas[group]))

    def is_open(self, group: str, now: float) -> bool:
        """Tell whether a permit can be taken."""
        return self.opens_at(group) <= now

    def take(self, group: str, now: float) -> bool:
        """Use up a permit of every quota if all are open and there is no pause; tell whether."""
        return now >= self.pause.until and take_all(self._quotas[group], now)

    def listen(self, news: Callable[[], None]) -> None:
        """Tell whenever permits have come from elsewhere, or will not come; local ones do neither."""

    def order(self, group: str, wanted: Callable[[], int]) -> None:
        """Have permits brought from where they come from; there is nothing to bring for local quotas.

        Args:
            group: Whose turn it is.
            wanted: Tells how many can be used at once; it is asked when they are asked for.
        """

    def refusal(self, group: str) -> LoyaltyError | None:  # noqa: ARG002 - for permits from elsewhere
        """Make the error for a request of a group that can have no permit; None if it can, now or later."""
        return None

    def halt(self, now: float, until: float, error: ApiError) -> bool:
        """Let nobody send before *until*; tell whether that is later than before."""
        return self.pause.extend(now, until, error)

    def load(self, now: float) -> None:
        """Hear that something is to do."""
        if self._learnt:
            self._learnt.load(now)

    def unload(self, now: float) -> None:
        """Hear that nothing is to do."""
        if self._learnt:
            self._learnt.unload(now)

    def learn(self, now: float, sent_at: float, *, refused: bool) -> None:
        """Hear that a request was refused because the quota is used up, or was not."""
        if self._learnt and refused:
            self._learnt.refused(now, sent_at)
        elif self._learnt:
            self._learnt.accepted(now, sent_at)

    def groups(self) -> Sequence[str]:
        """Name the groups that have limits of their own."""
        return [group for group in self._quotas if group]

    def left(self, now: float, group: str = "") -> int | None:
        """Count the requests of a group that its quotas let through now; None if there is no quota."""
        if now < self.pause.until:
            return 0
        return min((quota.left(now) for quota in self._quotas[group] if quota.interval_s), default=None)

    def pace(self, group: str = "") -> float | None:
        """Give the requests per second that the quotas of a group allow; None if there is no quota."""
        slowest = max(self.intervals_s(group), default=0.0)
        return 1 / slowest if slowest else None

    def intervals_s(self, group: str) -> Sequence[float]:
        """Give the seconds from one request to the next, by each quota of a group."""
        return [quota.interval_s for quota in self._quotas[group]]

    def complaint(self) -> str:
        """Say, once, what is wrong with the limits; empty if nothing is."""
        return ""

    def paused_s(self, now: float) -> float:
        """Give the seconds until the pause ends."""
        return max(self.pause.until - now, 0.0) if math.isfinite(self.pause.until) else 0.0
