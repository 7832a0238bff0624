"""How many requests a server allows."""

from __future__ import annotations

import math
import re
from typing import Any
from urllib.parse import urlsplit

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


def _require_store(_limit: object, _attribute: object, value: Any) -> None:
    if value is not None and not (isinstance(value, str) and _is_store(value)):
        raise InvalidArgument("RateLimit.store must be the URL of a Redis server, such as redis://127.0.0.1:6379/0")


def _is_store(url: str) -> bool:
    try:
        parts = urlsplit(url)
        if parts.query or parts.fragment or parts.port == 0:
            return False
    except ValueError:
        return False
    if parts.scheme == "unix":
        return len(parts.path) > 1
    return parts.scheme in ("redis", "rediss") and bool(parts.hostname) and bool(re.fullmatch(r"/?\d*", parts.path))


def _require_name(_limit: object, _attribute: object, value: Any) -> None:
    if value is not None and not (isinstance(value, str) and re.fullmatch(r"[\w.:-]{1,100}", value, re.ASCII)):
        raise InvalidArgument("RateLimit.name must be of letters, digits and . : _ -")


def _require_local(_limit: object, _attribute: object, value: Any) -> None:
    if value is not None and not (isinstance(value, RateLimit) and value.store is None):
        raise InvalidArgument("RateLimit.fallback must be a RateLimit without a store, such as RateLimit(9, per=1.0)")


@attrs.frozen
class RateLimit:
    """A quota: so many requests in any stretch of so many seconds, such as `RateLimit(600, per=60.0)`.

    The client keeps a hundredth below it, evenly spaced, and never goes above it in any window of that length.

    Attributes:
        requests: How many requests the server allows.
        per: In how many seconds.
        burst: How many of them may go at once after a quiet time. What goes at once must be kept free the rest of the
            time: the lasting rate is that of `requests - burst + 1`.
        store: URL of a Redis server; all processes that name it share the quota, and the pauses after a refusal. Needs
            the extra `redis`. The client then keeps two hundredths below the quota. Not shown: it may hold a password.
        fallback: What each process may send by itself while the store does not answer. Without it calls then fail with
            `StoreUnavailableError`. Either way they wait for five seconds first, in which a server can restart; not if
            it refuses the password.
        name: What the store has the quota under; clients that give the same share it, and must give the same count and
            burst. Unless told it is a hash of the host and the key or till of the credentials; never made from a
            password, secret or token.
    """

    requests: int = attrs.field(validator=require_count)
    per: float = attrs.field(kw_only=True, validator=_require_finite)
    burst: int = attrs.field(default=1, kw_only=True, validator=_require_share)
    store: str | None = attrs.field(default=None, kw_only=True, repr=False, validator=_require_store)
    fallback: RateLimit | None = attrs.field(default=None, kw_only=True, validator=_require_local)
    name: str | None = attrs.field(default=None, kw_only=True, validator=_require_name)

    def __attrs_post_init__(self) -> None:
        if self.store is None and (self.fallback is not None or self.name is not None):
            raise InvalidArgument("RateLimit.fallback and RateLimit.name are for a limit with a store")
