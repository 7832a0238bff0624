"""Each benchmark runs, small; what it measures is not judged here."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("arguments", [["connections", "--quick"], ["connections", "--quick", "--sizes"]], ids=" ".join)
def test_it_runs_without_an_error(arguments: list[str]) -> None:
    name, *options = arguments
    command = [sys.executable, "-W", "error", "-m", f"benchmarks.{name}", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert (done.returncode, done.stderr) == (0, "")
    assert "requests/s" in done.stdout
