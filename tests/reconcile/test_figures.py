from __future__ import annotations

from decimal import Decimal

import pytest

from loyalty_async.reconcile.figures import aligned, amount, decimals_of, plain, signed_amount

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
    texts = [aligned(text, 3) for text in ("1.5", "20", "3.125", "")]
    assert [len(text) for text in texts] == [5, 6, 5, 0]
    assert [text.rstrip("\N{FIGURE SPACE}\N{PUNCTUATION SPACE}") for text in texts] == ["1.5", "20", "3.125", ""]
    assert aligned("10", 0) == "10"


@pytest.mark.parametrize(("points", "decimals"), [("1.50", 2), ("20", 0), ("2E+3", 0), ("0E-7", 7)])
def test_decimals_are_counted_as_they_are_written(points: str, decimals: int) -> None:
    assert decimals_of(Decimal(points)) == decimals
    assert len(plain(Decimal(points)).partition(".")[2]) == decimals
