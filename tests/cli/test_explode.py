from __future__ import annotations

import json
from typing import Any

import pytest

from loyalty_async.sandbox import EXPLODE_PATH, Fault, Settings
from tests.cli.conftest import Finished, Run, Served, assert_discreet

pytestmark = pytest.mark.real_time


def rows(finished: Finished) -> list[dict[str, Any]]:
    return [json.loads(line) for line in finished.out.splitlines()]


def options(ids: list[int]) -> list[str]:
    return [word for one in ids for word in ("--event-id", str(one))]


def explodable(served: Served, owner_id: int) -> list[int]:
    """Give the ids of the events that the API explodes, each once."""
    entries = served.sandbox.ledger.entries(owner_id)
    return list({entry.event_log_id: None for entry in entries if entry.event_name != "DelayedAccrual"})


def test_json_has_a_line_for_each_event_in_the_order_of_the_ids(configured: Served, run: Run) -> None:
    member = configured.member(30)
    ids = explodable(configured, member.user_id)[::-1]
    assert len(ids) > 20
    finished = run("explode", "--member", f"id={member.user_id}", *options(ids), "--format", "json")
    assert finished.code == 0
    assert [row["event_log_id"] for row in rows(finished)] == ids
    assert finished.err == f"complete: events {len(ids)}, ids {len(ids)}, calls {-(-len(ids) // 10)}\n"


def test_the_table_has_each_event_and_the_lines_of_its_bill(configured: Served, run: Run) -> None:
    member, entry = configured.entry("TransactionAdd")
    arguments = ("explode", "--member", f"mobile={member.mobile}", "--event-id", str(entry.event_log_id), "--with-bill")
    finished = run(*arguments)
    assert finished.code == 0
    assert max(map(len, finished.out.splitlines())) <= 80
    assert f"TransactionAdd {entry.event_log_id}" in finished.out
    (event,) = rows(run(*arguments, "--format", "json"))
    for line in event["bill_details"]["line_items"]:
        assert f"{line['qty']} x {line['item_code']}" in finished.out
        assert f" {line['amount']} " in finished.out


def test_every_kind_of_event_fits_into_the_table(configured: Served, run: Run) -> None:
    ledger = configured.sandbox.ledger
    kinds = {entry.event_name: member for member in ledger.members for entry in ledger.entries(member.user_id)}
    for member in {member.user_id: member for member in kinds.values()}.values():
        entries = {entry.event_name: entry for entry in ledger.entries(member.user_id)}
        ids = [entries[name].event_log_id for name, of in kinds.items() if of is member and name != "DelayedAccrual"]
        wishes = ("--with-bill", "--with-currencies", "--with-conversion", "--with-payment-modes")
        finished = run("explode", "--member", f"id={member.user_id}", *options(ids), *wishes)
        assert finished.code == 0
        assert finished.out.count("\n20") == len(ids)
        assert max(map(len, finished.out.splitlines())) <= 80


def test_events_are_found_by_what_they_refer_to(configured: Served, run: Run) -> None:
    member, entry = configured.entry("TransactionAdd")
    assert entry.transaction is not None
    finished = run(
        *("explode", "--member", f"id={member.user_id}", "--event-name", "TransactionAdd"),
        *("--reference-id", str(entry.transaction.transaction_id), "--format", "json"),
    )
    assert entry.event_log_id in [row["event_log_id"] for row in rows(finished)]


