"""One table of columns, made from the models: what an entry is written as, whatever the format.

A column stands at a path of the models: `transaction_details.amount` in JSON lines, `transaction_details_amount` where
a row is flat. What may stand there several times (`entry_details`) is a list in one column, or a row each.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import NoneType
from typing import Any, get_args, get_origin

import attrs

from loyalty_async.errors import InvalidArgument
from loyalty_async.models.ledger import EntryDetail, LedgerEntry, RawEntry
from loyalty_async.models.members import Member, UserGroup
from loyalty_async.wire.views import viewer_of

__all__ = ["Column", "Kind", "Table", "entry_table", "member_values", "raw_table", "table_of"]

Read = Callable[[Any], list[object]]

_ATTRIBUTE = re.compile(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", re.MULTILINE)
_MANY = "entry_details"
_NUMBER = "entry_details_number"


class Kind(StrEnum):
    """What a column holds; each format says how it writes that."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    INSTANT = "instant"
    """A moment, with its offset from UTC."""
    CLOCK = "clock"
    """A reading of a wall clock whose zone is not known."""
    OBJECT = "object"
    """A JSON object of whatever the server sent."""
    AMOUNTS = "amounts"
    """Decimals by name."""
    DETAILS = "details"
    """A list of `entry_details`."""
    RAW = "raw"
    """The server's own JSON."""


@attrs.frozen
class Column:
    """One column.

    Attributes:
        path: Where it stands in the models; the first step is the member or the entry.
        kind: What it holds.
        about: What it means, in the words of the models.
        columns: Of a list, the columns of its items.
    """

    path: tuple[str, ...]
    kind: Kind
    about: str = ""
    columns: tuple[Column, ...] = ()

    @property
    def name(self) -> str:
        """Its name where rows are flat."""
        return "_".join(self.path)


@attrs.frozen
class Table:
    """The columns of a row, and how rows are made of an entry.

    Attributes:
        columns: In order.
    """

    columns: tuple[Column, ...]
    _entry: Read = attrs.field(repr=False)
    _detail: Read | None = attrs.field(default=None, repr=False)
    _view: Callable[[LedgerEntry], Any] = attrs.field(factory=viewer_of, repr=False, eq=False)

    def rows(self, member: Sequence[object], entry: LedgerEntry) -> Iterator[list[object]]:
        """Give the rows of an entry; one without details has a row all the same.

        Args:
            member: What `member_values` gave.
            entry: Of that member's ledger.
        """
        # What is raw has columns of its own, which a view does not have.
        seen = entry if isinstance(entry, RawEntry) else self._view(entry)
        values = [*member, *self._entry(seen)]
        if self._detail is None:
            yield values
        elif not seen.entry_details:
            yield [*values, *[None] * (len(self.columns) - len(values))]
        else:
            for number, detail in enumerate(seen.entry_details):
                yield [*values, number, *self._detail(detail)]

    def described(self) -> list[list[object]]:
        """Name all columns and their kinds, to tell whether two tables are the same."""
        return [[column.name, column.kind, [inner.name for inner in column.columns]] for column in self.columns]


def member_values(member: Member) -> list[str | None]:
    """Give what stands in the member's columns."""
    return [getattr(member, field.name, None) for field in attrs.fields(UserGroup)]


def entry_table(*, a_row_a_detail: bool = False) -> Table:
    """Make the table of entries.

    Args:
        a_row_a_detail: Whether each entry detail has a row of its own, instead of a place in a list.
    """
    inner = tuple(_columns(EntryDetail, ()))
    outer = tuple(_columns(LedgerEntry, ()))
    if not a_row_a_detail:
        return Table((*_member_columns(), *outer), _reader(outer))
    entry = tuple(column for column in outer if column.kind is not Kind.DETAILS)
    detail = [attrs.evolve(column, path=(_MANY, *column.path)) for column in inner]
    number = Column((_NUMBER,), Kind.INTEGER, "Which detail of the entry, the first is 0; none in an entry without.")
    return Table((*_member_columns(), *entry, number, *detail), _reader(entry), _reader(inner))


