from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.real_time
def test_the_module_runs_as_a_program() -> None:
    command = [sys.executable, "-m", "loyalty_async.cli", "ledger", "--nonsense"]
    finished = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
    assert finished.returncode == 2
    assert finished.stdout == ""
    assert "Traceback" not in finished.stderr
