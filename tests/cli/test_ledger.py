from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import loyalty_async.cli.ledger
from loyalty_async.cli.demo_comparisons import Differences, compare
from loyalty_async.client import CapillaryClient
from loyalty_async.models.credentials import OAuth
from loyalty_async.protocol.backoff import RetryPolicy
from loyalty_async.sandbox import Fault, Move
from loyalty_async.sandbox.faults import FaultScript
from loyalty_async.sandbox.truths import member_truth
from tests.cli.conftest import NOON, Run, Served, assert_discreet

pytestmark = pytest.mark.real_time

COMMAND = [sys.executable, "-m", "loyalty_async.cli", "ledger"]


def rows(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def truth(served: Served, user_id: int) -> Any:
    return member_truth(served.sandbox.ledger, user_id, served.sandbox.printer)["entries"]


def test_the_lines_are_the_truth(configured: Served, run: Run) -> None:
    member = configured.member(30)
    finished = run("ledger", "--member", f"mobile={member.mobile}", "--since", "2022-01-01", "--with-currencies")
    assert finished.code == 0
    expected = truth(configured, member.user_id)
    assert len(expected) >= 30
    assert compare(rows(finished.out), expected) == Differences()
    assert finished.err.startswith(f"complete: entries {len(expected)}, requests ")
    assert finished.err.count("\n") == 1


@pytest.mark.parametrize("name", ["id", "mobile", "email", "externalId"])
def test_a_member_is_found_by_each_identifier(name: str, configured: Served, run: Run) -> None:
    member = configured.member(1)
    values = {"id": member.user_id, "mobile": member.mobile, "email": member.email, "externalId": member.external_id}
    assert run("ledger", "--member", f"{name}={values[name]}").code == 0


def test_the_span_is_half_open_and_in_the_zone(configured: Served, run: Run) -> None:
    member = configured.sandbox.ledger.add_member()
    for day in ("2025-01-31T18:29:59+00:00", "2025-01-31T18:30:00+00:00", "2025-02-01T18:30:00+00:00"):
        configured.sandbox.ledger.add_entry(member.user_id, created_at=datetime.fromisoformat(day))
    finished = run(
        *("ledger", "--member", f"id={member.user_id}", "--timezone", "Asia/Kolkata"),
        *("--since", "2025-02-01", "--until", "2025-02-02"),
    )
    assert [row["created_at"] for row in rows(finished.out)] == ["2025-01-31T18:30:00Z"]


def test_filters_reach_the_server(configured: Served, run: Run) -> None:
    member = configured.member(30)
    finished = run("ledger", "--member", f"id={member.user_id}", "--ledger-entry-type", "DEBIT")
    kinds = {line["ledger_entry_type"] for row in rows(finished.out) for line in row["entry_details"]}
    assert kinds == {"DEBIT"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--with-concept-events", "--with-concept-events needs --program-id"),
        ("--without-points", "--without-points needs --with-currencies"),
        ("--with-currencies --currency Stars", "give --currency or --with-currencies, not both"),
        ("--till-id 1 --store-id 2", "give only one of --till-id, --store-id, --store-code"),
        ("--since 2025-02-01 --until 2025-01-01", "since must lie before until"),
        ("--ahead -1", "--ahead must be at least 0"),
        ("--format table --timezone Mars", "--timezone must be a zone"),
    ],
)
def test_what_does_not_go_together_is_refused_in_the_words_of_the_command_line(
    options: str, said: str, configured: Served, run: Run
) -> None:
    finished = run("ledger", "--member", "id=1", *options.split())
    assert finished.code == 2
    assert said in finished.err
    assert not configured.sandbox.stats.requests


@pytest.mark.parametrize("name", ["id", "externalId", "primaryUserId"])
def test_a_groups_lines_are_the_truth(name: str, configured: Served, run: Run) -> None:
    for group in configured.sandbox.ledger.groups:
        values = {"id": group.group_id, "externalId": group.external_id, "primaryUserId": group.primary.user_id}
        finished = run("ledger", "--group", f"{name}={values[name]}", "--entity-type", group.kind, "--with-currencies")
        assert finished.code == 0
        assert compare(rows(finished.out), truth(configured, group.owner_id)) == Differences()


def test_an_unknown_group_is_one_line_without_the_identifier(configured: Served, run: Run) -> None:
    user_id = configured.sandbox.ledger.groups[0].primary.user_id
    finished = run("ledger", "--group", f"externalId={user_id}")
    assert finished.code == 3
    assert "no member has this identifier (8015)" in finished.err
    assert_discreet(finished, str(user_id))


