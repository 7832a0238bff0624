"""Lists of members: read a line at a time, never held as a whole, and each bad line told by its number.

A list is CSV (`identifier_name,identifier_value,source,account_id,entity_type`, of which the first two are needed; a
first line with these names may choose and order them) or JSON lines with the same names. Which of the two, the first
line tells. One line is one member: a quoted line break in CSV is not understood.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, BinaryIO

import attrs

from loyalty_async.errors import InvalidArgument, MalformedAnswerError, MemberListError
from loyalty_async.models.members import Customer, Member, UserGroup
from loyalty_async.models.vocabulary import EntityType, Source
from loyalty_async.wire.documents import decode_json

__all__ = ["MEMBER_FIELDS", "Listed", "Listing", "as_listing", "misread", "read_members"]

MEMBER_FIELDS = ("identifier_name", "identifier_value", "source", "account_id", "entity_type")
"""What names a member, in the order of a CSV file that does not say."""
_REQUIRED = MEMBER_FIELDS[:2]
_LONGEST_LINE = 65_536
_LONGEST_TEXT = 1_000
_MARK = b"\xef\xbb\xbf"
_OTHER_UNICODE = (b"\xff\xfe", b"\xfe\xff")

_LETTER = {"line", "error", "reason", "text"}
"""What is told of a line that could not be read, when it is put aside."""

Fields = Mapping[str, Any]


class _PutAsideError(ValueError):
    """A line tells of another, which could not be read in an earlier run."""

    def __init__(self, text: str) -> None:
        super().__init__("was put aside before: put a member in its place, as in the others")
        self.text = text


@attrs.frozen
class Listed:
    """A member, and where it stands in the list."""

    member: Member
    line: int


Listing = Listed | MemberListError
"""A line of a list: a member, or what is wrong with it."""


def misread(line: int, reason: str, content: bytes | None = None) -> MemberListError:
    """Say what is wrong with a line."""
    error = MemberListError(f"line {line} of the members {reason}")
    error.line = line
    if content is not None:
        error.text = content[: 4 * _LONGEST_TEXT].decode(errors="replace").rstrip("\r\n")[:_LONGEST_TEXT]
    return error


def as_listing(item: object, line: int) -> Listing:
    """Take what a caller's own iterable gives: members, or the lines of `read_members`."""
    if isinstance(item, Listed | MemberListError):
        return item
    if isinstance(item, Customer | UserGroup):
        return Listed(item, line)
    return misread(line, "is no Customer or UserGroup")


def read_members(file: BinaryIO, *, source: Source | str = Source.INSTORE) -> Iterator[Listing]:
    """Read a list of members.

    Args:
        file: Open for reading bytes; read a line at a time.
        source: Where a member is registered whose line does not say.

    Yields:
        A member, or what is wrong with a line; empty lines are passed over.

    Raises:
        InvalidArgument: It holds no line at all but the names of columns, or is UTF-16.
    """
    split: Callable[[str], Fields] | None = None
    some = False
    for number, content in _lines(file):
        if split is None and content[:2] in _OTHER_UNICODE:
            raise InvalidArgument("the list of members is UTF-16: write it as UTF-8")
        try:
            text = _text(content)
            if split is None:
                split = _splitter(text)
                if split is None:  # The names of the columns.
                    split = _csv_splitter(_cells(text))
                    continue
            listed: Listing = Listed(_member(split(text), source), number)
        except _PutAsideError as again:
            listed = misread(number, str(again), again.text.encode())
        except ValueError as problem:
            listed = misread(number, str(problem), content)
        some = True
        yield listed
    if not some:
        raise InvalidArgument("the list of members is empty")


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Give lines with their numbers; of one that is too long only its beginning, which is too long as well."""
    number = 0
    while content := file.readline(_LONGEST_LINE + 1):
        number += 1
        rest = content
        while not rest.endswith(b"\n") and len(rest) > _LONGEST_LINE:
            rest = file.readline(_LONGEST_LINE + 1)
        content = content.removeprefix(_MARK) if number == 1 else content
        if content.strip():
            yield number, content


def _text(content: bytes) -> str:
    if len(content) > _LONGEST_LINE:
        raise ValueError(f"is longer than {_LONGEST_LINE:,} bytes")
    try:
        return content.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8") from None


def _splitter(text: str) -> Callable[[str], Fields] | None:
    """Choose how to take lines apart by the first one; None if that has the names of columns."""
    if text.lstrip().startswith("{"):
        return _json_fields
    return None if set(_REQUIRED) <= set(_cells(text)) else _csv_splitter(MEMBER_FIELDS)


def _csv_splitter(names: Iterable[str]) -> Callable[[str], Fields]:
    columns = tuple(names)

    def split(text: str) -> Fields:
        cells = _cells(text)
        if len(cells) > len(columns):
            raise ValueError(f"has {len(cells)} cells, where {len(columns)} are known")
        return {name: cell for name, cell in zip(columns, cells, strict=False) if cell}

    return split


def _cells(text: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([text], strict=True))]
    except (csv.Error, StopIteration):
        raise ValueError("is no CSV") from None


def _json_fields(text: str) -> Fields:
    try:
        fields = decode_json(text.encode())
    except MalformedAnswerError:
        raise ValueError("is no JSON") from None
    if not isinstance(fields, dict):
        raise ValueError("is no JSON object")  # noqa: TRY004 - it is the line that is wrong, not the caller
    if fields.keys() >= _LETTER and isinstance(fields["text"], str):
        raise _PutAsideError(fields["text"])
    return {name: value for name, value in fields.items() if value is not None}


def _member(fields: Fields, source: str) -> Member:
    if missing := [name for name in _REQUIRED if name not in fields]:
        raise ValueError(f"has no {' and no '.join(missing)}")
    named = {name: fields[name] for name in MEMBER_FIELDS[:4] if name in fields}
    if type(named["identifier_value"]) is int:
        named["identifier_value"] = str(named["identifier_value"])
    named.setdefault("source", source)
    entity_type = fields.get("entity_type", EntityType.CUSTOMER)
    try:
        if entity_type == EntityType.CUSTOMER:
            return Customer(**named)
        return UserGroup(**named, entity_type=entity_type)
    except InvalidArgument as problem:
        raise ValueError(f"names no member: {problem}") from None
