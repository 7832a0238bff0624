from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import pytest

import loyalty_async.sandbox
from loyalty_async.sandbox import Fault, Sandbox
from tests.cli.conftest import Run

pytestmark = pytest.mark.real_time

COMMAND = [sys.executable, "-m", "loyalty_async.cli", "sandbox", "--port", "0", "--members", "5"]


@contextmanager
def started(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the command, and give the process and the URL, which is the first word that it says."""
    process = subprocess.Popen(  # noqa: S603
        [*COMMAND, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().split()[0]
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_cleanly(number: signal.Signals) -> None:
    with started() as (process, _):
        process.send_signal(number)
        _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, "")


def test_it_stops_with_its_standard_input_if_told() -> None:
    with started("--stdin") as (process, _):
        _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, "")


def test_what_it_says_can_be_copied_and_works(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with started() as (process, url):
        assert process.stdout is not None
        said = [next(process.stdout).strip() for _ in range(12)]
        for setting in (word for line in said if line.startswith("export") for word in line.split()[1:]):
            monkeypatch.setenv(*setting.split("=", 1))
        assert os.environ["LOYALTY_BASE_URL"] == url
        command = next(line for line in said if line.startswith("loyalty-async ledger"))
        finished = run(*command.split()[1:])
    assert finished.code == 0
    assert finished.err.startswith("complete: entries ")


def test_a_seed_and_an_end_make_the_same_members(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Sandbox] = []
    monkeypatch.setattr(loyalty_async.sandbox, "run_sandbox", lambda served, *_: made.append(served))
    for _ in range(2):
        assert run("sandbox", "--members", "5", "--seed", "5", "--end", "2025-06-30").code == 0
    one, another = (sandbox.ledger for sandbox in made)
    assert one.members == another.members
    for member in one.members:
        assert repr(one.entries(member.user_id)) == repr(another.entries(member.user_id))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--port 70000", "--port must lie between 0 and 65535"),
        ("--members 0", "--members must be at least 1"),
        ("--years 0", "--years must be above 0"),
        ("--years nan", "--years must be above 0"),
        ("--entries -1", "--entries must lie between"),
        ("--end tomorrow", "--end must be an ISO date"),
        ("--members 1 --host 0.0.0.0", "--host must be a loopback address"),
    ],
)
def test_what_cannot_be_served_is_refused(options: str, said: str, run: Run) -> None:
    finished = run("sandbox", *options.split())
    assert finished.code == 2
    assert said in finished.err


def test_a_port_that_is_taken_is_told(run: Run) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        finished = run("sandbox", "--members", "1", "--port", str(port))
    assert finished.code == 2
    assert f"--port {port} cannot be listened on: " in finished.err


def test_without_the_extra_one_line_says_what_to_install(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec

    def find_spec(name: str) -> ModuleSpec | None:
        return None if name in {"starlette", "uvicorn"} else find(name)

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    for command in ("sandbox", "demo"):
        finished = run(command)
        assert finished.code == 2
        assert "needs starlette and uvicorn: python -m pip install 'loyalty-async[cli,sandbox]'" in finished.err


def test_faults_and_moves_come_from_files(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen: list[Any] = []
    monkeypatch.setattr("loyalty_async.sandbox.run_sandbox", lambda sandbox, *_: seen.append(sandbox))
    faults, moves = tmp_path / "faults.json", tmp_path / "moves.json"
    faults.write_text('[{"status": 429, "every": 10, "times": null}, {"status": 503}]')
    moves.write_text('{"action": "insert", "at": 3}')
    assert run("sandbox", "--members", "1", "--faults", str(faults), "--moves", str(moves)).code == 0
    (sandbox,) = seen
    assert sandbox.faults.take("/v2/pointsLedger/getCustomerLedgerInfo", {})[0] == Fault(
        status=429, every=10, times=None
    )
    assert [bool(sandbox.moves.take("/v2/pointsLedger/getCustomerLedgerInfo", {})) for _ in range(4)] == [
        False, False, True, False
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{", "--moves cannot be understood"),
        ('{"action": "explode"}', "--moves cannot be understood"),
        (None, "--moves cannot be read"),
    ],
)
def test_a_file_that_is_no_script_is_refused(written: str | None, said: str, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "moves.json"
    if written is not None:
        path.write_text(written)
    finished = run("sandbox", "--moves", str(path))
    assert (finished.code, finished.err.count("\n")) == (2, 1)
    assert said in finished.err
