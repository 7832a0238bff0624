from datetime import UTC, datetime
from typing import Any

import pytest

from loyalty_async import Customer, DataScope, InvalidArgument, LedgerEntry
from tests.endpoints.asked import Asked

pytestmark = pytest.mark.anyio

MEMBER = Customer.by_mobile("917406401004", source="INSTORE")
EMPTY: dict[str, list[object]] = {"events": [], "warnings": []}


async def test_every_parameter_has_its_documented_name() -> None:
    asked = Asked(EMPTY)
    await asked.capillary(
        lambda client: client.events.explode(
            MEMBER,
            event_ids=[1, 2],
            bill_details=True,
            points_earned_breakup=True,
            custom_fields=True,
            extended_fields=True,
            max_conversion_details=True,
            payment_modes=True,
            include_alternate_currencies=True,
            entity_type="CUSTOMER",
            is_primary_user=False,
        ).collect()
    )
    assert asked.requests[0].url.path == "/v2/pointsLedger/getLedgerExplodeInfo"
    assert asked.query() == {
        "eventIds": "1,2",
        "getBillDetails": "true",
        "getPointsEarnedBreakup": "true",
        "getCustomFields": "true",
        "getExtendedFields": "true",
        "getMaxConversionDetails": "true",
        "getPaymentMode": "true",
        "getPaymentModes": "true",
        "includeAlternateCurrencies": "true",
        "type": "CUSTOMER",
        "isPrimaryUser": "false",
    }


async def test_references_go_with_the_name_of_their_event_and_stay_texts() -> None:
    asked = Asked(EMPTY)
    references = ["2151165932", "fb98ae16-668d-4c48-826b-1c13fa5344e7"]
    await asked.capillary(
        lambda client: client.events.explode(MEMBER, event_name="GenericEvent", reference_ids=references).collect()
    )
    assert asked.query() == {"eventName": "GenericEvent", "eventReferenceIds": ",".join(references)}


async def test_a_data_scope_makes_it_the_call_of_connected_organisations() -> None:
    asked = Asked(EMPTY)
    await asked.capillary(
        lambda client: client.events.explode(MEMBER, event_ids=[1], data_scope=DataScope("ALL", (7, 8))).collect()
    )
    (request,) = asked.requests
    assert request.url.path == "/v2.1/pointsLedger/getLedgerExplodeInfo"
    assert (request.headers["DATA-SCOPE"], request.headers["DATA-SCOPE-ORG"]) == ("ALL", "7,8")


async def test_entries_of_kinds_that_the_api_refuses_are_counted_instead_of_asked_for() -> None:
    asked = Asked(EMPTY)
    moment = datetime(2025, 1, 1, tzinfo=UTC)
    entries = [
        LedgerEntry(event_log_id=number, event_name=name, created_at=moment)
        for number, name in enumerate(["TransactionAdd", "DelayedAccrual", "DelayedAccrual", "New"])
    ]
    events = await asked.capillary(
        lambda client: client.events.explode_entries(MEMBER, iter(entries), custom_fields=True).collect()
    )
    assert asked.query() == {"eventIds": "0,3", "getCustomFields": "true"}
    assert events.report.skipped == {"DelayedAccrual": 2}


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"event_ids": [1], "event_name": "TransactionAdd", "reference_ids": ["5"]},
        {"event_ids": [1], "event_name": "TransactionAdd"},
        {"event_name": "TransactionAdd"},
        {"reference_ids": ["5"]},
        {"event_ids": ["1"]},
        {"event_ids": [True]},
        {"event_ids": [1], "bill_details": "yes"},
        {"event_ids": [1], "include_alternate_currencies": True, "alternate_currency_names": ["Stars"]},
        {"event_name": "TransactionAdd", "reference_ids": ["a,b"]},
        {"member": None, "event_ids": [1]},
    ],
)
async def test_what_cannot_be_asked_is_refused_before_anything_is_sent(arguments: dict[str, Any]) -> None:
    asked = Asked(EMPTY)
    with pytest.raises(InvalidArgument):
        await asked.capillary(lambda client: client.events.explode(**{"member": MEMBER, **arguments}).collect())
    assert asked.requests == []


async def test_no_ids_send_nothing() -> None:
    asked = Asked(EMPTY)
    assert await asked.capillary(lambda client: client.events.explode(MEMBER, event_ids=[]).collect()) == []
    assert asked.requests == []
