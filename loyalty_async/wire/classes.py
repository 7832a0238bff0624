"""How an attrs class is built from a JSON object, by way of its form.

Field by field, by the API's names. A null counts as absent. A key that the class does not know goes to its `extra`, and
so does the half of a date that contradicts the other. A value that does not fit ends in a `Misfit` that knows its path.

A page has hundreds of objects, so each class gets a function of its own, written out field by field, as attrs writes
constructors and cattrs hooks. What a type means is not written there: it is the converter's hook that is called.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import Any, get_args

import attrs
import cattrs

from loyalty_async.wire.dates import day, instant, wall_clock
from loyalty_async.wire.forms import UNSET, filling, form_of, keys_of, twin
from loyalty_async.wire.kinds import fields_of, is_date, present
from loyalty_async.wire.problems import Misfit
from loyalty_async.wire.scalars import Scalar

__all__ = ["class_hook"]

_BEGINNING = """
def build(raw, _):
    if type(raw) is form:
        extra = {}
    else:
        raw, extra = fill(raw)
    made = new(draft)
"""
_FIELD = """
    value = raw.{name}
    try:
        made.{name} = {absent} if value is None or value is UNSET else {built}
    except ValueError as problem:
        raise Misfit.inside(problem, {key!r}) from None
"""
_DATE = """
    older, newer = raw.{name}, raw.{twin}
    if older is UNSET:
        older = None
    if newer is UNSET:
        newer = None
    try:
        made.{name}, agree = ({absent}, True) if older is None and newer is None else {read}
    except ValueError as problem:
        raise Misfit.inside(problem, {older!r}) from None
    if not agree:
        extra[{key!r}] = {spare}
"""
_END = """
    made.extra = extra
    made.__class__ = kind
    return made
"""


def _missing() -> None:
    raise ValueError("missing")


_NAMES = {
    "Misfit": Misfit,
    "UNSET": UNSET,
    "day": day,
    "instant": instant,
    "missing": _missing,
    "new": object.__new__,
    "wall_clock": wall_clock,
}


def class_hook(converter: cattrs.Converter, kind: type, zone: tzinfo) -> Callable[[Any, Any], Any]:
    """Make the function that builds a *kind*; dates without an offset are read in *zone*."""
    own = {"kind": kind, "draft": _draft(kind), "form": form_of(kind), "fill": filling(kind), "zone": zone}
    names: dict[str, Any] = {**_NAMES, **own}
    fields = fields_of(kind)
    source = [_written_field(converter, kind, field, names) for field in fields if not is_date(field.type)]
    source += [_written_date(kind, field, names) for field in fields if is_date(field.type)]
    exec("".join([_BEGINNING, *source, _END]), names)  # noqa: S102 - made of the names in our own classes only
    build: Callable[[Any, Any], Any] = names["build"]
    return build


def _draft(kind: type) -> type:
    """Make a class whose objects are filled in before they become a *kind*: to set a frozen one takes its time."""
    thawed = {"__slots__": (), "__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
    return type(kind.__name__, (kind,), thawed)


def _written_field(converter: cattrs.Converter, owner: type, field: attrs.Attribute[Any], names: dict[str, Any]) -> str:
    (key,), name, hook = keys_of(owner, field), field.name, converter.get_structure_hook(present(field.type))
    if isinstance(hook, Scalar):
        names |= {f"{name}_usual": hook.usual, f"{name}_make": hook.make, f"{name}_accept": hook.accept}
        built = "value" if hook.make is None else f"{name}_make(value)"
        if not hook.always:
            built += f" if type(value) is {name}_usual else {name}_accept(value)"
    else:
        names |= {f"{name}_hook": converter.get_structure_hook(field.type), f"{name}_type": field.type}
        built = f"{name}_hook(value, {name}_type)"
    return _FIELD.format(key=key, name=name, absent=_absent(field, names), built=built)


def _written_date(owner: type, field: attrs.Attribute[Any], names: dict[str, Any]) -> str:
    """Read a field named `…_at` as an instant of the server's clock, any other as a day or a wall clock."""
    older, newer = keys_of(owner, field)
    if field.name.endswith("_at"):
        key, spare, read = older, "older", "instant(older, newer, zone)"
    else:
        reader = "wall_clock" if datetime in {field.type, *get_args(field.type)} else "day"
        key, spare, read = newer, "newer", f"{reader}(older, newer)"
    absent, name = _absent(field, names), field.name
    return _DATE.format(name=name, twin=twin(name), older=older, absent=absent, read=read, key=key, spare=spare)


def _absent(field: attrs.Attribute[Any], names: dict[str, Any]) -> str:
    """Write what a field without a value is, or that it must have one."""
    default: Any = field.default
    if default is attrs.NOTHING:
        return "missing()"
    if default is None:
        return "None"
    is_made = isinstance(default, attrs.Factory)  # type: ignore[arg-type]
    names[f"{field.name}_default"] = default.factory if is_made else default
    return f"{field.name}_default()" if is_made else f"{field.name}_default"
