from __future__ import annotations

from pathlib import Path

import pytest

from loyalty_async.cli.member_lists import read_members
from loyalty_async.errors import InvalidArgument


def test_members_are_named_as_on_the_command_line_or_by_user_id(tmp_path: Path) -> None:
    """Empty lines and comments are skipped; a mark at the beginning of the file is no part of it."""
    path = tmp_path / "members.txt"
    path.write_bytes(
        b"\xef\xbb\xbf564000001\n\n# a comment\nmobile=917406401004\r\nemail=mia@example.com\nexternalId=007\n"
    )
    found = [(each.identifier_name, each.identifier_value) for each in read_members(str(path), source="INSTORE")]
    assert found == [
        ("id", "564000001"),
        ("mobile", "917406401004"),
        ("email", "mia@example.com"),
        ("externalId", "007"),
    ]


def test_they_are_read_one_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "members.txt"
    path.write_text("1\n2\nphone=3\n")
    members = read_members(str(path), source="LINE", account_id="7")
    first = next(members)
    assert (first.source, first.account_id) == ("LINE", "7")
    next(members)
    with pytest.raises(InvalidArgument, match="line 3"):
        next(members)
