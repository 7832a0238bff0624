from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from loyalty_async.sandbox.records import (
    CARD_PROGRAM,
    DEFAULT_PROGRAM,
    MAIN,
    PROMISED,
    TRIGGER_BASED,
    Detail,
    Transaction,
)
from loyalty_async.sandbox.sandboxes import Sandbox
from loyalty_async.sandbox.seeds import make_ledger
from loyalty_async.sandbox.settings import Settings
from loyalty_async.sandbox.times import Calendar
from loyalty_async.sandbox.truths import member_accounts, member_truth, owner_balances, owner_events, owner_promises
from tests.sandbox.calls import NOON, ask, open_world

SECOND = timedelta(seconds=1)


def truth(sandbox: Sandbox, user_id: int = 7001, **span: Any) -> Any:
    return member_truth(sandbox.ledger, user_id, sandbox.printer, **span)


def test_a_row_has_everything_in_a_form_of_its_own() -> None:
    """Instants with microseconds, numbers as texts, lines as lists."""
    sandbox, member = open_world()
    bill = Transaction(
        transaction_id=5,
        number="txn-5",
        date=datetime(2025, 3, 1, 17, 30),  # noqa: DTZ001 - a till's wall clock
        amount=Decimal("150.10"),
        gross_amount=Decimal(15000),
    )
    sandbox.ledger.add_entry(
        member.user_id,
        created_at=NOON + timedelta(milliseconds=370),
        event_log_id=9,
        details=[
            Detail("CREDIT", Decimal("46.69"), MAIN, DEFAULT_PROGRAM),
            Detail("CREDIT", Decimal("5.000"), MAIN, CARD_PROGRAM, "Stars"),
        ],
        net_points=Decimal("46.688"),
        transaction=bill,
        event_details={"eventDate": bill.date},
    )
    (row,) = truth(sandbox)["entries"]
    assert row == {
        "eventLogId": 9,
        "createdAt": "2025-03-01T12:00:00.370000+00:00",
        "eventName": "TransactionAdd",
        "customerId": 7001,
        "netPoints": "46.688",
        "netAlternateCurrencies": {"Stars": "5.000"},
        "details": [
            ["CREDIT", "46.69", "Main", 973, "Everyday Program", None],
            ["CREDIT", "5.000", "Main", 2199, "Card Program", "Stars"],
        ],
        "transaction": {
            "id": 5,
            "number": "txn-5",
            "date": "2025-03-01T17:30:00.000000",
            "amount": "150.10",
            "grossAmount": "15000",
            "source": "instore",
        },
        "store": "High Street",
        "storeCode": "highstreet",
        "tillCode": "highstreet.1",
        "sourceProgramId": 973,
        "sourceProgramName": "Everyday Program",
        "orgId": 100737,
        "eventDetails": {"eventDate": "2025-03-01 17:30:00.0", "eventDateISO": "2025-03-01T17:30:00Z"},
    }


def test_sums_are_by_program_category_currency_and_type() -> None:
    """Of the lines, as exact texts."""
    sandbox, member = open_world()
    add = sandbox.ledger.add_entry
    add(member.user_id, created_at=NOON, points="0.10")
    add(member.user_id, created_at=NOON, points="0.20")
    add(member.user_id, created_at=NOON, points="-5")
    add(member.user_id, created_at=NOON, points="7", category=PROMISED, program=CARD_PROGRAM)
    add(member.user_id, created_at=NOON, points="9", currency="Stars")
    assert truth(sandbox)["sums"] == {
        "2199|DelayedAccrualPointCategory||CREDIT": "7.000",
        "973|Main||CREDIT": "0.300",
        "973|Main||DEBIT": "5.000",
        "973|Main|Stars|CREDIT": "9.000",
    }


def test_ids_come_by_creation_and_id_in_a_half_open_span() -> None:
    """since <= created_at < until."""
    sandbox, member = open_world()
    for number, shift in [(7, 1), (5, 0), (4, 0), (1, 2)]:
        sandbox.ledger.add_entry(member.user_id, created_at=NOON + shift * SECOND, event_log_id=number)
    assert truth(sandbox)["ids"] == [4, 5, 7, 1]
    part = truth(sandbox, since=NOON, until=NOON + SECOND)
    assert (part["ids"], part["count"], part["userId"]) == ([4, 5], 2, 7001)


def test_a_stranger_has_no_truth() -> None:
    """There must be such a member."""
    with pytest.raises(KeyError):
        truth(Sandbox())


