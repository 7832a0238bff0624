from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from loyalty_async.sandbox.paths import LEDGER_BALANCE_PATH
from loyalty_async.sandbox.records import CARD_PROGRAM, DEFAULT_ORGANISATION, DEFAULT_PROGRAM, MAIN, PROMISED, Detail
from loyalty_async.sandbox.sandboxes import Sandbox
from loyalty_async.sandbox.settings import Settings
from tests.sandbox.calls import NOON, codes, get, open_world

SECOND = timedelta(seconds=1)
TILLS = {till.code: till for till in DEFAULT_ORGANISATION.tills}
UNTIL_NOON = {"endDate": "2025-03-01T12:00:00"}


def ask(sandbox: Sandbox, **query: object) -> Any:
    return get(sandbox, LEDGER_BALANCE_PATH, **query)


def closing(answer: Any) -> dict[tuple[int, str], str]:
    rows = answer["ledgerDetails"]["ledgerClosingBalance"]
    return {(row["programId"], row["pointsCategory"]): row["closingBalance"] for row in rows}


def add(sandbox: Sandbox, points: str, **fields: Any) -> None:
    sandbox.ledger.add_entry(7001, points=points, **{"created_at": NOON, **fields})


@pytest.fixture
def sandbox() -> Sandbox:
    return open_world()[0]


def test_an_answer_is_printed_whole(sandbox: Sandbox) -> None:
    """Texts with three decimals; an alternate currency names itself and its category."""
    opening = [Detail("OPENING_BALANCE", Decimal("100.00"), MAIN, DEFAULT_PROGRAM)]
    add(sandbox, "0", details=[*opening, Detail("CREDIT", Decimal("46.69"), MAIN, DEFAULT_PROGRAM)])
    add(sandbox, "-6.69", program=DEFAULT_PROGRAM)
    add(sandbox, "5", category=PROMISED, program=CARD_PROGRAM)
    add(sandbox, "7.5", currency="Stars", category=PROMISED)
    member = sandbox.ledger.members[0]
    assert ask(sandbox, includeAlternateCurrencies="true", limit=3) == {
        "customerDetails": {
            "firstName": "Test",
            "lastName": "Member",
            "userId": 7001,
            "externalId": member.external_id,
            "entityType": "CUSTOMER",
        },
        "ledgerDetails": {
            "pageNumber": 0,
            "pageSize": 3,
            "totalEntries": 4,
            "pageCount": 2,
            "ledgerClosingBalance": [
                {
                    "pointsCategory": "Main",
                    "programName": "Everyday Program",
                    "programId": 973,
                    "closingBalance": "140.000",
                },
                {
                    "pointsCategory": "DelayedAccrualPointCategory",
                    "programName": "Card Program",
                    "programId": 2199,
                    "closingBalance": "5.000",
                },
                {
                    "pointsCategory": "Stars_PointCategory",
                    "programName": "Everyday Program",
                    "programId": 973,
                    "closingBalance": "7.500",
                    "alternateCurrency": "Stars",
                    "alternateCurrencyCategory": "PROMISED",
                },
            ],
        },
        "warnings": [],
    }


def test_a_sum_is_exact(sandbox: Sandbox) -> None:
    """Beyond the digits of a float, and of a default Decimal context."""
    big = "1" + "0" * 30
    for points in (f"{big}.001", "0.1", "0.2", f"-{big}"):
        add(sandbox, points)
    assert closing(ask(sandbox)) == {(973, MAIN): "0.301"}


@pytest.mark.parametrize(
    ("inclusive", "fractions", "expected"),
    [(True, True, "3.000"), (True, False, "7.000"), (False, True, "1.000"), (False, False, "1.000")],
)
def test_the_end_is_inclusive_or_not(inclusive: bool, fractions: bool, expected: str) -> None:
    """And sees fractions or not, as in the ledger."""
    sandbox, _ = open_world(end_date_inclusive=inclusive, sees_fractions=fractions)
    for points, shift in (("1", -1), ("2", 0), ("4", 0.4), ("8", 1)):
        add(sandbox, points, created_at=NOON + shift * SECOND)
    assert closing(ask(sandbox, **UNTIL_NOON)) == {(973, MAIN): expected}
    assert closing(ask(sandbox)) == {(973, MAIN): "15.000"}


def test_the_whole_history_counts(sandbox: Sandbox) -> None:
    """Not only ninety days before the end."""
    add(sandbox, "1", created_at=NOON - timedelta(days=900))
    assert closing(ask(sandbox, **UNTIL_NOON)) == {(973, MAIN): "1.000"}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, {MAIN, PROMISED}),
        ({"pointCategoryType": "REGULAR"}, {MAIN}),
        ({"pointCategoryType": "PROMISED"}, {PROMISED}),
        ({"includeAlternateCurrencies": "true"}, {MAIN, PROMISED, "Stars_PointCategory", "Stamps_PointCategory"}),
        ({"includeAlternateCurrencies": "true", "pointCategoryType": "REGULAR"}, {MAIN, "Stars_PointCategory"}),
        ({"alternateCurrencyNames": "Stars"}, {"Stars_PointCategory"}),
        ({"alternateCurrencyNames": "Stars,Stamps"}, {"Stars_PointCategory", "Stamps_PointCategory"}),
        (
            {"alternateCurrencyNames": "Stars", "includeAlternateCurrencies": "true"},
            {MAIN, PROMISED, "Stars_PointCategory", "Stamps_PointCategory"},
        ),
    ],
)
def test_accounts_are_filtered(sandbox: Sandbox, query: dict[str, str], expected: set[str]) -> None:
    """By category and currency; "if the value is true, all available currencies are listed"."""
    for category, currency in ((MAIN, None), (PROMISED, None), (MAIN, "Stars"), (PROMISED, "Stamps")):
        add(sandbox, "1", category=category, currency=currency)
    assert {category for _, category in closing(ask(sandbox, **query))} == expected


