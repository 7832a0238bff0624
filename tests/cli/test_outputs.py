from __future__ import annotations

from pathlib import Path

import pytest

from loyalty_async.cli.outputs import complain, replacing
from loyalty_async.errors import InvalidArgument


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "ledger.jsonl"
    with replacing(path) as write:
        write(b"one\n")
        assert not path.exists()
        write(b"two\n")
    assert path.read_bytes() == b"one\ntwo\n"
    assert list(path.parent.iterdir()) == [path]


def test_an_error_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(b"before\n")

    def fail() -> None:
        with replacing(path) as write:
            write(b"half\n")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_bytes() == b"before\n"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="it is a folder"), replacing(tmp_path):
        pytest.fail("nothing can be written here")


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InvalidArgument, match="the output cannot be written: "), replacing(tmp_path / "file" / "x"):
        pytest.fail("nothing can be written here")


def test_a_complaint_is_a_line_on_the_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    complain("down")
    assert capsys.readouterr() == ("", "loyalty-async: down\n")
