"""A second, independent reading of ledger answers, to hold the library's models against.

It shares no code with the library: the documents' names stand here once more, numbers stay the text that was printed,
and dates are read by the standard library.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timezone
from decimal import Decimal
from enum import Enum
from typing import Any

import attrs

from loyalty_async.models.ledger import (
    EntryDetail,
    EntryMember,
    EventDetails,
    LedgerEntry,
    LedgerOwner,
    MemberIdentifier,
    Transaction,
)
from loyalty_async.models.pages import LedgerPage, Paging, ServerWarning


class Number(str):
    """A JSON number, as the characters that it is written with."""

    __slots__ = ()


def exact(body: bytes) -> Any:
    """Read JSON with every number as its text."""
    return json.loads(body, parse_int=Number, parse_float=Number)


def written(document: Any) -> bytes:
    """Write JSON, with a `Number` as its text."""
    return "".join(_pieces(document)).encode()


def _pieces(value: Any) -> Iterator[str]:
    if isinstance(value, Number):
        yield str(value)
    elif isinstance(value, dict):
        inside = (f"{json.dumps(key)}: {''.join(_pieces(item))}" for key, item in value.items())
        yield "{" + ", ".join(inside) + "}"
    elif isinstance(value, list):
        yield "[" + ", ".join("".join(_pieces(item)) for item in value) + "]"
    else:
        yield json.dumps(value, ensure_ascii=False)


FIELDS: Mapping[type, Mapping[str, str]] = {
    LedgerPage: {
        "customerDetails": "owner",
        "ledgerDetails": "paging",
        "ledgerEntries": "entries",
        "warnings": "warnings",
    },
    LedgerOwner: {
        "firstName": "first_name",
        "lastName": "last_name",
        "userId": "user_id",
        "externalId": "external_id",
        "entityType": "entity_type",
    },
    Paging: {
        "pageNumber": "page_number",
        "pageSize": "page_size",
        "totalEntries": "total_entries",
        "pageCount": "page_count",
    },
    LedgerEntry: {
        "eventLogId": "event_log_id",
        "eventName": "event_name",
        "ledgerCreatedDate": "created_at",
        "customerId": "customer_id",
        "customerDetails": "customer_details",
        "entryDetails": "entry_details",
        "netPointsOnEvent": "net_points_on_event",
        "netAlternateCurrenciesOnEvent": "net_alternate_currencies_on_event",
        "transactionDetails": "transaction_details",
        "store": "store",
        "storeCode": "store_code",
        "tillCode": "till_code",
        "eventDetails": "event_details",
        "sourceProgramId": "source_program_id",
        "sourceProgramName": "source_program_name",
        "orgId": "org_id",
        "conceptId": "concept_id",
        "conceptName": "concept_name",
    },
    EntryMember: {
        "firstName": "first_name",
        "lastName": "last_name",
        "identifier": "identifier",
        "role": "role",
        "userId": "user_id",
    },
    MemberIdentifier: {"type": "type", "value": "value", "role": "role"},
    EntryDetail: {
        "ledgerEntryType": "ledger_entry_type",
        "points": "points",
        "pointsCategory": "points_category",
        "programName": "program_name",
        "programId": "program_id",
        "alternateCurrencyName": "alternate_currency_name",
    },
    Transaction: {
        "transactionId": "transaction_id",
        "transactionNumber": "transaction_number",
        "date": "date",
        "amount": "amount",
        "grossBillAmount": "gross_bill_amount",
        "source": "source",
    },
    EventDetails: {
        "eventDisplayName": "event_display_name",
        "displayName": "display_name",
        "promotionName": "promotion_name",
        "promotionDescription": "promotion_description",
        "promotionIdentifier": "promotion_identifier",
        "promotionId": "promotion_id",
        "eventDate": "event_date",
        "reason": "reason",
    },
    ServerWarning: {"code": "code", "message": "message", "status": "status"},
}
"""Each class's keys in the documents, and the attributes that they become (seed 002, its samples, facts D2).