def test_the_truth_is_what_the_wire_says() -> None:
    """Everything that is served with all currencies, and nothing else."""
    ledger = make_ledger(5, 11, now=datetime(2025, 11, 1, tzinfo=UTC), entries_per_member=80, skewed=False)
    sandbox = Sandbox(ledger, Settings(require_auth=False))
    for member in ledger.members:
        told = {row["eventLogId"]: row for row in truth(sandbox, member.user_id)["entries"]}
        page = ask(sandbox, identifierValue=member.user_id, limit=100, includeAlternateCurrencies="true")
        assert page["ledgerDetails"]["totalEntries"] == len(page["ledgerEntries"]) == len(told) == 80
        for entry in page["ledgerEntries"]:
            row = told[entry["eventLogId"]]
            assert (entry["eventName"], entry["eventDetails"]) == (row["eventName"], row["eventDetails"])
            assert entry["netPointsOnEvent"] == row["netPoints"]
            assert entry["netAlternateCurrenciesOnEvent"] == row["netAlternateCurrencies"]
            assert [line["points"] for line in entry["entryDetails"]] == [line[1] for line in row["details"]]
            assert entry["ledgerCreatedDateISO"][:19] == row["createdAt"][:19]
            amount = (row["transaction"] or {}).get("amount")
            assert entry["transactionDetails"].get("amount") == (amount and Decimal(amount))


def test_balances_are_by_program_category_and_currency() -> None:
    """Opening balances, credits and debits; of everything, or of what is before an instant."""
    sandbox, member = open_world()
    opening = Detail("OPENING_BALANCE", Decimal("0.10"), MAIN, DEFAULT_PROGRAM)
    sandbox.ledger.add_entry(member.user_id, created_at=NOON, details=[opening])
    sandbox.ledger.add_entry(member.user_id, created_at=NOON, points="0.20", program=CARD_PROGRAM)
    sandbox.ledger.add_entry(member.user_id, created_at=NOON + SECOND, points="-0.30")
    sandbox.ledger.add_entry(member.user_id, created_at=NOON + SECOND, points="9", currency="Stars", category=PROMISED)
    early = {"2199|Main|": "0.200", "973|Main|": "0.100"}
    late = {"2199|Main|": "0.200", "973|DelayedAccrualPointCategory|Stars": "9.000", "973|Main|": "-0.200"}
    assert owner_balances(sandbox.ledger, 7001) == {"ownerId": 7001, "balances": late}
    assert owner_balances(sandbox.ledger, 7001, at=NOON + SECOND) == {"ownerId": 7001, "balances": early}
    assert owner_balances(sandbox.ledger, 7001, at=NOON)["balances"] == {}


def test_events_are_counted_by_their_ids() -> None:
    """Conversions apart: they cannot be exploded."""
    sandbox, member = open_world()
    for number, name in ((5, "CustomerUpdate"), (5, "CustomerUpdate"), (3, "DelayedAccrual"), (3, "DelayedAccrual")):
        sandbox.ledger.add_entry(member.user_id, created_at=NOON, event_log_id=number, event_name=name)
    assert owner_events(sandbox.ledger, 7001) == {"ownerId": 7001, "events": {"5": 2}, "refused": [3]}


def test_promises_are_by_program_day_and_type() -> None:
    """And what waits for an event by program and type."""
    sandbox, member = open_world()
    sandbox.ledger.add_entry(member.user_id, created_at=NOON, points="5.50", category=PROMISED)
    sandbox.ledger.add_entry(member.user_id, created_at=NOON, points=7, category=TRIGGER_BASED, program=CARD_PROGRAM)
    assert owner_promises(sandbox.ledger, member, Calendar(), NOON) == {
        "ownerId": 7001,
        "scheduled": {"973|2025-03-31|customer_promotions": "5.50"},
        "triggerBased": {"2199|customer_promotions": "7"},
    }


def test_accounts_are_by_program_and_currency() -> None:
    """Total and active points."""
    sandbox, member = open_world()
    sandbox.ledger.add_entry(member.user_id, created_at=NOON, points="5.50")
    sandbox.ledger.add_entry(member.user_id, created_at=NOON, points="1", category=PROMISED)
    accounts: Any = member_accounts(sandbox.ledger, 7001)["accounts"]
    assert len(accounts) == 8
    assert (accounts["973|"], accounts["2199|Stars"]) == (["6.500", "5.500"], ["0.000", "0.000"])
    with pytest.raises(LookupError):
        member_accounts(sandbox.ledger, 7002)
