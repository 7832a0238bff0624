from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx
import pytest

from loyalty_async.sandbox.app import create_app
from loyalty_async.sandbox.faults import Fault
from loyalty_async.sandbox.ledger import Ledger
from loyalty_async.sandbox.moves import Move
from loyalty_async.sandbox.paths import ACCOUNT_BALANCE_PATH, LEDGER_INFO_PATH, SCHEDULE_PATH, TOKEN_PATH
from loyalty_async.sandbox.sandboxes import Sandbox
from loyalty_async.sandbox.settings import Settings
from tests.sandbox.calls import NOON

pytestmark = pytest.mark.anyio

MEMBER = {"identifierName": "id", "identifierValue": "7001", "source": "ALL"}


@pytest.fixture
def sandbox() -> Sandbox:
    ledger = Ledger()
    member = ledger.add_member(user_id=7001, mobile="91 70", email="Ann+1@example.com")
    for number in range(25):
        ledger.add_entry(member.user_id, created_at=NOON, event_log_id=number)
    return Sandbox(ledger, Settings(require_auth=False))


@asynccontextmanager
async def client_of(sandbox: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(sandbox))
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
        yield client


async def fetch(sandbox: Sandbox, **query: str) -> httpx.Response:
    async with client_of(sandbox) as client:
        return await client.get(LEDGER_INFO_PATH, params={**MEMBER, **query})


async def test_a_page_comes_over_http(sandbox: Sandbox) -> None:
    """JSON with its length and a request id."""
    response = await fetch(sandbox, offset="2")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert int(response.headers["content-length"]) == len(response.content)
    assert response.headers["X-Cap-Requestid"]
    assert len(response.json()["ledgerEntries"]) == 5


@pytest.mark.parametrize(("name", "value"), [("mobile", "91 70"), ("email", "Ann+1@example.com")])
async def test_values_are_decoded(sandbox: Sandbox, name: str, value: str) -> None:
    """Spaces and plus signs in identifiers."""
    response = await fetch(sandbox, identifierName=name, identifierValue=value)
    assert response.json()["customerDetails"]["userId"] == 7001


async def test_an_error_comes_with_its_status(sandbox: Sandbox) -> None:
    """And a request id of its own."""
    first, second = await fetch(sandbox, limit="101"), await fetch(sandbox, limit="101")
    assert first.status_code == 400
    assert first.json()["errors"][0]["code"] == 11029
    assert first.headers["X-Cap-Requestid"] != second.headers["X-Cap-Requestid"]


async def test_oauth_opens_the_ledger(sandbox: Sandbox) -> None:
    """From the token endpoint to a page."""
    sandbox.settings = Settings()
    async with client_of(sandbox) as client:
        body = {"key": "sandbox-key", "secret": "sandbox-secret"}
        granted = (await client.post(TOKEN_PATH, json=body)).json()
        token = {"X-CAP-API-OAUTH-TOKEN": granted["data"]["accessToken"]}
        refused = await client.get(LEDGER_INFO_PATH, params=MEMBER)
        served = await client.get(LEDGER_INFO_PATH, params=MEMBER, headers=token)
    assert (refused.status_code, served.status_code) == (401, 200)


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/v2/nothing", 404), ("POST", LEDGER_INFO_PATH, 405)])
async def test_a_wrong_path_or_method_has_the_envelope(sandbox: Sandbox, method: str, path: str, status: int) -> None:
    """The HTTP status is the code."""
    async with client_of(sandbox) as client:
        response = await client.request(method, path)
    assert response.status_code == status
    assert response.json()["errors"][0]["code"] == status


async def test_a_fault_stands_in_place_of_the_answer(sandbox: Sandbox) -> None:
    """Once; then the answer is right."""
    sandbox.faults.add(Fault(status=429, headers={"Retry-After": "2"}))
    first, second = await fetch(sandbox), await fetch(sandbox)
    assert (first.status_code, first.headers["Retry-After"]) == (429, "2")
    assert (second.status_code, "Retry-After" in second.headers) == (200, False)


async def test_a_fault_may_come_before_the_credentials(sandbox: Sandbox) -> None:
    """As a gateway's does."""
    sandbox.settings = Settings()
    sandbox.faults.add(Fault(status=502))
    assert (await fetch(sandbox)).status_code == 502


async def test_a_fault_can_put_parameters_in_place(sandbox: Sandbox) -> None:
    """A server that ignores the page number."""
    sandbox.faults.add(Fault(query={"offset": "0"}, times=None))
    assert (await fetch(sandbox, offset="2")).json()["ledgerDetails"]["pageNumber"] == 0


@pytest.mark.parametrize(
    ("fields", "content"), [({"damage": "empty"}, b""), ({"body": "surprise"}, b"surprise"), ({"body": ""}, b"")]
)
async def test_a_damaged_body_has_its_own_length(sandbox: Sandbox, fields: dict[str, Any], content: bytes) -> None:
    """The length is of what is sent."""
    sandbox.faults.add(Fault(**fields))
    response = await fetch(sandbox)
    assert response.content == content
    assert response.headers["content-length"] == str(len(content))


