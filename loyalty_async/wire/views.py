"""Entries as exports see them: what nobody has looked at is read from its form, and no object is built for it.

A *view* is a struct of msgspec with the attributes of the model that it stands for, in their order. The values are
equal, but for the objects among them, which are views, too, in lists where there are several, and for known words,
which are texts or members of an enumeration that are those texts. It lives as long as it takes to write a row; nobody
changes it.

What views a class is written out attribute by attribute and compiled: once to read a model, once to read its form.
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
    {name} = {name}_slot(model)
    if {name} is NOT_YET:
        form = model._content
        {name} = {of_form}
    elif {name} is not None:
        {name} = {of_model}
"""


def view_of(entry: LedgerEntry) -> Any:
    """Give an object with the attributes of a `LedgerEntry`; of a `RawEntry` those that any entry has."""
    return _model_viewer(LedgerEntry)(entry)


@cache
def _model_viewer(kind: type) -> _View:
    """Make what views a model; what is late in it and not built yet is read from its form."""
    names: dict[str, Any] = {"made": _struct_of(kind), "NOT_YET": NOT_YET}
    slots, values, source = late_fields(kind), list[str](), ["def view(model):"]
    for field in attrs.fields(attrs.resolve_types(kind)):
        name, inner = field.name, _objects_in(field)
        if name in slots:
            names[f"{name}_slot"] = slots[name].__get__
            of_form, of_model = _inside_form(field, names), _inside_model(field, name, names)
            source.append(_LATE.format(name=name, of_form=of_form, of_model=of_model))
            values.append(name)
        elif inner is None:
            values.append(f"model.{name}")
        else:
            values.append(f"None if model.{name} is None else {_inside_model(field, f'model.{name}', names)}")
    return _compiled([*source, f"    return made({', '.join(values)})"], names)


def _inside_model(field: attrs.Attribute[Any], value: str, names: dict[str, Any]) -> str:
    """Write what the objects in a field of a model are, when it is there."""
    names[f"{field.name}_of_model"] = _model_viewer(_objects_in(field))
    if is_tuple(present(field.type)):
        return f"[{field.name}_of_model(each) for each in {value}]"
    return f"{field.name}_of_model({value})"


@cache
def _form_viewer(kind: type) -> _View:
    """Make what views the form of a class; it must be sure, as `sureness_of` tells."""
    names: dict[str, Any] = {"made": _struct_of(kind), "clock": _clock}
    values = [_of_form(field, names) for field in attrs.fields(attrs.resolve_types(kind))]
    return _compiled(["def view(form):", f"    return made({', '.join(values)})"], names)


def _of_form(field: attrs.Attribute[Any], names: dict[str, Any]) -> str:
    """Write what a field is, of which the form may hold nothing but what is sure."""
    name, one, default = field.name, present(field.type), cast("Any", field.default)
    is_made = isinstance(default, attrs.Factory)  # type: ignore[arg-type]
    names[f"{name}_absent"] = default.factory() if is_made else default
    absent = f"{name}_absent if form.{name} is None else "
    if scalar_of(one) is not None:
        return f"form.{name}" if default in (None, attrs.NOTHING) else f"{absent}form.{name}"
    if is_clock(one):
        return f"clock(form.{name}, form.{twin(name)})"
    return f"{name}_absent" if _objects_in(field) is None else absent + _inside_form(field, names)


def _inside_form(field: attrs.Attribute[Any], names: dict[str, Any]) -> str:
    """Write what the objects in a field of a form are, when it is there; one that says nothing is None."""
    name, kind = field.name, _objects_in(field)
    names[f"{name}_of_form"] = _form_viewer(kind)
    if is_tuple(present(field.type)):
        return f"[{name}_of_form(each) for each in form.{name}]"
    names[f"{name}_empty"] = empty_form_of(kind)
    return f"None if form.{name} == {name}_empty else {name}_of_form(form.{name})"


def _objects_in(field: attrs.Attribute[Any]) -> Any:
    """Give the class of the objects in a field; None if there are none."""
    one = present(field.type)
    kind = present(get_args(one)[0]) if is_tuple(one) else one
    return kind if attrs.has(kind) else None


def _clock(older: datetime | None, newer: datetime | None) -> datetime | None:
    return None if older is None and newer is None else wall_clock(older, newer)[0]


@cache
def _struct_of(kind: type) -> type[msgspec.Struct]:
    fields = [(field.name, Any) for field in attrs.fields(kind)]
    # No view is part of a cycle. Its text would show what that of its model hides.
    return msgspec.defstruct(f"{kind.__name__}View", fields, namespace={"__repr__": _unshown}, gc=False)


def _unshown(view: Any) -> str:
    return f"<{type(view).__name__}>"


def _compiled(source: Sequence[str], names: dict[str, Any]) -> _View:
    exec("\n".join(source), names)  # noqa: S102 - made of the names in our own classes only
    view: _View = names["view"]
    return view
