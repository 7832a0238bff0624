"""Amounts as text, exact, and lined up at the decimal point."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

__all__ = ["aligned", "amount", "plain", "signed_amount"]

_FIGURE_SPACE, _PUNCTUATION_SPACE = "\N{FIGURE SPACE}", "\N{PUNCTUATION SPACE}"
_MINUS = "\N{MINUS SIGN}"


def plain(points: Decimal) -> str:
    """Write an amount for machines: every digit, no exponent, no grouping."""
    return format(points, "f")


def amount(points: Decimal) -> str:
    """Write an amount for people: every digit, thousands grouped, a real minus sign."""
    grouped = f"{points.copy_abs():,f}"
    return f"{_MINUS}{grouped}" if points < 0 else grouped


def signed_amount(points: Decimal) -> str:
    """Write a difference: with a plus sign if it is above nought."""
    return f"+{amount(points)}" if points > 0 else amount(points)


def aligned(texts: Sequence[str]) -> list[str]:
    """Pad amounts of one column, so that their decimal points stand below one another when set flush right."""
    longest = max((len(text.partition(".")[2]) for text in texts), default=0)
    return [_padded(text, longest) for text in texts]


def _padded(text: str, places: int) -> str:
    decimals = len(text.partition(".")[2])
    if not text or not places or decimals == places:
        return text
    return text + ("" if decimals else _PUNCTUATION_SPACE) + _FIGURE_SPACE * (places - decimals)
