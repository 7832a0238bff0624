from __future__ import annotations

from pathlib import Path

import pytest

from loyalty_async import InvalidArgument
from loyalty_async.cli.demo_files import as_parquet, clear, rows_by_member, sink_for
from loyalty_async.export import JsonLines, Parquet
from tests.cli.test_demo_comparisons import true_row


def test_parquet_is_chosen_where_it_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(sink_for(tmp_path), Parquet)
    monkeypatch.setattr("loyalty_async.cli.demo_files.importlib.util.find_spec", lambda _name: None)
    assert isinstance(sink_for(tmp_path), JsonLines)


def test_a_demo_replaces_a_demo_and_nothing_else(tmp_path: Path) -> None:
    clear(tmp_path)
    for name in ("entries-000001.parquet", "manifest.sqlite", "notes.txt"):
        (tmp_path / name).touch()
    clear(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {".loyalty-demo", "notes.txt"}
    (tmp_path / ".loyalty-demo").unlink()
    (tmp_path / "manifest.sqlite").touch()
    with pytest.raises(InvalidArgument, match="--to holds an export"):
        clear(tmp_path)


def test_a_line_that_says_nothing_is_a_row_of_nobody(tmp_path: Path) -> None:
    lines = [b'{"member":{"identifier_value":"7"},"x":1}', b"cut", b"[]", b'{"member":{"identifier_value":"x"}}']
    (tmp_path / "entries-000001.jsonl").write_bytes(b"\n".join(lines))
    rows = rows_by_member(tmp_path)
    assert {user_id: len(found) for user_id, found in rows.items()} == {7: 1, 0: 3}


def test_amounts_of_the_truth_get_the_digits_of_the_column() -> None:
    row = as_parquet(true_row(netPoints="1.5"))
    assert row["netPoints"] == "1.5000000000"
    assert row["details"][0][1] == "1.5000000000"
    assert row["transaction"]["grossAmount"] == "11.0000000000"
    assert as_parquet(true_row(transaction=None))["transaction"] is None
