"""Altcraft's words, in JSON or in XML."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from loyalty_async.errors import InvalidArgument
from loyalty_async.models.accounts import Profile
from loyalty_async.wire.documents import decode_json, encode_json

__all__ = ["Dialect", "balance_request", "dialect_named"]


@attrs.frozen
class Dialect:
    """A way to write requests and read answers."""

    headers: Mapping[str, str]
    encode: Callable[[Mapping[str, int | str]], bytes]
    decode: Callable[[bytes], Any]


def dialect_named(name: str) -> Dialect:
    """Give a dialect: `json` or `xml`. The parser of XML is imported for those who ask for it.

    Raises:
        InvalidArgument: There is no such dialect.
    """
    if name == "json":
        return _dialect("application/json", encode_json, decode_json)
    if name == "xml":
        from loyalty_async.wire.xml import decode_xml, encode_xml  # noqa: PLC0415 - few speak it

        return _dialect("application/xml", encode_xml, decode_xml)
    raise InvalidArgument("dialect must be 'json' or 'xml'")


def _dialect(media_type: str, encode: Callable[..., bytes], decode: Callable[[bytes], Any]) -> Dialect:
    return Dialect({"Content-Type": media_type, "Accept": media_type}, encode, decode)


def balance_request(program_id: int, member: Profile, currency: int | str | None) -> dict[str, int | str]:
    """Write what to ask for (table "Request parameters")."""
    document: dict[str, int | str] = {"loyalty_program_id": program_id}
    if currency is not None:
        document["points_currency_eid" if isinstance(currency, str) else "points_currency_iid"] = currency
    document["matching"] = member.matching
    if member.field_name is None:
        document[member.matching] = member.value
    else:
        document.update(field_name=member.field_name, field_value=member.value)
    return document
