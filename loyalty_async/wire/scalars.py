"""Strict scalars: a value is what the API documents or it is refused; nothing is coerced, nothing goes through a float.

Every function raises `ValueError` with a plain reason that does not quote the value.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum

__all__ = ["boolean", "decimal", "integer", "integer_or_text", "octets", "open_enum", "text"]

_DECIMAL = re.compile(r"[+-]?\d{1,40}(\.\d{1,40})?", re.ASCII)
_DIGITS = 40
"""Longest number accepted, before and after the point: far beyond any points balance, and cheap to compute with."""


def text(value: object) -> str:
    """Accept a JSON string."""
    if value.__class__ is not str:
        raise ValueError("a text was expected")
    return value


def octets(value: object) -> bytes:
    """Accept bytes, which no JSON document holds but what we put there."""
    if value.__class__ is not bytes:
        raise ValueError("bytes were expected")
    return value


def boolean(value: object) -> bool:
    """Accept true or false."""
    if value.__class__ is not bool:
        raise ValueError("true or false was expected")
    return value


def integer(value: object) -> int:
    """Accept a JSON number without a fraction."""
    if value.__class__ is not int:
        raise ValueError("an integer was expected")
    return value


def integer_or_text(value: object) -> int | str:
    """Accept an id that the documents call a text and the samples show as a number."""
    if value.__class__ is not int and value.__class__ is not str:
        raise ValueError("an integer or a text was expected")
    return value


def decimal(value: object) -> Decimal:
    """Accept a decimal as a JSON string ("350.000") or as a JSON number, exactly as written."""
    if value.__class__ is str:
        if not _DECIMAL.fullmatch(value):
            raise ValueError("a decimal number was expected")
        return Decimal(value)
    if value.__class__ is int:
        if value.bit_length() > _DIGITS * 3:
            raise ValueError("the number is too long")
        return Decimal(value)
    if value.__class__ is Decimal:
        _, digits, exponent = value.as_tuple()
        if len(digits) > 2 * _DIGITS or not isinstance(exponent, int) or abs(exponent) > _DIGITS:
            raise ValueError("the number is too long")
        return value
    raise ValueError("a decimal number was expected")


def open_enum(kind: type[StrEnum]) -> Callable[[object], str]:
    """Accept a text: a member of *kind* where it is one, the text itself where it is new."""
    known = {member.value: member for member in kind}

    def accept(value: object) -> str:
        if value.__class__ is not str:
            raise ValueError("a text was expected")
        return known.get(value, value)

    return accept
