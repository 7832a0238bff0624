"""What a sandbox is set to: the switches for everything that the documents leave open."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, tzinfo
from typing import Literal

import attrs

_positive = attrs.validators.ge(1)


@attrs.frozen(kw_only=True)
class Settings:
    """Say how the sandbox behaves where Capillary's servers differ, or where the documents do not say.

    Attributes:
        business_error_status: HTTP status of errors that carry a business code; the documents show both 200 and 400.
        timezone: The server's zone: naive request dates are read in it, and naive answer dates are written in it.
        end_date_inclusive: Whether an entry created exactly at `endDate` belongs to the answer.
        sees_fractions: Whether date filters compare fractions of a second, or entries truncated to the second.
        order: How entries are sorted when the request does not say: by falling eventLogId, by rising eventLogId, or
            in an arbitrary but stable order.
        order_seed: Chooses among the arbitrary orders.
        default_limit: Entries a page when the request has no `limit`.
        max_limit: The largest `limit` accepted; 11029 beyond it, or 11006 if it is 10, as on older servers.
        clamp_limit: Quietly serve at most this many entries a page, and refuse no `limit`. None: do not clamp.
        max_span_days: The longest span between `startDate` and `endDate`; 11010 beyond it.
        iso_twins: Whether `ledgerCreatedDateISO` and its like stand beside the older fields.
        java_dates: Whether `ledgerCreatedDate` is printed as Java's Date prints itself, without fractions.
        alternate_nets: "apart": alternate currencies have nets of their own; "added": older servers add them to
            `netPointsOnEvent` and have no other field for them.
        require_auth: Whether ledger calls need credentials.
        tills: Passwords by till name, for Basic authentication.
        clients: Secrets by key, for OAuth.
        forbidden: Tills and keys that are known but may not read points (HTTP 403, code 4000).
        token_ttl_s: Seconds that an OAuth token lives.
    """

    business_error_status: int = attrs.field(default=400, validator=attrs.validators.in_((200, 400)))
    timezone: tzinfo = UTC
    end_date_inclusive: bool = True
    sees_fractions: bool = True
    order: Literal["newest", "oldest", "arbitrary"] = attrs.field(
        default="newest", validator=attrs.validators.in_(("newest", "oldest", "arbitrary"))
    )
    order_seed: int = 0
    default_limit: int = attrs.field(default=10, validator=_positive)
    max_limit: int = attrs.field(default=100, validator=_positive)
    clamp_limit: int | None = attrs.field(default=None, validator=attrs.validators.optional(_positive))
    max_span_days: int = attrs.field(default=90, validator=_positive)
    iso_twins: bool = True
    java_dates: bool = False
    alternate_nets: Literal["apart", "added"] = attrs.field(
        default="apart", validator=attrs.validators.in_(("apart", "added"))
    )
    require_auth: bool = True
    tills: Mapping[str, str] = attrs.field(factory=lambda: {"sandbox.till": "sandbox"}, repr=False)
    clients: Mapping[str, str] = attrs.field(factory=lambda: {"sandbox-key": "sandbox-secret"}, repr=False)
    forbidden: frozenset[str] = attrs.field(default=frozenset(), repr=False)
    token_ttl_s: int = attrs.field(default=300, validator=_positive)
