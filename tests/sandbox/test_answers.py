from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from loyalty_async.sandbox.answers import encode, error_body
from loyalty_async.sandbox.ledger import Ledger
from loyalty_async.sandbox.records import DEFAULT_ORGANISATION, DEFAULT_PROGRAM, MAIN, Detail, Transaction
from loyalty_async.sandbox.sandboxes import Sandbox
from loyalty_async.sandbox.settings import Settings
from tests.sandbox.calls import NOON, ask, call, open_world

BILL = Transaction(
    transaction_id=5,
    number="txn-5",
    date=datetime(2025, 3, 1, 17, 30),  # noqa: DTZ001 - a till's wall clock
    amount=Decimal("150.10"),
    gross_amount=Decimal("15000.12515"),
)
MIXED = (
    Detail("CREDIT", Decimal("20.000"), MAIN, DEFAULT_PROGRAM),
    Detail("CREDIT", Decimal("100.000"), MAIN, DEFAULT_PROGRAM, "Stars"),
    Detail("CREDIT", Decimal("100.000"), MAIN, DEFAULT_PROGRAM, "Stamps"),
)


def only_entry(sandbox: Sandbox, **query: object) -> dict[str, Any]:
    (entry,) = ask(sandbox, **query)["ledgerEntries"]
    assert isinstance(entry, dict)
    return entry


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("15000.12515"), "15000.12515"),
        (Decimal("5000.0"), "5000.0"),
        (Decimal("1E+3"), "1000"),
        (Decimal("0E-7"), "0.0000000"),
        (Decimal("0.10000000000000000000001"), "0.10000000000000000000001"),
        (Decimal("NaN"), "NaN"),
        (True, "true"),
        (None, "null"),
        (3_923_627_848, "3923627848"),
        ('a"b\\\n', '"a\\"b\\\\\\n"'),
        ("美咲", '"美咲"'),
        ({"a": [1, {}], "b": []}, '{"a":[1,{}],"b":[]}'),
    ],
)
def test_json_is_exact(value: object, text: str) -> None:
    """Decimals are written digit for digit."""
    assert encode(value) == text


def test_an_error_is_the_documented_envelope() -> None:
    """Status, code and message, and no warnings."""
    expected = {"errors": [{"status": False, "code": 8003, "message": "Invalid source"}], "warnings": []}
    assert json.loads(error_body(8003, "Invalid source")) == expected


def test_an_entry_is_printed_whole() -> None:
    """Every field of the documents, in their types."""
    sandbox, member = open_world()
    sandbox.ledger.add_entry(
        member.user_id,
        created_at=NOON + timedelta(milliseconds=370),
        points="46.69",
        net_points=Decimal("46.688"),
        event_log_id=602_851_518,
        transaction=BILL,
        event_details={"eventDate": BILL.date, "eventDisplayName": "Bill"},
    )
    assert only_entry(sandbox) == {
        "eventLogId": 602_851_518,
        "eventName": "TransactionAdd",
        "customerId": 7001,
        "ledgerCreatedDate": "2025-03-01 12:00:00.37",
        "ledgerCreatedDateISO": "2025-03-01T12:00:00Z",
        "customerDetails": {"userId": 0},
        "entryDetails": [
            {
                "ledgerEntryType": "CREDIT",
                "points": "46.69",
                "pointsCategory": "Main",
                "programName": "Everyday Program",
                "programId": 973,
            }
        ],
        "netPointsOnEvent": "46.688",
        "netAlternateCurrenciesOnEvent": {},
        "transactionDetails": {
            "transactionId": 5,
            "transactionNumber": "txn-5",
            "date": "2025-03-01 17:30:00.0",
            "dateISO": "2025-03-01T17:30:00Z",
            "amount": Decimal("150.10"),
            "grossBillAmount": Decimal("15000.12515"),
            "source": "instore",
        },
        "store": "High Street",
        "storeCode": "highstreet",
        "tillCode": "highstreet.1",
        "eventDetails": {
            "eventDate": "2025-03-01 17:30:00.0",
            "eventDateISO": "2025-03-01T17:30:00Z",
            "eventDisplayName": "Bill",
        },
        "sourceProgramId": 973,
        "sourceProgramName": "Everyday Program",
        "orgId": DEFAULT_ORGANISATION.org_id,
    }


def test_amounts_are_numbers_digit_for_digit() -> None:
    """A zero at the end stays, and no exponent or rounding comes in."""
    sandbox, member = open_world()
    sandbox.ledger.add_entry(member.user_id, created_at=NOON, transaction=BILL)
    assert b'"amount":150.10,"grossBillAmount":15000.12515,' in call(sandbox).body


