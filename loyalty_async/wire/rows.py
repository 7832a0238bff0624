"""Entries as lines of JSON, and back: what `loyalty-async ledger` and exports to JSON lines write, and both read again.

A line is an object with the names of `LedgerEntry`: decimals are texts, instants ISO texts, and what is None is null.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from types import NoneType
from typing import Any, get_args

import attrs
import cattrs

from loyalty_async.errors import InvalidArgument, MalformedAnswerError
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.wire.converter import strict_converter
from loyalty_async.wire.documents import Raw, decode_json, encode_lines
from loyalty_async.wire.problems import Misfit
from loyalty_async.wire.views import viewer_of

__all__ = ["read_model", "read_row", "read_rows", "row_writer", "write_rows"]

_AMOUNT = re.compile(r"-?\d{1,200}(\.\d{1,200})?(E[+-]\d{1,2})?", re.ASCII)
"""As Python writes a decimal, sums included: longer than the server may send one, and 0.0000000 is 0E-7."""


def write_rows(entries: Iterable[LedgerEntry]) -> bytes:
    """Write entries as lines of JSON; of a `RawEntry` what any entry has."""
    return encode_lines(list(map(viewer_of(), entries)))


def row_writer(member: bytes) -> Callable[[Iterable[LedgerEntry]], bytes]:
    """Make what writes entries as lines that begin with a field `member`, which is this JSON."""
    view = viewer_of(Raw(member))
    return lambda entries: encode_lines(list(map(view, entries)))


def read_rows(lines: Iterable[bytes]) -> Iterator[LedgerEntry]:
    """Read entries from lines of JSON, one at a time; empty lines are skipped.

    Raises:
        InvalidArgument: A line is no entry; the text says which, and nothing of what it holds.
    """
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield read_row(decode_json(line))
            except (MalformedAnswerError, ValueError) as problem:
                raise InvalidArgument(f"line {number} is no entry: {problem}") from None


def read_row(row: object) -> LedgerEntry:
    """Build an entry from a decoded line.

    Raises:
        ValueError: It is none.
    """
    entry: LedgerEntry = read_model(row, LedgerEntry)
    return entry


def read_model(row: object, kind: Any) -> Any:
    """Build anything that is made of attrs classes, with their own names, from a decoded document.

    Raises:
        ValueError: It does not fit.
    """
    return _hook_of(_converter(), kind)(row, kind)


@cache
def _converter() -> cattrs.Converter:
    converter = strict_converter()
    converter.register_structure_hook(datetime, _moment)
    converter.register_structure_hook(Decimal, _amount)
    converter.register_structure_hook_factory(attrs.has, lambda kind: _class_hook(converter, kind))
    return converter


def _amount(value: object, _: Any) -> Decimal:
    if not isinstance(value, str) or not _AMOUNT.fullmatch(value):
        raise Misfit("a decimal number was expected")
    return Decimal(value)


def _moment(value: object, _: Any) -> datetime:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else _no_date()
    except ValueError:
        return _no_date()


def _no_date() -> datetime:
    raise Misfit("a date was expected")


def _class_hook(converter: cattrs.Converter, kind: type) -> Callable[[Any, Any], Any]:
    attributes = attrs.fields(attrs.resolve_types(kind))
    has_extra = any(field.name == "extra" for field in attributes)
    fields = [field for field in attributes if field.name != "extra"]
    hooks = {field.name: (field.type, _hook_of(converter, field.type)) for field in fields}
    required = [field.name for field in fields if field.default is attrs.NOTHING]

    def build(row: Any, _: Any) -> Any:
        if not isinstance(row, dict):
            raise Misfit("an object was expected")
        missing = next((name for name in required if row.get(name) is None), None)
        if missing:
            raise Misfit("missing", missing)
        values = {name: _built(name, row[name], *hooks[name]) for name in hooks if row.get(name) is not None}
        return kind(**values, **({"extra": row.get("extra") or {}} if has_extra else {}))

    return build


def _hook_of(converter: cattrs.Converter, kind: Any) -> Callable[[Any, Any], Any]:
    """Find what builds a *kind*; a closed enumeration would otherwise be taken for the text that it is, too."""
    kinds = (kind, *get_args(kind))
    closed = next((each for each in kinds if isinstance(each, type) and issubclass(each, StrEnum)), None)
    if closed is None or str in kinds:
        return converter.get_structure_hook(kind)
    return lambda value, _: None if value is None and NoneType in kinds else closed(value)


def _built(name: str, value: object, kind: Any, structure: Callable[[Any, Any], Any]) -> object:
    try:
        return structure(value, kind)
    except ValueError as problem:
        raise Misfit.inside(problem, name) from None
