from __future__ import annotations

import json
from pathlib import Path

import pytest

from loyalty_async.sandbox import DEFAULT_PROGRAM, Settings
from loyalty_async.sandbox.accounts import account_of
from tests.cli.conftest import Run, Served, assert_discreet

pytestmark = pytest.mark.real_time

PROGRAM = ("account-balance", "--program-id", str(DEFAULT_PROGRAM.program_id))


@pytest.mark.parametrize("dialect", ["json", "xml"])
@pytest.mark.parametrize("name", ["email", "phone", "profile_id", "custom:external_id"])
def test_the_json_is_the_truth_however_the_member_is_found(
    name: str, dialect: str, configured: Served, run: Run
) -> None:
    member = configured.member(30)
    values = {
        "email": member.email,
        "phone": f"+{member.mobile}",
        "profile_id": member.user_id,
        "custom:external_id": member.external_id,
    }
    finished = run(*PROGRAM, "--by", f"{name}={values[name]}", "--dialect", dialect, "--format", "json")
    assert (finished.code, finished.err) == (0, "")
    account = account_of(configured.sandbox.ledger, member, DEFAULT_PROGRAM)
    expected = {"total_balance": f"{account.total:.3f}", "active_balance": f"{account.active:.3f}", "extra": {}}
    assert json.loads(finished.out) == expected


@pytest.mark.parametrize("dialect", ["json", "xml"])
def test_the_table_has_both_balances(dialect: str, configured: Served, run: Run) -> None:
    member = configured.member(30)
    account = account_of(configured.sandbox.ledger, member, DEFAULT_PROGRAM)
    finished = run(*PROGRAM, "--by", f"email={member.email}", "--dialect", dialect)
    assert (finished.code, finished.err) == (0, "")
    assert [line.split() for line in finished.out.splitlines()] == [
        ["account", "points"],
        ["active", f"{account.active:.3f}"],
        ["total", f"{account.total:.3f}"],
    ]


@pytest.mark.parametrize(
    ("typed", "name"), [("points", None), ("iid=1", None), ("Stamps", "Stamps"), ("eid=Stamps", "Stamps")]
)
def test_a_currency_is_found_by_either_id(typed: str, name: str | None, configured: Served, run: Run) -> None:
    member = configured.member(30)
    account = account_of(configured.sandbox.ledger, member, DEFAULT_PROGRAM, name)
    finished = run(*PROGRAM, "--by", f"email={member.email}", "--currency", typed, "--format", "json")
    assert json.loads(finished.out)["total_balance"] == f"{account.total:.3f}"


def test_the_token_may_come_from_a_file_and_go_into_a_header(
    configured: Served, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALTCRAFT_TOKEN", "hunter2")
    (tmp_path / "token").write_text("sandbox-token\n", encoding="utf-8")
    options = ("--bearer", "--secret-file", str(tmp_path / "token"))
    assert run(*PROGRAM, "--by", f"email={configured.member(1).email}", *options).code == 0


@pytest.mark.parametrize("status", ["ok", "equal"])
def test_a_wrong_token_is_one_line_without_it(
    status: str, configured: Served, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured.sandbox.settings = Settings(altcraft_error_status="ok" if status == "ok" else "equal")
    monkeypatch.setenv("ALTCRAFT_TOKEN", "hunter2")
    finished = run(*PROGRAM, "--by", "email=somebody@example.com")
    assert finished.code == 3
    assert "ALTCRAFT_TOKEN" in finished.err
    assert_discreet(finished, "hunter2", "somebody")


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("by", ["email=somebody@example.com", "phone=+917406401004", "custom:nickname=somebody"])
def test_an_unknown_member_is_one_line_without_the_identifier(by: str, run: Run) -> None:
    finished = run(*PROGRAM, "--by", by)
    assert finished.code == 3
    assert "(440); check the options" in finished.err
    assert_discreet(finished, "somebody", "917406401004", "sandbox-token")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--by mobile=917406401004", "--by must be one of email=…, phone=…, profile_id=…, custom:FIELD=…"),
        ("--by 917406401004", "--by must be one of"),
        ("--by custom:=917406401004", "--by must be one of"),
        ("--by email=917406401004 --currency iid=917406401004x", "--currency must be"),
        ("--by email=917406401004 --dialect yaml", "--dialect must be one of json, xml"),
        ("", "--by is missing"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_sent(
    options: str, said: str, configured: Served, run: Run
) -> None:
    finished = run(*PROGRAM, *options.split())
    assert finished.code == 2
    assert said in finished.err
    assert_discreet(finished, "917406401004")
    assert not configured.sandbox.stats.requests


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("ALTCRAFT_BASE_URL", "set ALTCRAFT_BASE_URL, or write altcraft.base_url into"),
        ("ALTCRAFT_TOKEN", "set ALTCRAFT_TOKEN, give --secret-file, or write altcraft.token into"),
    ],
)
@pytest.mark.usefixtures("configured")
def test_a_setting_that_is_missing_is_told(missing: str, said: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(missing)
    finished = run(*PROGRAM, "--by", "email=somebody@example.com")
    assert finished.code == 2
    assert said in finished.err
