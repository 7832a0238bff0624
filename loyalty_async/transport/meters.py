"""Counting what a client sends."""

from __future__ import annotations

import attrs

from loyalty_async.models.stats import Traffic

__all__ = ["Meter"]


@attrs.define(eq=False)
class Meter:
    """What was sent so far.

    Attributes:
        requests: Requests, those sent again included.
        retries: How many of them were sent again.
    """

    requests: int = 0
    retries: int = 0
    _ended: dict[tuple[str, str], tuple[int, int]] = attrs.field(factory=dict, init=False)

    def end(self, endpoint: str, outcome: str, received_bytes: int) -> None:
        """Count a request to an endpoint by how it ended."""
        requests, received = self._ended.get((endpoint, outcome), (0, 0))
        self._ended[endpoint, outcome] = (requests + 1, received + received_bytes)

    def traffic(self) -> tuple[Traffic, ...]:
        """Give the counts by endpoint and outcome, sorted."""
        return tuple(
            Traffic(endpoint=endpoint, outcome=outcome, requests=requests, received_bytes=received)
            for (endpoint, outcome), (requests, received) in sorted(self._ended.items())
        )
