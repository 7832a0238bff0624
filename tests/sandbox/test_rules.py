from __future__ import annotations

from datetime import timedelta, timezone

import pytest

from loyalty_async.sandbox.sandboxes import Sandbox
from loyalty_async.sandbox.settings import Settings
from tests.sandbox.calls import NOON, ask, call, codes, ids, open_world

SECOND = timedelta(seconds=1)
FRACTION = timedelta(milliseconds=370)


@pytest.fixture
def sandbox() -> Sandbox:
    """One member with 25 entries, a day apart, up to 1 March 2025."""
    sandbox, member = open_world()
    for number in range(25):
        sandbox.ledger.add_entry(member.user_id, created_at=NOON - timedelta(days=24 - number), event_log_id=number)
    return sandbox


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"source": None}, 11013),
        ({"source": ""}, 11013),
        ({"identifierName": None}, 11013),
        ({"identifierValue": ""}, 11013),
        ({"source": "NOWHERE"}, 8003),
        ({"source": "instore"}, 8003),
        ({"identifierName": "name"}, 8013),
        ({"identifierName": "cardnumber"}, 8013),
        ({"identifierValue": "seven"}, 11012),
        ({"identifierValue": "-7001"}, 11012),
        ({"identifierValue": "7002"}, 8015),
        ({"identifierName": "mobile"}, 8015),
        ({"limit": "101"}, 11029),
        ({"offset": "3"}, 11003),
        ({"limit": "100", "offset": "1"}, 11003),
        ({"startDate": "2019-01-01T00:00:00", "endDate": "2019-02-01T00:00:00"}, 11003),
        ({"ledgerEntryType": "DEBIT"}, 11003),
        ({"startDate": "2025-01-02T00:00:00", "endDate": "2025-01-01T00:00:00"}, 11009),
        ({"startDate": "2025-01-01T00:00:00", "endDate": "2025-04-01T00:00:01"}, 11010),
        ({"startDate": "2025-01-01"}, 11011),
        ({"endDate": "2025-01-01T00:00:00Z"}, 11011),
        ({"endDate": ""}, 11011),
        ({"startDate": "9999-12-31T00:00:00"}, 11011),
        ({"ledgerEntryType": "credit"}, 11007),
        ({"pointCategoryType": "Main"}, 11008),
        ({"programId": "974"}, 11005),
        ({"programId": "abc"}, 11005),
        ({"tillId": "abc"}, 11025),
        ({"tillIds": "700101, 700102"}, 11025),
        ({"tillId": "123"}, 11027),
        ({"tillIds": "700101,123"}, 11027),
        ({"storeId": "123"}, 11026),
        ({"storeCode": "abc"}, 11026),
        ({"tillId": "700101", "storeCode": "harbour"}, 11028),
        ({"storeId": "51001", "storeCode": "highstreet"}, 11028),
        ({"includeTillConceptEvents": "true"}, 11001),
        ({"type": "HOUSEHOLD"}, 11001),
        ({"type": "USERGROUP2"}, 8015),
        ({"type": "USERGROUP2", "identifierName": "mobile"}, 8013),
        ({"type": "USERGROUP2", "identifierName": "groupId", "identifierValue": "G1"}, 11012),
        ({"includeAlternateCurrencies": "true", "alternateCurrencyNames": "Stars"}, 11001),
        ({"excludePointCategories": "true"}, 11001),
        ({"alternateCurrencyNames": "Stars,Moons"}, 9005),
        ({"limit": "0"}, 400),
        ({"limit": "ten"}, 400),
        ({"offset": "-1"}, 400),
        ({"order": "UP"}, 400),
        ({"isFilterBasedOnDate": "maybe"}, 400),
    ],
)
def test_a_broken_rule_has_its_code(sandbox: Sandbox, query: dict[str, str | None], code: int) -> None:
    """And the HTTP status of business errors."""
    assert codes(ask(sandbox, **query)) == [code]
    assert call(sandbox, **query).status == 400


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"tillIds": "123,700101,45"}, "Invalid tillIds: [123, 45]"),
        ({"tillId": "abc"}, 'Till id format exception:For input string: "abc"'),
        ({"storeId": "123"}, "No tills found for store with store id: 123"),
        ({"storeCode": "abc"}, "No tills found for store with store code: abc"),
        ({"limit": "500"}, "Limit cannot be greater than 100"),
    ],
)
def test_messages_are_the_documents(sandbox: Sandbox, query: dict[str, str], message: str) -> None:
    """With the values that were wrong."""
    assert ask(sandbox, **query)["errors"][0]["message"] == message


def test_business_errors_may_come_with_status_200() -> None:
    """The documents show both; only the status differs."""
    sandbox, _ = open_world(business_error_status=200)
    reply = call(sandbox, source="NOWHERE")
    assert reply.status == 200
    assert b'"code":8003' in reply.body


def test_pages_are_numbered_from_nought_and_have_ten_entries(sandbox: Sandbox) -> None:
    """The defaults, newest first."""
    first, last = ask(sandbox), ask(sandbox, offset=2)
    assert first["ledgerDetails"] == {"pageNumber": 0, "pageSize": 10, "totalEntries": 25, "pageCount": 3}
    assert ids(first) == list(range(24, 14, -1))
    assert last["ledgerDetails"]["pageNumber"] == 2
    assert ids(last) == [4, 3, 2, 1, 0]


