"""What a sandbox is set to: the switches for what the documents leave open, and for a few things that are wrong."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, tzinfo
from typing import Literal

import attrs

_positive = attrs.validators.ge(1)


@attrs.frozen(kw_only=True)
class Settings:
    """Say how the sandbox behaves where the vendors' servers differ, where the documents do not say, or against them.

    Attributes:
        business_error_status: HTTP status of errors that carry a business code; the documents show both 200 and 400.
        timezone: The server's zone: naive request dates are read in it, and naive answer dates are written in it.
        end_date_inclusive: Whether an entry created exactly at `endDate` belongs to the answer.
        sees_fractions: Whether date filters compare fractions of a second, or entries truncated to the second.
        filters_by: Which date of an entry `startDate` and `endDate` are about in getCustomerLedgerInfo: "created", its
            creation, or "event", as of a server that filters by another date: that of its bill or its event where it
            has one. A till's wall clock is read in the server's zone, as servers do (facts F).
        miscount: Added to `totalEntries` by getCustomerLedgerInfo, on purpose; `pageCount` follows, and neither is
            below nought. The entries are right: pages too many are refused with 11003, pages too few can be asked for.
        balance_shift_s: A cut-off that moved, on purpose: getCustomerLedgerBalance takes `endDate` for so many seconds
            later.
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
        filtered_balances: What a balance is when entries were filtered: "as_of_last", that of the last entry which the
            filter leaves (release notes of January to March 2022), or "sum_of_view", the sum of what it leaves.
        refuses_empty_balances: Whether the balance of a ledger without entries is refused with 11003.
        unknown_events: What an event id is answered with that is not in the ledger: "refused" with 9021 (a reference:
            9022) and all such ids, "detail_refused" with 11016 (v2.1: 11024) and the first of them, "null" in its
            place, or "left_out".
        captures_source_values: Whether the organisation records what points were computed from; else 11019.
        refuses_scope_all: Whether the data scope ALL is refused with 310141.
        refuses_past_dates: Whether a schedule from a day in the past is refused with 1215.
        altcraft_error_status: HTTP status of Altcraft's errors: "ok" for 200, "equal" for the error's own code.
        altcraft_unknown_code: Altcraft's code for a member, a program or a currency that it does not know.
        altcraft_tokens: The API tokens that Altcraft accepts.
        altcraft_over_tariff: Those of them whose tariff is used up (402).
        require_auth: Whether calls need credentials.
        tills: Passwords by till name, for Basic authentication.
        clients: Secrets by key, for OAuth.
        forbidden: Tills, keys and Altcraft tokens that are known but may not read points (HTTP 403, code 4000 or 403).
        token_ttl_s: Seconds that an OAuth token lives.
    """

    business_error_status: int = attrs.field(default=400, validator=attrs.validators.in_((200, 400)))
    timezone: tzinfo = UTC
    end_date_inclusive: bool = True
    sees_fractions: bool = True
    filters_by: Literal["created", "event"] = attrs.field(
        default="created", validator=attrs.validators.in_(("created", "event"))
    )
    miscount: int = attrs.field(default=0, validator=attrs.validators.instance_of(int))
    balance_shift_s: int = attrs.field(default=0, validator=attrs.validators.instance_of(int))
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
    filtered_balances: Literal["as_of_last", "sum_of_view"] = attrs.field(
        default="as_of_last", validator=attrs.validators.in_(("as_of_last", "sum_of_view"))
    )
    refuses_empty_balances: bool = True
    unknown_events: Literal["refused", "detail_refused", "null", "left_out"] = attrs.field(
        default="refused", validator=attrs.validators.in_(("refused", "detail_refused", "null", "left_out"))
    )
    captures_source_values: bool = True
    refuses_scope_all: bool = True
    refuses_past_dates: bool = True
    altcraft_error_status: Literal["ok", "equal"] = attrs.field(
        default="ok", validator=attrs.validators.in_(("ok", "equal"))
    )
    altcraft_unknown_code: int = attrs.field(default=440, validator=_positive)
    altcraft_tokens: frozenset[str] = attrs.field(default=frozenset({"sandbox-token"}), repr=False)
    altcraft_over_tariff: frozenset[str] = attrs.field(default=frozenset(), repr=False)
    require_auth: bool = True
    tills: Mapping[str, str] = attrs.field(factory=lambda: {"sandbox.till": "sandbox"}, repr=False)
    clients: Mapping[str, str] = attrs.field(factory=lambda: {"sandbox-key": "sandbox-secret"}, repr=False)
    forbidden: frozenset[str] = attrs.field(default=frozenset(), repr=False)
    token_ttl_s: int = attrs.field(default=300, validator=_positive)
