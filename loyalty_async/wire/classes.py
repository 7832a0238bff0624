"""How an attrs class is built from a JSON object, by way of its form.

Field by field, by the API's names. A null counts as absent. A key that the class does not know goes to its `extra`, and
so does the half of a date that contradicts the other. A value that does not fit ends in a `Misfit` that knows its path.

A page has hundreds of objects, so each class gets a function of its own, written out field by field, as attrs writes
constructors and cattrs hooks. What a type means is not written there: it is the converter's hook that is called, unless
the form has proved already that the value may stay as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import tzinfo
from typing import Any, cast

import attrs
import cattrs

from loyalty_async.models.late import NO_NEWS, NOT_YET, late_fields
from loyalty_async.wire.assurances import sureness_of
from loyalty_async.wire.dates import day, instant, wall_clock
from loyalty_async.wire.forms import filling, form_of, keys_of, must_be_sent, twin
from loyalty_async.wire.kinds import fields_of, is_clock, is_date, present
from loyalty_async.wire.problems import Misfit, TextNeeded
from loyalty_async.wire.scalars import Scalar

__all__ = ["class_hook"]

_BEGINNING = """
def build(raw, _):
    if type(raw) is form:
        extra, sent = {}, None
    else:
        sent = raw
        raw, extra = fill(raw)
    made = new(draft)
"""
_PROVED = """
    made.{name} = raw.{name}
"""
_FIELD = """
    value = raw.{name}
    try:
        made.{name} = {absent} if value is None else {built}
    except ValueError as problem:
        raise Misfit.inside(problem, {key!r}) from None
"""
_LATE = """
    value = raw.{name}
    try:
        if value is None:
            made.{name} = {absent}
        elif {name}_is_sure(value, words):
            made.{name} = NOT_YET
            if words:
                news, words = {{**news, {name!r}: words}}, []
        else:
            made.{name} = {built}
            news, words = {{**news, {name!r}: ()}}, []
    except ValueError as problem:
        raise Misfit.inside(problem, {key!r}) from None
"""
_BEFORE_LATE = """
    news, words = NO_NEWS, []
"""
_BEHIND_LATE = """
    made._content, made._build, made._news = raw, build_late, news
"""
_DATE = """
    older, newer = raw.{name}, raw.{twin}
    try:
        made.{name}, agree = ({absent}, True) if older is None and newer is None else {read}
    except ValueError as problem:
        raise Misfit.inside(problem, {older!r}) from None
    if not agree:
        extra[{key!r}] = text(sent, {key!r})
"""
_END = """
    made.extra = extra
    made.__class__ = kind
    return made
"""


def _missing() -> None:
    raise ValueError("missing")


def _text(sent: dict[str, Any] | None, key: str) -> Any:
    """Give the text of a date that contradicts its twin."""
    if sent is None:
        raise TextNeeded
    return sent[key]


_NAMES = {
    "Misfit": Misfit,
    "NOT_YET": NOT_YET,
    "NO_NEWS": NO_NEWS,
    "day": day,
    "instant": instant,
    "missing": _missing,
    "new": object.__new__,
    "text": _text,
    "wall_clock": wall_clock,
}


def class_hook(converter: cattrs.Converter, kind: type, zone: tzinfo) -> Callable[[Any, Any], Any]:
    """Make the function that builds a *kind*; dates without an offset are read in *zone*."""
    own = {"kind": kind, "draft": _draft(kind), "form": form_of(kind), "fill": filling(kind), "zone": zone}
    names: dict[str, Any] = {**_NAMES, **own, "build_late": _late_builder(converter, kind)}
    fields = fields_of(kind)
    source = [_written_field(converter, kind, field, names) for field in fields if not is_date(field.type)]
    source += [_written_date(kind, field, names) for field in fields if is_date(field.type)]
    if late_fields(kind):
        source = [_BEFORE_LATE, *source, _BEHIND_LATE]
    exec("".join([_BEGINNING, *source, _END]), names)  # noqa: S102 - made of the names in our own classes only
    build: Callable[[Any, Any], Any] = names["build"]
    return build


def _draft(kind: type) -> type:
    """Make a class whose objects are filled in before they become a *kind*: to set a frozen one takes its time."""
    thawed = {"__slots__": (), "__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
    return type(kind.__name__, (kind,), {**thawed, **late_fields(kind)})


def _late_builder(converter: cattrs.Converter, kind: type) -> Callable[[Any, str], Any]:
    """Make what builds a late field of a *kind* from its form."""
    types = {field.name: field.type for field in fields_of(kind)}
    hooks = {name: converter.get_structure_hook(types[name]) for name in late_fields(kind)}
    return lambda form, name: hooks[name](getattr(form, name), types[name])


def _written_field(converter: cattrs.Converter, owner: type, field: attrs.Attribute[Any], names: dict[str, Any]) -> str:
    (key,), name, hook = keys_of(owner, field), field.name, converter.get_structure_hook(present(field.type))
    if isinstance(hook, Scalar):
        if hook.always and hook.make is None and (field.default is None or must_be_sent(owner, field)):
            return _PROVED.format(name=name)
        names |= {f"{name}_{part}": getattr(hook, part) for part in ("usual", "make", "made", "accept")}
        built = "value" if hook.make is None else f"{name}_make(value)"
        if not hook.always:
            other = f"value if type(value) is {name}_made else {name}_accept(value)"
            built = f"{built} if type(value) is {name}_usual else {other}"
    else:
        names |= {f"{name}_hook": converter.get_structure_hook(field.type), f"{name}_type": field.type}
        built = f"{name}_hook(value, {name}_type)"
    if name in late_fields(owner):
        names[f"{name}_is_sure"] = sureness_of(cast("Hashable", field.type))
        return _LATE.format(key=key, name=name, absent=_absent(field, names), built=built)
    return _FIELD.format(key=key, name=name, absent=_absent(field, names), built=built)


def _written_date(owner: type, field: attrs.Attribute[Any], names: dict[str, Any]) -> str:
    """Read a field named `…_at` as an instant of the server's clock, any other as a day or a wall clock."""
    older, newer = keys_of(owner, field)
    if field.name.endswith("_at"):
        key, read = older, "instant(older, newer, zone)"
    else:
        key, read = newer, "wall_clock(older, newer)" if is_clock(field.type) else "day(older, newer)"
    absent, name = _absent(field, names), field.name
    return _DATE.format(name=name, twin=twin(name), older=older, absent=absent, read=read, key=key)


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
