from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from loyalty_async.errors import InvalidArgument
from loyalty_async.models.members import Customer, UserGroup
from loyalty_async.reconcile import member_of, read_exported

ROW = b'{"member": {"identifier_name": "id", "identifier_value": "7", "source": "INSTORE"}, "event_log_id": 5}'


def test_json_lines_are_read_plain_and_compressed(tmp_path: Path) -> None:
    plain, small = tmp_path / "a.jsonl", tmp_path / "a.jsonl.gz"
    plain.write_bytes(ROW + b"\n\n" + ROW + b"\n")
    small.write_bytes(gzip.compress(plain.read_bytes()))
    assert list(read_exported(plain)) == list(read_exported(small))
    assert [row["event_log_id"] for row in read_exported(plain)] == [5, 5]


def test_a_row_says_whose_it_is_or_not() -> None:
    named = {"identifier_name": "id", "identifier_value": "7", "source": "INSTORE", "account_id": None}
    assert member_of({"member": named}) == Customer.by_id(7, source="INSTORE")
    assert member_of({"member": {**named, "entity_type": None}}) == Customer.by_id(7, source="INSTORE")
    group = UserGroup.by_id(7, source="INSTORE", entity_type="FLEET")
    assert member_of({"member": {**named, "entity_type": "FLEET"}}) == group
    assert member_of({"event_log_id": 5}) is None


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.csv", b"", "CSV does not keep all there is"),
        ("a.jsonl", b"{}\n{", "line 2 is no entry"),
        ("a.jsonl", b"{}\n5\n", "line 2 is no entry: an object was expected"),
        ("a.jsonl.gz", b"rubbish", "cannot be read"),
        ("a.parquet", b"rubbish", "cannot be read"),
    ],
)
def test_what_is_no_export_is_refused(tmp_path: Path, name: str, content: bytes, problem: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InvalidArgument, match=problem):
        list(read_exported(path))


@pytest.mark.parametrize("name", ["none.jsonl", "none.parquet"])
def test_a_file_that_is_not_there_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidArgument, match="cannot be read"):
        list(read_exported(tmp_path / name))