@pytest.mark.parametrize(
    ("how", "query", "expected", "entries"),
    [
        ("as_of_last", {"ledgerEntryType": "DEBIT"}, "9.000", 1),
        ("sum_of_view", {"ledgerEntryType": "DEBIT"}, "-1.000", 1),
        ("as_of_last", {"tillId": "700101"}, "10.000", 1),
        ("sum_of_view", {"tillId": "700101"}, "10.000", 1),
        ("as_of_last", {"ledgerEntryType": "CREDIT"}, "13.000", 2),
        ("sum_of_view", {"ledgerEntryType": "CREDIT"}, "14.000", 2),
    ],
)
def test_filtered_entries_say_as_of_when_or_what_is_added(
    how: str, query: dict[str, str], expected: str, entries: int
) -> None:
    """A switch: the release notes have the first, and the parameter's description sounds like the second."""
    sandbox, _ = open_world(filtered_balances=how)
    for points, till in (("10", "highstreet.1"), ("-1", "web"), ("4", "web")):
        add(sandbox, points, till=TILLS[till])
    answer = ask(sandbox, **query)
    assert closing(answer) == {(973, MAIN): expected}
    assert answer["ledgerDetails"]["totalEntries"] == entries


@pytest.mark.parametrize("page", [0, 1])
def test_every_page_has_all_balances(sandbox: Sandbox, page: int) -> None:
    """The paging figures count entries; there is nothing to page."""
    for _ in range(12):
        add(sandbox, "1")
    answer = ask(sandbox, offset=page)
    assert closing(answer) == {(973, MAIN): "12.000"}
    details = {name: value for name, value in answer["ledgerDetails"].items() if name != "ledgerClosingBalance"}
    assert details == {"pageNumber": page, "pageSize": 10, "totalEntries": 12, "pageCount": 2}
    assert codes(ask(sandbox, offset=2)) == [11003]


def test_a_ledger_without_entries_is_refused_or_empty(sandbox: Sandbox) -> None:
    """A switch: the documents do not say."""
    assert codes(ask(sandbox)) == [11003]
    sandbox.settings = Settings(require_auth=False, refuses_empty_balances=False)
    assert closing(ask(sandbox)) == {}
    assert ask(sandbox)["ledgerDetails"]["pageCount"] == 0
    assert closing(ask(sandbox, ledgerEntryType="DEBIT")) == {}
    assert codes(ask(sandbox, offset=1)) == [11003]


def test_a_group_has_balances_and_no_root(sandbox: Sandbox) -> None:
    """Those of its own ledger."""
    group = sandbox.ledger.add_group([7001])
    sandbox.ledger.add_entry(group.owner_id, created_at=NOON, points=3)
    answer = ask(sandbox, type="USERGROUP2", identifierName="groupId", identifierValue=group.group_id)
    assert closing(answer) == {(973, MAIN): "3.000"}
    assert "customerDetails" not in answer


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"source": None}, 11013),
        ({"source": "NOWHERE"}, 8003),
        ({"identifierName": "name"}, 8013),
        ({"identifierName": "cardnumber"}, 8015),
        ({"identifierValue": "7002"}, 8015),
        ({"identifierValue": "seven"}, 11012),
        ({"limit": "101"}, 11029),
        ({"endDate": "2025-03-01"}, 11011),
        ({"ledgerEntryType": "LOAN"}, 11007),
        ({"pointCategoryType": "Main"}, 11008),
        ({"tillId": "abc"}, 11025),
        ({"tillId": "123"}, 11027),
        ({"alternateCurrencyNames": "Moons"}, 9005),
        ({"includeTillConceptEvents": "perhaps"}, 400),
        ({"includeAlternateCurrencies": "perhaps"}, 400),
        ({"offset": "-1"}, 400),
    ],
)
def test_a_broken_rule_has_its_code(sandbox: Sandbox, query: dict[str, object], code: int) -> None:
    """As in the ledger."""
    add(sandbox, "1")
    assert codes(ask(sandbox, **query)) == [code]
    assert codes(ask(sandbox, includeTillConceptEvents="true")) == []


def test_older_servers_refuse_more_than_ten() -> None:
    """11006: "Max value supported is also 10"."""
    sandbox, _ = open_world(max_limit=10)
    assert codes(ask(sandbox, limit=11)) == [11006]
