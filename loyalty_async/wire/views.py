"""Entries as writers of rows see them: what nobody has looked at is read from its form, and no object is built for it.

A *view* is a struct of msgspec with the attributes of the model that it stands for, in their order. The values are
equal, but for the objects among them, which are views, too, in lists where there are several, and for known words,
which are texts or members of an enumeration that are those texts. It lives as long as it takes to write a row; nobody
changes it.

What views a class is written out attribute by attribute and compiled.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache, partial
from typing import Any, cast, get_args

import attrs
import msgspec

from loyalty_async.models.late import NOT_YET, late_fields
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.wire.dates import wall_clock
from loyalty_async.wire.forms import empty_form_of, twin
from loyalty_async.wire.kinds import is_clock, is_tuple, present
from loyalty_async.wire.scalars import scalar_of

__all__ = ["viewer_of"]

_View = Callable[..., Any]

_LATE = """
    {name} = {name}_slot(model)
    if {name} is NOT_YET:
        form = model._content
        {name} = {of_form}
    elif {name} is not None:
        {name} = {of_model}
"""


def viewer_of(member: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET) -> _View:
    """Make what gives an object with the attributes of a `LedgerEntry`; of a `RawEntry` those that any entry has.

    Args:
        member: What stands before all of them as `member`, when it is encoded; without it there is no such field.
    """
    return partial(_model_viewer(LedgerEntry, "member"), member)


@cache
def _model_viewer(kind: type, *given: str) -> _View:
    """Make what views a model; what is late in it and not built yet is read from its form.

    What is *given* comes first, as arguments before the model and in its struct.
    """
    names: dict[str, Any] = {"made": _struct_of(kind, *given), "NOT_YET": NOT_YET, "clock": _clock}
    slots, values, source = late_fields(kind), [*given], [f"def view({', '.join([*given, 'model'])}):"]
    for field in attrs.fields(attrs.resolve_types(kind)):
        name, inner = field.name, _objects_in(field)
        if name in slots:
            names[f"{name}_slot"] = slots[name].__get__
            of_form, of_model = _inside_form(field, "form", names), _inside_model(field, name, names)
            source.append(_LATE.format(name=name, of_form=of_form, of_model=of_model))
            values.append(name)
        elif inner is None:
            values.append(f"model.{name}")
        else:
            values.append(f"None if model.{name} is None else {_inside_model(field, f'model.{name}', names)}")
    exec("\n".join([*source, f"    return made({', '.join(values)})"]), names)  # noqa: S102 - our own classes' names
    view: _View = names["view"]
    return view


def _inside_model(field: attrs.Attribute[Any], value: str, names: dict[str, Any]) -> str:
    """Write what the objects in a field of a model are, when it is there."""
    names[f"{field.name}_of_model"] = _model_viewer(_objects_in(field))
    if is_tuple(present(field.type)):
        return f"[{field.name}_of_model(each) for each in {value}]"
    return f"{field.name}_of_model({value})"


def _of_form(kind: type, form: str, names: dict[str, Any]) -> str:
    """Write the view of a form, which must be sure, as `sureness_of` tells; to call one for each would take longer."""
    made = f"{kind.__name__}_made"
    names[made] = _struct_of(kind)
    values = [_value_of_form(kind, field, form, names) for field in attrs.fields(attrs.resolve_types(kind))]
    return f"{made}({', '.join(values)})"


def _value_of_form(owner: type, field: attrs.Attribute[Any], form: str, names: dict[str, Any]) -> str:
    """Write what a field is, of which the form may hold nothing but what is sure."""
    value, one, default = f"{form}.{field.name}", present(field.type), cast("Any", field.default)
    if is_clock(one):
        return f"clock({value} or {form}.{twin(field.name)})"
    absent = f"{owner.__name__}_{field.name}_absent"
    is_made = isinstance(default, attrs.Factory)  # type: ignore[arg-type]
    names[absent] = default.factory() if is_made else default
    if scalar_of(one) is not None:
        return value if default in (None, attrs.NOTHING) else f"{absent} if {value} is None else {value}"
    if _objects_in(field) is None:
        return absent
    return f"{absent} if {value} is None else {_inside_form(field, form, names)}"


def _inside_form(field: attrs.Attribute[Any], form: str, names: dict[str, Any]) -> str:
    """Write what the objects in a field of a form are, when it is there; one that says nothing is None."""
    value, kind = f"{form}.{field.name}", _objects_in(field)
    if is_tuple(present(field.type)):
        return f"[{_of_form(kind, 'each', names)} for each in {value}]"
    empty = f"{kind.__name__}_empty"
    names[empty] = empty_form_of(kind)
    return f"None if {value} == {empty} else {_of_form(kind, value, names)}"


def _objects_in(field: attrs.Attribute[Any]) -> Any:
    """Give the class of the objects in a field; None if there are none."""
    one = present(field.type)
    kind = present(get_args(one)[0]) if is_tuple(one) else one
    return kind if attrs.has(kind) else None


def _clock(half: datetime | None) -> datetime | None:
    """Make a clock of one half of a date: those of a sure form agree, and of two the older counts."""
    return half if half is None or half.tzinfo is None else wall_clock(half, None)[0]


@cache
def _struct_of(kind: type, *given: str) -> type[msgspec.Struct]:
    fields = [(name, Any) for name in (*given, *(field.name for field in attrs.fields(kind)))]
    # No view is part of a cycle. Its text would show what that of its model hides.
    return msgspec.defstruct(f"{kind.__name__}View", fields, namespace={"__repr__": _unshown}, gc=False)


def _unshown(view: Any) -> str:
    return f"<{type(view).__name__}>"
