"""Which forms are sure to become models: nothing in them can fail any more.

What they hold may then be built later, when somebody looks at it; see `loyalty_async.models.late`. What is not sure is
built at once, so that an error is told by the walk that met it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from textwrap import indent
from typing import Any, get_args

import attrs

from loyalty_async.wire.dates import same_clock
from loyalty_async.wire.forms import form_of, must_be_sent, twin
from loyalty_async.wire.kinds import fields_of, is_clock, is_date, is_tuple, present
from loyalty_async.wire.scalars import Scalar, scalar_of

__all__ = ["sureness_of"]

_IsSure = Callable[[Any, list[str]], bool]

_ONE = """
def is_sure(form, news):
    if type(form) is not kind:
        return False
{checks}
    return True
"""
_ALL = """
def is_sure(forms, news):
    if type(forms) is not list:
        return False
    for form in forms:
        if type(form) is not kind:
            return False
{checks}
    return True
"""
_WORD = """
    if type(form.{name}) is {name}_news:
        news.append("{name}=" + form.{name})
"""
_AMOUNT = """
    value = form.{name}
    if value is None:
        {absent}
    elif type(value) is not {name}_made:
        try:
            form.{name} = {name}_make(value) if type(value) is {name}_usual else {name}_accept(value)
        except ValueError:
            return False
"""
_CLOCK = """
    if form.{twin} is not None and form.{name} is not None and not same_clock(form.{name}, form.{twin}):
        return False
"""
_INSIDE = """
    if form.{name} is not None and not {name}_is_sure(form.{name}, news):
        return False
"""
_ANYTHING = """
    if form.{name} is not None:
        return False
"""


@cache
def sureness_of(kind: Any) -> _IsSure:
    """Make what tells whether the form of a class, or each of a list of them, is sure to become a model.

    On its way it reads amounts, and leaves them where they were, read; and it adds words that are new to a list, as
    `name=word`. Where it is not sure it may have added some of them.
    """
    one = present(kind)
    item = present(get_args(one)[0]) if is_tuple(one) else one
    names: dict[str, Any] = {"kind": form_of(item), "same_clock": same_clock}
    checks = "".join(_written(item, field, names) for field in fields_of(item))
    source = _ONE.format(checks=checks) if item is one else _ALL.format(checks=indent(checks, "    "))
    exec(source, names)  # noqa: S102 - made of the names in our own classes only
    made: _IsSure = names["is_sure"]
    return made


def _written(owner: type, field: attrs.Attribute[Any], names: dict[str, Any]) -> str:
    name, one = field.name, present(field.type)
    scalar = scalar_of(one)
    if scalar is not None:
        return _written_scalar(scalar, owner, field, names)
    if is_clock(one) and field.default is None:
        return _CLOCK.format(name=name, twin=twin(name))
    if attrs.has(one) or (is_tuple(one) and attrs.has(present(get_args(one)[0]))):
        names[f"{name}_is_sure"] = sureness_of(one)
        return _INSIDE.format(name=name)
    doubtful = (name, twin(name)) if is_date(one) else (name,)
    return "".join(_ANYTHING.format(name=place) for place in doubtful)


def _written_scalar(scalar: Scalar, owner: type, field: attrs.Attribute[Any], names: dict[str, Any]) -> str:
    name = field.name
    if not scalar.always:
        names |= {f"{name}_{part}": getattr(scalar, part) for part in ("usual", "make", "made", "accept")}
        return _AMOUNT.format(name=name, absent="return False" if must_be_sent(owner, field) else "pass")
    if scalar.news is None:
        return ""
    names[f"{name}_news"] = scalar.news
    return _WORD.format(name=name)
