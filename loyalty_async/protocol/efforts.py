"""What it takes to carry calls out."""

from __future__ import annotations

import attrs

__all__ = ["Effort"]


@attrs.define
class Effort:
    """What a walk has taken so far; whoever carries out its calls adds to it.

    Attributes:
        requests: How many requests were sent, those sent again included.
        retries: How many of them were sent again.
        waited_s: How long they waited before they were sent, for their turn or to be sent again: the sum over all
            requests, in seconds. Requests that wait beside one another wait twice.
    """

    requests: int = 0
    retries: int = 0
    waited_s: float = 0.0
