"""Every sample that the other documents print goes through the client and comes out exactly."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import attrs
import httpx
import pytest

from loyalty_async import (
    AccountBalance,
    AltcraftClient,
    Basic,
    CapillaryClient,
    Customer,
    DataScope,
    LedgerEvent,
    Profile,
    PromisedPointsSchedule,
    PromisedPointsType,
)
from tests._support.ledger_json import exact
from tests.samples import document

pytestmark = pytest.mark.anyio

MEMBER = Customer.by_mobile("917752198768", source="INSTORE")


class Canned:
    """Answers everything with one body, and keeps what was asked."""

    def __init__(self, name: str) -> None:
        self.body = document(name)
        self.requests: list[httpx.Request] = []
        self.transport = httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(200, content=self.body)

    def capillary(self) -> CapillaryClient:
        return CapillaryClient("https://example.com", auth=Basic("till", "secret"), transport=self.transport)


def texts(value: Any) -> Iterator[str]:
    """Give every scalar of a model as text: numbers with their digits, dates as the documents print them."""
    if attrs.has(type(value)):
        for field in attrs.fields(type(value)):
            yield from texts(getattr(value, field.name))
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts(item)
    elif isinstance(value, datetime):
        yield f"{value:%Y-%m-%d %H:%M:%S}.0"
    elif value is not None:
        yield str(value)


def scalars(document: Any) -> Iterator[str]:
    """Give every scalar of a document as it is printed."""
    if isinstance(document, dict):
        for item in document.values():
            yield from scalars(item)
    elif isinstance(document, list):
        for item in document:
            yield from scalars(item)
    elif document is not None:
        yield str(document)


def assert_same(model: Any, body: bytes) -> None:
    """The same scalars, as often, digit for digit."""
    assert sorted(texts(model)) == sorted(scalars(exact(body)))


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("explode_self_repaired.json", [13499091]),
        ("explode_other.json", [18608683]),
    ],
)
async def test_exploded_events_come_out_exactly(name: str, ids: list[int]) -> None:
    canned = Canned(name)
    async with canned.capillary() as client:
        events = await client.events.explode(MEMBER, event_ids=ids, data_scope=DataScope("OTHER", (50406,))).collect()
    assert_same(list(events), canned.body)
    assert events.report.unknown == ()
    assert canned.requests[0].url.path == "/v2.1/pointsLedger/getLedgerExplodeInfo"
    assert canned.requests[0].headers["DATA-SCOPE-ORG"] == "50406"


async def test_events_by_reference_come_out_in_the_order_of_the_references() -> None:
    canned = Canned("explode_references_repaired.json")
    async with canned.capillary() as client:
        events: list[LedgerEvent] = await client.events.explode(
            MEMBER, event_name="CustomerRegistration", reference_ids=["RefId2", "RefId1"]
        ).collect()
    assert [event.event_reference_id for event in events] == ["RefId2", "RefId1"]
    assert_same(events, canned.body)


@pytest.mark.parametrize(
    ("name", "scheduled", "trigger_based"),
    [("promised_one_program", 4, 0), ("promised_all_programs", 11, 0), ("promised_trigger_based", 0, 1)],
)
async def test_promised_points_come_out_exactly(name: str, scheduled: int, trigger_based: int) -> None:
    canned = Canned(f"{name}.json")
    async with canned.capillary() as client:
        schedule: PromisedPointsSchedule = await client.promised_points.schedule(MEMBER, program_id=2199)
    assert (len(schedule.scheduled), len(schedule.trigger_based)) == (scheduled, trigger_based)
    assert_same(schedule, canned.body)


async def test_the_first_promise_is_what_the_document_shows() -> None:
    async with Canned("promised_one_program.json").capillary() as client:
        promise = (await client.promised_points.schedule(MEMBER)).scheduled[0]
    assert str(promise.points) == "390.000"
    assert promise.redeemable_from == date(2022, 4, 10)
    assert promise.points_type is PromisedPointsType.LINE_ITEM_PROMOTIONS


@pytest.mark.parametrize("dialect", ["json", "xml"])
async def test_an_account_is_asked_for_and_read_as_the_document_shows(dialect: Any) -> None:
    canned = Canned(f"altcraft_balance.{dialect}")
    async with AltcraftClient(
        "https://example.com", token="abc123def456", dialect=dialect, transport=canned.transport
    ) as client:
        balance = await client.accounts.balance(
            program_id=123, member=Profile.by_email("user@example.com"), currency="starts"
        )
    assert balance == AccountBalance(total_balance=Decimal("1000.00"), active_balance=Decimal("800.50"))
    assert str(balance.active_balance) == "800.50"
    (request,) = canned.requests
    assert (request.method, request.url.path) == ("POST", "/api/v1.1/loyalty/account/balance")
    printed = document(f"altcraft_request.{dialect}")
    if dialect == "json":
        assert exact(request.content) == exact(printed)
    else:
        assert request.content.split(b"?>\n")[1] == printed.replace(b"\n", b"")
