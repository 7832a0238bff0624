from __future__ import annotations

from typing import Any

import httpx
import pytest

from loyalty_async.sandbox.app import create_app
from loyalty_async.sandbox.calls import Call
from loyalty_async.sandbox.faults import Fault
from loyalty_async.sandbox.ledger import Ledger
from loyalty_async.sandbox.moves import Move
from loyalty_async.sandbox.paths import LEDGER_INFO_PATH
from loyalty_async.sandbox.records import PROMISED, Group
from loyalty_async.sandbox.sandboxes import Sandbox
from tests.sandbox.calls import NOON

pytestmark = pytest.mark.anyio


@pytest.fixture
def sandbox() -> Sandbox:
    ledger = Ledger()
    for number in range(3):
        member = ledger.add_member(user_id=7001 + number)
        for _ in range(number):
            ledger.add_entry(member.user_id, created_at=NOON)
    return Sandbox(ledger)


async def request(sandbox: Sandbox, method: str, path: str, **options: Any) -> httpx.Response:
    transport = httpx.ASGITransport(create_app(sandbox))
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
        return await client.request(method, f"/_sandbox{path}", **options)


async def told(sandbox: Sandbox, path: str, **params: object) -> Any:
    response = await request(sandbox, "GET", path, params=params)
    assert response.status_code == 200
    return response.json()


async def test_health_is_told_without_credentials(sandbox: Sandbox) -> None:
    """The server is up, and has members."""
    assert await told(sandbox, "/health") == {"status": "ok", "members": 3}


async def test_members_are_listed_with_their_identifiers(sandbox: Sandbox) -> None:
    """And the number of their entries."""
    listing = await told(sandbox, "/members")
    last = sandbox.ledger.members[2]
    assert listing["total"] == 3
    assert listing["members"][2] == {
        "userId": 7003,
        "mobile": last.mobile,
        "email": last.email,
        "externalId": last.external_id,
        "entries": 2,
    }


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"start": 1}, [7002, 7003]),
        ({"count": 2}, [7001, 7002]),
        ({"start": 1, "count": 1}, [7002]),
        ({"start": 9}, []),
    ],
)
async def test_members_come_in_pages(sandbox: Sandbox, params: dict[str, int], expected: list[int]) -> None:
    """From start, so many."""
    listing = await told(sandbox, "/members", **params)
    assert [member["userId"] for member in listing["members"]] == expected
    assert listing["total"] == 3


async def test_the_truth_is_told(sandbox: Sandbox) -> None:
    """Count, ids, sums and rows, of a span if wanted."""
    whole = await told(sandbox, "/members/7003/truth")
    assert whole.keys() == {"userId", "count", "ids", "sums", "entries"}
    assert whole["count"] == len(whole["ids"]) == len(whole["entries"]) == 2
    none = await told(sandbox, "/members/7003/truth", until="2025-03-01T12:00:00Z")
    assert none["count"] == 0
    all_again = await told(sandbox, "/members/7003/truth", since="2025-03-01T12:00:00+00:00")
    assert all_again["count"] == 2


@pytest.fixture
def group(sandbox: Sandbox) -> Group:
    """One of two members, with an entry."""
    group = sandbox.ledger.add_group([7002, 7001], group_id=5, roles=["owner", "driver"])
    sandbox.ledger.add_entry(group.owner_id, created_at=NOON, event_log_id=9, points=3, category=PROMISED)
    return group


async def test_groups_are_listed(sandbox: Sandbox, group: Group) -> None:
    """With their members."""
    assert await told(sandbox, "/groups") == {
        "groups": [
            {
                "groupId": 5,
                "externalId": group.external_id,
                "type": "USERGROUP2",
                "primaryUserId": 7002,
                "members": [{"userId": 7002, "role": "owner"}, {"userId": 7001, "role": "driver"}],
                "entries": 1,
            }
        ]
    }


@pytest.mark.usefixtures("group")
async def test_everything_true_of_a_member_is_true_of_a_group(sandbox: Sandbox) -> None:
    """Under minus its id: entries, balances, events, promises."""
    assert (await told(sandbox, "/groups/5/truth"))["ids"] == [9]
    balances = {"973|DelayedAccrualPointCategory|": "3.000"}
    assert await told(sandbox, "/groups/5/balances") == {"ownerId": -5, "balances": balances}
    assert await told(sandbox, "/groups/5/events") == {"ownerId": -5, "events": {"9": 1}, "refused": []}
    sandbox = Sandbox(sandbox.ledger, now=lambda: NOON)
    promised = {"973|2025-03-31|customer_promotions": "3"}
    assert await told(sandbox, "/groups/5/promised") == {"ownerId": -5, "scheduled": promised, "triggerBased": {}}


