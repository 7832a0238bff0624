"""Every program in `examples/` runs as its docstring says, against a sandbox on a real socket."""

import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from loyalty_async.sandbox import Move, Sandbox, make_ledger, serving

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    return Sandbox(make_ledger(5, seed=11, now=datetime.now(UTC), entries_per_member=120, skewed=False))


@pytest.fixture(scope="module")
def environment(sandbox: Sandbox) -> Iterator[dict[str, str]]:
    with serving(sandbox) as url:
        yield {
            **os.environ,
            "LOYALTY_BASE_URL": url,
            "LOYALTY_KEY": "sandbox-key",
            "LOYALTY_SECRET": "sandbox-secret",
            "ALTCRAFT_BASE_URL": url,
            "ALTCRAFT_TOKEN": "sandbox-token",
        }


def run(name: str, *arguments: str, environment: dict[str, str], stdin: str = "") -> str:
    done = subprocess.run(  # noqa: S603 - the project's own programs
        [sys.executable, str(EXAMPLES / name), *arguments],
        env=environment,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_one_ledger_prints_every_entry_of_the_year(sandbox: Sandbox, environment: dict[str, str]) -> None:
    member, year = sandbox.ledger.members[0], datetime.now(UTC).year - 1
    since, until = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    lines = run("one_ledger.py", member.mobile, str(year), environment=environment).splitlines()
    points = [
        entry
        for entry in sandbox.ledger.entries(member.user_id, since=since, until=until)
        if any(line.currency is None for line in entry.details)
    ]
    assert len(lines) - 1 == len(points) > 0
    assert lines[-1].startswith(f"complete: {len(points)} entries")


def test_balances_prints_a_line_for_each_account(sandbox: Sandbox, environment: dict[str, str]) -> None:
    ids = [str(member.user_id) for member in sandbox.ledger.members]
    lines = run("balances.py", environment=environment, stdin="\n".join(ids)).splitlines()
    assert {line.split()[0] for line in lines} == set(ids)


def test_last_month_events_explodes_every_entry(sandbox: Sandbox, environment: dict[str, str]) -> None:
    until = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    since = (until - timedelta(days=1)).replace(day=1)
    member = max(
        sandbox.ledger.members, key=lambda member: len(sandbox.ledger.entries(member.user_id, since=since, until=until))
    )
    last = run("last_month_events.py", member.mobile, environment=environment).splitlines()[-1]
    assert int(last.split()[0]) > 0
    assert "; 0 unknown" in last


def test_altcraft_balance_prints_both_balances(sandbox: Sandbox, environment: dict[str, str]) -> None:
    member = sandbox.ledger.members[0]
    assert "points" in run("altcraft_balance.py", "973", member.email, environment=environment)


def test_telemetry_prints_a_span_for_each_request_and_metrics(sandbox: Sandbox, environment: dict[str, str]) -> None:
    mobile = sandbox.ledger.members[0].mobile
    printed = run("telemetry.py", mobile, environment=environment)
    names = [line.partition("  ")[0] for line in printed.splitlines() if line.endswith((" s  UNSET", " s  ERROR"))]
    assert names[0] == "POST /v3/oauth/token/generate"
    assert set(names[1:-1]) == {"GET /v2/pointsLedger/getCustomerLedgerInfo"}
    assert names[-1] == "read a ledger"
    assert '"http.client.request.duration"' in printed
    assert mobile not in printed


def test_reconcile_worker_finds_the_one_wrong_balance(sandbox: Sandbox, environment: dict[str, str]) -> None:
    ids = [str(member.user_id) for member in sandbox.ledger.members]
    last_month = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0) - timedelta(days=9)
    wrong: dict[str, Any] = {"path": "/v2/pointsLedger", "where": {"identifierValue": ids[2]}, "created_at": last_month}
    sandbox.moves.add(Move(action="misstate", points="7.50", **wrong))
    lines = run("reconcile_worker.py", environment=environment, stdin="\n".join(ids)).splitlines()
    assert [line for line in lines if line.startswith("member")] == ["member 3: mismatch"]
    assert "too much" in lines[1]
    assert lines[-1].startswith("5 members, ")
    assert not any(each in line for each in ids for line in lines)


def test_the_service_answers_a_member_and_refuses_a_stranger(
    sandbox: Sandbox, environment: dict[str, str], unused_port: int
) -> None:
    command = [sys.executable, "-m", "uvicorn", "--app-dir", str(EXAMPLES), "--port", str(unused_port), "service:app"]
    service = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)  # noqa: S603 - as above
    assert service.stderr is not None
    try:
        while "Uvicorn running" not in service.stderr.readline():
            assert service.poll() is None
        base = f"http://127.0.0.1:{unused_port}/members"
        with urllib.request.urlopen(f"{base}/{sandbox.ledger.members[0].user_id}") as answer:  # noqa: S310 - loopback
            assert b'"balances"' in answer.read()
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{base}/1")  # noqa: S310 - loopback
    finally:
        service.terminate()
        service.communicate(timeout=10)


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
