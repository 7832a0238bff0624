from __future__ import annotations

from decimal import Decimal

import pytest

from loyalty_async.reconcile.figures import aligned, amount, plain, signed_amount

MINUS = "\N{MINUS SIGN}"


@pytest.mark.parametrize(
    ("points", "machine", "people", "signed"),
    [
        ("1234567.8900", "1234567.8900", "1,234,567.8900", "+1,234,567.8900"),
        ("-0.005", "-0.005", f"{MINUS}0.005", f"{MINUS}0.005"),
        ("0.000", "0.000", "0.000", "0.000"),
        ("-0.00", "-0.00", "0.00", "0.00"),
        ("1E+3", "1000", "1,000", "+1,000"),
        ("123456789012345678901234567890.123", "123456789012345678901234567890.123", None, None),
    ],
)
def test_every_digit_is_written(points: str, machine: str, people: str | None, signed: str | None) -> None:
    assert plain(Decimal(points)) == machine
    if people is not None:
        assert (amount(Decimal(points)), signed_amount(Decimal(points))) == (people, signed)
    assert amount(Decimal(points)).replace(",", "").replace(MINUS, "-") in (machine, machine.lstrip("-"))


def test_decimal_points_stand_below_one_another() -> None:
    texts = aligned(["1.5", "20", "3.125", ""])
    assert [len(text) for text in texts] == [5, 6, 5, 0]
    assert [text.rstrip("\N{FIGURE SPACE}\N{PUNCTUATION SPACE}") for text in texts] == ["1.5", "20", "3.125", ""]
    assert aligned(["5", "10"]) == ["5", "10"]
