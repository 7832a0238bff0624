from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from loyalty_async import Customer, InvalidArgument, LedgerEntryType, PointCategoryType, UserGroup
from tests.endpoints.asked import Asked

pytestmark = pytest.mark.anyio

MEMBER = Customer.by_mobile("917406401004", source="INSTORE")
EMPTY = {"ledgerDetails": {"ledgerClosingBalance": []}, "warnings": []}


async def test_nothing_is_sent_that_was_not_asked_for() -> None:
    asked = Asked(EMPTY)
    await asked.capillary(lambda client: client.balances.closing(MEMBER))
    assert asked.requests[0].url.path == "/v2/pointsLedger/getCustomerLedgerBalance"
    assert asked.query() == {}


async def test_every_parameter_has_its_documented_name() -> None:
    asked = Asked(EMPTY)
    at = datetime(2025, 1, 31, 5, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    await asked.capillary(
        lambda client: client.balances.closing(
            MEMBER,
            at=at,
            till_id=7,
            ledger_entry_type=LedgerEntryType.CREDIT,
            point_category_type=PointCategoryType.REGULAR,
            include_till_concept_events=True,
            include_alternate_currencies=False,
            alternate_currency_names=["Stars", "Stamps"],
        )
    )
    assert asked.query() == {
        "endDate": "2025-01-31T00:00:00",
        "tillId": "7",
        "ledgerEntryType": "CREDIT",
        "pointCategoryType": "REGULAR",
        "includeTillConceptEvents": "true",
        "includeAlternateCurrencies": "false",
        "alternateCurrencyNames": "Stars,Stamps",
    }


async def test_a_group_is_named_by_its_type() -> None:
    asked = Asked(EMPTY)
    await asked.capillary(lambda client: client.balances.closing(UserGroup.by_id(5, source="INSTORE")))
    assert asked.query() == {"type": "USERGROUP2"}


@pytest.mark.parametrize(
    "arguments",
    [
        {"at": datetime(2025, 1, 1)},  # noqa: DTZ001 - naive on purpose
        {"at": "2025-01-01"},
        {"at": datetime(1800, 1, 1, tzinfo=UTC)},
        {"till_id": "7"},
        {"include_alternate_currencies": True, "alternate_currency_names": ["Stars"]},
        {"member": "917406401004"},
    ],
)
async def test_what_cannot_be_asked_is_refused_before_anything_is_sent(arguments: dict[str, Any]) -> None:
    asked = Asked(EMPTY)
    with pytest.raises(InvalidArgument):
        await asked.capillary(lambda client: client.balances.closing(**{"member": MEMBER, **arguments}))
    assert asked.requests == []
