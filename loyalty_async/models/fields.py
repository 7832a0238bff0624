"""Kinds of fields that all models share."""

from __future__ import annotations

from typing import Any

import attrs

__all__ = ["mapping", "unshown"]


def unshown() -> Any:
    """Declare an optional field that may name a person, or would only blur a `repr`."""
    return attrs.field(default=None, repr=False)


def mapping() -> Any:
    """Declare a mapping, such as `extra`: not in the `repr`, and not in the hash, for it cannot be hashed."""
    return attrs.field(factory=dict, repr=False, hash=False)
