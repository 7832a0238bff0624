"""Forms: what the objects of JSON become on their way to models, in C.

A form has a place for each key that its class knows, and none for others; in it is what the server sent, or None. Where
that can only be a text, an integer, a truth value or a date it is one, and where there must be something it is there. A
document that a form has no place for, or whose values are others, is decoded to plain values instead, and forms are
filled in from those: slower, and with a word for everything that does not fit. The models are built from forms, whoever
filled them in.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any, get_args

import attrs
import msgspec

from loyalty_async.wire.dates import moment
from loyalty_async.wire.kinds import fields_of, is_clock, is_date, is_optional, is_required, is_tuple, present
from loyalty_async.wire.names import ISO, RAW, wire_name
from loyalty_async.wire.problems import Misfit
from loyalty_async.wire.scalars import scalar_of

__all__ = ["empty_form_of", "filling", "form_of", "keys_of", "must_be_sent", "twin"]


@attrs.frozen
class _Place:
    """Where the value of a key goes.

    Attributes:
        key: The API's.
        name: The form's.
        kind: What may be in it, None apart.
        take: What makes that of a plain value, or raises `ValueError`.
        is_needed: Whether it may not stay empty.
    """

    key: str
    name: str
    kind: Any
    take: Callable[[Any], Any] | None
    is_needed: bool

    def definition(self) -> tuple[str, Any, Any]:
        """Give the field of the form."""
        if self.is_needed:
            return self.name, self.kind, msgspec.field(name=self.key)
        return self.name, self.kind | None, msgspec.field(default=None, name=self.key)

    def filled(self, raw: dict[str, Any]) -> Any:
        """Take the value out of an object."""
        value = raw.get(self.key)
        if value is None:
            if self.is_needed:
                raise Misfit("missing", self.key)
            return None
        try:
            return self.take(value) if self.take else value
        except ValueError as problem:
            raise Misfit.inside(problem, self.key) from None


@cache
def form_of(kind: type) -> type[msgspec.Struct]:
    """Make the form of an attrs class: its fields by their own names, None where the server sent nothing or null."""
    places = [place.definition() for place in _places_of(kind)]
    # JSON has no cycles for the garbage collector to look for.
    return msgspec.defstruct(kind.__name__, places, forbid_unknown_fields=True, kw_only=True, gc=False)


def filling(kind: type) -> Callable[[Any], tuple[Any, dict[str, Any]]]:
    """Make the function that fills in the form of a class from plain values; beside it comes what it has no place for.

    It raises `ValueError` for what is no object, has another value than a place takes, or none where there must be one.
    """
    form, places = form_of(kind), _places_of(kind)
    known = frozenset(place.key for place in places)

    def fill(raw: Any) -> tuple[Any, dict[str, Any]]:
        if raw.__class__ is not dict:
            raise ValueError("an object was expected")
        filled = form(**{place.name: place.filled(raw) for place in places})
        return filled, {key: raw[key] for key in raw if key not in known}

    return fill


def must_be_sent(owner: type, field: attrs.Attribute[Any]) -> bool:
    """Tell whether the place of a field is never empty: of a date one half is enough, and our own text comes later."""
    return is_required(field) and not is_date(field.type) and wire_name(field.name, owner) != RAW


def keys_of(owner: type, field: attrs.Attribute[Any]) -> tuple[str, ...]:
    """Give the API's key of a field; of a date both, the older one first."""
    key = wire_name(field.name, owner)
    return (key, key + ISO) if is_date(field.type) else (key,)


def twin(name: str) -> str:
    """Name the place of a date's newer half."""
    return f"{name}_newer"


def empty_form_of(kind: type) -> msgspec.Struct | None:
    """Give the form of an object that says nothing; None for a class of which something must be sent."""
    return None if any(must_be_sent(kind, field) for field in fields_of(kind)) else form_of(kind)()


def _places_of(owner: type) -> list[_Place]:
    return [
        _Place(key, name, *_content(field.type), must_be_sent(owner, field))
        for field in fields_of(owner)
        for key, name in zip(keys_of(owner, field), (field.name, twin(field.name)), strict=False)
    ]


def _content(kind: Any) -> tuple[Any, Callable[[Any], Any] | None]:
    """Say what may be in a place that is not empty, and what makes it of a plain value."""
    one, scalar = present(kind), scalar_of(kind)
    if scalar is not None:
        return (scalar.usual if scalar.always else Any), scalar.accept
    if is_clock(one):
        return datetime, moment
    if attrs.has(one):
        return form_of(one), None
    item = get_args(one)[0] if is_tuple(one) else None
    if not attrs.has(present(item)):
        return Any, None
    return list[form_of(present(item)) | None if is_optional(item) else form_of(item)], None  # type: ignore[misc]
