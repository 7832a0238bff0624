from __future__ import annotations

import json
from decimal import Decimal

import pytest

from loyalty_async.sandbox.answers import Reply
from loyalty_async.sandbox.calls import Call
from loyalty_async.sandbox.faults import Fault
from loyalty_async.sandbox.ledger import Ledger
from loyalty_async.sandbox.moves import Move
from loyalty_async.sandbox.paths import LEDGER_INFO_PATH, TOKEN_PATH
from loyalty_async.sandbox.sandboxes import Sandbox, Stats
from loyalty_async.sandbox.settings import Settings
from tests.sandbox.calls import NOON, ask, call, codes, ids, open_world


def test_the_ledger_is_closed_without_credentials() -> None:
    """By default, and before any rule is looked at."""
    ledger = Ledger()
    ledger.add_member(user_id=7001)
    reply = call(Sandbox(ledger), source="NOWHERE")
    assert reply.status == 401
    assert codes(json.loads(reply.body)) == [401]


def test_a_granted_token_opens_the_ledger() -> None:
    """The two endpoints belong together."""
    ledger = Ledger()
    ledger.add_entry(ledger.add_member(user_id=7001).user_id, created_at=NOON)
    sandbox = Sandbox(ledger)
    body = b'{"key":"sandbox-key","secret":"sandbox-secret"}'
    granted = json.loads(sandbox.answer(Call(path=TOKEN_PATH, body=body)).body)
    headers = {"x-cap-api-oauth-token": granted["data"]["accessToken"]}
    query = {"identifierName": "id", "identifierValue": "7001", "source": "ALL"}
    assert sandbox.answer(Call(path=LEDGER_INFO_PATH, query=query, headers=headers)).status == 200


def test_tokens_expire_by_the_clock_that_was_given() -> None:
    """Virtual time works."""
    now = [0.0]
    sandbox = Sandbox(settings=Settings(token_ttl_s=60), clock=lambda: now[0])
    token = sandbox.tokens.issue("key", 60)
    now[0] = 60.0
    assert sandbox.tokens.holder(token) is None


def test_settings_can_be_replaced_at_any_time() -> None:
    """What is printed differently is printed anew."""
    sandbox, member = open_world()
    sandbox.ledger.add_entry(member.user_id, created_at=NOON)
    before = call(sandbox).body
    sandbox.settings = Settings(require_auth=False, java_dates=True)
    assert b"GMT" in call(sandbox).body
    assert b"GMT" not in before


def test_a_reply_says_how_many_entries_it_has() -> None:
    """For the counts."""
    sandbox, member = open_world()
    for _ in range(12):
        sandbox.ledger.add_entry(member.user_id, created_at=NOON)
    assert [call(sandbox, offset=page).entries for page in range(3)] == [10, 2, 0]


def test_a_reset_brings_back_the_start() -> None:
    """Ledger, faults and moves are as they were made; counts and tokens are gone; the settings stay."""
    sandbox, member = open_world()
    sandbox.ledger.add_entry(member.user_id, created_at=NOON, event_log_id=1)
    sandbox = Sandbox(
        sandbox.ledger,
        Settings(require_auth=False),
        faults=[Fault(status=500)],
        moves=[Move(action="delete", times=None)],
    )
    about = Call(path=LEDGER_INFO_PATH, query={"identifierName": "id", "identifierValue": "7001", "source": "ALL"})
    sandbox.moves.add(Move(action="insert", times=None))
    sandbox.move(about)
    token = sandbox.tokens.issue("key", 60)
    sandbox.faults.take(LEDGER_INFO_PATH, {})
    sandbox.stats.count("/x", Reply())
    sandbox.ledger.add_entry(member.user_id, created_at=NOON, event_log_id=2)
    sandbox.settings = Settings(require_auth=False, default_limit=5)

    sandbox.reset()

    assert ids(ask(sandbox)) == [1]
    assert list(sandbox.moves.history) == []
    sandbox.move(about)
    assert [(moved.request, moved.action) for moved in sandbox.moves.history] == [(1, "delete")]
    assert sandbox.faults.take(LEDGER_INFO_PATH, {})[0] == Fault(status=500)
    assert sandbox.stats == Stats()
    assert sandbox.tokens.holder(token) is None
    assert sandbox.settings.default_limit == 5


def test_moves_do_not_shift_the_faults_of_the_same_seed() -> None:
    """Each script has chances of its own; a reset brings back both."""
    fault, move = Fault(status=500, probability=0.5, times=None), Move(action="insert", probability=0.5, times=None)
    ledger = Ledger()
    ledger.add_member(user_id=7001)
    query = {"identifierName": "id", "identifierValue": "7001", "source": "ALL"}

    def run(sandbox: Sandbox) -> tuple[list[bool], list[int]]:
        hit = []
        for _ in range(40):
            hit.append(sandbox.faults.take(LEDGER_INFO_PATH, {})[0] is not None)
            sandbox.move(Call(path=LEDGER_INFO_PATH, query=query))
        return hit, [moved.request for moved in sandbox.moves.history]

    still, moving = Sandbox(ledger, faults=[fault], seed=3), Sandbox(ledger, faults=[fault], moves=[move], seed=3)
    hit, requests = run(moving)
    assert run(still) == (hit, [])
    moving.reset()
    assert run(moving) == (hit, requests)
    assert requests != [number for number, each in enumerate(hit, start=1) if each]


def test_a_reset_can_be_repeated() -> None:
    """The start is not worn out."""
    sandbox, member = open_world()
    for _ in range(2):
        sandbox.ledger.add_entry(member.user_id, created_at=NOON)
        sandbox.reset()
        assert ids(ask(sandbox)) == []


def test_requests_are_counted_by_path_and_status() -> None:
    """With the entries that were served."""
    stats = Stats()
    for path, status, entries in [("/b", 200, 3), ("/b", 200, 4), ("/b", 400, 0), ("/a", 200, 0)]:
        stats.count(path, Reply(status=status, entries=entries))
    assert stats.by_path() == {"/a": {"200": 1}, "/b": {"200": 2, "400": 1}}
    assert stats.entries_served == 7


def test_request_ids_are_new_each_time() -> None:
    """And the same in each run."""
    first, second = Sandbox(), Sandbox()
    drawn = [first.next_request_id() for _ in range(3)]
    assert len(set(drawn)) == 3
    assert [second.next_request_id() for _ in range(3)] == drawn


@pytest.mark.parametrize("text", ["150.12515", "0.1", "5000.0", "12345678901234567890.12345"])
def test_points_go_through_without_a_float(text: str) -> None:
    """Digit for digit, from the ledger to the wire."""
    sandbox, member = open_world()
    sandbox.ledger.add_entry(member.user_id, created_at=NOON, points=Decimal(text))
    (entry,) = ask(sandbox)["ledgerEntries"]
    assert entry["entryDetails"][0]["points"] == text
