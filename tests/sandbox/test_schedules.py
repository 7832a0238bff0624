from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from loyalty_async.sandbox.answers import Reply
from loyalty_async.sandbox.calls import Call
from loyalty_async.sandbox.ledger import Ledger
from loyalty_async.sandbox.paths import SCHEDULE_LOOKUP_PATH, SCHEDULE_PATH
from loyalty_async.sandbox.records import CARD_PROGRAM, PROMISED, TRIGGER_BASED
from loyalty_async.sandbox.sandboxes import Sandbox
from loyalty_async.sandbox.settings import Settings
from tests.sandbox.calls import NOON, codes

DAY = timedelta(days=1)
BY_ID = SCHEDULE_PATH.replace("{user_id}", "7001")
BY_EMAIL = {"identifierName": "email", "identifierValue": "ann@example.com", "source": "INSTORE"}


@pytest.fixture
def sandbox() -> Sandbox:
    ledger = Ledger()
    ledger.add_member(user_id=7001, mobile="911", email="Ann@example.com", external_id="X1")
    ledger.add_member(user_id=7002, mobile="922")
    ledger.add_group([7001, 7002], group_id=5, external_id="G5", kind="FLEET")
    return Sandbox(ledger, Settings(require_auth=False), now=lambda: NOON)


def promise(sandbox: Sandbox, points: str, days: int = 0, owner_id: int = 7001, **fields: Any) -> None:
    fields = {"category": PROMISED, **fields}
    sandbox.ledger.add_entry(owner_id, created_at=NOON - days * DAY, points=points, **fields)


def reply(sandbox: Sandbox, path: str = BY_ID, **query: str | None) -> Reply:
    shown = {name: value for name, value in query.items() if value is not None}
    return sandbox.answer(Call(path=path, query=shown))


def ask(sandbox: Sandbox, path: str = BY_ID, **query: str | None) -> Any:
    return json.loads(reply(sandbox, path, **query).body, parse_float=Decimal)


def rows(answer: Any) -> list[tuple[str, str, int]]:
    return [
        (str(row["points"]), row["redeemableFrom"], row["programId"]) for row in answer["promisedPointsScheduleList"]
    ]


def test_an_answer_is_printed_whole(sandbox: Sandbox) -> None:
    """Points are numbers, digit for digit."""
    promise(sandbox, "390.000")
    promise(sandbox, "300.00", category=TRIGGER_BASED)
    assert b'"points":390.000,' in reply(sandbox).body
    assert ask(sandbox) == {
        "entityId": 7001,
        "entityType": "CUSTOMER",
        "promisedPointsScheduleList": [
            {
                "points": Decimal("390.000"),
                "redeemableFrom": "2025-03-31",
                "programId": 973,
                "pointsType": "customer_promotions",
            }
        ],
        "triggerBasedPointsList": [
            {"points": Decimal("300.00"), "programId": 973, "pointsType": "customer_promotions"}
        ],
        "warnings": [],
    }


def test_points_may_be_negative_or_nothing(sandbox: Sandbox) -> None:
    """And those of one day and type are one row."""
    promise(sandbox, "-40.000", 2)
    promise(sandbox, "0.00", 1)
    promise(sandbox, "1.5")
    promise(sandbox, "2.25")
    assert rows(ask(sandbox)) == [
        ("-40.000", "2025-03-29", 973),
        ("0.00", "2025-03-30", 973),
        ("3.75", "2025-03-31", 973),
    ]


def test_nothing_may_be_promised(sandbox: Sandbox) -> None:
    """Two empty lists."""
    answer = ask(sandbox)
    assert answer["promisedPointsScheduleList"] == answer["triggerBasedPointsList"] == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, [973]),
        ({"programId": "2199"}, [2199]),
        ({"fetchDataForAllPrograms": "true"}, [973, 2199]),
        ({"fetchDataForAllPrograms": "true", "programId": "2199"}, [973, 2199]),
        ({"fetchDataForAllPrograms": "false", "programId": "973"}, [973]),
    ],
)
def test_programs_follow_the_table(sandbox: Sandbox, query: dict[str, str], expected: list[int]) -> None:
    """Seed 003's: all of them, the one that is named, or the default one; in both lists."""
    for category in (PROMISED, TRIGGER_BASED):
        promise(sandbox, "1", category=category)
        promise(sandbox, "1", category=category, program=CARD_PROGRAM)
    answer = ask(sandbox, **query)
    assert [program for _, _, program in rows(answer)] == expected
    assert [row["programId"] for row in answer["triggerBasedPointsList"]] == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["1", "2", "3"]),
        ({"startDate": "2025-03-11"}, ["2", "3"]),
        ({"endDate": "2025-03-11"}, ["1", "2"]),
        ({"startDate": "2025-03-11", "endDate": "2025-03-11"}, ["2"]),
        ({"startDate": "2025-03-12", "endDate": "2025-03-20"}, []),
        ({"startDate": "2025-03-01", "endDate": "2125-03-01"}, ["1", "2", "3"]),
        ({"fetchEarliestExpiryOnly": "true"}, ["1"]),
        ({"fetchEarliestExpiryOnly": "true", "startDate": "2025-03-02"}, ["1"]),
        ({"fetchEarliestExpiryOnly": "true", "startDate": "2025-03-03"}, ["2"]),
    ],
)
def test_days_select_rows(sandbox: Sandbox, query: dict[str, str], expected: list[str]) -> None:
    """Both ends are inclusive; these become redeemable on the 2nd, the 11th and the 31st of March."""
    for points, days in (("1", 29), ("2", 20), ("3", 0)):
        promise(sandbox, points, days)
    assert [points for points, _, _ in rows(ask(sandbox, **query))] == expected


