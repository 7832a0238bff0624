"""The caller's limits to a gate."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

from loyalty_async.errors import InvalidArgument
from loyalty_async.models.rate_limits import RateLimit
from loyalty_async.protocol.backoff import RetryPolicy
from loyalty_async.transport.concurrency import MOST, AdaptivePlaces, Places
from loyalty_async.transport.gate import Gate
from loyalty_async.transport.permits import Permits

__all__ = ["EndpointLimits", "InFlight", "RateLimits", "gate_for", "most_in_flight"]

InFlight = int | Literal["adaptive"]
"""How many requests may be in flight: a number, or whatever the server turns out to take."""
RateLimits = RateLimit | Sequence[RateLimit] | Literal["adaptive"] | None
"""One quota, several at once, one that is learnt, or none."""
EndpointLimits = Mapping[str, RateLimit | Sequence[RateLimit]]
"""Quotas of single endpoints, by the name under which the client has them."""


def gate_for(
    *,
    max_in_flight: InFlight,
    rate_limit: RateLimits,
    endpoint_limits: EndpointLimits | None,
    endpoints: Collection[str],
    retry: RetryPolicy,
) -> Gate:
    """Make the gate of a client.

    Args:
        max_in_flight: How many requests may be in flight.
        rate_limit: The quota of the client.
        endpoint_limits: Quotas of single endpoints, beside it.
        endpoints: What endpoints there are.
        retry: What waits the caller accepts.

    Raises:
        InvalidArgument: One of them cannot work.
    """
    learn = isinstance(rate_limit, str) and rate_limit == "adaptive"
    groups = {name: _listed(name, limit) for name, limit in _checked(endpoint_limits, endpoints).items()}
    limits = () if learn or rate_limit is None else _listed("rate_limit", rate_limit)
    places = AdaptivePlaces() if max_in_flight == "adaptive" else Places(most_in_flight(max_in_flight))
    return Gate(places, Permits.from_limits(limits, groups, learn=learn), retry)


def most_in_flight(max_in_flight: InFlight) -> int:
    """Tell how many requests will be in flight at most.

    Raises:
        InvalidArgument: It is no number that can work.
    """
    if max_in_flight == "adaptive":
        return MOST
    if type(max_in_flight) is not int or max_in_flight < 1:
        raise InvalidArgument("max_in_flight must be an integer of at least 1, or 'adaptive'")
    return max_in_flight


def _listed(name: str, limits: object) -> Sequence[RateLimit]:
    listed = [limits] if isinstance(limits, RateLimit) else limits
    if isinstance(listed, list | tuple) and listed and all(isinstance(limit, RateLimit) for limit in listed):
        return listed
    adaptive = ", or 'adaptive'" if name == "rate_limit" else ""
    raise InvalidArgument(f"{name} must be a RateLimit, such as RateLimit(600, per=60.0), or a list of them{adaptive}")


def _checked(limits: EndpointLimits | None, endpoints: Collection[str]) -> EndpointLimits:
    if limits is not None and not isinstance(limits, Mapping):
        raise InvalidArgument("endpoint_limits must be a mapping, such as {'ledger': RateLimit(300, per=60.0)}")
    if unknown := sorted(map(str, set(limits or ()) - set(endpoints))):
        raise InvalidArgument(f"endpoint_limits: there is no {', '.join(unknown)}; there is {', '.join(endpoints)}")
    return limits or {}
