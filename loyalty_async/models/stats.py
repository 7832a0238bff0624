"""What a client is doing, and what it has done."""

from __future__ import annotations

import attrs

__all__ = ["EndpointLimit", "Stats", "Traffic", "Waiting"]


@attrs.frozen(kw_only=True)
class Traffic:
    """The requests to one endpoint that ended in the same way.

    Attributes:
        endpoint: The path, with `{names}` for what differs from member to member.
        outcome: `ok`, the name of an error's class, or `cancelled`.
        requests: How many.
        received_bytes: The length of the answers' bodies, unpacked.
    """

    endpoint: str
    outcome: str
    requests: int
    received_bytes: int


@attrs.frozen(kw_only=True)
class Waiting:
    """How many requests wait for their turn.

    Attributes:
        interactive: In the lane of that name.
        bulk: In the other.
    """

    interactive: int = 0
    bulk: int = 0


@attrs.frozen(kw_only=True)
class EndpointLimit:
    """How an endpoint with limits of its own stands; its requests use up those of the client, too.

    Attributes:
        endpoint: The name that the client has it under.
        waiting: How many of its requests wait for their turn, in both lanes.
        permits_left: How many of them all limits together would let through at once.
        pace_per_s: Requests per second that the limits leave it.
    """

    endpoint: str
    waiting: int = 0
    permits_left: int | None = None
    pace_per_s: float | None = None


@attrs.frozen(kw_only=True)
class Stats:
    """What a client is doing now, and what it has sent so far; `json.dumps(attrs.asdict(stats))` writes it.

    Attributes:
        server: The host that is asked.
        requests: Requests, those for tokens and those sent again included.
        retries: How many of them were sent again.
        in_flight: How many requests are under way.
        waiting: How many wait for their turn, by lane.
        max_in_flight: How many may be under way at once, as things are.
        permits_left: How many requests the quotas of the whole client would let through at once; of a shared quota only
            those that are booked already; None without a quota.
        pace_per_s: Requests per second at which the quotas are used; None without a quota, or while it is not known.
        pauses: How often all calls had to wait because the server was too busy or the quota was used up.
        paused_s: Seconds until the present pause ends; 0 if there is none.
        retry_budget: What is left to pay for retries.
        store: How the store of a shared limit is: `well`, `away`, or `fallback` if it is away and the fallback counts;
            None without a shared limit.
        store_round_trips: How many questions it answered.
        endpoint_limits: The endpoints that have limits of their own.
        traffic: What was sent and how it ended, by endpoint and outcome; what is under way is not in it.
    """

    server: str = ""
    requests: int
    retries: int
    in_flight: int = 0
    waiting: Waiting = Waiting()
    max_in_flight: int = 0
    permits_left: int | None = None
    pace_per_s: float | None = None
    pauses: int = 0
    paused_s: float = 0.0
    retry_budget: int = 0
    store: str | None = None
    store_round_trips: int = 0
    endpoint_limits: tuple[EndpointLimit, ...] = ()
    traffic: tuple[Traffic, ...] = ()
