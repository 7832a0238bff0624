from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from loyalty_async.export import JsonLines, Parquet, Postgres
from loyalty_async.sandbox import LEDGER_INFO_PATH, Fault
from tests.cli.conftest import NOON, Run, Served, assert_discreet
from tests.export.outputs import truth, written

pytestmark = pytest.mark.real_time

SINCE = ("--since", "2022-01-01", "--until", NOON.isoformat())


@pytest.fixture
def listed(configured: Served, tmp_path: Path) -> Path:
    """A list of all members."""
    path = tmp_path / "members.csv"
    path.write_text("".join(f"id,{member.user_id}\n" for member in configured.sandbox.ledger.members))
    return path


def test_a_list_becomes_files_that_can_be_checked(run: Run, configured: Served, listed: Path, tmp_path: Path) -> None:
    to = tmp_path / "out"
    options = ("--to", str(to), "--format", "parquet", "--with-currencies")
    finished = run("export", "--members", str(listed), *SINCE, *options)
    assert (finished.code, finished.out.split(":")[0]) == (0, "complete")
    assert "8 of 8 members" in finished.err
    assert written(Parquet(to)) == truth(configured.sandbox.ledger)
    again = run("export", "--members", str(listed), *SINCE, *options)
    assert (again.code, "8 done before" in again.out, "0 requests" in again.out) == (0, True, True)
    checked = run("export", "verify", str(to))
    assert (checked.code, checked.err) == (0, "")
    assert checked.out.startswith("as it was written: 1 file, ")
    next(to.glob("*.parquet")).write_bytes(b"")
    spoilt = run("export", "verify", str(to))
    assert spoilt.code == 1
    assert "entries-000001.parquet: has 0 bytes" in spoilt.err


def test_a_list_may_come_through_a_pipe_and_figures_go_to_a_machine(listed: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "loyalty_async.cli", "export", "--members", "-", *SINCE]
    command += ["--to", str(tmp_path / "out"), "--progress", "json"]
    with listed.open("rb") as lines:
        finished = subprocess.run(command, stdin=lines, check=False, capture_output=True, text=True)  # noqa: S603
    assert (finished.returncode, finished.stderr) == (0, "")
    last = json.loads(finished.stdout.splitlines()[-1])
    assert (last["event"], last["complete"], last["read"], last["total"]) == ("summary", True, 8, 8)


def test_a_signal_ends_it_although_the_list_has_not_ended(configured: Served, listed: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "loyalty_async.cli", "export", "--members", "-", *SINCE]
    command += ["--to", str(tmp_path / "out"), "--dead-letters", str(tmp_path / "dead")]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)  # noqa: S603
    assert process.stdin
    assert process.stderr
    process.stdin.write(listed.read_bytes() * 10)  # More than are taken at once; the pipe stays open.
    process.stdin.flush()
    while configured.sandbox.stats.entries_served < 30:
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 130
    assert b"Fatal" not in process.stderr.read()
    process.stdin.close()
    process.stderr.close()


def test_a_plan_is_printed_and_nothing_is_written(run: Run, listed: Path, tmp_path: Path) -> None:
    options = ("--to", str(tmp_path / "out"), "--dry-run", "--quota", "6000")
    finished = run("export", "--members", str(listed), *SINCE, *options)
    assert finished.code == 0
    told = dict(line.strip().split(maxsplit=1) for line in finished.out.splitlines())
    assert told["members"] == "8"
    assert told["windows"] == str(8 * 15)
    assert told["minutes"].endswith("at 6,000 requests a minute")
    assert not (tmp_path / "out").exists()
    machine = run("export", "--members", str(listed), *SINCE, *options, "--progress", "json")
    assert json.loads(machine.out)["event"] == "plan"


def test_lines_and_members_that_cannot_be_used_are_put_aside_or_end_it(run: Run, listed: Path, tmp_path: Path) -> None:
    listed.write_text("id,910000999888\nmobile\n" + listed.read_text())
    command = ("export", "--members", str(listed), *SINCE, "--to", str(tmp_path / "out"))
    stopped = run(*command)
    assert stopped.code == 2
    assert "line 2 of the members has no identifier_value; correct the line" in stopped.err
    dead = tmp_path / "dead.jsonl"
    finished = run(*command, "--dead-letters", str(dead))
    assert finished.code == 1
    assert "910000999888" not in finished.out + finished.err
    assert "put aside: 2 lines or members; mend them" in finished.err
    assert {json.loads(line)["line"] for line in dead.read_text().splitlines()} == {1, 2}


