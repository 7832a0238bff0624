"""The caller's limits to a gate."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from loyalty_async.errors import InvalidArgument
from loyalty_async.models.rate_limits import RateLimit
from loyalty_async.protocol.backoff import RetryPolicy
from loyalty_async.transport.concurrency import MOST, AdaptivePlaces, Places
from loyalty_async.transport.gate import Gate
from loyalty_async.transport.permits import Permits

if TYPE_CHECKING:
    from loyalty_async.transport.couriers import Store

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
    scope: str = "",
) -> Gate:
    """Make the gate of a client.

    Args:
        max_in_flight: How many requests may be in flight.
        rate_limit: The quota of the client.
        endpoint_limits: Quotas of single endpoints, beside it.
        endpoints: What endpoints there are.
        retry: What waits the caller accepts.
        scope: Which clients share a limit that has no name; it is hashed.

    Raises:
        InvalidArgument: One of them cannot work.
    """
    learn = isinstance(rate_limit, str) and rate_limit == "adaptive"
    groups = {
        name: _listed(f"endpoint_limits[{name!r}]", limit)
        for name, limit in _checked(endpoint_limits, endpoints).items()
    }
    limits = () if learn or rate_limit is None else _listed("rate_limit", rate_limit)
    places = AdaptivePlaces() if max_in_flight == "adaptive" else Places(most_in_flight(max_in_flight))
    return Gate(places, _permits(limits, groups, learn=learn, scope=scope), retry)


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


def _permits(
    limits: Sequence[RateLimit], groups: Mapping[str, Sequence[RateLimit]], *, learn: bool, scope: str
) -> Permits:
    if not any(limit.store for its in (limits, *groups.values()) for limit in its):
        return Permits.from_limits(limits, groups, learn=learn)
    return _shared_permits(limits, groups, learn=learn, scope=scope)


def _shared_permits(
    limits: Sequence[RateLimit], groups: Mapping[str, Sequence[RateLimit]], *, learn: bool, scope: str
) -> Permits:
    from loyalty_async.transport.couriers import Courier  # noqa: PLC0415 - few clients share a limit
    from loyalty_async.transport.shared_permits import SharedPermits  # noqa: PLC0415

    shared = [limit for its in (limits, *groups.values()) for limit in its if limit.store]
    for its in (limits, *groups.values()):
        _require_distinct(limit.per for limit in its if limit.store)
    if len({(limit.store, limit.name, limit.fallback is None) for limit in shared}) > 1:
        raise InvalidArgument("shared limits of one client need one store, one name, and all or none a fallback")
    name = shared[0].name or hashlib.blake2s(scope.encode(), digest_size=8).hexdigest()
    return SharedPermits.from_shared_limits(
        limits,
        groups,
        learn=learn,
        scope=f"loyalty_async:{{{name}}}",  # In braces: on a cluster all keys of one scope are on one server.
        courier=Courier(_store(str(shared[0].store))),
    )


def _require_distinct(periods: Iterable[float]) -> None:
    listed = list(periods)
    if len(set(listed)) < len(listed):
        raise InvalidArgument("of two shared limits with the same period give only the stricter one")


def _store(url: str) -> Store:
    try:
        from loyalty_async.transport.redis_store import RedisStore  # noqa: PLC0415 - an extra
    except ImportError as cause:
        raise InvalidArgument("RateLimit(store=…) needs an extra: pip install 'loyalty-async[redis]'") from cause
    return RedisStore(url)


def _checked(limits: EndpointLimits | None, endpoints: Collection[str]) -> EndpointLimits:
    if limits is not None and not isinstance(limits, Mapping):
        raise InvalidArgument("endpoint_limits must be a mapping, such as {'ledger': RateLimit(300, per=60.0)}")
    if unknown := sorted(map(str, set(limits or ()) - set(endpoints))):
        raise InvalidArgument(f"endpoint_limits: there is no {', '.join(unknown)}; there is {', '.join(endpoints)}")
    return limits or {}
