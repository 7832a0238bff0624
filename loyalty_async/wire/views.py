"""Entries as exports see them: what nobody has looked at is read from its form, and no object is built for it.

A *view* has the attributes of the model that it stands for, with equal values; a word may be a plain text where the
model has a member of an enumeration, which is that text. It lives as long as it takes to write a row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, cast, get_args

import attrs
import msgspec

from loyalty_async.models.late import NOT_YET, late_fields
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.wire.dates import wall_clock
from loyalty_async.wire.forms import empty_form_of, twin
from loyalty_async.wire.kinds import is_clock, is_tuple, present
from loyalty_async.wire.scalars import scalar_of

__all__ = ["view_of"]

_View = Callable[[Any], Any]

_LATE = """
    {name} = {name}_slot(entry)
    if {name} is NOT_YET:
        form = entry._content
        {name} = {seen}
"""


def view_of(entry: LedgerEntry) -> Any:
    """Give an object with the attributes of a `LedgerEntry`; of a `RawEntry` those that any entry has."""
    return _entry_viewer()(entry)


@cache
def _entry_viewer() -> _View:
    names: dict[str, Any] = {"made": _struct_of(LedgerEntry), "NOT_YET": NOT_YET}
    slots, values, source = late_fields(LedgerEntry), list[str](), ["def view(entry):"]
    for field in attrs.fields(attrs.resolve_types(LedgerEntry)):
        if field.name in slots:
            names[f"{field.name}_slot"] = slots[field.name].__get__
            source.append(_LATE.format(name=field.name, seen=_inside(field, names)))
        values.append(field.name if field.name in slots else f"entry.{field.name}")
    return _written([*source, f"    return made({', '.join(values)})"], names)


@cache
def _object_viewer(kind: type) -> _View:
    """Make what views the form of a class; it must be sure, as `sureness_of` tells."""
    names: dict[str, Any] = {"made": _struct_of(kind), "clock": _clock}
    values = [_value(field, names) for field in attrs.fields(attrs.resolve_types(kind))]
    return _written(["def view(form):", f"    return made({', '.join(values)})"], names)


def _value(field: attrs.Attribute[Any], names: dict[str, Any]) -> str:
    """Write what a field is, of which the form may hold nothing but what is sure."""
    name, one, default = field.name, present(field.type), cast("Any", field.default)
    is_made = isinstance(default, attrs.Factory)  # type: ignore[arg-type]
    names[f"{name}_absent"] = default.factory() if is_made else default
    absent = f"{name}_absent if form.{name} is None else "
    if scalar_of(one) is not None:
        return f"form.{name}" if default in (None, attrs.NOTHING) else f"{absent}form.{name}"
    if is_clock(one):
        return f"clock(form.{name}, form.{twin(name)})"
    if attrs.has(one) or (is_tuple(one) and attrs.has(present(get_args(one)[0]))):
        return absent + _inside(field, names)
    return f"{name}_absent"


def _inside(field: attrs.Attribute[Any], names: dict[str, Any]) -> str:
    """Write what the objects in a field are, when it is there; one that says nothing is None."""
    name, one = field.name, present(field.type)
    several = is_tuple(one)
    kind = present(get_args(one)[0]) if several else one
    names[f"{name}_view"] = _object_viewer(kind)
    if several:
        return f"[{name}_view(each) for each in form.{name}]"
    names[f"{name}_empty"] = empty_form_of(kind)
    return f"None if form.{name} == {name}_empty else {name}_view(form.{name})"


def _clock(older: datetime | None, newer: datetime | None) -> datetime | None:
    return None if older is None and newer is None else wall_clock(older, newer)[0]


@cache
def _struct_of(kind: type) -> type[msgspec.Struct]:
    # No view is part of a cycle.
    return msgspec.defstruct(kind.__name__, [(field.name, Any) for field in attrs.fields(kind)], gc=False)


def _written(source: Sequence[str], names: dict[str, Any]) -> _View:
    exec("\n".join(source), names)  # noqa: S102 - made of the names in our own classes only
    view: _View = names["view"]
    return view