async def test_a_delay_delays_the_answer(sandbox: Sandbox) -> None:
    """By the seconds of the event loop's clock."""
    sandbox.faults.add(Fault(delay_s=30))
    started = anyio.current_time()
    assert (await fetch(sandbox)).status_code == 200
    assert anyio.current_time() - started == pytest.approx(30)


async def test_delayed_answers_do_not_hold_up_others(sandbox: Sandbox) -> None:
    """Each waits for itself."""
    sandbox.faults.add(Fault(delay_s=30, times=10))
    started = anyio.current_time()
    async with anyio.create_task_group() as group:
        for _ in range(10):
            group.start_soon(fetch, sandbox)
    assert anyio.current_time() - started == pytest.approx(30)


async def test_everything_is_counted(sandbox: Sandbox) -> None:
    """What was sent, faults included, and the entries in it."""
    sandbox.faults.add(Fault(status=503), Fault(damage="truncated"))
    for _ in range(3):
        await fetch(sandbox)
    await fetch(sandbox, offset="9")
    assert sandbox.stats.by_path() == {LEDGER_INFO_PATH: {"200": 2, "400": 1, "503": 1}}
    assert sandbox.stats.entries_served == 20
    assert sandbox.stats.faults == 2


async def test_altcraft_is_served_beside_capillary(sandbox: Sandbox) -> None:
    """Posted to, in either dialect."""
    asked = {"loyalty_program_id": "973", "matching": "profile_id", "profile_id": "7001"}
    body = "<xml>" + "".join(f"<{name}>{value}</{name}>" for name, value in asked.items()) + "</xml>"
    async with client_of(sandbox) as client:
        response = await client.post(ACCOUNT_BALANCE_PATH, content=body, headers={"Content-Type": "application/xml"})
    assert response.headers["content-type"] == "application/xml"
    assert b"<error>0</error>" in response.content


@pytest.mark.parametrize("user_id", ["7001", "lookup"])
async def test_a_user_id_may_stand_in_the_path(sandbox: Sandbox, user_id: str) -> None:
    """And the lookup is no user id."""
    query = {"identifierName": "mobile", "identifierValue": "91 70", "source": "ALL"}
    async with client_of(sandbox) as client:
        response = await client.get(SCHEDULE_PATH.replace("{user_id}", user_id), params=query)
    assert response.json()["entityId"] == 7001


async def test_a_fault_can_hit_any_endpoint(sandbox: Sandbox) -> None:
    """By the beginning of its path."""
    sandbox.faults.add(Fault(path="/api", status=503))
    async with client_of(sandbox) as client:
        assert (await client.get(LEDGER_INFO_PATH, params=MEMBER)).status_code == 200
        assert (await client.post(ACCOUNT_BALANCE_PATH)).status_code == 503


async def test_the_ledger_moves_just_before_an_answer(sandbox: Sandbox) -> None:
    """The answer to that request shows it, that to the one before does not."""
    sandbox.moves.add(Move(action="insert", at=2), Move(action="delete", at=3, event_log_id=7))
    totals = [(await fetch(sandbox)).json()["ledgerDetails"]["totalEntries"] for _ in range(4)]
    assert totals == [25, 26, 25, 25]
    assert [moved.request for moved in sandbox.moves.history] == [2, 3]


async def test_a_move_waits_for_a_delayed_answer(sandbox: Sandbox) -> None:
    """Requests count in the order in which they are answered."""
    sandbox.faults.add(Fault(delay_s=30, where={"offset": "1"}))
    sandbox.moves.add(Move(action="delete", where={"offset": "1"}))
    totals: dict[str, int] = {}

    async def ask(offset: str, wait_s: float) -> None:
        await anyio.sleep(wait_s)
        totals[offset] = (await fetch(sandbox, offset=offset)).json()["ledgerDetails"]["totalEntries"]

    async with anyio.create_task_group() as group:
        group.start_soon(ask, "1", 0)
        group.start_soon(ask, "0", 10)
    assert totals == {"0": 25, "1": 24}
    assert [moved.request for moved in sandbox.moves.history] == [2]


async def test_a_request_that_a_fault_answers_counts_for_moves(sandbox: Sandbox) -> None:
    """The ledger has moved when it comes again; and a fault may ask for another page than the request did."""
    sandbox.faults.add(Fault(status=503), Fault(query={"offset": "0"}))
    sandbox.moves.add(Move(action="insert", at=1), Move(action="insert", where={"offset": "2"}, at=2))
    first, second = await fetch(sandbox, offset="2"), await fetch(sandbox, offset="2")
    assert first.status_code == 503
    assert second.json()["ledgerDetails"]["totalEntries"] == 27


async def test_altcraft_sees_the_ledger_move(sandbox: Sandbox) -> None:
    """A request by its body is about somebody, too."""
    sandbox.moves.add(Move(action="insert", path=ACCOUNT_BALANCE_PATH, points="2.5"))
    body = {"loyalty_program_id": 973, "matching": "profile_id", "profile_id": "7001"}
    async with client_of(sandbox) as client:
        response = await client.post(ACCOUNT_BALANCE_PATH, json=body)
    assert response.json()["data"]["active_balance"] == "2.500"