def test_what_an_entry_does_not_have_is_null_or_empty() -> None:
    """Null, an empty object or an empty text, as in the documents' samples."""
    sandbox, member = open_world()
    sandbox.ledger.add_entry(member.user_id, created_at=NOON, till=None, source_named=False, org_id=None)
    entry = only_entry(sandbox)
    assert entry["customerDetails"] is entry["sourceProgramName"] is entry["orgId"] is None
    assert entry["transactionDetails"] == entry["eventDetails"] == {}
    assert entry["store"] == entry["storeCode"] == entry["tillCode"] == ""


def test_older_servers_have_no_iso_twins() -> None:
    """A switch leaves out all three."""
    sandbox, member = open_world(iso_twins=False)
    sandbox.ledger.add_entry(member.user_id, created_at=NOON, transaction=BILL, event_details={"eventDate": NOON})
    assert b"ISO" not in call(sandbox).body


def test_java_dates_stand_in_place_of_the_older_format() -> None:
    """Only for the creation, as in the sample of v2.1."""
    sandbox, member = open_world(java_dates=True)
    sandbox.ledger.add_entry(member.user_id, created_at=NOON, event_details={"eventDate": NOON})
    entry = only_entry(sandbox)
    assert entry["ledgerCreatedDate"] == "Sat Mar 01 12:00:00 GMT 2025"
    assert entry["eventDetails"]["eventDate"] == "2025-03-01 12:00:00.0"


def test_dates_are_in_the_servers_zone_and_a_tills_clock_stays() -> None:
    """The zone is put on the till's wall clock, wrong as that is."""
    sandbox, member = open_world(timezone=timezone(timedelta(hours=5, minutes=30)))
    sandbox.ledger.add_entry(member.user_id, created_at=NOON, transaction=BILL)
    entry = only_entry(sandbox)
    assert entry["ledgerCreatedDate"] == "2025-03-01 17:30:00.0"
    assert entry["ledgerCreatedDateISO"] == "2025-03-01T17:30:00+05:30"
    assert entry["transactionDetails"]["date"] == "2025-03-01 17:30:00.0"
    assert entry["transactionDetails"]["dateISO"] == "2025-03-01T17:30:00+05:30"


@pytest.mark.parametrize(
    ("query", "net", "nets"),
    [
        ({"includeAlternateCurrencies": "true"}, "20.000", {"Stars": "100.000", "Stamps": "100.000"}),
        ({}, "20.000", {}),
        ({"alternateCurrencyNames": "Stars"}, "100.000", {"Stars": "100.000"}),
        (
            {"includeAlternateCurrencies": "true", "excludePointCategories": "true"},
            "200.000",
            {"Stars": "100.000", "Stamps": "100.000"},
        ),
    ],
)
def test_alternate_currencies_are_netted_apart(query: dict[str, object], net: str, nets: dict[str, str]) -> None:
    """And in both places if nothing else is shown (facts D2)."""
    sandbox, member = open_world()
    sandbox.ledger.add_entry(member.user_id, created_at=NOON, details=MIXED)
    entry = only_entry(sandbox, **query)
    assert entry["netPointsOnEvent"] == net
    assert entry["netAlternateCurrenciesOnEvent"] == nets


def test_older_servers_add_alternate_currencies_to_the_net() -> None:
    """220.000 = 20 + 100 + 100 (seed 002)."""
    sandbox, member = open_world(alternate_nets="added")
    sandbox.ledger.add_entry(member.user_id, created_at=NOON, details=MIXED)
    entry = only_entry(sandbox, includeAlternateCurrencies="true")
    assert entry["netPointsOnEvent"] == "220.000"
    assert "netAlternateCurrenciesOnEvent" not in entry


def test_the_root_names_the_customer_as_far_as_known() -> None:
    """Names and external id are left out if there are none."""
    ledger = Ledger()
    named = ledger.add_member(user_id=7001, external_id="X", first_name="Łucja", last_name='O"Brien')
    nameless = ledger.add_member(user_id=7002, external_id="Y", first_name=None, last_name=None)
    for member in (named, nameless):
        ledger.add_entry(member.user_id, created_at=NOON)
    sandbox = Sandbox(ledger, Settings(require_auth=False))
    assert ask(sandbox)["customerDetails"] == {
        "firstName": "Łucja",
        "lastName": 'O"Brien',
        "userId": 7001,
        "externalId": "X",
        "entityType": "CUSTOMER",
    }
    second = ask(sandbox, identifierValue=7002)["customerDetails"]
    assert second == {"userId": 7002, "externalId": "Y", "entityType": "CUSTOMER"}


def test_an_entry_looks_the_same_each_time() -> None:
    """What was printed once is sent again."""
    sandbox, member = open_world()
    sandbox.ledger.add_entry(member.user_id, created_at=NOON, details=MIXED)
    first, filtered, again = call(sandbox), call(sandbox, alternateCurrencyNames="Stars"), call(sandbox)
    assert first.body == again.body != filtered.body
