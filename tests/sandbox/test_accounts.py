from __future__ import annotations

import json
from typing import Any

import pytest

from loyalty_async.sandbox.accounts import account_of
from loyalty_async.sandbox.answers import Reply
from loyalty_async.sandbox.calls import Call
from loyalty_async.sandbox.ledger import Ledger
from loyalty_async.sandbox.paths import ACCOUNT_BALANCE_PATH
from loyalty_async.sandbox.records import CARD_PROGRAM, DEFAULT_PROGRAM, PROMISED, TRIGGER_BASED
from loyalty_async.sandbox.sandboxes import Sandbox
from loyalty_async.sandbox.settings import Settings
from tests.sandbox.calls import NOON

REQUEST = {"token": "sandbox-token", "loyalty_program_id": 973, "matching": "email", "email": "ANN@example.com"}
LEFT_OUT = object()


@pytest.fixture
def sandbox() -> Sandbox:
    ledger = Ledger()
    ledger.add_member(user_id=7001, mobile="1234567890", email="Ann@example.com", external_id="X1")
    for points, fields in (
        ("800.50", {}),
        ("100.00", {"category": PROMISED}),
        ("99.50", {"category": TRIGGER_BASED}),
        ("7.000", {"currency": "Stars"}),
        ("5.125", {"program": CARD_PROGRAM}),
    ):
        ledger.add_entry(7001, created_at=NOON, points=points, **fields)
    return Sandbox(ledger)


def post(sandbox: Sandbox, body: bytes, content_type: str = "application/json", **headers: str) -> Reply:
    given = {"content-type": content_type, **headers}
    return sandbox.answer(Call(path=ACCOUNT_BALANCE_PATH, headers=given, body=body))


def ask(sandbox: Sandbox, headers: dict[str, str] | None = None, /, **changes: object) -> Any:
    document = {name: value for name, value in {**REQUEST, **changes}.items() if value is not LEFT_OUT}
    return json.loads(post(sandbox, json.dumps(document).encode(), **headers or {}).body)


def test_an_answer_is_printed_whole(sandbox: Sandbox) -> None:
    """Amounts are texts; what is promised is not active."""
    assert ask(sandbox) == {
        "error": 0,
        "error_text": "Successful operation",
        "data": {"total_balance": "1000.000", "active_balance": "800.500"},
    }


def test_xml_is_answered_in_xml(sandbox: Sandbox) -> None:
    """Errors, too."""
    body = "<xml>" + "".join(f"<{name}>{value}</{name}>" for name, value in REQUEST.items()) + "</xml>"
    reply = post(sandbox, body.encode(), "application/xml")
    refused = post(sandbox, b"<xml/>", "text/xml")
    assert reply.content_type == refused.content_type == "application/xml"
    assert b"<data><total_balance>1000.000</total_balance><active_balance>800.500</active_balance></data>" in reply.body
    assert b"<error>401</error>" in refused.body


@pytest.mark.parametrize(
    "who",
    [
        {"matching": "email", "email": "ann@example.com"},
        {"matching": "phone", "phone": "+1234567890"},
        {"matching": "phone", "phone": "1234567890"},
        {"matching": "profile_id", "profile_id": "7001"},
        {"matching": "custom", "field_name": "user_id", "field_value": 7001},
        {"matching": "custom", "field_name": "user_id", "field_value": "7001"},
        {"matching": "custom", "field_name": "external_id", "field_value": "X1"},
    ],
)
def test_a_member_is_found_in_each_way(sandbox: Sandbox, who: dict[str, object]) -> None:
    """A custom field's value is a text or a number."""
    assert ask(sandbox, **who)["data"]["active_balance"] == "800.500"


@pytest.mark.parametrize(
    ("changes", "active"),
    [
        ({"points_currency_iid": 1}, "800.500"),
        ({"points_currency_eid": "points"}, "800.500"),
        ({"points_currency_iid": 2}, "7.000"),
        ({"points_currency_eid": "Stars"}, "7.000"),
        ({"points_currency_eid": "Stars", "points_currency_iid": 2}, "7.000"),
        ({"points_currency_eid": "Stamps"}, "0.000"),
        ({"loyalty_program_id": 2199}, "5.125"),
        ({"loyalty_program_id": "2199"}, "5.125"),
    ],
)
def test_an_account_is_a_program_in_a_currency(sandbox: Sandbox, changes: dict[str, object], active: str) -> None:
    """By the internal or the external id; nothing where nothing was ever booked."""
    assert ask(sandbox, **changes)["data"]["active_balance"] == active


