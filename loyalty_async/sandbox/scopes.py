"""Which organisations an answer of v2.1 may draw on (page "Connected orgs: data scopes")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from loyalty_async.sandbox.parameters import is_number
from loyalty_async.sandbox.records import Organisation
from loyalty_async.sandbox.refusals import Refusal
from loyalty_async.sandbox.settings import Settings

_MOST_ORGANISATIONS: Final = 2  # "at most 2 child orgs"
_ORGANISATION_HEADERS: Final = ("data-scope-org", "data-scope-orgs")  # The page spells it both ways.

OrgIds = frozenset[int | None]


def read_scope(headers: Mapping[str, str], organisation: Organisation, settings: Settings) -> OrgIds:
    """Read the data scope of a request, and give the organisations whose entries it may see.

    None among them stands for entries that name no organisation; they are the organisation's own.

    Args:
        headers: The request's, with lower-case names.
        organisation: Who is asked.
        settings: Whether ALL is supported.

    Raises:
        Refusal: 310141 for ALL where it is not supported, 310144 for everything else that is not right.
    """
    scope = headers.get("data-scope", "SELF")
    own: OrgIds = frozenset({None, organisation.org_id})
    if scope == "SELF":
        return own
    if scope == "ALL" and settings.refuses_scope_all:
        raise Refusal(310141, "Data scope ALL is not supported for this API")
    text = next((headers[name] for name in _ORGANISATION_HEADERS if name in headers), "")
    named = [int(part) if is_number(part) else -1 for part in text.replace(" ", "").split(",")]
    connected = set(named) <= set(organisation.connected) and len(named) <= _MOST_ORGANISATIONS
    if scope not in {"OTHER", "ALL"} or not connected:
        raise Refusal(310144, "Connected Orgs not set properly in Headers")
    return own | set(named) if scope == "ALL" else frozenset(named)
