"""How an attrs class is built from a JSON object.

Field by field, by the API's names. A null counts as absent. A key that the class does not know goes to its `extra`, and
so does the half of a date that contradicts the other. A value that does not fit ends in a `Misfit` that knows its path.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from typing import Any

import attrs
import cattrs

from loyalty_async.wire.dates import instant, wall_clock
from loyalty_async.wire.names import DATE_FIELDS, INSTANT_FIELDS, ISO, wire_name
from loyalty_async.wire.problems import Misfit

__all__ = ["class_hook"]


@attrs.frozen
class _Field:
    """A field that has one key of its own."""

    name: str
    key: str
    kind: Any
    structure: Callable[[Any, Any], Any]
    required: bool


@attrs.frozen
class _DateField:
    """A field that comes twice, and how to read the two."""

    name: str
    older: str
    newer: str
    read: Callable[[object, object], tuple[datetime, bool]]
    required: bool


def class_hook(converter: cattrs.Converter, kind: type, zone: tzinfo) -> Callable[[Any, Any], Any]:
    """Make the function that builds a *kind*; dates without an offset are read in *zone*."""
    kind = attrs.resolve_types(kind)
    date = _date_field(kind, zone)
    fields = [
        _field(converter, kind, field)
        for field in attrs.fields(kind)
        if field.name not in ("extra", date and date.name)
    ]
    keys = {field.key for field in fields} | ({date.older, date.newer} if date else set())

    def build(raw: Any, _: Any) -> Any:
        if raw.__class__ is not dict:
            raise ValueError("an object was expected")
        values = _values(fields, raw)
        extra = {key: raw[key] for key in raw.keys() - keys}
        if date:
            _read_date(date, raw, values, extra)
        if extra:
            values["extra"] = extra
        return kind(**values)

    return build


def _field(converter: cattrs.Converter, owner: type, field: attrs.Attribute[Any]) -> _Field:
    return _Field(
        name=field.name,
        key=wire_name(field.name, owner),
        kind=field.type,
        structure=converter.get_structure_hook(field.type),
        required=field.default is attrs.NOTHING,
    )


def _date_field(owner: type, zone: tzinfo) -> _DateField | None:
    name = INSTANT_FIELDS.get(owner) or DATE_FIELDS.get(owner)
    if name is None:
        return None
    required = attrs.fields_dict(owner)[name].default is attrs.NOTHING
    read = wall_clock if owner in DATE_FIELDS else lambda older, newer: instant(older, newer, zone)
    older = wire_name(name, owner)
    return _DateField(name, older, older + ISO, read, required)


def _values(fields: list[_Field], raw: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for field in fields:
        value = raw.get(field.key)
        if value is not None:
            try:
                values[field.name] = field.structure(value, field.kind)
            except ValueError as problem:
                raise Misfit.inside(problem, field.key) from None
        elif field.required:
            raise Misfit("missing", field.key)
    return values


def _read_date(date: _DateField, raw: Mapping[str, Any], values: dict[str, Any], extra: dict[str, Any]) -> None:
    older, newer = raw.get(date.older), raw.get(date.newer)
    if older is None and newer is None:
        if date.required:
            raise Misfit("missing", date.older)
        return
    try:
        values[date.name], agree = date.read(older, newer)
    except ValueError as problem:
        raise Misfit.inside(problem, date.older) from None
    if not agree:
        kept = date.newer if date.name in DATE_FIELDS.values() else date.older
        extra[kept] = raw[kept]
