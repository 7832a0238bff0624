"""A run that is killed goes on by the same command, and comes to the same."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from loyalty_async.sandbox import LEDGER_INFO_PATH, Fault, Move
from tests.cli.conftest import NOON, Run, Served

SPAN = ("--since", "2024-01-01", "--until", "2025-06-01")
BOTH = "/v2/pointsLedger"


@pytest.fixture
def members(configured: Served, tmp_path: Path) -> str:
    """All members in a file; the balances of two of them are wrong."""
    ledger = configured.sandbox.ledger
    chosen = [member for member in ledger.members if len(ledger.entries(member.user_id)) > 5][:2]
    for member in chosen:
        where = {"identifierValue": str(member.user_id)}
        moved = {"path": BOTH, "where": where, "created_at": NOON - timedelta(days=60)}
        configured.sandbox.moves.add(Move(action="misstate", points="12.50", **moved))  # type: ignore[arg-type]
    path = tmp_path / "members.txt"
    path.write_text("\n".join(str(member.user_id) for member in ledger.members))
    return str(path)


def results(folder: Path) -> tuple[str, str, list[str]]:
    """Give what two runs must agree on: the lines come as members are ready."""
    lines = sorted((folder / "mismatches.jsonl").read_text().splitlines())
    return (folder / "summary.csv").read_text(), (folder / "movements.csv").read_text(), lines


def kill_in_the_middle(members: str, folder: Path) -> int:
    """Kill a run once it knows some members, and say how many."""
    command = [sys.executable, "-m", "loyalty_async.cli", "reconcile", "--members", members, *SPAN]
    options = ["--concurrency", "2", "--report", str(folder)]
    run = subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    journal = folder / ".unfinished.jsonl"
    try:
        while not journal.exists() or journal.read_bytes().count(b"\n") < 4:
            assert run.poll() is None
            time.sleep(0.02)
    finally:
        run.kill()
        run.wait()
    return journal.read_bytes().count(b"\n") - 1


def test_a_killed_run_goes_on_and_comes_to_the_same(run: Run, configured: Served, members: str, tmp_path: Path) -> None:
    assert run("reconcile", "--members", members, *SPAN, "--report", str(tmp_path / "whole")).code == 1
    whole = sum(count for (path, _), count in configured.sandbox.stats.requests.items() if path == LEDGER_INFO_PATH)
    configured.sandbox.faults.add(Fault(path=BOTH, delay_s=0.04, times=None))
    known = kill_in_the_middle(members, tmp_path / "cut")
    assert 3 <= known < 8
    configured.sandbox.faults.clear()
    configured.sandbox.stats.requests.clear()
    again = run("reconcile", "--members", members, *SPAN, "--report", str(tmp_path / "cut"))
    assert again.code == 1
    assert f"going on with an earlier run: {known} members are known" in again.err
    assert "members 8: match 6, mismatch 2, indeterminate 0" in again.err
    assert results(tmp_path / "cut") == results(tmp_path / "whole")
    requests = configured.sandbox.stats.requests
    walks = sum(count for (path, _), count in requests.items() if path == LEDGER_INFO_PATH)
    assert walks < whole
    assert not (tmp_path / "cut" / ".unfinished.jsonl").exists()


def test_a_journal_names_nobody_refuses_other_arguments_and_may_be_cut_off_in_a_line(
    run: Run, configured: Served, members: str, tmp_path: Path
) -> None:
    configured.sandbox.faults.add(Fault(path=BOTH, delay_s=0.04, times=None))
    known = kill_in_the_middle(members, tmp_path / "cut")
    configured.sandbox.faults.clear()
    journal = tmp_path / "cut" / ".unfinished.jsonl"
    assert json.loads(journal.read_text().splitlines()[0])["tolerance"] == "0"
    assert not any(str(member.user_id) in journal.read_text() for member in configured.sandbox.ledger.members)
    again = run("reconcile", "--members", members, *SPAN, "--tolerance", "1", "--report", str(tmp_path / "cut"))
    assert again.code == 2
    assert "unfinished run with other arguments" in again.err
    journal.write_bytes(journal.read_bytes()[:-30])
    again = run("reconcile", "--members", members, *SPAN, "--report", str(tmp_path / "cut"))
    assert f"{known - 1} members are known" in again.err
    assert "members 8:" in again.err
