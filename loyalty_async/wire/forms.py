"""Forms: what the objects of JSON become on their way to models, in C.

A form has a place for each key that its class knows, and none for others. What is in a place is as the server sent it;
where that can only be a text, an integer or a truth value it is one. A document that a form has no place for, or whose
values are others, is decoded to plain values instead, and forms are filled in from those: slower, and with a word for
everything that does not fit. The models are built from forms, whoever filled them in.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, get_args

import attrs
import msgspec
from msgspec import UNSET

from loyalty_async.wire.kinds import fields_of, is_date, is_tuple, present
from loyalty_async.wire.names import ISO, wire_name
from loyalty_async.wire.problems import Misfit
from loyalty_async.wire.scalars import Scalar, scalar_of

__all__ = ["UNSET", "filling", "form_of", "keys_of", "twin"]


@cache
def form_of(kind: type) -> type[msgspec.Struct]:
    """Make the form of an attrs class: its fields by their own names, `UNSET` where the server sent nothing."""
    places: list[tuple[str, Any, Any]] = []
    for field in fields_of(kind):
        first, *second = keys_of(kind, field)
        places.append((field.name, _place(field.type), msgspec.field(default=UNSET, name=first)))
        places += [(twin(field.name), Any, msgspec.field(default=UNSET, name=key)) for key in second]
    # JSON has no cycles for the garbage collector to look for.
    return msgspec.defstruct(kind.__name__, places, forbid_unknown_fields=True, gc=False)


def filling(kind: type) -> Callable[[Any], tuple[Any, dict[str, Any]]]:
    """Make the function that fills in the form of a class from plain values; beside it comes what it has no place for.

    It raises `ValueError` for what is no object, or has another value than a place is for.
    """
    form = form_of(kind)
    keys = [key for field in fields_of(kind) for key in keys_of(kind, field)]
    known = frozenset(keys)
    scalars = {keys_of(kind, field)[0]: scalar_of(field.type) for field in fields_of(kind)}
    places = [(key, scalar) for key, scalar in scalars.items() if scalar and scalar.always]

    def fill(raw: Any) -> tuple[Any, dict[str, Any]]:
        if raw.__class__ is not dict:
            raise ValueError("an object was expected")
        get = raw.get
        for key, scalar in places:
            value = get(key)
            if value is not None and type(value) is not scalar.usual:
                _refuse(scalar, value, key)
        return form(*[get(key, UNSET) for key in keys]), {key: raw[key] for key in raw if key not in known}

    return fill


def _refuse(scalar: Scalar, value: object, key: str) -> None:
    try:
        scalar.accept(value)
    except ValueError as problem:
        raise Misfit.inside(problem, key) from None


def keys_of(owner: type, field: attrs.Attribute[Any]) -> tuple[str, ...]:
    """Give the API's key of a field; of a date both, the older one first."""
    key = wire_name(field.name, owner)
    return (key, key + ISO) if is_date(field.type) else (key,)


def twin(name: str) -> str:
    """Name the place of a date's newer half."""
    return f"{name}_newer"


def _place(kind: Any) -> Any:
    """Say what may be in a place."""
    one = present(kind)
    scalar = scalar_of(kind)
    if scalar is not None:
        return scalar.usual | None if scalar.always else Any
    if attrs.has(one):
        return form_of(one) | None
    item = present(get_args(one)[0]) if is_tuple(one) else None
    return list[form_of(item) | None] | None if attrs.has(item) else Any  # type: ignore[misc, arg-type]
