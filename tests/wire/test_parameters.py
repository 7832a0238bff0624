"""Query parameters as the API wants them."""

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest

from loyalty_async.models.members import Customer, Member, UserGroup
from loyalty_async.models.vocabulary import EntityType, LedgerEntryType, Source
from loyalty_async.wire.parameters import Value, member_parameters, server_clock, write_parameters


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (-5, "-5"),
        ("doc 123&a=b", "doc 123&a=b"),
        (LedgerEntryType.OPENING_BALANCE, "OPENING_BALANCE"),
        ([12345, 67890], "12345,67890"),
        (("Stars", "Coins"), "Stars,Coins"),
        ([LedgerEntryType.CREDIT], "CREDIT"),
    ],
)
def test_a_value_is_written_as_the_documents_show_it(value: Value, written: str) -> None:
    (read,) = write_parameters({"some_name": value}).values()
    assert read == written
    assert type(read) is str


def test_what_is_none_is_left_out_and_what_is_false_is_not() -> None:
    assert write_parameters({"till_id": None, "program_id": 0, "include_till_concept_events": False}) == {
        "programId": "0",
        "includeTillConceptEvents": "false",
    }


@pytest.mark.parametrize(
    ("member", "written"),
    [
        (
            Customer.by_mobile("917406401004", source=Source.INSTORE),
            {"identifierName": "mobile", "identifierValue": "917406401004", "source": "INSTORE"},
        ),
        (
            Customer.by_id(98662653, source="WEB_ENGAGE", account_id=7),
            {"identifierName": "id", "identifierValue": "98662653", "source": "WEB_ENGAGE", "accountId": "7"},
        ),
        (
            Customer.by_email("a+b@example.com", source="INSTORE"),
            {"identifierName": "email", "identifierValue": "a+b@example.com", "source": "INSTORE"},
        ),
        (
            Customer.by_external_id("000000043488", source="INSTORE"),
            {"identifierName": "externalId", "identifierValue": "000000043488", "source": "INSTORE"},
        ),
        (
            UserGroup.by_id(381335652, source="INSTORE"),
            {
                "type": "USERGROUP2",
                "identifierName": "id",
                "identifierValue": "381335652",
                "source": "INSTORE",
            },
        ),
        (
            UserGroup.by_primary_user(1, source="INSTORE", entity_type=EntityType.FLEET),
            {"type": "FLEET", "identifierName": "primaryUserId", "identifierValue": "1", "source": "INSTORE"},
        ),
    ],
)
def test_a_member_is_named_as_in_the_documents_samples(member: Member, written: dict[str, str]) -> None:
    assert member_parameters(member) == written


@pytest.mark.parametrize(
    ("zone", "written"),
    [
        (UTC, "2024-05-04T07:16:34"),
        (ZoneInfo("Asia/Kolkata"), "2024-05-04T12:46:34"),
        (ZoneInfo("Europe/London"), "2024-05-04T08:16:34"),
        (timezone(-timedelta(hours=3, minutes=30)), "2024-05-04T03:46:34"),
    ],
)
def test_an_instant_is_written_as_the_servers_clock_shows_it_to_the_second(zone: tzinfo, written: str) -> None:
    moment = datetime(2024, 5, 4, 7, 16, 34, 999999, tzinfo=UTC)
    assert server_clock(moment, zone) == written


def test_the_callers_zone_does_not_matter() -> None:
    moment = datetime(2024, 5, 4, 7, 16, 34, tzinfo=UTC)
    assert server_clock(moment.astimezone(ZoneInfo("Asia/Kolkata")), UTC) == server_clock(moment, UTC)
