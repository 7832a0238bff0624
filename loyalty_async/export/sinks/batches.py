"""Rows on their way to Parquet: some hundreds of them column by column, in one line of JSON.

Such a line is small, exact, holds no pyarrow object yet, and takes few steps of Python for each row. It is a list of
*leaves*: one for each column, and for a column of details the number of details of each row, then a leaf for each of
their columns. Leaves of several lines can be put behind one another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from itertools import accumulate
from types import NoneType
from typing import Any, Final

from loyalty_async.errors import UnfitValueError
from loyalty_async.export.cells import json_of
from loyalty_async.export.columns import Column, Kind
from loyalty_async.wire.documents import decode_json, encode_json

__all__ = ["PRECISION", "SCALE", "arrays_of", "lines_of", "read_line"]

PRECISION, SCALE = 38, 10
"""Of decimals: 28 digits before the point and 10 behind it. What does not fit is an error, never rounded."""
_BIGINT: Final = 1 << 63
_LINE_ROWS = 500
"""So many rows are in a line at most: some 0.2 MB, and what is written in one step."""

_Leaf = list[Any]
_TEXTS: Final = (str, NoneType)


def lines_of(columns: Sequence[Column], rows: Sequence[Sequence[object]]) -> bytes:
    """Write rows as lines.

    Raises:
        UnfitValueError: A column cannot hold a value; it names the column, and never the value.
    """
    starts = range(0, len(rows), _LINE_ROWS)
    return b"".join(_line_of(columns, rows[start : start + _LINE_ROWS]) for start in starts)


def _line_of(columns: Sequence[Column], rows: Sequence[Sequence[object]]) -> bytes:
    leaves: list[_Leaf] = []
    for column, values in zip(columns, zip(*rows, strict=True), strict=True):
        leaves += _leaves_of(column, values, column.name)
    return encode_json(leaves) + b"\n"


def read_line(line: bytes) -> list[_Leaf]:
    """Give the leaves of a line."""
    leaves: list[_Leaf] = decode_json(line)
    return leaves


def arrays_of(arrow: Any, columns: Sequence[Column], leaves: Iterable[_Leaf], types: Iterable[Any]) -> list[Any]:
    """Make Arrow's arrays out of all leaves, of these types."""
    left = iter(leaves)
    return [_array(arrow, column, left, kind) for column, kind in zip(columns, types, strict=True)]


def _leaves_of(column: Column, values: Sequence[Any], name: str) -> Iterator[_Leaf]:
    if column.kind is not Kind.DETAILS:
        try:
            yield _CONVERT[column.kind](column, values)
        except ValueError as problem:
            raise UnfitValueError(f"{name} {problem}") from None
        return
    items = [item for row in values for item in row]
    yield list(map(len, values))
    inside: Iterable[Sequence[Any]] = zip(*items, strict=True) if items else [()] * len(column.columns)
    for inner, each in zip(column.columns, inside, strict=True):
        yield from _leaves_of(inner, each, f"{name}.{inner.name}")


def _texts(_: Column, values: Sequence[Any]) -> _Leaf:
    """Some ids are numbers in one answer and texts in another; known words are texts, too."""
    if all(issubclass(kind, _TEXTS) for kind in set(map(type, values))):
        return list(values)
    return [value if value is None else str(value) for value in values]


def _integers(_: Column, values: Sequence[Any]) -> _Leaf:
    given = [value for value in values if value is not None]
    if given and not -_BIGINT <= min(given) <= max(given) < _BIGINT:
        raise ValueError("is an integer of more than 64 bits")
    return list(values)


def _decimals(_: Column, values: Sequence[Any]) -> _Leaf:
    return [None if value is None else _decimal(str(value)) for value in values]


def _amounts(_: Column, values: Sequence[Any]) -> _Leaf:
    return [
        None if value is None else [[name, _decimal(str(amount))] for name, amount in value.items()] for value in values
    ]


def _objects(column: Column, values: Sequence[Any]) -> _Leaf:
    write = json_of(column)
    return [write(value) if value else None for value in values]


def _moments(_: Column, values: Sequence[Any]) -> _Leaf:
    return list(values)


def _raws(_: Column, values: Sequence[Any]) -> _Leaf:
    return [value.decode() for value in values]


_CONVERT: Final[Mapping[Kind, Callable[[Column, Sequence[Any]], _Leaf]]] = {
    Kind.TEXT: _texts,
    Kind.INTEGER: _integers,
    Kind.DECIMAL: _decimals,
    Kind.AMOUNTS: _amounts,
    Kind.OBJECT: _objects,
    Kind.INSTANT: _moments,
    Kind.CLOCK: _moments,
    Kind.RAW: _raws,
}
"""What turns the values of a column into those that JSON can carry, if the column can hold them."""


@lru_cache(maxsize=4096)
def _decimal(written: str) -> str:
    """Write a decimal without an exponent, and no longer than it must be; as text, for arithmetic would round it."""
    whole, _, fraction = f"{Decimal(written):f}".partition(".")
    if len(whole.lstrip("-0")) > PRECISION - SCALE:
        raise ValueError(f"has more than {PRECISION - SCALE} digits before the point")
    if len(fraction.rstrip("0")) > SCALE:
        raise ValueError(f"has more than {SCALE} digits behind the point")
    return f"{whole}.{fraction[:SCALE]}"


def _array(arrow: Any, column: Column, left: Iterator[_Leaf], kind: Any) -> Any:
    leaf = next(left)
    if column.kind is Kind.DETAILS:
        fields = [kind.value_type.field(place) for place in range(len(column.columns))]
        inner = [_array(arrow, one, left, field.type) for one, field in zip(column.columns, fields, strict=True)]
        offsets = arrow.array(accumulate(leaf, initial=0), arrow.int32())
        return arrow.ListArray.from_arrays(offsets, arrow.StructArray.from_arrays(inner, fields=fields), type=kind)
    parse = _PARSE.get(column.kind)
    return arrow.array(leaf if parse is None else parse(leaf), kind)


def _as_decimals(leaf: _Leaf) -> _Leaf:
    read = {text: Decimal(text) for text in set(leaf) - {None}}
    return [read.get(text) for text in leaf]


def _as_moments(leaf: _Leaf) -> _Leaf:
    return [None if text is None else datetime.fromisoformat(text) for text in leaf]


def _as_amounts(leaf: _Leaf) -> _Leaf:
    return [None if row is None else [(name, Decimal(amount)) for name, amount in row] for row in leaf]


_PARSE: Final[Mapping[Kind, Callable[[_Leaf], _Leaf]]] = {
    Kind.DECIMAL: _as_decimals,
    Kind.INSTANT: _as_moments,
    Kind.CLOCK: _as_moments,
    Kind.AMOUNTS: _as_amounts,
}
"""What turns the values that JSON carried into those that pyarrow takes, where they are not the same."""
