from __future__ import annotations

import json

import pytest

from loyalty_async.sandbox import paths
from loyalty_async.sandbox.calls import Call
from loyalty_async.sandbox.ledger import Ledger
from loyalty_async.sandbox.paths import ACCOUNT_BALANCE_PATH, SCHEDULE_LOOKUP_PATH, SCHEDULE_PATH, TOKEN_PATH
from loyalty_async.sandbox.routes import METHODS, respond
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
