from datetime import UTC, date, datetime
from typing import Any

import pytest

from loyalty_async import Customer, EntityType, InvalidArgument, UserGroup
from tests.endpoints.asked import Asked

pytestmark = pytest.mark.anyio

MEMBER = Customer.by_mobile("917406401004", source="INSTORE")
EMPTY: dict[str, Any] = {"promisedPointsScheduleList": [], "triggerBasedPointsList": [], "warnings": []}


async def test_every_parameter_has_its_documented_name() -> None:
    asked = Asked(EMPTY)
    await asked.capillary(
        lambda client: client.promised_points.schedule(
            MEMBER,
            program_id=2199,
            all_programs=False,
            since=date(2025, 1, 31),
            until=date(2125, 1, 31),
            entity_type=EntityType.FLEET,
            earliest_expiry_only=True,
        )
    )
    assert asked.requests[0].url.path == "/v2/customers/lookup/promisedPointsSchedule"
    assert asked.query() == {
        "programId": "2199",
        "fetchDataForAllPrograms": "false",
        "startDate": "2025-01-31",
        "endDate": "2125-01-31",
        "entityType": "FLEET",
        "fetchEarliestExpiryOnly": "true",
    }


async def test_the_servers_own_id_has_a_path_of_its_own() -> None:
    asked = Asked(EMPTY)
    customer = Customer.by_id("5/6", source="INSTORE")
    await asked.capillary(lambda client: client.promised_points.schedule(customer))
    (request,) = asked.requests
    assert request.url.raw_path == b"/v2/customers/5%2F6/promisedPointsSchedule?source=INSTORE"


@pytest.mark.parametrize(
    "arguments",
    [
        {"member": UserGroup.by_id(5, source="INSTORE")},
        {"since": datetime(2025, 1, 1, tzinfo=UTC)},
        {"until": "2025-01-01"},
        {"since": date(2025, 2, 1), "until": date(2025, 1, 1)},
        {"program_id": "2199"},
        {"all_programs": 1},
        {"entity_type": ""},
    ],
)
async def test_what_cannot_be_asked_is_refused_before_anything_is_sent(arguments: dict[str, Any]) -> None:
    asked = Asked(EMPTY)
    with pytest.raises(InvalidArgument):
        await asked.capillary(lambda client: client.promised_points.schedule(**{"member": MEMBER, **arguments}))
    assert asked.requests == []
