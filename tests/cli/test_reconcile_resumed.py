"""A run that is killed, at whatever moment, goes on, and comes to what it would have come to."""

from __future__ import annotations

import json
import random
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
KILLS = 12
JOURNAL = ".unfinished.sqlite"
_PATIENCE_S = 60.0


@pytest.fixture
def members(configured: Served, tmp_path: Path) -> str:
    """All members in a file; the balances of the first two are wrong."""
    ledger = configured.sandbox.ledger
    chosen = [member for member in ledger.members if len(ledger.entries(member.user_id)) > 5][:2]
    for member in chosen:
        where = {"identifierValue": str(member.user_id)}
        moved = {"path": BOTH, "where": where, "created_at": NOON - timedelta(days=60)}
        configured.sandbox.moves.add(Move(action="misstate", points="12.50", **moved))  # type: ignore[arg-type]
    path = tmp_path / "members.txt"
    others = [member for member in ledger.members if member not in chosen]
    path.write_text("\n".join(str(member.user_id) for member in (*chosen, *others)))
    return str(path)


def results(folder: Path) -> tuple[str, str, list[str]]:
    """Give what two runs must agree on: the lines come as members are ready."""
    lines = sorted((folder / "mismatches.jsonl").read_text().splitlines())
    return (folder / "summary.csv").read_text(), (folder / "movements.csv").read_text(), lines


def kill(members: str, folder: Path, after_s: float) -> int | None:
    """Kill a run so many seconds after it has opened its journal; give its exit code if it ended before."""
    command = [sys.executable, "-m", "loyalty_async.cli", "reconcile", "--members", members, *SPAN]
    options = ["--concurrency", "2", "--report", str(folder)]
    run = subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    latest = time.monotonic() + _PATIENCE_S
    try:
        while run.poll() is None and not (folder / JOURNAL).exists() and time.monotonic() < latest:
            time.sleep(0.01)
        time.sleep(after_s)
        return run.poll()
    finally:
        run.kill()
        run.wait()


@pytest.mark.real_time
def test_a_run_that_is_killed_a_dozen_times_gives_one_verdict_for_each_member(
    run: Run, configured: Served, members: str, tmp_path: Path
) -> None:
    whole = run("reconcile", "--members", members, *SPAN, "--report", str(tmp_path / "whole"))
    configured.sandbox.faults.add(Fault(path=BOTH, delay_s=0.1, times=None))
    rng = random.Random(7)
    ended = [kill(members, tmp_path / "cut", rng.uniform(0.0, 0.9)) for _ in range(KILLS)]
    assert ended[0] is None
    configured.sandbox.faults.clear()
    again = run("reconcile", "--members", members, *SPAN, "--report", str(tmp_path / "cut"))
    assert (again.code, whole.code) == (1, 1)
    assert "members 8: match 6, mismatch 2, indeterminate 0" in again.err
    assert results(tmp_path / "cut") == results(tmp_path / "whole")
    assert len({json.loads(line)["number"] for line in results(tmp_path / "cut")[2]}) == 2
    assert not list((tmp_path / "cut").glob(".unfinished*"))


def walks(served: Served) -> int:
    """Count the requests for entries."""
    return sum(count for (path, _), count in served.sandbox.stats.requests.items() if path == LEDGER_INFO_PATH)


def cut_off(run: Run, members: str, folder: Path) -> int:
    """Leave a run unfinished of which some members are through; the third is refused by a wrong line."""
    listed = Path(members).read_text().splitlines()
    part = folder.with_name("part.txt")
    part.write_text("\n".join([*listed[:3], "a wrong=line"]))
    done = run("reconcile", "--members", str(part), *SPAN, "--report", str(folder))
    assert (done.code, (folder / JOURNAL).exists()) == (2, True)
    return 3


def test_who_is_through_is_known_by_who_it_is(run: Run, configured: Served, members: str, tmp_path: Path) -> None:
    """In a list that is sorted otherwise, too; and nobody who is through is asked about again."""
    known = cut_off(run, members, tmp_path / "cut")
    configured.sandbox.stats.requests.clear()
    listed = Path(members).read_text().splitlines()
    Path(members).write_text("\n".join(reversed(listed)))
    again = run("reconcile", "--members", members, *SPAN, "--report", str(tmp_path / "cut"))
    assert f"going on with an earlier run: {known} members are known" in again.err
    assert "members 8: match 6, mismatch 2, indeterminate 0" in again.err
    asked = walks(configured)
    whole = run("reconcile", "--members", members, *SPAN, "--report", str(tmp_path / "whole"))
    assert (results(tmp_path / "cut")[:2], again.code) == (results(tmp_path / "whole")[:2], whole.code)
    assert asked < walks(configured) - asked


def test_other_arguments_are_refused_and_nothing_is_touched(run: Run, members: str, tmp_path: Path) -> None:
    cut_off(run, members, tmp_path / "cut")
    before = (tmp_path / "cut" / "mismatches.jsonl").read_bytes()
    again = run("reconcile", "--members", members, *SPAN, "--tolerance", "1", "--report", str(tmp_path / "cut"))
    assert again.code == 2
    assert "unfinished run with other arguments (tolerance differ)" in again.err
    assert (tmp_path / "cut" / "mismatches.jsonl").read_bytes() == before


def test_lines_beyond_what_was_noted_do_not_count(run: Run, members: str, tmp_path: Path) -> None:
    """They are of members who are asked about again."""
    cut_off(run, members, tmp_path / "cut")
    with (tmp_path / "cut" / "mismatches.jsonl").open("ab") as lines:
        lines.write(b'{"number":1,"a line that was cut')
    assert run("reconcile", "--members", members, *SPAN, "--report", str(tmp_path / "cut")).code == 1
    numbers = [json.loads(line)["number"] for line in results(tmp_path / "cut")[2]]
    assert len(numbers) == len(set(numbers)) == 2


def test_a_folder_that_somebody_tidied_is_refused(run: Run, members: str, tmp_path: Path) -> None:
    cut_off(run, members, tmp_path / "cut")
    (tmp_path / "cut" / "mismatches.jsonl").write_bytes(b"")
    again = run("reconcile", "--members", members, *SPAN, "--report", str(tmp_path / "cut"))
    assert again.code == 2
    assert "mismatches.jsonl is not as the unfinished run left it" in again.err


@pytest.mark.parametrize("report", [True, False])
def test_a_member_given_twice_counts_once(run: Run, members: str, tmp_path: Path, *, report: bool) -> None:
    listed = Path(members).read_text()
    Path(members).write_text(f"{listed}\n{listed}")
    options = ("--report", str(tmp_path / "out")) if report else ()
    done = run("reconcile", "--members", members, *SPAN, *options)
    assert "members 8: match 6, mismatch 2" in done.err
    assert "members given more than once, and reconciled once: 8" in done.err
