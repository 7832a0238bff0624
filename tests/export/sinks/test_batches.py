"""Rows column by column: exact, refused where they do not fit, and the same when lines are put behind one another."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from loyalty_async.errors import UnfitValueError
from loyalty_async.export.columns import Column, Kind
from loyalty_async.export.sinks import batches
from loyalty_async.export.sinks.batches import PRECISION, SCALE, _decimal, arrays_of, lines_of, read_line
from loyalty_async.export.sinks.parquet import arrow_type

DETAILS = Column(
    ("details",), Kind.DETAILS, columns=(Column(("points",), Kind.DECIMAL), Column(("program",), Kind.TEXT))
)
COLUMNS = (
    Column(("id",), Kind.INTEGER),
    Column(("at",), Kind.INSTANT),
    Column(("clock",), Kind.CLOCK),
    Column(("who",), Kind.TEXT),
    DETAILS,
    Column(("net",), Kind.AMOUNTS),
    Column(("extra",), Kind.OBJECT),
)
AT = datetime(2024, 5, 4, 7, 16, 34, 250000, tzinfo=UTC)
CLOCK = datetime(2024, 5, 4, 12, 44)  # noqa: DTZ001 - a wall clock
FULL: list[Any] = [
    1,
    AT,
    CLOCK,
    "\u00e9\n",
    [[Decimal("1.50"), "a"], [Decimal("2E+3"), None]],
    {"x": Decimal(7)},
    {"new": [1]},
]
BARE: list[Any] = [None, None, None, None, [], None, {}]
PLAIN = {
    "id": [1, None],
    "at": [AT, None],
    "clock": [CLOCK, None],
    "who": ["\u00e9\n", None],
    "details": [[{"points": Decimal("1.5"), "program": "a"}, {"points": Decimal(2000), "program": None}], []],
    "net": [[("x", Decimal(7))], None],
    "extra": ['{"new":[1]}', None],
}


def table(leaves: list[list[Any]]) -> dict[str, list[Any]]:
    types = [arrow_type(pa, column) for column in COLUMNS]
    arrays = arrays_of(pa, COLUMNS, leaves, types)
    return {column.name: array.to_pylist() for column, array in zip(COLUMNS, arrays, strict=True)}


def test_what_comes_out_of_a_line_is_what_went_in() -> None:
    line = lines_of(COLUMNS, [FULL, BARE])
    assert line.count(b"\n") == 1
    assert table(read_line(line)) == PLAIN


def test_leaves_of_lines_put_behind_one_another_are_those_of_all_rows() -> None:
    first, second = (read_line(lines_of(COLUMNS, [row])) for row in (FULL, BARE))
    assert table([leaf + more for leaf, more in zip(first, second, strict=True)]) == PLAIN


def test_no_rows_are_no_line_and_many_are_several(monkeypatch: pytest.MonkeyPatch) -> None:
    assert lines_of(COLUMNS, []) == b""
    monkeypatch.setattr(batches, "_LINE_ROWS", 2)
    lines = lines_of(COLUMNS[:1], [[number] for number in range(5)]).splitlines()
    assert list(map(read_line, lines)) == [[[0, 1]], [[2, 3]], [[4]]]


def test_an_id_that_is_a_number_is_a_text_in_a_column_of_texts() -> None:
    assert read_line(lines_of([Column(("who",), Kind.TEXT)], [[7], ["7"], [None]])) == [["7", "7", None]]


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        (COLUMNS[0], 1 << 63, "id is an integer of more than 64 bits"),
        (COLUMNS[0], -(1 << 63) - 1, "id is an integer of more than 64 bits"),
        (DETAILS, [[Decimal("0.00000000001"), None]], "details.points has more than 10 digits behind the point"),
        (COLUMNS[5], {"x": Decimal("1E+30")}, "net has more than 28 digits before the point"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_the_name_of_its_column(
    column: Column, value: object, reason: str
) -> None:
    with pytest.raises(UnfitValueError) as raised:
        lines_of([column], [[value]])
    assert str(raised.value) == reason


def test_the_largest_integers_fit() -> None:
    line = lines_of(COLUMNS[:1], [[(1 << 63) - 1], [-(1 << 63)]])
    assert read_line(line) == [[(1 << 63) - 1, -(1 << 63)]]


@given(st.decimals(allow_nan=False, allow_infinity=False, places=SCALE))
@example(Decimal("-0.00"))
@example(Decimal("1E+20"))
@example(Decimal("9" * 28 + "." + "9" * 10))
@example(Decimal("1.50000000000000"))
def test_a_decimal_is_in_the_column_as_it_was_or_refused(value: Decimal) -> None:
    try:
        text = _decimal(str(value))
    except ValueError:
        assert abs(value) >= Decimal(10) ** (PRECISION - SCALE)
        return
    (found,) = pa.array([Decimal(text)], pa.decimal128(PRECISION, SCALE)).to_pylist()
    assert found == value


@pytest.mark.parametrize("value", ["0.00000000001", "1" + "0" * 28, "-" + "9" * 29])
def test_what_would_be_rounded_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="digits"):
        _decimal(value)
