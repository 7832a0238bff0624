from __future__ import annotations

from pathlib import Path

import pytest

from loyalty_async.errors import OutputError
from loyalty_async.reconcile.result_lines import ResultLines, create


def test_what_does_not_count_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    lines = ResultLines(path, kept=0, private=False)
    lines.write(b"one\n")
    kept = lines.settle()
    lines.write(b"two, longer than what comes in its place\n")
    lines.close()
    again = ResultLines(path, kept=kept, private=False)
    again.write(b"three\n")
    again.close()
    assert path.read_bytes() == b"one\nthree\n"


def test_a_file_that_lost_something_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    with pytest.raises(OutputError, match="lines is not as"):
        ResultLines(path, kept=1, private=False)
    path.write_bytes(b"one")
    with pytest.raises(OutputError, match="lines is not as"):
        ResultLines(path, kept=4, private=False)


def test_a_private_file_is_for_its_owner_even_where_another_was(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"old")
    create(path, private=True).close()
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"", 0o600)
