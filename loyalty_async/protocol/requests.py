"""One call, before it is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import attrs

from loyalty_async.errors import InvalidArgument
from loyalty_async.models.accounts import Profile
from loyalty_async.models.members import Member
from loyalty_async.wire.documents import decode_json

__all__ = ["Call"]


@attrs.frozen(kw_only=True)
class Call:
    """One call of an endpoint.

    Attributes:
        method: GET or POST.
        path: The path under the base URL, with `{names}` for what differs from member to member: it may be shown.
        segments: What the names stand for; never shown.
        query: Query parameters as the API writes them; they name the member and are never shown.
        headers: Further headers.
        body: What to send; holds secrets and is never shown.
        member: Who is asked for, for the error that may come of it.
        authenticated: Whether credentials go with it.
        endpoint: Which endpoint of the client it belongs to, for limits of its own; empty for none.
        decode: Makes a document of the answer's body, where that is JSON.
    """

    method: str
    path: str
    segments: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    query: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    body: bytes | None = attrs.field(default=None, repr=False)
    member: Member | Profile | None = attrs.field(default=None, repr=False)
    authenticated: bool = True
    endpoint: str = ""
    decode: Callable[[bytes], Any] = attrs.field(default=decode_json, repr=False)

    def target(self) -> str:
        """Write the path with everything filled in, quoted; never to be shown.

        Raises:
            InvalidArgument: A value is one that no path can carry.
        """
        if not {".", ".."}.isdisjoint(self.segments.values()):
            raise InvalidArgument("an identifier in a path cannot be '.' or '..'")
        return self.path.format_map({name: quote(value, safe="") for name, value in self.segments.items()})
