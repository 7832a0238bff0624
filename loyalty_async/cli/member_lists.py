"""Many members: a file or the standard input with one of them on each line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import BinaryIO

from loyalty_async.cli.arguments import read_member
from loyalty_async.errors import InvalidArgument
from loyalty_async.models.members import Customer

__all__ = ["read_members"]


def read_members(path: str, *, source: str, account_id: str | None = None) -> Iterator[Customer]:
    """Read members one at a time: `mobile=…`, `email=…`, `id=…` or `externalId=…`; a bare word is a user id.

    Empty lines, and those that begin with `#`, are skipped.

    Args:
        path: The file; `-` for the standard input.
        source: Where they are registered.
        account_id: Which account of the source.

    Raises:
        InvalidArgument: The file cannot be read, or a line is no member; the text says which, and nothing of it.
    """
    try:
        if path == "-":
            yield from _members(sys.stdin.buffer, source, account_id)
        else:
            with open(path, "rb") as lines:  # noqa: PTH123 - a path as typed, of any kind
                yield from _members(lines, source, account_id)
    except OSError as problem:
        raise InvalidArgument(f"the file of --members cannot be read: {problem.strerror}") from None


def _members(lines: BinaryIO, source: str, account_id: str | None) -> Iterator[Customer]:
    for number, line in enumerate(lines, start=1):
        try:
            text = line.decode("utf-8-sig").strip()
            if text and not text.startswith("#"):
                named = text if "=" in text else f"id={text}"
                yield read_member(named, source=source, account_id=account_id)
        except (InvalidArgument, UnicodeDecodeError):
            raise InvalidArgument(
                f"line {number} of --members must be one of mobile=…, email=…, id=…, externalId=… or a user id"
            ) from None
