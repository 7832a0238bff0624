"""Many members: a file or the standard input with one of them on each line, as people or as exports write them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import BinaryIO, cast

import attrs

from loyalty_async.cli.arguments import read_member
from loyalty_async.errors import InvalidArgument, MemberListError
from loyalty_async.export.members import read_members as read_listings
from loyalty_async.models.members import Member

__all__ = ["read_members"]


def read_members(path: str, *, source: str, account_id: str | None = None) -> Iterator[Member]:
    """Read members one at a time: `mobile=…`, `email=…`, `id=…` or `externalId=…`; a bare word is a user id.

    Empty lines, and those that begin with `#`, are skipped. A list whose first line has a comma or is a JSON object is
    one of an export (see `loyalty_async.export.read_members`).

    Args:
        path: The file; `-` for the standard input.
        source: Where they are registered.
        account_id: Which account of the source.

    Raises:
        InvalidArgument: The file cannot be read, or a line is no member; the text says which, and nothing of it.
        MemberListError: A line of an export's list is no member.
    """
    try:
        if path == "-":
            yield from _members(sys.stdin.buffer, source, account_id)
        else:
            with open(path, "rb") as lines:  # noqa: PTH123 - a path as typed, of any kind
                yield from _members(lines, source, account_id)
    except OSError as problem:
        raise InvalidArgument(f"the file of --members cannot be read: {problem.strerror}") from None


@attrs.define
class _Reread:
    """A file of which the first line was read, and is given once more."""

    _first: bytes
    _rest: BinaryIO

    def readline(self, size: int = -1, /) -> bytes:
        """Give the next line, or the beginning of one that is longer than *size*."""
        if not self._first:
            return self._rest.readline(size)
        line, self._first = (self._first, b"") if size < 0 else (self._first[:size], self._first[size:])
        return line


def _members(lines: BinaryIO, source: str, account_id: str | None) -> Iterator[Member]:
    first = lines.readline()
    again = _Reread(first, lines)
    if b"," in first or first.lstrip().startswith(b"{"):
        yield from _listed(again, source)
    else:
        yield from _named(again, source, account_id)


def _listed(lines: _Reread, source: str) -> Iterator[Member]:
    for listing in read_listings(cast("BinaryIO", lines), source=source):
        if isinstance(listing, MemberListError):
            raise listing
        yield listing.member


def _named(lines: _Reread, source: str, account_id: str | None) -> Iterator[Member]:
    for number, line in enumerate(iter(lines.readline, b""), start=1):
        try:
            text = line.decode("utf-8-sig").strip()
            if text and not text.startswith("#"):
                named = text if "=" in text else f"id={text}"
                yield read_member(named, source=source, account_id=account_id)
        except (InvalidArgument, UnicodeDecodeError):
            raise InvalidArgument(
                f"line {number} of --members must be one of mobile=…, email=…, id=…, externalId=… or a user id"
            ) from None
