from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from loyalty_async.sandbox.paths import EXPLODE_PATH, EXPLODE_SCOPED_PATH
from loyalty_async.sandbox.records import DEFAULT_ORGANISATION, PROMISED, Transaction
from loyalty_async.sandbox.sandboxes import Sandbox
from loyalty_async.sandbox.settings import Settings
from tests.sandbox.calls import NOON, codes, get, open_world

FIRST = DEFAULT_ORGANISATION.connected[0]


@pytest.fixture
def sandbox() -> Sandbox:
    """Twelve events of one member, 1 to 12; another's is 99."""
    sandbox, member = open_world()
    for number in range(1, 13):
        sandbox.ledger.add_entry(member.user_id, created_at=NOON, event_name="CustomerUpdate", event_log_id=number)
    sandbox.ledger.add_entry(sandbox.ledger.add_member(user_id=7002).user_id, created_at=NOON, event_log_id=99)
    return sandbox


def bill(number: int) -> Transaction:
    return Transaction(
        transaction_id=number, number=str(number), date=NOON, amount=Decimal(10), gross_amount=Decimal(10)
    )


def ask(sandbox: Sandbox, ids: str | None = "1", **query: object) -> Any:
    return get(sandbox, EXPLODE_PATH, **{"eventIds": ids, **query})


def ids(answer: Any) -> list[int | None]:
    assert codes(answer) == []
    return [event and event["eventLogId"] for event in answer["events"]]


def test_events_come_in_the_order_of_the_ids(sandbox: Sandbox) -> None:
    """Ten at most."""
    asked = [7, 1, 12, 3, 5, 2, 4, 6, 8, 9]
    assert ids(ask(sandbox, ",".join(map(str, asked)))) == asked


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"ids": None}, 11023),
        ({"ids": ""}, 11023),
        ({"ids": None, "eventName": "TransactionAdd"}, 11023),
        ({"ids": None, "eventReferenceIds": "5"}, 11023),
        ({"eventName": "TransactionAdd"}, 11021),
        ({"eventReferenceIds": "5"}, 11021),
        ({"eventName": "TransactionAdd", "eventReferenceIds": "5"}, 11021),
        ({"ids": "1,2,3,4,5,6,7,8,9,10,11"}, 11014),
        ({"ids": None, "eventName": "TransactionAdd", "eventReferenceIds": "1,2,3,4,5,6,7,8,9,10,11"}, 11014),
        ({"ids": None, "eventName": "DelayedAccrual", "eventReferenceIds": "1"}, 11014),
        ({"ids": None, "eventName": "Nonsense", "eventReferenceIds": "1"}, 11014),
        ({"ids": "1,x"}, 11017),
        ({"ids": "1,"}, 11017),
        ({"ids": "-1"}, 11017),
        ({"ids": "1,99,100"}, 9021),
        ({"ids": None, "eventName": "TransactionAdd", "eventReferenceIds": "5"}, 9022),
        ({"source": None}, 8003),
        ({"source": "NOWHERE"}, 8003),
        ({"identifierName": None}, 8013),
        ({"identifierName": "name"}, 8013),
        ({"identifierValue": None}, 8015),
        ({"identifierValue": "seven"}, 8015),
        ({"identifierValue": "7003"}, 8015),
        ({"getBillDetails": "maybe"}, 400),
        ({"isPrimaryUser": "maybe"}, 400),
    ],
)
@pytest.mark.parametrize("path", [EXPLODE_PATH, EXPLODE_SCOPED_PATH])
def test_a_broken_rule_has_its_code(sandbox: Sandbox, path: str, query: dict[str, object], code: int) -> None:
    """In both versions."""
    given = {"eventIds": query.get("ids", "1"), **{name: value for name, value in query.items() if name != "ids"}}
    assert codes(get(sandbox, path, **given)) == [code]


@pytest.mark.parametrize(
    ("how", "expected", "scoped"),
    [
        ("refused", [9021], [9021]),
        ("detail_refused", [11016], [11024]),
        ("null", [None, 1, None], [None, 1, None]),
        ("left_out", [1], [1]),
    ],
)
def test_unknown_ids_are_answered_by_a_switch(how: Any, expected: list[Any], scoped: list[Any]) -> None:
    """The documents do not settle it."""
    sandbox, member = open_world(unknown_events=how)
    sandbox.ledger.add_entry(member.user_id, created_at=NOON, event_log_id=1)
    for path, wanted in ((EXPLODE_PATH, expected), (EXPLODE_SCOPED_PATH, scoped)):
        answer = get(sandbox, path, eventIds="99,1,100")
        assert (codes(answer) or ids(answer)) == wanted


def test_all_unknown_ids_are_named(sandbox: Sandbox) -> None:
    """ "With the bad ids listed"."""
    assert ask(sandbox, "1,99,100")["errors"][0]["message"] == "Invalid identifiers: [99, 100]"


def test_a_conversion_cannot_be_exploded(sandbox: Sandbox) -> None:
    """11014, for the whole call."""
    sandbox.ledger.add_entry(7001, created_at=NOON, event_name="DelayedAccrual", event_log_id=50)
    assert codes(ask(sandbox, "1,50")) == [11014]


