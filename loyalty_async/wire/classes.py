"""How an attrs class is built from a JSON object.

Field by field, by the API's names. A null counts as absent. A key that the class does not know goes to its `extra`, and
so does the half of a date that contradicts the other. A value that does not fit ends in a `Misfit` that knows its path.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, tzinfo
from functools import partial
from typing import Any, get_args

import attrs
import cattrs

from loyalty_async.wire.dates import day, instant, wall_clock
from loyalty_async.wire.names import ISO, wire_name
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
    """A field that comes twice, how to read the two, and which survives in `extra` when they disagree."""

    name: str
    older: str
    newer: str
    read: Callable[[object, object], tuple[date, bool]]
    spare: str
    required: bool


def class_hook(converter: cattrs.Converter, kind: type, zone: tzinfo) -> Callable[[Any, Any], Any]:
    """Make the function that builds a *kind*; dates without an offset are read in *zone*."""
    attributes = attrs.fields(attrs.resolve_types(kind))
    dates = [_date_field(kind, field, zone) for field in attributes if _is_date(field)]
    fields = [_field(converter, kind, field) for field in attributes if not _is_date(field) and field.name != "extra"]
    keys = {field.key for field in fields} | {key for field in dates for key in (field.older, field.newer)}

    def build(raw: Any, _: Any) -> Any:
        if raw.__class__ is not dict:
            raise ValueError("an object was expected")
        values = _values(fields, raw)
        extra = {key: raw[key] for key in raw.keys() - keys}
        for field in dates:
            _read_date(field, raw, values, extra)
        if extra:
            values["extra"] = extra
        return kind(**values)

    return build


def _is_date(field: attrs.Attribute[Any]) -> bool:
    return not {date, datetime}.isdisjoint({field.type, *get_args(field.type)})


def _field(converter: cattrs.Converter, owner: type, field: attrs.Attribute[Any]) -> _Field:
    return _Field(
        name=field.name,
        key=wire_name(field.name, owner),
        kind=field.type,
        structure=converter.get_structure_hook(field.type),
        required=field.default is attrs.NOTHING,
    )


def _date_field(owner: type, field: attrs.Attribute[Any], zone: tzinfo) -> _DateField:
    """Read a field named `…_at` as an instant of the server's clock, any other as a day or a wall clock."""
    older = wire_name(field.name, owner)
    newer = older + ISO
    required = field.default is attrs.NOTHING
    if field.name.endswith("_at"):
        return _DateField(field.name, older, newer, partial(instant, zone=zone), older, required)
    read = wall_clock if datetime in {field.type, *get_args(field.type)} else day
    return _DateField(field.name, older, newer, read, newer, required)


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


def _read_date(field: _DateField, raw: Mapping[str, Any], values: dict[str, Any], extra: dict[str, Any]) -> None:
    older, newer = raw.get(field.older), raw.get(field.newer)
    if older is None and newer is None:
        if field.required:
            raise Misfit("missing", field.older)
        return
    try:
        values[field.name], agree = field.read(older, newer)
    except ValueError as problem:
        raise Misfit.inside(problem, field.older) from None
    if not agree:
        extra[field.spare] = raw[field.spare]
