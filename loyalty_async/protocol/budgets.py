"""How many retries a client may make in all: a server that is dying is not hammered.

The retry quota of botocore's `standard` mode (`botocore.retries.quota` and `botocore.retries.standard`; AWS SDKs and
Tools Reference Guide, "Retry behavior"): a retry costs 5, after a time-out 10; a success pays 1 in, and one that
needed a retry pays in what the retry cost.
"""

from __future__ import annotations

import attrs

from loyalty_async.errors import DeadlineExceededError, LoyaltyError, PendingEventsError

__all__ = ["RetryBudget"]

_CAPACITY = 500
_COST = 5
_TIMEOUT_COST = 10
_ROUNDS = 5
"""So often may all that can be in flight fail at once: a restart of the server is no death."""


@attrs.define(eq=False)
class RetryBudget:
    """A store that retries are paid from.

    Attributes:
        capacity: The most that it holds.
        left: What it holds.
    """

    capacity: int = _CAPACITY
    left: int = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.left = self.capacity

    @classmethod
    def for_places(cls, places: int) -> RetryBudget:
        """Make a full budget for a client with so many places in flight."""
        return cls(max(_CAPACITY, _ROUNDS * _COST * places))

    def spend(self, error: LoyaltyError) -> int | None:
        """Pay for a retry after *error*; give what it cost, or None if there is not enough.

        Events that are not booked yet are no sign of a bad server, and cost nothing.
        """
        cost = 0 if isinstance(error, PendingEventsError) else _COST
        cost = _TIMEOUT_COST if isinstance(error, DeadlineExceededError) else cost
        if cost > self.left:
            return None
        self.left -= cost
        return cost

    def succeed(self, spent: int) -> None:
        """Pay in for a call that succeeded after a last retry for *spent*; 0 if it needed none."""
        self.left = min(self.left + (spent or 1), self.capacity)
