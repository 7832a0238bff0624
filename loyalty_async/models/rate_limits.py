"""How many requests a server allows."""

from __future__ import annotations

import math
from typing import Any

import attrs

from loyalty_async.errors import InvalidArgument
from loyalty_async.models.fields import require_count, require_positive

__all__ = ["RateLimit"]


def _require_finite(instance: object, attribute: attrs.Attribute[Any], value: float) -> None:
    require_positive(instance, attribute, value)
    if not math.isfinite(value):
        raise InvalidArgument(f"{type(instance).__name__}.{attribute.name} must be finite")


def _require_share(limit: RateLimit, attribute: attrs.Attribute[int], value: int) -> None:
    require_count(limit, attribute, value)
    if value > limit.requests:
        raise InvalidArgument("RateLimit.burst must not be larger than RateLimit.requests")


@attrs.frozen
class RateLimit:
    """A quota: so many requests in any stretch of so many seconds, such as `RateLimit(600, per=60.0)`.

    The client keeps a hundredth below it, evenly spaced, and never goes above it in any window of that length.

    Attributes:
        requests: How many requests the server allows.
        per: In how many seconds.
        burst: How many of them may go at once after a quiet time. What goes at once must be kept free the rest of the
            time: the lasting rate is that of `requests - burst + 1`.
    """

    requests: int = attrs.field(validator=require_count)
    per: float = attrs.field(kw_only=True, validator=_require_finite)
    burst: int = attrs.field(default=1, kw_only=True, validator=_require_share)