def test_a_data_scope_draws_on_connected_organisations(configured: Served, run: Run) -> None:
    ledger = configured.sandbox.ledger
    member, connected = ledger.add_member(), ledger.organisation.connected[0]
    for org_id in (ledger.organisation.org_id, connected):
        ledger.add_entry(member.user_id, created_at=NOON.replace(month=1), org_id=org_id)
    for scope, org_id in (("SELF", ledger.organisation.org_id), (f"OTHER:{connected}", connected)):
        finished = run("ledger", "--member", f"id={member.user_id}", "--data-scope", scope)
        assert [row["org_id"] for row in rows(finished.out)] == [org_id]


def test_all_settings_may_come_from_one_file(
    served: Served, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = f'base_url = "{served.url}"\ntill = "sandbox.till"\npassword = "sandbox"\nsource = "ALL"\n'
    file = tmp_path / "loyalty-async.toml"
    file.write_text(content, encoding="utf-8")
    file.chmod(0o600)
    arguments = ("ledger", "--member", f"id={served.member(5).user_id}")
    assert run(*arguments, "--config", str(file)).code == 0
    monkeypatch.chdir(tmp_path)
    finished = run(*arguments)
    assert finished.code == 0
    assert finished.err.startswith("complete: ")
    file.write_text(f'{content}sekret = "hunter2"\n', encoding="utf-8")
    refused = run(*arguments)
    assert refused.code == 2
    assert "unknown key in the configuration file: sekret" in refused.err
    assert_discreet(refused, "hunter2", served.url)


def test_a_table_shows_every_line_of_every_entry(configured: Served, run: Run) -> None:
    member = configured.member(30)
    finished = run("ledger", "--member", f"id={member.user_id}", "--format", "table", "--with-currencies")
    assert finished.code == 0
    assert "\x1b" not in finished.out
    assert max(map(len, finished.out.splitlines())) <= 80
    for entry in truth(configured, member.user_id):
        for kind, points, *_ in entry["details"]:
            assert f"{ {'CREDIT': '+', 'DEBIT': '-', 'OPENING_BALANCE': '='}[kind] }{Decimal(points):f}" in finished.out


@pytest.mark.parametrize("output", ["jsonl", "table"])
def test_a_file_holds_what_the_output_would(output: str, configured: Served, run: Run, tmp_path: Path) -> None:
    arguments = ("ledger", "--member", f"id={configured.member(30).user_id}", "--format", output)
    file = tmp_path / "ledger"
    written = run(*arguments, "--to", str(file))
    assert (written.code, written.out) == (0, "")
    assert file.read_text(encoding="utf-8") == run(*arguments).out


def test_a_wrong_secret_is_one_line_without_it(configured: Served, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOYALTY_SECRET", "hunter2")
    finished = run("ledger", "--member", "mobile=917406401004")
    assert finished.code == 3
    assert "check LOYALTY_KEY and LOYALTY_SECRET" in finished.err
    assert_discreet(finished, "hunter2", "sandbox-key", "917406401004")
    assert configured.sandbox.stats.entries_served == 0


def test_a_wrong_password_is_one_line_without_it(served: Served, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOYALTY_PASSWORD", "hunter2")
    finished = run("ledger", "--member", "id=1", "--base-url", served.url, "--till", "sandbox.till")
    assert finished.code == 3
    assert_discreet(finished, "hunter2", "sandbox.till")


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("member", ["mobile=917406401004", "email=917406401004@example.com", "externalId=917406401004"])
def test_an_unknown_member_is_one_line_without_the_identifier(member: str, run: Run) -> None:
    finished = run("ledger", "--member", member)
    assert finished.code == 3
    assert "no member has this identifier (8015)" in finished.err
    assert_discreet(finished, "917406401004", "sandbox-secret")


@pytest.mark.usefixtures("configured")
def test_a_malformed_member_is_one_line_without_it(run: Run) -> None:
    finished = run("ledger", "--member", "917406401004")
    assert finished.code == 2
    assert_discreet(finished, "917406401004")


def test_a_server_that_is_not_there_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch, unused_port: int) -> None:
    monkeypatch.setenv("LOYALTY_SECRET", "hunter2")
    without_retries(monkeypatch)
    finished = run(
        "ledger", "--member", "id=917406401004", "--key", "k", "--base-url", f"http://127.0.0.1:{unused_port}"
    )
    assert finished.code == 3
    assert "check the base URL and the network" in finished.err
    assert_discreet(finished, "hunter2", "917406401004")


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def without_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(connection: Any, _: object) -> CapillaryClient:
        url = connection.base_url or os.environ["LOYALTY_BASE_URL"]
        auth = OAuth(key="sandbox-key", secret="sandbox-secret")
        return CapillaryClient(url, auth=auth, retry=RetryPolicy(attempts=1))

    monkeypatch.setattr(loyalty_async.cli.ledger, "connect", connect)


def test_a_ledger_that_is_not_fully_booked_is_written_and_exits_1(
    configured: Served, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_retries(monkeypatch)
    configured.sandbox.faults.add(Fault(warning=11002, times=None))
    finished = run("ledger", "--member", f"id={configured.member(5).user_id}")
    assert finished.code == 1
    assert rows(finished.out)
    assert finished.err.startswith("pending: entries ")
    assert "warning 11002 on " in finished.err


def test_a_ledger_that_cannot_be_proved_exits_1_and_leaves_no_file(
    configured: Served, run: Run, tmp_path: Path
) -> None:
    member = configured.sandbox.ledger.add_member()
    moment = configured.sandbox.ledger.entries(configured.member(1).user_id)[0].created_at
    configured.sandbox.ledger.add_entry(member.user_id, created_at=moment)
    configured.sandbox.faults.add(Fault(patch={"ledgerDetails": {"totalEntries": 2}}, times=None))
    finished = run("ledger", "--member", f"id={member.user_id}", "--since", "2022-01-01", "--to", str(tmp_path / "x"))
    assert finished.code == 1
    assert "try again later" in finished.err
    assert_discreet(finished, str(member.user_id))
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_stops_reading_ends_it_quietly(configured: Served) -> None:
    """As `head -1` does: it takes a line and goes, and the next line finds nobody."""
    ledger = configured.sandbox.ledger
    member = ledger.add_member()
    for month in (1, 6):  # In two windows, so in two parts.
        ledger.add_entry(member.user_id, created_at=NOON.replace(month=month))
    configured.sandbox.faults.add(Fault(delay_s=0.5, times=None))
    arguments = ["--member", f"id={member.user_id}", "--since", "2025-01-01", "--until", "2025-07-01", "--ahead", "0"]
    with subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:  # noqa: S603
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_ctrl_c_is_one_line_and_exit_code_130(configured: Served) -> None:
    configured.sandbox.faults.add(Fault(delay_s=30.0, times=None))
    arguments = ["--member", f"id={configured.member(1).user_id}"]
    with subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:  # noqa: S603
        while not configured.sandbox.stats.requests:  # The token is there: the ledger's request is on its way.
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (130, b"", b"loyalty-async: interrupted\n")


def test_ctrl_c_says_how_to_go_on_and_still_reports(
    configured: Served, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first part was written when the answer to the second is waited for."""
    ledger = configured.sandbox.ledger
    member = ledger.add_member()
    expected = [ledger.add_entry(member.user_id, created_at=NOON.replace(month=month)).event_log_id for month in (1, 6)]
    arguments = ["--member", f"id={member.user_id}", "--since", "2025-01-01", "--until", "2025-07-01", "--ahead", "0"]
    path = tmp_path / "report.json"
    configured.sandbox.faults.add(Fault(skip=1, delay_s=30.0, times=None))
    delayed, take = threading.Event(), FaultScript.take

    def noting(script: FaultScript, path: str, query: Mapping[str, str]) -> tuple[Fault | None, float]:
        fault, delay_s = take(script, path, query)
        if delay_s:
            delayed.set()
        return fault, delay_s

    monkeypatch.setattr(FaultScript, "take", noting)
    command = [*COMMAND, *arguments, "--report", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:  # noqa: S603
        assert process.stdout is not None
        first = process.stdout.readline()
        assert delayed.wait(20)
        process.send_signal(signal.SIGINT)
        rest, err = process.communicate(timeout=20)
    told, interrupted = err.decode().splitlines()
    assert (process.returncode, rest, interrupted) == (130, b"", "loyalty-async: interrupted")
    assert told.startswith("loyalty-async: go on behind the last line with --resume ")
    report = json.loads(path.read_text())
    assert (report["verdict"], report["entries"]) == ("partial", 1)
    configured.sandbox.faults.clear()
    went_on = run("ledger", *arguments, "--resume", told.split()[-1])
    assert ids(first.decode()) + ids(went_on.out) == expected
    assert went_on.err.startswith("complete: ")


# ---- Order, end, resume, report --------------------------------------------------------------------------------------


def ids(text: str) -> list[int]:
    return [row["event_log_id"] for row in rows(text)]


def test_the_newest_come_first_if_told_and_the_rest_on_request(configured: Served, run: Run) -> None:
    """What a run that stopped prints is what the next one takes, until there is no more."""
    command = ("ledger", "--member", f"mobile={configured.member(30).mobile}", "--with-currencies")
    everything = ids(run(*command, "--order", "desc").out)
    page = run(*command, "--order", "desc", "--max-items", "7")
    given = ids(page.out)
    while page.err.startswith("partial: "):
        assert page.code == 0
        page = run(*command, "--order", "desc", "--max-items", "7", "--resume", page.err.split()[-1])
        given += ids(page.out)
    assert given == everything
    assert everything == ids(run(*command).out)[::-1]


def test_a_run_that_broke_off_says_how_to_go_on_and_still_reports(configured: Served, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    command = ("ledger", "--member", f"mobile={configured.member(60).mobile}", "--since", "2022-01-01", "--ahead", "0")
    everything = ids(run(*command).out)
    configured.sandbox.faults.add(Fault(skip=6, times=None, status=403, code=4000))
    broken = run(*command, "--report", str(path))
    assert broken.code == 3
    configured.sandbox.faults.clear()
    (line,) = [line for line in broken.err.splitlines() if "--resume" in line]
    assert json.loads(path.read_text())["verdict"] == "failed"
    rest = run(*command, "--resume", line.split()[-1])
    assert 0 < len(ids(broken.out)) < len(everything)
    assert ids(broken.out) + ids(rest.out) == everything


def test_who_goes_on_behind_a_shortage_is_never_told_that_it_is_complete(configured: Served, run: Run) -> None:
    """Between its pieces one entry of a span was deleted, and one came into a piece that had been read."""
    begin = datetime(2025, 1, 1, tzinfo=UTC)
    member = configured.sandbox.ledger.add_member()
    for number in range(250):
        configured.sandbox.ledger.add_entry(member.user_id, created_at=begin + number * timedelta(hours=4))
    first = configured.sandbox.ledger.entries(member.user_id)[0]
    configured.sandbox.moves.add(Move(action="delete", at=2, event_log_id=first.event_log_id))
    configured.sandbox.moves.add(Move(action="backdate", at=4, created_at=begin + timedelta(hours=1)))
    arguments = ["--since", "2025-01-01", "--until", "2025-03-20", "--proof", "atomic", "--ahead", "0"]
    command = ("ledger", "--member", f"id={member.user_id}", *arguments)
    broken = run(*command)
    assert (broken.code, "the server counts 1 entries more than it served" in broken.err) == (1, True)
    (line,) = [line for line in broken.err.splitlines() if "--resume" in line]
    rest = run(*command, "--resume", line.split()[-1])
    assert rest.code == 1
    assert rest.err.startswith("partial: ")
    assert "; an error told that entries are missing" in rest.err


@pytest.mark.parametrize("options", [(), ("--max-items", "120")])
def test_a_ledger_that_moved_too_much_to_be_counted_is_not_fine_and_it_is_said_why(
    configured: Served, run: Run, options: tuple[str, ...]
) -> None:
    """Nor if as many entries came as were wanted at most."""
    now = datetime.now(UTC)
    member = configured.sandbox.ledger.add_member()
    for number in range(1, 121):
        configured.sandbox.ledger.add_entry(member.user_id, created_at=now - number * timedelta(days=3))
    oldest = configured.sandbox.ledger.entries(member.user_id)[0].created_at
    configured.sandbox.moves.add(Move(action="backdate", created_at=oldest, skip=3, times=None))
    finished = run("ledger", "--member", f"id={member.user_id}", "--ahead", "0", "--proof", "atomic", *options)
    assert finished.code == 1
    assert finished.err.startswith("partial: ")
    assert "; the ledger moved too much to be counted" in finished.err


def test_a_point_of_another_query_is_refused(configured: Served, run: Run) -> None:
    command = ("ledger", "--member", f"mobile={configured.member(30).mobile}")
    page = run(*command, "--max-items", "7")
    refused = run(*command, "--order", "desc", "--resume", page.err.split()[-1])
    assert (refused.code, refused.out) == (2, "")
    assert "another query" in refused.err


def test_the_report_is_json(configured: Served, run: Run, tmp_path: Path) -> None:
    member = configured.member(30)
    path = tmp_path / "report.json"
    finished = run("ledger", "--member", f"mobile={member.mobile}", "--report", str(path), "--proof", "atomic")
    report = json.loads(path.read_text())
    assert report["verdict"] == "complete"
    assert report["entries"] == len(rows(finished.out))
    assert report["requests"] >= report["pages"] >= 1
    assert member.mobile not in path.read_text()


@pytest.mark.parametrize("options", ["--max-items 0", "--ahead -1", "--settle -1", "--settle nan", "--resume x"])
def test_numbers_that_cannot_be_are_refused(options: str, configured: Served, run: Run) -> None:
    finished = run("ledger", "--member", f"id={configured.member(1).user_id}", *options.split())
    assert finished.code == 2
    assert_discreet(finished)
