from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from loyalty_async import Basic, CapillaryClient, Customer, InvalidArgument
from loyalty_async.endpoints.arguments import listed

MEMBER = Customer.by_id("1", source="INSTORE")


@pytest.mark.parametrize(
    ("filters", "told"),
    [
        ({"program_id": True}, "program_id must be an integer"),
        ({"program_id": 1.5}, "program_id must be an integer"),
        ({"till_id": "abc"}, "till_id must be an integer"),
        ({"store_id": "7"}, "store_id must be an integer"),
        ({"store_code": ""}, "store_code must be a non-empty text"),
        ({"ledger_entry_type": " "}, "ledger_entry_type must be a non-empty text"),
        ({"point_category_type": 7}, "point_category_type must be a non-empty text"),
        ({"include_alternate_currencies": "false"}, "include_alternate_currencies must be True, False or None"),
        ({"include_concept_details": 1}, "include_concept_details must be True, False or None"),
        ({"till_ids": 7}, "till_ids must be a list"),
        ({"till_ids": []}, "till_ids must hold at least one"),
        ({"till_ids": [True]}, "till_ids must hold at least one"),
        ({"alternate_currency_names": ["a,b"]}, "must not hold an empty value or a comma"),
        ({"alternate_currency_names": [" "]}, "must not hold an empty value or a comma"),
    ],
)
def test_an_argument_of_the_wrong_kind_is_refused_with_what_to_give(filters: dict[str, Any], told: str) -> None:
    client = CapillaryClient("https://api.example.com", auth=Basic("till", "secret"))
    with pytest.raises(InvalidArgument, match=told):
        client.ledger.entries(MEMBER, since=datetime(2025, 1, 1, tzinfo=UTC), **filters)


def test_one_text_is_a_list_of_one() -> None:
    assert listed("alternate_currency_names", "Stars") == ["Stars"]


def test_an_iterable_that_can_be_read_once_is_kept() -> None:
    assert listed("till_ids", iter((1, 2))) == [1, 2]


def test_two_instants_of_an_hour_that_comes_twice_are_in_their_order() -> None:
    """Half past two by summer time comes before a quarter past two by winter time."""
    berlin = ZoneInfo("Europe/Berlin")
    since = datetime(2024, 10, 27, 2, 30, tzinfo=berlin, fold=0)
    until = datetime(2024, 10, 27, 2, 15, tzinfo=berlin, fold=1)
    client = CapillaryClient("https://api.example.com", auth=Basic("till", "secret"))
    client.ledger.entries(MEMBER, since=since, until=until)
    with pytest.raises(InvalidArgument, match="since must lie before until"):
        client.ledger.entries(MEMBER, since=until, until=since)


def test_a_set_is_sent_in_one_order_whatever_the_process() -> None:
    assert listed("names", {"c", "a", "b"}) == ["a", "b", "c"]
    assert listed("names", ["c", "a", "b"]) == ["c", "a", "b"]
