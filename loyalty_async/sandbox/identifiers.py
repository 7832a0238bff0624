"""Who is asked for: sources, identifiers, and what each endpoint calls their absence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

from loyalty_async.sandbox.ledger import Ledger
from loyalty_async.sandbox.parameters import Query, is_number
from loyalty_async.sandbox.records import Member, Owner
from loyalty_async.sandbox.refusals import Refusal, unsupported_combination

SOURCES: Final = frozenset(
    {
        "FACEBOOK",
        "WEB_ENGAGE",
        "WECHAT",
        "INSTORE",
        "MARTJACK",
        "TMALL",
        "TAOBAO",
        "JD",
        "ECOMMERCE",
        "WEBSITE",
        "LINE",
        "MOBILE_APP",
        "ALL",
    }
)
GROUP_KINDS: Final = frozenset({"USERGROUP2", "FLEET"})
_GROUP_NAMES: Final = frozenset({"id", "groupId", "externalId", "primaryUserId"})
_NUMERIC: Final = frozenset({"id", "groupId", "primaryUserId"})
_SAME_AS: Final[Mapping[str, str]] = {"externalid": "externalId", "primaryUserId": "id"}
_MESSAGES: Final = {
    8001: "No source passed",
    8002: "No identifiers passed",
    8003: "Invalid source",
    8013: "Lookup, Invalid identifier passed",
    8015: "Customer not found for the given identifiers",
    8069: "Merged customer found",
    11012: "Invalid userId passed in request",
    11013: "identifierName, identifierValue and source cannot be empty",
}


@attrs.frozen(kw_only=True)
class Lookup:
    """How an endpoint looks customers up: the names that it takes, and its codes for what is missing or wrong."""

    names: frozenset[str]
    no_source: int = 11013
    no_name: int = 11013
    no_value: int = 11013
    not_a_number: int = 11012


_USUAL: Final = frozenset({"id", "email", "mobile", "externalId"})
LEDGER_LOOKUP: Final = Lookup(names=_USUAL)
BALANCE_LOOKUP: Final = Lookup(names=_USUAL | {"cardnumber", "cardExternalId"})
EXPLODE_LOOKUP: Final = Lookup(
    names=_USUAL | {"cuid", "externalid", "primaryUserId"},  # The two versions' pages spell them differently.
    no_source=8003,
    no_name=8013,
    no_value=8015,
    not_a_number=8015,
)


@attrs.frozen(kw_only=True)
class Identity:
    """An identifier of a customer, or of a group of some kind."""

    kind: str
    name: str
    value: str = attrs.field(repr=False)


def read_identity(query: Query, lookup: Lookup) -> Identity:
    """Read who is asked for, by `type`, `identifierName`, `identifierValue` and `source`.

    Raises:
        Refusal: Something is missing, or cannot be.
    """
    name, value, source = (query.get(key, "") for key in ("identifierName", "identifierValue", "source"))
    for text, code in ((source, lookup.no_source), (name, lookup.no_name), (value, lookup.no_value)):
        if not text:
            raise refuse(code)
    if source not in SOURCES:
        raise refuse(8003)
    kind = query.get("type", "CUSTOMER")
    if kind != "CUSTOMER" and kind not in GROUP_KINDS:
        raise unsupported_combination()
    if name not in (_GROUP_NAMES if kind in GROUP_KINDS else lookup.names):
        raise refuse(8013)
    if name in _NUMERIC and not is_number(value):
        raise refuse(lookup.not_a_number)
    return Identity(kind=kind, name=name, value=value)


def find_owner(identity: Identity, ledger: Ledger) -> Owner:
    """Find who was asked for.

    Raises:
        Refusal: There is no such customer or group, or the customer was merged into another.
    """
    if identity.kind not in GROUP_KINDS:
        return find_member(_SAME_AS.get(identity.name, identity.name), identity.value, ledger)
    group = ledger.find_group(identity.kind, identity.name, identity.value)
    if group is None:
        raise refuse(8015)
    return group


def find_member(name: str, value: str, ledger: Ledger) -> Member:
    """Find a customer by an identifier.

    Raises:
        Refusal: There is no such customer (8015), or the customer was merged into another (8069).
    """
    member = ledger.find(name, value)
    if member is None:
        raise refuse(8015)
    if ledger.is_merged(member):
        raise refuse(8069)
    return member


def refuse(code: int) -> Refusal:
    """Make the refusal of an identifier."""
    return Refusal(code, _MESSAGES[code])