def raw_table() -> Table:
    """Make the table of entries whose JSON is left as it came."""
    entry = tuple(
        column for column in _columns(RawEntry, ()) if column.path in {("event_log_id",), ("created_at",), ("raw",)}
    )
    return Table((*_member_columns(), *entry), _reader(entry))


def table_of(details: str, *, raw: bool) -> Table:
    """Choose a table.

    Args:
        details: `nested` or `rows`.
        raw: Whether the entries' JSON is left as it came.

    Raises:
        InvalidArgument: They do not go together.
    """
    if details not in ("nested", "rows"):
        raise InvalidArgument("details must be 'nested' or 'rows'")
    if raw and details == "rows":
        raise InvalidArgument("raw entries are not taken apart: details must be 'nested'")
    return raw_table() if raw else entry_table(a_row_a_detail=details == "rows")


def _member_columns() -> tuple[Column, ...]:
    return tuple(_columns(UserGroup, ("member",)))


def _columns(model: type, path: tuple[str, ...]) -> Iterator[Column]:
    """Give the columns of a model; an object in it is taken apart."""
    abouts = _abouts(model)
    for field in attrs.fields(attrs.resolve_types(model)):
        there, about = (*path, field.name), abouts.get(field.name, "")
        kinds = [kind for kind in get_args(field.type) or (field.type,) if kind is not NoneType]
        if attrs.has(kinds[0]) and get_origin(field.type) is not tuple:
            yield from _columns(kinds[0], there)
        elif get_origin(field.type) is tuple:
            yield Column(there, Kind.DETAILS, about, tuple(_columns(kinds[0], ())))
        elif get_origin(field.type) is Mapping:
            yield Column(there, Kind.AMOUNTS if kinds[1] is Decimal else Kind.OBJECT, about)
        else:
            yield Column(there, _kind(field.name, kinds), about)


def _kind(name: str, kinds: Sequence[Any]) -> Kind:
    if kinds == [datetime]:
        return Kind.INSTANT if name.endswith("_at") else Kind.CLOCK
    if kinds == [bytes]:
        return Kind.RAW
    if kinds == [Decimal]:
        return Kind.DECIMAL
    return Kind.INTEGER if kinds == [int] else Kind.TEXT


def _reader(columns: Sequence[Column]) -> Read:
    """Write out what gets the values of columns out of a model, each object on the way once; what is not there is None.

    A row has fifty columns: to go to each by its path would take longer than to make the entry.
    """
    names: dict[str, Any] = {}
    objects: dict[tuple[str, ...], str] = {(): "model"}
    lines = ["def read(model):"]
    for path in (column.path[:depth] for column in columns for depth in range(1, len(column.path))):
        if path not in objects:
            objects[path], parent = f"in_{'_'.join(path)}", objects[path[:-1]]
            lines.append(f"    {objects[path]} = None if {parent} is None else {parent}.{path[-1]}")
    values = [_written(column, objects[column.path[:-1]], names) for column in columns]
    exec("\n".join([*lines, f"    return [{', '.join(values)}]"]), names)  # noqa: S102 - names of our own classes only
    read: Read = names["read"]
    return read


def _written(column: Column, parent: str, names: dict[str, Any]) -> str:
    value = f"{parent}.{column.path[-1]}"
    if column.kind is Kind.DETAILS:
        names[f"read_{column.name}"] = _reader(column.columns)
        value = f"[read_{column.name}(item) for item in {value}]"
    return f"None if {parent} is None else {value}"


def _abouts(model: type) -> Mapping[str, str]:
    """Read what the docstrings of a class and its bases say of their attributes, the class's own words first."""
    found: dict[str, str] = {}
    for kind in model.__mro__:
        for name, about in _ATTRIBUTE.findall(inspect.cleandoc(kind.__doc__ or "")):
            found.setdefault(name, " ".join(about.split()))
    return found
