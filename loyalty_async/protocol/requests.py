"""One call, before it is sent."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from loyalty_async.models.members import Member

__all__ = ["Call"]


@attrs.frozen(kw_only=True)
class Call:
    """One call of an endpoint.

    Attributes:
        method: GET or POST.
        path: The path under the base URL. The same for every member: it may be shown.
        query: Query parameters as the API writes them; they name the member and are never shown.
        body: What to send; holds secrets and is never shown.
        member: Who is asked for, for the error that may come of it.
        authenticated: Whether credentials go with it.
    """

    method: str
    path: str
    query: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    body: bytes | None = attrs.field(default=None, repr=False)
    member: Member | None = attrs.field(default=None, repr=False)
    authenticated: bool = True