@pytest.mark.parametrize(
    "changes",
    [
        {"email": "nobody@example.com"},
        {"matching": "custom", "field_name": "shoe_size", "field_value": "42"},
        {"loyalty_program_id": 1},
        {"points_currency_iid": 0},
        {"points_currency_iid": 5},
        {"points_currency_eid": "Moons"},
    ],
)
def test_what_is_not_known_has_the_code_of_the_settings(sandbox: Sandbox, changes: dict[str, object]) -> None:
    """440 unless told otherwise."""
    assert ask(sandbox, **changes)["error"] == 440
    sandbox.settings = Settings(altcraft_unknown_code=477)
    assert ask(sandbox, **changes)["error"] == 477


@pytest.mark.parametrize(
    "changes",
    [
        {"loyalty_program_id": LEFT_OUT},
        {"loyalty_program_id": "abc"},
        {"loyalty_program_id": -1},
        {"loyalty_program_id": True},
        {"loyalty_program_id": 1.5},
        {"matching": LEFT_OUT},
        {"matching": "name"},
        {"matching": []},
        {"email": LEFT_OUT},
        {"email": ""},
        {"email": {"a": 1}},
        {"matching": "phone"},
        {"matching": "custom", "field_name": "user_id"},
        {"matching": "custom", "field_value": "1"},
        {"points_currency_iid": "first"},
        {"points_currency_eid": None},
        {"points_currency_eid": "Stars", "points_currency_iid": 1},
    ],
)
def test_an_incorrect_request_is_refused(sandbox: Sandbox, changes: dict[str, object]) -> None:
    """400 for what is missing or is no value."""
    assert ask(sandbox, **changes)["error"] == 400


@pytest.mark.parametrize(("body", "content_type"), [(b"{", "application/json"), (b"{}", "text/plain"), (b"{}", "")])
def test_a_request_that_cannot_be_read_is_refused(sandbox: Sandbox, body: bytes, content_type: str) -> None:
    """In JSON if its dialect is not spoken."""
    reply = post(sandbox, body, content_type)
    assert reply.content_type == "application/json"
    assert json.loads(reply.body)["error"] == 400


@pytest.mark.parametrize(
    ("headers", "token", "error"),
    [
        ({}, "sandbox-token", 0),
        ({"authorization": "Bearer sandbox-token"}, LEFT_OUT, 0),
        ({"authorization": "bearer sandbox-token"}, "wrong", 0),
        ({"authorization": "Basic sandbox-token"}, LEFT_OUT, 401),
        ({"authorization": "Bearer wrong"}, "sandbox-token", 401),
        ({}, LEFT_OUT, 401),
        ({}, "wrong", 401),
        ({}, ["sandbox-token"], 401),
        ({}, "over", 402),
        ({}, "elsewhere", 403),
    ],
)
def test_a_token_is_needed(sandbox: Sandbox, headers: dict[str, str], token: object, error: int) -> None:
    """In the body or in a Bearer header; no credentials of Capillary's."""
    sandbox.settings = Settings(
        altcraft_tokens=frozenset({"sandbox-token", "over", "elsewhere"}),
        altcraft_over_tariff=frozenset({"over"}),
        forbidden=frozenset({"elsewhere"}),
    )
    assert ask(sandbox, headers, token=token)["error"] == error


def test_no_token_is_needed_where_none_is_asked_for(sandbox: Sandbox) -> None:
    """As with Capillary."""
    sandbox.settings = Settings(require_auth=False)
    assert ask(sandbox, token=LEFT_OUT)["error"] == 0


@pytest.mark.parametrize(("how", "expected"), [("ok", 200), ("equal", 440)])
def test_an_errors_http_status_is_200_or_equal(sandbox: Sandbox, how: Any, expected: int) -> None:
    """The sentence that says which is cut off in the only copy."""
    sandbox.settings = Settings(altcraft_error_status=how)
    body = json.dumps({**REQUEST, "email": "nobody@example.com"}).encode()
    assert post(sandbox, body).status == expected
    assert post(sandbox, json.dumps(REQUEST).encode()).status == 200


def test_an_account_is_exact(sandbox: Sandbox) -> None:
    """Only what is in Main is active."""
    account = account_of(sandbox.ledger, sandbox.ledger.members[0], DEFAULT_PROGRAM)
    assert (str(account.total), str(account.active)) == ("1000.000", "800.500")