def test_a_past_day_is_refused_or_not(sandbox: Sandbox) -> None:
    """A switch: the document's own example has one."""
    assert codes(ask(sandbox, startDate="2025-02-28")) == [1215]
    sandbox.settings = Settings(require_auth=False, refuses_past_dates=False)
    assert codes(ask(sandbox, startDate="2025-02-28")) == []


@pytest.mark.parametrize("name", ["mobile", "email", "externalId"])
def test_a_customer_is_looked_up(sandbox: Sandbox, name: str) -> None:
    """By what the document names."""
    value = {"mobile": "911", "email": "ann@EXAMPLE.com", "externalId": "X1"}[name]
    answer = ask(sandbox, SCHEDULE_LOOKUP_PATH, identifierName=name, identifierValue=value, source="ALL")
    assert answer["entityId"] == 7001


def test_several_identifiers_must_be_of_one_customer(sandbox: Sandbox) -> None:
    """ "Dual eligibility": names and values separated by commas, in the same order."""
    query = {"identifierName": "email,mobile", "source": "ALL"}
    found = ask(sandbox, SCHEDULE_LOOKUP_PATH, **query, identifierValue="ann@example.com,911")
    two = ask(sandbox, SCHEDULE_LOOKUP_PATH, **query, identifierValue="ann@example.com,922")
    uneven = ask(sandbox, SCHEDULE_LOOKUP_PATH, **query, identifierValue="ann@example.com")
    assert found["entityId"] == 7001
    assert (codes(two), codes(uneven)) == ([8015], [400])


@pytest.mark.parametrize(("name", "value"), [("groupId", "5"), ("externalId", "G5"), ("primaryUserId", "7001")])
def test_a_fleet_has_a_schedule_of_its_own(sandbox: Sandbox, name: str, value: str) -> None:
    """Its id is negative."""
    promise(sandbox, "3.000", owner_id=-5)
    query = {"identifierName": name, "identifierValue": value, "source": "ALL", "entityType": "FLEET"}
    for answer in (ask(sandbox, SCHEDULE_LOOKUP_PATH, **query), ask(sandbox, entityType="FLEET")):
        assert (answer["entityId"], answer["entityType"]) == (-5, "FLEET")
        assert rows(answer) == [("3.000", "2025-03-31", 973)]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"source": None}, 8001),
        ({"identifierName": None}, 8002),
        ({"identifierValue": ""}, 8002),
        ({"source": "NOWHERE"}, 8003),
        ({"identifierName": "name"}, 8013),
        ({"identifierName": "id", "identifierValue": "7001"}, 8013),
        ({"identifierName": "cardNumber"}, 8015),
        ({"identifierValue": "x"}, 8015),
        ({"programId": "1"}, 885),
        ({"programId": "abc"}, 885),
        ({"programId": "1", "fetchDataForAllPrograms": "true"}, 885),
        ({"entityType": "USERGROUP2"}, 1212),
        ({"entityType": "FLEET", "identifierName": "groupId"}, 1632),
        ({"entityType": "FLEET"}, 8013),
        ({"startDate": "2025-03-03", "endDate": "2025-03-02"}, 1214),
        ({"startDate": "2025-02-28"}, 1215),
        ({"startDate": "2025-3-1"}, 1216),
        ({"startDate": "2025-03-01T00:00:00"}, 1216),
        ({"endDate": "2025-02-30"}, 1216),
        ({"endDate": "2125-03-02"}, 1217),
        ({"startDate": "2125-03-02"}, 1217),
        ({"fetchDataForAllPrograms": "maybe"}, 400),
        ({"fetchEarliestExpiryOnly": "maybe"}, 400),
    ],
)
def test_a_broken_rule_has_its_code(sandbox: Sandbox, query: dict[str, str | None], code: int) -> None:
    """And the HTTP status of business errors."""
    whole: dict[str, str | None] = {**BY_EMAIL, **query}
    assert codes(ask(sandbox, SCHEDULE_LOOKUP_PATH, **whole)) == [code]


@pytest.mark.parametrize(
    ("user_id", "query", "code"),
    [
        ("7003", {}, 8015),
        ("seven", {}, 8015),
        ("7001", {"source": "NOWHERE"}, 8003),
        ("7002", {"entityType": "FLEET"}, 1632),
    ],
)
def test_a_user_id_that_is_wrong_has_its_code(sandbox: Sandbox, user_id: str, query: dict[str, str], code: int) -> None:
    """The path's."""
    assert codes(ask(sandbox, SCHEDULE_PATH.replace("{user_id}", user_id), **query)) == [code]


def test_a_merged_customer_has_no_schedule(sandbox: Sandbox) -> None:
    """8069, by the path and by lookup."""
    sandbox.ledger.merge(7002, 7001)
    assert codes(ask(sandbox)) == codes(ask(sandbox, SCHEDULE_LOOKUP_PATH, **BY_EMAIL)) == [8069]


def test_a_hundred_years_after_a_leap_day_there_may_be_none() -> None:
    """Then it is the first of March."""
    ledger = Ledger()
    ledger.add_member(user_id=7001)
    leap_day = NOON.replace(year=2000, month=2, day=29)
    sandbox = Sandbox(ledger, Settings(require_auth=False), now=lambda: leap_day)
    assert codes(ask(sandbox, endDate="2100-03-01")) == []
    assert codes(ask(sandbox, endDate="2100-03-02")) == [1217]