def test_what_is_new_is_added(run: Run, configured: Served, listed: Path, tmp_path: Path) -> None:
    to = ("--to", str(tmp_path / "out"), "--with-currencies", "--lookback", "48")
    run("export", "--members", str(listed), "--since", "beginning", "--until", "2025-01-01", *to)
    finished = run("export", "--members", str(listed), "--since", "last", *to)
    assert (finished.code, "complete: run 2" in finished.out) == (0, True)
    assert written(JsonLines(tmp_path / "out")) == truth(configured.sandbox.ledger)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--to out --workers 0", "--workers must be at least 1"),
        ("--to out --lookback -1", "--lookback must be at least 0"),
        ("--to out --memory 0", "--memory must be above 0"),
        ("--to out --memory inf", "--memory must be above 0"),
        ("--to out --file-size 0", "--file-size and --commit-every must be above 0"),
        ("--to out --file-size nan", "--file-size and --commit-every must be above 0"),
        ("--to out --file-size inf", "--file-size and --commit-every must be above 0"),
        ("--to postgresql://h/d --table a.b.c", "the table must be named as `table` or as `schema.table`"),
        (f"--to postgresql://h/d --table {51 * 'x'}", "the name of the table must not be longer than 50 bytes"),
        ("--to out --details rows", "--details rows is not for jsonl"),
        ("--to out --format postgres", "--format postgres and --to postgresql://"),
        ("--to postgresql://h/d --format csv", "--format postgres and --to postgresql://"),
        ("--to postgresql://somebody:hunter2@h/d", "--to must hold no password"),
        ("--to postgresql://h/d?password=hunter2", "--to must hold no password"),
        ("--to out --with-concept-events", "--with-concept-events needs --program-id"),
        ("--to s3://bucket/out", "--to must be a folder of this machine"),
        ("--to out --format parquet --compress", "--compress is for jsonl and csv"),
        ("--to postgresql://h/d --compress", "--compress is for jsonl and csv"),
        ("--to out --table entries", "--table is for --to postgresql://"),
        ("--to out --quota 0", "--quota must be at least 1"),
        ("--to out --quota 100 --quota-store http://h", "--quota-store must be the URL of a Redis"),
        ("--to out --quota-store redis://h", "--quota-store needs --quota"),
        ("--to out --quota 9 --quota-store redis://:hunter2@h", "--quota-store must hold no password"),
        ("--to out --members nowhere.csv", "the list of members cannot be read: No such file"),
    ],
)
def test_what_cannot_work_is_refused(options: str, said: str, run: Run, listed: Path) -> None:
    command = ["export", *SINCE, *options.split()]
    if "--members" not in command:
        command += ["--members", str(listed)]
    finished = run(*command)
    assert finished.code == 2
    assert said in finished.err
    assert_discreet(finished, "hunter2")


@pytest.mark.parametrize("content", ["", "identifier_name,identifier_value\n"])
def test_an_empty_list_is_an_error(content: str, run: Run, listed: Path, tmp_path: Path) -> None:
    listed.write_text(content)
    finished = run("export", "--members", str(listed), *SINCE, "--to", str(tmp_path / "out"))
    assert (finished.code, finished.out) == (2, "")
    assert "the list of members is empty" in finished.err


