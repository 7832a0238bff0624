"""Values as the cells of CSV: for spreadsheets, and for PostgreSQL's COPY.

Nothing is an empty cell, an empty text is `""`: the two stay apart for who cares, and look the same to who does not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from loyalty_async.errors import UnfitValueError
from loyalty_async.export.columns import Column, Kind, Table, member_values
from loyalty_async.export.stores import Encode
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.members import Member
from loyalty_async.wire.documents import encode_json

__all__ = ["Write", "cells_of", "copied", "encoder_of", "json_of", "quoted", "row_of", "shown"]

Write = Callable[[Any], str]
"""Writes a value that is not None as a cell."""

_QUOTED = re.compile(r'[",\r\n]')
_FORMULA = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
"""What a spreadsheet would run or guess at, and what looks as if we had marked it."""
_BIGINT = 1 << 63
_NO_NUL = "holds a NUL, which PostgreSQL cannot hold"


def quoted(text: str) -> str:
    """Write a text as a cell (RFC 4180)."""
    if not text or _QUOTED.search(text):
        return '"' + text.replace('"', '""') + '"'
    return text


def shown(text: str) -> str:
    """Write a text as a cell that no spreadsheet runs: one that begins like a formula gets an apostrophe before it."""
    return quoted("'" + text) if _FORMULA.match(text) else quoted(text)


def copied(text: str) -> str:
    """Write a text as a cell for PostgreSQL.

    Raises:
        ValueError: PostgreSQL cannot hold it.
    """
    if "\0" in text:
        raise ValueError(_NO_NUL)
    return quoted(text)


def json_of(column: Column) -> Callable[[Any], str | None]:
    """Make what writes the value of a column as JSON; what is empty is nothing."""
    if column.kind is Kind.DETAILS:
        names = [inner.name for inner in column.columns]
        return lambda rows: _json([dict(zip(names, row, strict=True)) for row in rows])
    return lambda value: _json(value) if value else None


def cells_of(table: Table, text: Write, *, strict: bool) -> Sequence[Write]:
    """Make what writes each column.

    Args:
        table: The columns.
        text: Writes texts.
        strict: Whether values must be such as PostgreSQL can hold.
    """
    integer: Write = _bigint if strict else str
    simple: Mapping[Kind, Write] = {
        Kind.TEXT: lambda value: text(str(value)),  # Some ids are numbers in one answer and texts in another.
        Kind.INTEGER: integer,
        Kind.DECIMAL: _decimal,
        Kind.INSTANT: _instant,
        Kind.CLOCK: _clock,
        Kind.RAW: lambda raw: quoted(raw.decode()),
    }
    return [simple.get(column.kind) or _object(json_of(column), strict=strict) for column in table.columns]


def encoder_of(table: Table, member: Member, encode_row: Callable[[Sequence[object]], bytes]) -> Encode:
    """Make what encodes the entries of a member, a row at a time."""
    owner = member_values(member)

    def encode(entries: Sequence[LedgerEntry]) -> tuple[bytes, int]:
        lines = [encode_row(row) for entry in entries for row in table.rows(owner, entry)]
        return b"".join(lines), len(lines)

    return encode


def row_of(table: Table, cells: Sequence[Write]) -> Callable[[Sequence[object]], bytes]:
    """Make what writes a row.

    Its `UnfitValueError` names the column, and never the value.
    """

    def write(values: Sequence[object]) -> bytes:
        written: list[str] = []
        try:
            for value, cell in zip(values, cells, strict=True):
                written.append("" if value is None else cell(value))
        except ValueError as problem:
            raise UnfitValueError(f"{table.columns[len(written)].name} {problem}") from None
        return ",".join(written).encode() + b"\n"

    return write


def _object(write: Callable[[Any], str | None], *, strict: bool) -> Write:
    def cell(value: object) -> str:
        text = write(value)
        if strict and text and "\\u0000" in text:
            raise ValueError(_NO_NUL)
        return quoted(text) if text else ""

    return cell


def _json(value: object) -> str:
    return encode_json(value).decode()


def _bigint(value: int) -> str:
    if not -_BIGINT <= value < _BIGINT:
        raise ValueError("is an integer of more than 64 bits")
    return str(value)


def _decimal(value: Decimal) -> str:
    return f"{value:f}"


def _instant(value: datetime) -> str:
    try:
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    except OverflowError:
        raise ValueError("is before the year 1 or after 9999 in UTC") from None


def _clock(value: datetime) -> str:
    return value.isoformat(timespec="microseconds")
