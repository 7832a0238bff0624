"""What the annotations of the models say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import attrs

__all__ = ["fields_of", "is_clock", "is_date", "is_mapping", "is_optional", "is_required", "is_tuple", "present"]


def fields_of(kind: type) -> list[attrs.Attribute[Any]]:
    """Give the fields of an attrs class that have keys of their own: all but `extra`."""
    return [field for field in attrs.fields(attrs.resolve_types(kind)) if field.name != "extra"]


def is_required(field: attrs.Attribute[Any]) -> bool:
    """Tell whether a field must have a value."""
    return field.default is attrs.NOTHING


def is_date(kind: Any) -> bool:
    """Tell whether it is a date or an instant, or None."""
    return not {date, datetime}.isdisjoint({kind, *get_args(kind)})


def is_tuple(kind: Any) -> bool:
    """Tell whether it is a tuple."""
    return get_origin(kind) is tuple


def is_clock(kind: Any) -> bool:
    """Tell whether it is a moment, or None, and not only a day."""
    return datetime in {kind, *get_args(kind)}


def is_mapping(kind: Any) -> bool:
    """Tell whether it is a mapping."""
    return get_origin(kind) in (Mapping, dict)


def is_optional(kind: Any) -> bool:
    """Tell whether it may be None."""
    return get_origin(kind) in (Union, UnionType) and NoneType in get_args(kind)


def present(kind: Any) -> Any:
    """Give the type of what is not None."""
    if not is_optional(kind):
        return kind
    return Union[tuple(arg for arg in get_args(kind) if arg is not NoneType)]  # noqa: UP007 - made at run time
