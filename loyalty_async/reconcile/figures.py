"""Amounts as text, exact, and lined up at the decimal point."""

from __future__ import annotations

from decimal import Decimal

__all__ = ["aligned", "amount", "decimals_of", "plain", "signed_amount"]

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


def decimals_of(points: Decimal) -> int:
    """Say with how many decimals an amount is written."""
    exponent = points.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def aligned(text: str, decimals: int) -> str:
    """Pad an amount, so that in a column that is set flush right all decimal points stand below one another.

    Args:
        text: As `amount` writes it.
        decimals: The most decimals of any amount in the column.
    """
    own = len(text.partition(".")[2])
    if not text or not decimals or own >= decimals:
        return text
    return text + ("" if own else _PUNCTUATION_SPACE) + _FIGURE_SPACE * (decimals - own)
