"""Strict scalars: a value is what the API documents or it is refused; nothing is coerced, nothing goes through a float.

Every function raises `ValueError` with a plain reason that does not quote the value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Any, get_args

import attrs

from loyalty_async.models.vocabulary import Source
from loyalty_async.wire.kinds import present

__all__ = [
    "Scalar",
    "boolean",
    "decimal",
    "decimal_of",
    "integer",
    "integer_or_text",
    "number_of",
    "octets",
    "open_enum",
    "scalar_of",
    "text",
]

_DECIMAL = re.compile(r"[+-]?[0-9]{1,40}(?:\.[0-9]{1,40})?")
_DIGITS = 40
"""Longest number accepted, before and after the point: far beyond any points balance, and cheap to compute with."""
_REMEMBERED = 1024
"""How many decimals are remembered: 0.2 MB at most."""


@attrs.frozen
class Scalar:
    """How a scalar is read.

    Attributes:
        accept: Reads any value.
        usual: The class that a value has, or usually has, in a form; of two the union. Of words an enumeration of the
            known ones.
        make: Does for a value of exactly this class what *accept* does; None if such a value stays as it is.
        always: Whether a value of any other class is refused.
        made: The class of what was accepted before, where a value may be that or not.
        news: The class of a word that is new to an open enumeration, where that is worth a note.
    """

    accept: Callable[[Any], Any]
    usual: Any
    make: Callable[[Any], Any] | None = None
    always: bool = True
    made: type | None = None
    news: type | None = None

    def __call__(self, value: object, _: Any = None) -> Any:
        """Read a value, as a hook of cattrs is asked to."""
        return self.accept(value)


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
        return decimal_of(value)
    if value.__class__ is Decimal:
        if not _is_short(value):
            raise ValueError("the number is too long")
        return value
    if value.__class__ is int:
        if value.bit_length() > _DIGITS * 3:
            raise ValueError("the number is too long")
        return Decimal(value)
    raise ValueError("a decimal number was expected")


class _Decimals(dict[str, Decimal]):
    """Decimals by their texts; of those that come first so many are remembered, for most amounts come again."""

    def __init__(self, read: Callable[[str], Decimal]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, written: str) -> Decimal:
        number = self._read(written)
        if len(self) < _REMEMBERED:
            self[written] = number
        return number


def _amount(written: str) -> Decimal:
    if not _DECIMAL.fullmatch(written):
        raise ValueError("a decimal number was expected")
    return Decimal(written)


def _number(written: str) -> Decimal:
    return decimal(Decimal(written))


decimal_of: Callable[[str], Decimal] = _Decimals(_amount).__getitem__
"""Accepts a decimal as a text."""

number_of: Callable[[str], Decimal] = _Decimals(_number).__getitem__
"""Accepts a JSON number with a fraction or an exponent, as its text."""


def _is_short(number: Decimal) -> bool:
    written = str(number)
    if len(written) <= _DIGITS and "E" not in written:  # As nearly all are; to take one apart takes longer.
        return True
    _, digits, exponent = number.as_tuple()
    return len(digits) <= 2 * _DIGITS and isinstance(exponent, int) and abs(exponent) <= _DIGITS


class _Words(dict[str, str]):
    """Members by their words; a word of no member stands for itself."""

    def __missing__(self, word: str) -> str:
        return word


class _Decoded(StrEnum):
    """Words as msgspec gives them: one object for each known one, a text for every other."""

    @classmethod
    def _missing_(cls, value: object) -> Any:
        """Let a word that is new stay a text.

        msgspec asks for it as Python does, and takes whatever it is given, where Python would want a member. If it ever
        refused it, such a page would be read by way of plain values, as all that no form has a place for.
        """
        return value


@cache
def open_enum(kind: type[StrEnum]) -> Scalar:
    """Accept a text: a member of *kind* where it is one, the text itself where it is new."""
    words = _Words({member.value: member for member in kind})
    if kind is Source:  # The documents print sources in capitals, the samples in small letters: those are not news.
        return Scalar(lambda value: words[text(value)], str, words.__getitem__)
    named = [(member.name, member.value) for member in kind]
    decoded = _Decoded(kind.__name__, named)  # type: ignore[call-arg] # makes an enumeration of that name
    return Scalar(lambda value: words[text(value)], decoded, words.__getitem__, news=str)


_SCALARS: Mapping[Any, Scalar] = {
    str: Scalar(text, str),
    int: Scalar(integer, int),
    bool: Scalar(boolean, bool),
    bytes: Scalar(octets, bytes),
    Decimal: Scalar(decimal, str, decimal_of, always=False, made=Decimal),
    int | str: Scalar(integer_or_text, int | str),
}


def scalar_of(kind: Any) -> Scalar | None:
    """Say how values of a type are read, None apart; None for a type that is no scalar."""
    one = present(kind)
    first, *others = get_args(one) or (None,)
    if isinstance(first, type) and issubclass(first, StrEnum) and others == [str]:
        return open_enum(first)
    return _SCALARS.get(one)
