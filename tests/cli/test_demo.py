from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from loyalty_async.cli import demo
from loyalty_async.cli.demo_files import rows_by_member
from loyalty_async.export import JsonLines, verify_export
from tests.cli.conftest import Finished, Run

pytestmark = pytest.mark.real_time

SMALL = ("--members", "3", "--years", "0.5")


def summary(text: str) -> dict[str, str]:
    rows = [line.split(maxsplit=1) for line in text.splitlines() if line.startswith("  ")]
    return {name: value.strip() for name, value in rows}


def test_a_small_demo_passes_as_it_is_run_from_a_shell(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "loyalty_async.cli", "demo", "--members", "5"]
    finished = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)  # noqa: S603
    assert (finished.returncode, finished.stderr) == (0, "")
    assert "\x1b" not in finished.stdout
    told = summary(finished.stdout)
    assert (told["members"], told["verdict"]) == ("5", "complete")
    assert int(told["retries"]) > 0
    rows = rows_by_member(tmp_path / "loyalty-demo")
    assert f"{sum(map(len, rows.values())):,}" == told["entries"]
    assert len(rows) <= 5
    assert list((tmp_path / "loyalty-demo").glob("*.parquet"))
    assert not verify_export(tmp_path / "loyalty-demo").problems


def tampered(
    change: Callable[[list[bytes]], object], run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Finished:
    """Run a demo whose file is changed between the writing and the comparing."""
    compare = demo._compare

    def tamper(control: Any, span: Any, folder: Path, *, scaled: bool) -> Any:
        (file,) = folder.glob("*.jsonl")
        lines = file.read_bytes().splitlines(keepends=True)
        change(lines)
        file.write_bytes(b"".join(lines))
        return compare(control, span, folder, scaled=scaled)

    monkeypatch.setattr(demo, "_compare", tamper)
    monkeypatch.setattr(demo, "sink_for", JsonLines)
    return run("demo", *SMALL, "--to", str(tmp_path))


def lose(lines: list[bytes]) -> None:
    del lines[3]


def double(lines: list[bytes]) -> None:
    lines.insert(9, lines[3])


def alter(lines: list[bytes]) -> None:
    row = json.loads(lines[3])
    row["entry_details"][0]["points"] = "0.01"
    lines[3] = json.dumps(row).encode() + b"\n"


def cut(lines: list[bytes]) -> None:
    lines[3] = lines[3][:100] + b"\n"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lose, ["missing: 1 (event log ids 1"]),
        (double, ["doubled: 1 (event log ids 1"]),
        (alter, ["changed: 1 (event log ids 1"]),
        (cut, ["missing: 1 (event log ids 1", "invented: 1 (event log ids None)"]),
    ],
    ids=["lost", "doubled", "altered", "cut"],
)
def test_a_file_that_was_tampered_with_fails(
    change: Callable[[list[bytes]], object],
    said: list[str],
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    finished = tampered(change, run, tmp_path, monkeypatch)
    assert finished.code == 1
    assert summary(finished.out)["verdict"] == "not the truth"
    lines = finished.err.splitlines()
    assert len(lines) == len(said)
    assert all(line.startswith(begin) for line, begin in zip(lines, said, strict=True))


def test_a_proxy_of_the_environment_is_not_asked(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert run("demo", *SMALL, "--to", str(tmp_path)).code == 0
    assert "no_proxy" not in os.environ


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--members 0", "--members must be at least 1"),
        ("--years 0", "--years must be above 0"),
        ("--concurrency 0", "--concurrency must be at least 1"),
    ],
)
def test_what_cannot_be_shown_is_refused(options: str, said: str, run: Run) -> None:
    finished = run("demo", *options.split())
    assert finished.code == 2
    assert said in finished.err


def test_a_folder_that_cannot_be_written_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    finished = run("demo", *SMALL, "--to", str(tmp_path / "taken"))
    assert finished.code == 2
    assert "the output cannot be written: " in finished.err