async def test_a_members_balances_events_and_accounts_are_told(sandbox: Sandbox) -> None:
    """Balances just before an instant if wanted."""
    assert (await told(sandbox, "/members/7003/balances"))["balances"] == {"973|Main|": "0.000"}
    assert (await told(sandbox, "/members/7003/balances", at="2025-03-01T12:00:00Z"))["balances"] == {}
    assert len((await told(sandbox, "/members/7003/events"))["events"]) == 2
    assert (await told(sandbox, "/members/7003/promised"))["scheduled"] == {}
    assert (await told(sandbox, "/members/7003/accounts"))["accounts"]["973|"] == ["0.000", "0.000"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/members/404/balances", 404),
        ("/members/404/events", 404),
        ("/members/404/promised", 404),
        ("/members/404/accounts", 404),
        ("/groups/404/truth", 404),
        ("/members/7003/balances?at=2025-03-01", 400),
        ("/members/404/truth", 404),
        ("/members/7003/truth?since=2025-03-01T12:00:00", 400),
        ("/members/7003/truth?since=yesterday", 400),
        ("/members?start=-1", 400),
        ("/members?count=ten", 400),
    ],
)
async def test_what_cannot_be_told_is_refused(sandbox: Sandbox, path: str, status: int) -> None:
    """With a reason."""
    response = await request(sandbox, "GET", path)
    assert response.status_code == status
    assert response.json()["error"]


async def test_stats_are_told(sandbox: Sandbox) -> None:
    """The control's own requests are not counted."""
    transport = httpx.ASGITransport(create_app(sandbox))
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
        await client.get(LEDGER_INFO_PATH)
    expected = {"requests": {LEDGER_INFO_PATH: {"401": 1}}, "entriesServed": 0, "faults": 0}
    assert await told(sandbox, "/stats") == expected
    assert await told(sandbox, "/stats") == expected


@pytest.mark.parametrize("body", [{"status": 500, "times": None}, [{"status": 500}, {"status": 500}]])
async def test_faults_are_added(sandbox: Sandbox, body: object) -> None:
    """One, or a list of them."""
    assert (await request(sandbox, "POST", "/faults", json=body)).status_code == 200
    taken = [sandbox.faults.take(LEDGER_INFO_PATH, {})[0] for _ in range(2)]
    assert [fault.status for fault in taken if fault] == [500, 500]


@pytest.mark.parametrize("content", ["", "{", '{"colour": 1}', '[{"status": 500}, {"status": "500"}]', "[5]"])
async def test_wrong_faults_are_refused_as_a_whole(sandbox: Sandbox, content: str) -> None:
    """None of a list is added if one is wrong."""
    response = await request(sandbox, "POST", "/faults", content=content)
    assert response.status_code == 400
    assert response.json()["error"]
    assert sandbox.faults.take(LEDGER_INFO_PATH, {}) == (None, 0.0)


@pytest.mark.parametrize(
    "body", [{"action": "delete", "times": 2}, [{"action": "delete"}, {"action": "delete", "at": 2}]]
)
async def test_moves_can_be_added(sandbox: Sandbox, body: object) -> None:
    """One, or a list of them; what came of them is told."""
    response = await request(sandbox, "POST", "/moves", json=body)
    assert response.json() == {"added": len(body) if isinstance(body, list) else 1}
    assert await told(sandbox, "/moves") == {"moves": []}
    (left,) = sandbox.ledger.entries(7002)
    about = Call(path=LEDGER_INFO_PATH, query={"identifierName": "id", "identifierValue": "7002", "source": "INSTORE"})
    for _ in range(2):
        sandbox.move(about)
    expected = {
        "request": 1,
        "path": LEDGER_INFO_PATH,
        "action": "delete",
        "ownerId": 7002,
        "eventLogIds": [left.event_log_id],
        "mergedUserId": None,
    }
    assert await told(sandbox, "/moves") == {"moves": [expected]}


async def test_a_merge_is_told_with_who_was_merged(sandbox: Sandbox) -> None:
    """And with everything that came."""
    sandbox.moves.add(Move(action="merge", user_id=7003))
    came = [entry.event_log_id for entry in sandbox.ledger.entries(7003)]
    query = {"identifierName": "id", "identifierValue": "7001", "source": "INSTORE"}
    sandbox.move(Call(path=LEDGER_INFO_PATH, query=query))
    (told_of,) = (await told(sandbox, "/moves"))["moves"]
    assert (told_of["ownerId"], told_of["mergedUserId"], told_of["eventLogIds"]) == (7001, 7003, came)


@pytest.mark.parametrize("content", ["", "{", "{}", '[{"action": "delete"}, {"action": "vanish"}]', "[5]"])
async def test_wrong_moves_are_refused_as_a_whole(sandbox: Sandbox, content: str) -> None:
    """None of a list is added if one is wrong."""
    response = await request(sandbox, "POST", "/moves", content=content)
    assert response.status_code == 400
    assert response.json()["error"]
    assert sandbox.moves.take(LEDGER_INFO_PATH, {}) == []


async def test_a_fault_for_every_path_spares_the_control(sandbox: Sandbox) -> None:
    """There is always a way back."""
    sandbox.faults.add(Fault(path="/", status=500, times=None))
    assert await told(sandbox, "/health")


async def test_a_reset_starts_anew(sandbox: Sandbox) -> None:
    """The ledger is as it was at the start."""
    sandbox.ledger.add_entry(7001, created_at=NOON)
    assert (await request(sandbox, "POST", "/reset")).status_code == 200
    assert sandbox.ledger.entries(7001) == []
