"""Kinds of fields that all models share."""

from __future__ import annotations

from typing import Any

import attrs

from loyalty_async.errors import InvalidArgument

__all__ = ["mapping", "require_count", "require_positive", "unshown"]


def unshown() -> Any:
    """Declare an optional field that may name a person, or would only blur a `repr`."""
    return attrs.field(default=None, repr=False)


def mapping() -> Any:
    """Declare a mapping, such as `extra`: not in the `repr`, and not in the hash, for it cannot be hashed."""
    return attrs.field(factory=dict, repr=False, hash=False)


def require_positive(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """Validate a number above zero."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise InvalidArgument(f"{type(instance).__name__}.{attribute.name} must be a number above zero")


def require_count(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """Validate an integer of at least one."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvalidArgument(f"{type(instance).__name__}.{attribute.name} must be an integer of at least 1")
