from __future__ import annotations

import json

import pytest

from loyalty_async.sandbox import paths
from loyalty_async.sandbox.calls import Call
from loyalty_async.sandbox.ledger import Ledger
from loyalty_async.sandbox.paths import ACCOUNT_BALANCE_PATH, SCHEDULE_LOOKUP_PATH, SCHEDULE_PATH, TOKEN_PATH
from loyalty_async.sandbox.routes import METHODS, owner_of, respond
from loyalty_async.sandbox.sandboxes import Sandbox
from tests.sandbox.calls import NOON, codes, open_world

CAPILLARY = sorted(METHODS.keys() - {TOKEN_PATH, ACCOUNT_BALANCE_PATH})


def test_every_path_has_an_endpoint() -> None:
    """Nothing that the documents name is left out."""
    named = {value for name, value in vars(paths).items() if name.endswith("_PATH")}
    assert named == METHODS.keys()
    assert {path for path, method in METHODS.items() if method == "POST"} == {TOKEN_PATH, ACCOUNT_BALANCE_PATH}


@pytest.mark.parametrize("path", CAPILLARY)
def test_capillarys_endpoints_ask_for_credentials(path: str) -> None:
    """Before any rule is looked at."""
    reply = Sandbox(Ledger()).answer(Call(path=path.replace("{user_id}", "7001")))
    assert reply.status == 401
    assert codes(json.loads(reply.body)) == [401]


def test_the_lookup_is_nobodys_user_id() -> None:
    """The two paths of the schedule are told apart."""
    sandbox, _ = open_world()
    query = {"identifierName": "externalId", "identifierValue": "E000000007001", "source": "ALL"}
    by_id = Call(path=SCHEDULE_PATH.replace("{user_id}", "7001"))
    for call in (by_id, Call(path=SCHEDULE_LOOKUP_PATH, query=query)):
        assert json.loads(sandbox.answer(call).body)["entityId"] == 7001


@pytest.mark.parametrize("path", ["/v2/nothing", SCHEDULE_PATH.replace("{user_id}", "7001/x"), "/v2/customers//x"])
def test_another_path_has_no_endpoint(path: str) -> None:
    """The application answers 404 before it comes to this."""
    sandbox, member = open_world()
    sandbox.ledger.add_entry(member.user_id, created_at=NOON)
    with pytest.raises(KeyError):
        respond(sandbox.world(), Call(path=path))


BODY = {"loyalty_program_id": 973, "matching": "profile_id", "profile_id": "7001"}


@pytest.mark.parametrize(("user_id", "expected"), [("7001", 7001), ("7002", None)])
@pytest.mark.parametrize("path", sorted(METHODS.keys() - {TOKEN_PATH}))
def test_every_call_is_about_somebody(path: str, user_id: str, expected: int | None) -> None:
    """By the path, the query or the body, as its endpoint reads it; None for a stranger."""
    sandbox, _ = open_world()
    name, value = ("mobile", f"91700000{user_id}") if path == SCHEDULE_LOOKUP_PATH else ("id", user_id)
    call = Call(
        path=path.replace("{user_id}", user_id),
        query={"identifierName": name, "identifierValue": value, "source": "ALL"},
        headers={"content-type": "application/json"},
        body=json.dumps({**BODY, "profile_id": user_id}).encode(),
    )
    owner = owner_of(sandbox.world(), call)
    assert (owner.owner_id if owner else None) == expected


def test_a_call_may_be_about_a_group() -> None:
    """Under minus its id."""
    sandbox, member = open_world()
    group = sandbox.ledger.add_group([member.user_id], kind="FLEET")
    query = {"type": "FLEET", "identifierName": "primaryUserId", "identifierValue": "7001", "source": "ALL"}
    assert owner_of(sandbox.world(), Call(path=paths.LEDGER_INFO_PATH, query=query)) is group
    by_path = Call(path=SCHEDULE_PATH.replace("{user_id}", "7001"), query={"entityType": "FLEET"})
    assert owner_of(sandbox.world(), by_path) is group


@pytest.mark.parametrize(
    "call",
    [
        Call(path=TOKEN_PATH),
        Call(path=paths.LEDGER_INFO_PATH),
        Call(path=SCHEDULE_LOOKUP_PATH),
        Call(path=ACCOUNT_BALANCE_PATH, body=json.dumps(BODY).encode()),
        Call(path=ACCOUNT_BALANCE_PATH, headers={"content-type": "application/json"}, body=b"{"),
    ],
)
def test_a_call_may_be_about_nobody(call: Call) -> None:
    """The token's, and what cannot be read."""
    assert owner_of(open_world()[0].world(), call) is None