def test_the_list_is_not_replaced_by_what_was_put_aside(
    run: Run, listed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = listed.read_text()
    monkeypatch.chdir(tmp_path)
    for same in (str(listed), os.path.relpath(listed)):
        command = ("export", "--members", str(listed), *SINCE, "--to", "out", "--dead-letters", same)
        finished = run(*command)
        assert (finished.code, listed.read_text()) == (2, before)
        assert "--dead-letters must be another file than --members" in finished.err


def test_what_was_put_aside_is_a_list_of_members_itself(
    run: Run, configured: Served, listed: Path, tmp_path: Path
) -> None:
    user_id = configured.sandbox.ledger.members[0].user_id
    configured.sandbox.faults.add(Fault(path=LEDGER_INFO_PATH, status=400, code=8015, times=1))
    options = (*SINCE, "--to", str(tmp_path / "out"), "--with-currencies", "--workers", "1")
    dead = tmp_path / "dead.jsonl"
    first = run("export", "--members", str(listed), *options, "--dead-letters", str(dead))
    assert (first.code, json.loads(dead.read_text())["identifier_value"]) == (1, str(user_id))
    again = run("export", "--members", str(dead), *options)
    assert (again.code, "1 member read" in again.out) == (0, True)
    assert written(JsonLines(tmp_path / "out")) == truth(configured.sandbox.ledger)


def test_a_quota_is_kept_and_shown(run: Run, listed: Path, tmp_path: Path) -> None:
    listed.write_text("\n".join(listed.read_text().splitlines()[:1]))
    began = time.monotonic()
    finished = run("export", "--members", str(listed), *SINCE, "--to", str(tmp_path / "out"), "--quota", "300")
    requests = int(re.search(r"; (\d+) requests", finished.out)[1])  # type: ignore[index]
    assert finished.code == 0
    assert requests > 10
    assert time.monotonic() - began > (requests - 3) / 5  # The token, the first, and one to spare.
    assert "of the quota)" in finished.err


def test_the_names_of_columns_are_no_member(run: Run, listed: Path, tmp_path: Path) -> None:
    listed.write_text("identifier_name,identifier_value\n" + listed.read_text())
    finished = run("export", "--members", str(listed), *SINCE, "--to", str(tmp_path / "out"), "--progress", "json")
    last = [json.loads(line) for line in finished.out.splitlines()][-1]
    assert (last["event"], last["members"], last["total"], last["seconds_left"]) == ("summary", 8, 8, 0.0)


@pytest.mark.real_time
def test_an_output_that_hangs_is_left_by_the_third_signal(
    configured: Served, listed: Path, database: str, table: str
) -> None:
    user_ids = {str(member.user_id) for member in configured.sandbox.ledger.members}
    command = [sys.executable, "-m", "loyalty_async.cli", "export", "--members", str(listed), *SINCE]
    command += ["--to", database, "--table", table, "--commit-every", "0.1", "--with-currencies"]
    assert subprocess.run(command, check=False, capture_output=True, env=os.environ).returncode == 0  # noqa: S603
    with psycopg.connect(database) as connection:
        connection.execute(f"DELETE FROM {table}_export_units")  # noqa: S608
        connection.execute(f"DELETE FROM {table}")  # noqa: S608
        connection.commit()
        connection.execute(f"LOCK TABLE {table}")
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ})  # noqa: S603
        assert process.stderr
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = %s::regclass"
        with psycopg.connect(database, autocommit=True) as watch:
            while watch.execute(waiting, [table]).fetchone() == (0,):
                time.sleep(0.01)
        for expected in ("finishing the members under way", "stopping at once", ""):
            process.send_signal(signal.SIGINT)
            while expected and expected not in process.stderr.readline():
                pass
        assert process.wait(20) == -signal.SIGINT
        process.stderr.close()
    assert subprocess.run(command, check=False, capture_output=True, env=os.environ).returncode == 0  # noqa: S603
    sink = Postgres(database, table=table)
    assert {fact[0] for fact in written(sink)} <= user_ids
    assert written(sink) == truth(configured.sandbox.ledger)


@pytest.mark.parametrize("signals", [[signal.SIGINT], [signal.SIGTERM], [signal.SIGINT, signal.SIGINT]])
def test_a_signal_ends_it_in_order_and_the_same_command_goes_on(
    signals: list[signal.Signals], configured: Served, listed: Path, tmp_path: Path
) -> None:
    configured.sandbox.faults.add(Fault(delay_s=0.1, times=25))
    command = [sys.executable, "-m", "loyalty_async.cli", "export", "--members", str(listed), *SINCE]
    command += ["--to", str(tmp_path / "out"), "--with-currencies", "--workers", "1", "--ahead", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ})  # noqa: S603
    while configured.sandbox.stats.entries_served < 10:
        time.sleep(0.01)
    for number in signals:
        process.send_signal(number)
        time.sleep(0.05)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "finishing the members under way, at most 30 s; once more stops at once" in told
    assert "run the same command again" in told
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0  # noqa: S603
    assert written(JsonLines(tmp_path / "out")) == truth(configured.sandbox.ledger)