The newer twin of a date (`…ISO`) is not named: it shares the attribute of the older one.
"""

_DATES = {"ledgerCreatedDate", "date", "eventDate"}


def differences(document: Any, model: Any, path: str = "$") -> list[str]:
    """Say where a model holds something else than an `exact` document, leaf by leaf and in both directions.

    Numbers must agree in every digit, trailing zeros and exponents included; an unknown key must stand in `extra`; an
    attribute must be empty where the document has nothing.
    """
    return list(_differences(document, model, path))


def _differences(document: Any, model: Any, path: str) -> Iterator[str]:
    if attrs.has(type(model)) and isinstance(document, dict):
        yield from _in_object(document, model, path)
    elif model is None and isinstance(document, dict) and _says_nothing(document):
        return
    elif document in (None, {}) and not isinstance(document, str):
        if model is not None and model != {}:
            yield f"{path}: nothing was sent, the model has a {type(model).__name__}"
    elif isinstance(document, dict) and isinstance(model, Mapping):
        yield from _in_mapping(document, model, path)
    elif isinstance(document, list) and isinstance(model, list | tuple):
        if len(document) != len(model):
            yield f"{path}: {len(document)} were sent, {len(model)} arrived"
        for place, (sent, arrived) in enumerate(zip(document, model, strict=False)):
            yield from _differences(sent, arrived, f"{path}[{place}]")
    elif not _same(document, model):
        yield f"{path}: {document!r} became {model!r}"


def _says_nothing(document: dict[str, Any]) -> bool:
    known = {key for fields in FIELDS.values() for key in fields}
    return all(value is None and key.removesuffix("ISO") in known for key, value in document.items())


def _in_object(document: dict[str, Any], model: Any, path: str) -> Iterator[str]:
    fields = FIELDS[type(model)]
    extra = dict(model.extra)
    for key, attribute in fields.items():
        arrived = getattr(model, attribute)
        if key in _DATES:
            yield from _in_date(document, key, arrived, extra, path)
        elif document.get(key) is None:
            if arrived != attrs.fields_dict(type(model))[attribute].default and arrived not in ({}, ()):
                yield f"{path}.{key}: nothing was sent, the model has {arrived!r}"
        else:
            yield from _differences(document[key], arrived, f"{path}.{key}")
    known = {*fields, *(f"{key}ISO" for key in fields if key in _DATES)}
    unknown = {key: value for key, value in document.items() if key not in known}
    yield from _in_mapping(unknown, extra, f"{path}.extra")


def _in_mapping(document: Mapping[str, Any], model: Mapping[str, Any], path: str) -> Iterator[str]:
    if document.keys() != model.keys():
        yield f"{path}: {sorted(document)} were sent, {sorted(model)} arrived"
    for key in document.keys() & model.keys():
        yield from _differences(document[key], model[key], f"{path}.{key}")


def _in_date(document: dict[str, Any], key: str, arrived: Any, extra: dict[str, Any], path: str) -> Iterator[str]:
    older, newer = document.get(key), document.get(f"{key}ISO")
    an_instant = key == "ledgerCreatedDate"
    if arrived != _read(older, newer, an_instant=an_instant) or (an_instant and arrived.utcoffset() is None):
        yield f"{path}.{key}: {older!r} and {newer!r} became {arrived!r}"
    if older and newer and older[:19] != newer[:19].replace("T", " "):
        spare = key if an_instant else f"{key}ISO"
        if extra.pop(spare, None) != document[spare]:
            yield f"{path}.{spare}: the half that contradicts the other is lost"


def _read(older: str | None, newer: str | None, *, an_instant: bool) -> datetime | None:
    if older is None and newer is None:
        return None
    first, second = (newer, older) if an_instant else (older, newer)
    read = datetime.fromisoformat(first or second or "")
    if not an_instant:
        return read.replace(tzinfo=None)
    fraction = datetime.fromisoformat(older).microsecond if older and newer and older[11:19] == newer[11:19] else 0
    zone = timezone(read.utcoffset() or UTC.utcoffset(None))
    return read.replace(tzinfo=zone, microsecond=fraction or read.microsecond)


def _same(document: Any, model: Any) -> bool:
    if isinstance(model, Decimal):
        return isinstance(document, str) and Decimal(document).as_tuple() == model.as_tuple()
    if isinstance(document, Number):
        return type(model) is int and str(model) == document
    if isinstance(model, Enum):
        return bool(model.value == document)
    return type(document) is type(model) and bool(document == model)


# ---- Places in a document --------------------------------------------------------------------------------------------

Place = tuple[str | int, ...]


def places(value: Any, place: Place = ()) -> Iterator[Place]:
    """Find every place of a document, the containers' own places included."""
    yield place
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in inside:
        yield from places(item, (*place, step))


def at_place(document: Any, place: Place) -> Any:
    """Return what stands at a place of a document."""
    for step in place:
        document = document[step]
    return document


def with_value(document: Any, place: Place, value: Any) -> Any:
    """Copy a document with another value at one place."""
    if not place:
        return value
    copied: Any = document.copy()
    copied[place[0]] = with_value(document[place[0]], place[1:], value)
    return copied


def with_unknown(document: Any, key: str, value: Any) -> Any:
    """Copy a document with one more field in every object that becomes a model."""
    for place in list(places(document)):
        found = at_place(document, place)
        if isinstance(found, dict) and (not place or place[-1] != "netAlternateCurrenciesOnEvent"):
            document = with_value(document, place, {**found, key: value})
    return document


def models_in(model: Any) -> Iterator[Any]:
    """Find every model that a model is made of, itself first."""
    if attrs.has(type(model)):
        yield model
        for field in attrs.fields(type(model)):
            yield from models_in(getattr(model, field.name))
    elif isinstance(model, tuple):
        for item in model:
            yield from models_in(item)