def test_one_id_may_have_several_events() -> None:
    """A group's event has one for each member; the primary member's can be had alone."""
    sandbox, member = open_world()
    other = sandbox.ledger.add_member(user_id=7002)
    group = sandbox.ledger.add_group([member.user_id, other.user_id])
    for actor in group.members:
        sandbox.ledger.add_entry(
            group.owner_id, created_at=NOON, event_log_id=9, event_name="CustomerRegistration", actor=actor
        )
    query = {"type": "USERGROUP2", "identifierName": "groupId", "identifierValue": group.group_id}
    answer = ask(sandbox, "9", **query)
    assert ids(answer) == [9, 9]
    assert [event["eventReferenceId"] for event in answer["events"]] == ["7001", "7002"]
    primary = ask(sandbox, "9", isPrimaryUser="true", **query)["events"]
    assert [event["eventReferenceId"] for event in primary] == ["7001"]
    assert codes(ask(sandbox, "9")) == [9021]


def test_a_customer_has_no_primary_member(sandbox: Sandbox) -> None:
    """The flag changes nothing."""
    assert ids(ask(sandbox, "1", isPrimaryUser="true")) == [1]


def test_events_are_found_by_reference(sandbox: Sandbox) -> None:
    """Of the name that was given; several of one reference."""
    for number, name in ((20, "TransactionAdd"), (21, "ReturnBill"), (22, "TransactionAdd")):
        sandbox.ledger.add_entry(
            7001, created_at=NOON, event_name=name, event_log_id=number, transaction=bill(3_000_000_000 + number // 22)
        )
    found = ask(sandbox, None, eventName="TransactionAdd", eventReferenceIds="3000000001,3000000000")
    returned = ask(sandbox, None, eventName="ReturnBill", eventReferenceIds="3000000000")
    assert (ids(found), ids(returned)) == ([22, 20], [21])
    assert codes(ask(sandbox, None, eventName="CustomerUpdate", eventReferenceIds="-1")) == [9022]


def test_flags_reach_the_event(sandbox: Sandbox) -> None:
    """All of them, and payment modes in either spelling."""
    sandbox.ledger.add_entry(
        7001,
        created_at=NOON,
        event_name="TransactionAdd",
        event_log_id=20,
        transaction=bill(1),
        category=PROMISED,
        points=5,
    )
    parts = {
        "getBillDetails": "billDetails",
        "getPointsEarnedBreakup": "billDetails",
        "getCustomFields": "customFields",
        "getExtendedFields": "extendedFields",
        "getPaymentMode": "paymentModes",
        "getPaymentModes": "paymentModes",
    }
    for flag, part in parts.items():
        (event,) = ask(sandbox, "20", **{flag: "true"})["events"]
        (plain,) = ask(sandbox, "20", **{flag: "false"})["events"]
        assert part in event
        assert part not in plain
    (event,) = ask(sandbox, "20", getMaxConversionDetails="true")["events"]
    assert event["eventDetails"]["maxConversionDate"] > "2025-03-31"


@pytest.mark.parametrize(
    ("query", "currencies", "warnings"),
    [
        ({}, [], []),
        ({"includeAlternateCurrencies": "true"}, ["Stars"], []),
        ({"alternateCurrencyNames": "Stars"}, ["Stars"], []),
        ({"alternateCurrencyNames": "Stamps"}, [], []),
        ({"alternateCurrencyNames": "Stars,Moons"}, ["Stars"], [9018]),
        ({"alternateCurrencyNames": "Moons", "includeAlternateCurrencies": "true"}, ["Stars"], [9018]),
    ],
)
def test_an_unknown_currency_is_a_warning(query: dict[str, str], currencies: list[str], warnings: list[int]) -> None:
    """With a full, normal answer (facts C)."""
    sandbox, member = open_world()
    sandbox.ledger.add_entry(
        member.user_id, created_at=NOON, event_log_id=1, transaction=bill(1), points=5, currency="Stars"
    )
    answer = ask(sandbox, getBillDetails="true", **query)
    (event,) = answer["events"]
    earned = event["billDetails"].get("alternateCurrencyValueEarned", [])
    assert [row["alternateCurrencyName"] for row in earned] == currencies
    assert [warning["code"] for warning in answer["warnings"]] == warnings


def test_a_breakup_needs_captured_source_values(sandbox: Sandbox) -> None:
    """11019 where the organisation does not record them; the rest comes."""
    sandbox.settings = Settings(require_auth=False, captures_source_values=False)
    assert codes(ask(sandbox, getPointsEarnedBreakup="true")) == [11019]
    assert ids(ask(sandbox, getBillDetails="true")) == [1]


def test_a_data_scope_hides_other_organisations(sandbox: Sandbox) -> None:
    """What is not in it is unknown; v2 has none."""
    sandbox.ledger.add_entry(7001, created_at=NOON, event_log_id=50, org_id=FIRST)
    other = {"data-scope": "OTHER", "data-scope-org": str(FIRST)}
    (event,) = get(sandbox, EXPLODE_SCOPED_PATH, other, eventIds="50")["events"]
    assert event["orgId"] == FIRST
    assert codes(get(sandbox, EXPLODE_SCOPED_PATH, other, eventIds="1")) == [9021]
    assert codes(get(sandbox, EXPLODE_SCOPED_PATH, eventIds="50")) == [9021]
    assert ids(ask(sandbox, "1,50")) == [1, 50]
    assert codes(get(sandbox, EXPLODE_SCOPED_PATH, {"data-scope": "OTHER"}, eventIds="1")) == [310144]
    assert codes(get(sandbox, EXPLODE_SCOPED_PATH, {"data-scope": "ALL"}, eventIds="1")) == [310141]
