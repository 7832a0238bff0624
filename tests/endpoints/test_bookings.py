"""An answer that is not fully booked is asked for again, by every endpoint that may say so."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import httpx
import pytest

from loyalty_async import CapillaryClient, Customer, OAuth
from loyalty_async.sandbox import Fault, Ledger, Sandbox, create_app
from loyalty_async.sandbox.paths import EXPLODE_PATH, LEDGER_BALANCE_PATH, LEDGER_INFO_PATH, SCHEDULE_LOOKUP_PATH

pytestmark = pytest.mark.anyio

CREATED_AT = datetime(2025, 3, 1, 12, tzinfo=UTC)

Ask = Callable[[CapillaryClient, Customer, int], Awaitable[object]]

ENDPOINTS: dict[str, Ask] = {
    LEDGER_INFO_PATH: lambda client, member, _: client.ledger.entries(member).collect(),
    LEDGER_BALANCE_PATH: lambda client, member, _: client.balances.closing(member),
    EXPLODE_PATH: lambda client, member, event: client.events.explode(member, event_ids=[event]).collect(),
    SCHEDULE_LOOKUP_PATH: lambda client, member, _: client.promised_points.schedule(member),
}


@pytest.mark.parametrize("code", [11002, 9004])
@pytest.mark.parametrize("path", list(ENDPOINTS))
async def test_an_answer_with_pending_events_is_asked_for_again(path: str, code: int) -> None:
    ledger = Ledger()
    member = ledger.add_member()
    entry = ledger.add_entry(member.user_id, created_at=CREATED_AT)
    sandbox = Sandbox(ledger, faults=[Fault(path=path, warning=code, times=2)])
    auth = OAuth(key="sandbox-key", secret="sandbox-secret")
    transport = httpx.ASGITransport(create_app(sandbox))
    async with CapillaryClient("https://sandbox.example.com", auth=auth, transport=transport) as client:
        customer = Customer.by_mobile(member.mobile, source="INSTORE")
        await ENDPOINTS[path](client, customer, entry.event_log_id)
        assert client.stats().retries == 2
