from __future__ import annotations

import json
from typing import Any

import pytest

from loyalty_async.sandbox import LEDGER_BALANCE_PATH, Fault, Settings
from loyalty_async.sandbox.balances import balances_at
from tests.cli.conftest import NOON, Finished, Run, Served, assert_discreet

pytestmark = pytest.mark.real_time

Accounts = dict[tuple[int, str, str | None], str]


def read(finished: Finished) -> Accounts:
    assert finished.code == 0
    assert finished.err == ""
    return {
        (row["program_id"], row["points_category"], row["alternate_currency"]): row["closing_balance"]
        for row in json.loads(finished.out)["details"]["ledger_closing_balance"]
    }


def truth(served: Served, owner_id: int, **at: Any) -> Accounts:
    balances = balances_at(served.sandbox.ledger.book(owner_id), **at)
    return {
        (program.program_id, category if currency is None else f"{currency}_PointCategory", currency): f"{points:.3f}"
        for (program, category, currency), points in balances.items()
    }


def test_the_json_is_the_truth(configured: Served, run: Run) -> None:
    member = configured.member(30)
    accounts = read(run("balance", "--member", f"id={member.user_id}", "--with-currencies", "--format", "json"))
    assert len(accounts) > 3
    assert accounts == truth(configured, member.user_id)


def test_the_table_has_every_balance(configured: Served, run: Run) -> None:
    member = configured.member(30)
    finished = run("balance", "--member", f"mobile={member.mobile}", "--with-currencies")
    assert (finished.code, finished.err) == (0, "")
    lines = finished.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert sorted(line.split()[-1] for line in lines[1:-1]) == sorted(truth(configured, member.user_id).values())
    assert lines[-1] == "as of now"


def test_a_moment_is_in_the_zone(configured: Served, run: Run) -> None:
    member = configured.member(30)
    at = ("--at", "2024-07-01T05:30", "--timezone", "Asia/Kolkata")
    arguments = ("balance", "--member", f"id={member.user_id}", "--with-currencies", *at)
    moment = NOON.replace(year=2024, month=7, day=1, hour=0)
    assert read(run(*arguments, "--format", "json")) == truth(configured, member.user_id, instant=moment)
    assert run(*arguments).out.splitlines()[-1] == "as of 2024-07-01 05:30:00 Asia/Kolkata"


def test_filters_reach_the_server_and_are_told(configured: Served, run: Run) -> None:
    arguments = ("balance", "--member", f"id={configured.member(30).user_id}", "--point-category-type", "PROMISED")
    categories = {category for _, category, _ in read(run(*arguments, "--format", "json"))}
    assert categories == {"DelayedAccrualPointCategory"}
    assert run(*arguments).out.splitlines()[-1] == "as of the last entry that the filters leave until now"


def test_a_groups_balance_is_the_truth(configured: Served, run: Run) -> None:
    for group in configured.sandbox.ledger.groups:
        named = ("--group", f"externalId={group.external_id}", "--entity-type", group.kind)
        accounts = read(run("balance", *named, "--with-currencies", "--format", "json"))
        assert accounts == truth(configured, group.owner_id)


@pytest.mark.parametrize("refuses", [True, False])
def test_a_ledger_without_entries_has_no_balances(refuses: bool, configured: Served, run: Run) -> None:
    configured.sandbox.settings = Settings(refuses_empty_balances=refuses)
    member = ("--member", f"id={configured.sandbox.ledger.add_member().user_id}")
    assert read(run("balance", *member, "--format", "json")) == {}
    finished = run("balance", *member)
    assert (finished.code, finished.out) == (0, "No balances, as of now.\n")


def test_a_balance_that_may_miss_something_exits_1(configured: Served, run: Run) -> None:
    configured.sandbox.faults.add(Fault(path=LEDGER_BALANCE_PATH, warning=9004, times=None))
    finished = run("balance", "--member", f"id={configured.member(5).user_id}")
    assert finished.code == 1
    assert finished.out
    assert finished.err == "loyalty-async: the server warns: 9004\n"


@pytest.mark.usefixtures("configured")
def test_an_unknown_member_is_one_line_without_the_identifier(run: Run) -> None:
    finished = run("balance", "--member", "mobile=917406401004")
    assert finished.code == 3
    assert "no member has this identifier (8015); check who is asked for, and the source" in finished.err
    assert_discreet(finished, "917406401004", "sandbox-secret")


def test_a_wrong_secret_is_one_line_without_it(configured: Served, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOYALTY_SECRET", "hunter2")
    finished = run("balance", "--member", f"id={configured.member(1).user_id}")
    assert finished.code == 3
    assert "check LOYALTY_KEY and LOYALTY_SECRET" in finished.err
    assert_discreet(finished, "hunter2", "sandbox-key")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("", "give --member or --group"),
        ("--member id=917406401004 --group id=1", "give --member or --group, not both"),
        ("--member id=917406401004 --with-currencies --currency Stars", "give --currency or --with-currencies"),
        ("--member id=917406401004 --at yesterday", "--at must be an ISO date"),
        ("--member id=917406401004 --timezone Mars", "--timezone must be a zone"),
        ("--member id=917406401004 --format jsonl", "--format must be one of table, json"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_sent(
    options: str, said: str, configured: Served, run: Run
) -> None:
    finished = run("balance", *options.split())
    assert finished.code == 2
    assert said in finished.err
    assert_discreet(finished, "917406401004")
    assert not configured.sandbox.stats.requests