@pytest.mark.parametrize(
    ("option", "parameter"),
    [
        ("--with-bill", "getBillDetails=true"),
        ("--with-breakup", "getPointsEarnedBreakup=true"),
        ("--with-custom-fields", "getCustomFields=true"),
        ("--with-extended-fields", "getExtendedFields=true"),
        ("--with-conversion", "getMaxConversionDetails=true"),
        ("--with-payment-modes", "getPaymentModes=true"),
        ("--with-currencies", "includeAlternateCurrencies=true"),
        ("--currency=Stamps", "alternateCurrencyNames=Stamps"),
        ("--primary-user", "isPrimaryUser=true"),
    ],
)
def test_a_wish_reaches_the_server(
    option: str, parameter: str, configured: Served, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    answer = configured.sandbox.answer

    def listen(call: Any) -> Any:
        asked.extend(f"{name}={value}" for name, value in call.query.items())
        return answer(call)

    monkeypatch.setattr(configured.sandbox, "answer", listen)
    member, entry = configured.entry("TransactionAdd")
    assert run("explode", "--member", f"id={member.user_id}", *options([entry.event_log_id]), option).code == 0
    assert parameter in asked


@pytest.mark.parametrize("unknown", ["refused", "null", "left_out"])
def test_ids_without_an_event_stop_nothing_and_exit_1(unknown: Any, configured: Served, run: Run) -> None:
    configured.sandbox.settings = Settings(unknown_events=unknown)
    member, entry = configured.entry("TransactionAdd")
    arguments = ("explode", "--member", f"id={member.user_id}", *options([5, entry.event_log_id, 6]))
    written = run(*arguments, "--format", "json")
    assert written.code == 1
    assert [row["event_log_id"] for row in rows(written)] == [entry.event_log_id]
    assert written.err.endswith("; unknown ids 2\n")
    assert run(*arguments).out.endswith("The server knows no event for 5, 6.\n")


def test_a_reference_is_never_on_the_standard_error(configured: Served, run: Run) -> None:
    finished = run(
        *("explode", "--member", f"id={configured.member(1).user_id}", "--format", "json"),
        *("--event-name", "CustomerRegistration", "--reference-id", "917406401004"),
    )
    assert finished.code == 1
    assert_discreet(finished, "917406401004")


def test_events_that_may_not_be_all_exit_1(configured: Served, run: Run) -> None:
    configured.sandbox.faults.add(Fault(path=EXPLODE_PATH, warning=9004, times=None))
    member, entry = configured.entry("TransactionAdd")
    finished = run("explode", "--member", f"id={member.user_id}", *options([entry.event_log_id]))
    assert finished.code == 1
    assert finished.err.endswith("; warning 9004 in 1 calls\n")


def test_a_groups_events_are_found(configured: Served, run: Run) -> None:
    for group in configured.sandbox.ledger.groups:
        named = ("--group", f"primaryUserId={group.primary.user_id}", "--entity-type", group.kind)
        ids = explodable(configured, group.owner_id)[:3]
        finished = run("explode", *named, *options(ids), "--format", "json")
        assert finished.code == 0
        assert list(dict.fromkeys(row["event_log_id"] for row in rows(finished))) == ids


def test_a_data_scope_reaches_the_server(configured: Served, run: Run) -> None:
    ledger = configured.sandbox.ledger
    connected = ledger.organisation.connected[0]
    member = ledger.add_member()
    ids = [
        ledger.add_entry(member.user_id, created_at=configured.entry("TransactionAdd")[1].created_at, org_id=org_id)
        for org_id in (ledger.organisation.org_id, connected)
    ]
    own, other = (entry.event_log_id for entry in ids)
    arguments = ("explode", "--member", f"id={member.user_id}", *options([own, other]), "--format", "json")
    for scope, expected in (("SELF", own), (f"OTHER:{connected}", other)):
        finished = run(*arguments, "--data-scope", scope)
        assert [row["event_log_id"] for row in rows(finished)] == [expected]
    refused = run(*arguments, "--data-scope", "OTHER:917406401004")
    assert refused.code == 3
    assert "(310144); check --data-scope" in refused.err
    assert_discreet(refused, "917406401004")


@pytest.mark.usefixtures("configured")
def test_an_unknown_member_is_one_line_without_the_identifier(run: Run) -> None:
    finished = run("explode", "--member", "mobile=917406401004", "--event-id", "1")
    assert finished.code == 3
    assert "no member has this identifier (8015)" in finished.err
    assert_discreet(finished, "917406401004", "sandbox-secret")


def test_a_wrong_secret_is_one_line_without_it(configured: Served, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOYALTY_SECRET", "hunter2")
    finished = run("explode", "--member", f"id={configured.member(1).user_id}", "--event-id", "1")
    assert finished.code == 3
    assert_discreet(finished, "hunter2", "sandbox-key")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "give --event-id, or --event-name with --reference-id"),
        ("--event-id 1 --event-name X --reference-id 2", "give --event-id, or --event-name with --reference-id"),
        ("--event-id 1 --event-name X", "give --event-id, or --event-name with --reference-id"),
        ("--event-name X", "give --event-id, or --event-name with --reference-id"),
        ("--reference-id 917406401004", "give --event-id, or --event-name with --reference-id"),
        ("--event-id 917406401004x", "--event-id must be a whole number"),
        ("--event-id 1 --with-currencies --currency Stars", "give --currency or --with-currencies, not both"),
        ("--event-id 1 --data-scope OTHER", "--data-scope must be SELF, OTHER:1,2 or ALL:1,2"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_sent(
    typed: str, said: str, configured: Served, run: Run
) -> None:
    finished = run("explode", "--member", "id=1", *typed.split())
    assert finished.code == 2
    assert said in finished.err
    assert_discreet(finished, "917406401004")
    assert not configured.sandbox.stats.requests