@pytest.mark.parametrize(("limit", "pages"), [(1, 25), (5, 5), (24, 2), (25, 1), (100, 1)])
def test_the_page_count_is_rounded_up(sandbox: Sandbox, limit: int, pages: int) -> None:
    """pageCount = ceil(totalEntries / pageSize)."""
    assert ask(sandbox, limit=limit)["ledgerDetails"]["pageCount"] == pages


def test_a_clamping_server_quietly_serves_less(sandbox: Sandbox) -> None:
    """It says so in pageSize only, and refuses no limit."""
    sandbox.settings = Settings(require_auth=False, clamp_limit=4)
    answer = ask(sandbox, limit=500)
    assert answer["ledgerDetails"] == {"pageNumber": 0, "pageSize": 4, "totalEntries": 25, "pageCount": 7}
    assert len(ids(answer)) == 4
    assert ids(ask(sandbox, limit=500, offset=1)) == [20, 19, 18, 17]


def test_older_servers_refuse_more_than_ten_with_another_code() -> None:
    """11006, and a message with the number."""
    sandbox, _ = open_world(max_limit=10)
    answer = ask(sandbox, limit=11)
    assert codes(answer) == [11006]
    assert answer["errors"][0]["message"] == "Limit cannot be greater than 10"


def test_exactly_ninety_days_are_allowed(sandbox: Sandbox) -> None:
    """The limit itself is inside."""
    assert len(ids(ask(sandbox, startDate="2025-01-01T00:00:00", endDate="2025-04-01T00:00:00", limit=100))) == 25


def edge_ids(query: dict[str, object], **settings: object) -> list[int]:
    sandbox, member = open_world(order="oldest", **settings)
    moments = [NOON - SECOND, NOON - FRACTION, NOON, NOON + FRACTION, NOON + SECOND - timedelta(microseconds=1)]
    for number, moment in enumerate([*moments, NOON + SECOND]):
        sandbox.ledger.add_entry(member.user_id, created_at=moment, event_log_id=number)
    return ids(ask(sandbox, **query))


@pytest.mark.parametrize(
    ("inclusive", "fractions", "expected"),
    [
        (True, True, [0, 1, 2]),
        (True, False, [0, 1, 2, 3, 4]),
        (False, True, [0, 1]),
        (False, False, [0, 1]),
    ],
)
def test_the_end_is_inclusive_or_not_and_sees_fractions_or_not(
    inclusive: bool,
    fractions: bool,
    expected: list[int],
) -> None:
    """Four servers, one question: until noon."""
    query: dict[str, object] = {"startDate": "2025-03-01T11:00:00", "endDate": "2025-03-01T12:00:00"}
    assert edge_ids(query, end_date_inclusive=inclusive, sees_fractions=fractions) == expected


@pytest.mark.parametrize("fractions", [True, False])
def test_the_start_is_inclusive(fractions: bool) -> None:
    """On or after, to the fraction."""
    query: dict[str, object] = {"startDate": "2025-03-01T12:00:00", "endDate": "2025-03-01T13:00:00"}
    assert edge_ids(query, sees_fractions=fractions) == [2, 3, 4, 5]


def test_dates_are_read_in_the_servers_zone() -> None:
    """Noon UTC is half past five in India."""
    zone = timezone(timedelta(hours=5, minutes=30))
    query: dict[str, object] = {"startDate": "2025-03-01T17:30:00", "endDate": "2025-03-01T18:00:00"}
    assert edge_ids(query, timezone=zone) == [2, 3, 4, 5]


def reach_ids(query: dict[str, object]) -> list[int]:
    sandbox, member = open_world(order="oldest")
    for number, days in enumerate((-400, -360, -91, -89, 0, 89, 91, 360, 400)):
        sandbox.ledger.add_entry(member.user_id, created_at=NOON + timedelta(days=days), event_log_id=number)
    return ids(ask(sandbox, **query))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"startDate": "2025-03-01T12:00:00"}, [4, 5]),
        ({"endDate": "2025-03-01T12:00:00"}, [3, 4]),
        ({"startDate": "2025-03-01T12:00:00", "includeLastOneYearData": "true"}, [4, 5, 6, 7]),
        ({"endDate": "2025-03-01T12:00:00", "includeLastOneYearData": "true"}, [1, 2, 3, 4]),
        ({}, [0, 1, 2, 3, 4, 5, 6, 7, 8]),
        ({"startDate": "2025-03-01T12:00:00", "isFilterBasedOnDate": "false"}, [0, 1, 2, 3, 4, 5, 6, 7, 8]),
    ],
)
def test_one_date_reaches_ninety_days_or_a_year_and_none_everything(
    query: dict[str, object], expected: list[int]
) -> None:
    """The rules of the documents for missing dates."""
    assert reach_ids(query) == expected


@pytest.mark.parametrize("name", ["mobile", "email", "externalId"])
def test_each_identifier_leads_to_the_member(sandbox: Sandbox, name: str) -> None:
    """As well as the id."""
    member = sandbox.ledger.members[0]
    value = {"mobile": member.mobile, "email": member.email, "externalId": member.external_id}[name]
    answer = ask(sandbox, identifierName=name, identifierValue=value)
    assert answer["customerDetails"]["userId"] == 7001


def test_what_the_documents_do_not_name_is_ignored(sandbox: Sandbox) -> None:
    """An unknown parameter changes nothing."""
    assert ids(ask(sandbox, accountId="5", unheardOf="yes")) == ids(ask(sandbox))
