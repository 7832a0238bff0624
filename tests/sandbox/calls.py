"""Small worlds, and calls to them without HTTP."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from loyalty_async.sandbox.answers import Reply
from loyalty_async.sandbox.calls import Call
from loyalty_async.sandbox.ledger import Ledger
from loyalty_async.sandbox.paths import LEDGER_INFO_PATH
from loyalty_async.sandbox.records import Member
from loyalty_async.sandbox.sandboxes import Sandbox
from loyalty_async.sandbox.settings import Settings

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)


def open_world(**settings: Any) -> tuple[Sandbox, Member]:
    """Make a sandbox that asks for no credentials, with one member without entries."""
    ledger = Ledger()
    member = ledger.add_member(user_id=7001)
    return Sandbox(ledger, Settings(**{"require_auth": False, **settings})), member


def call(sandbox: Sandbox, **query: object) -> Reply:
    """Ask for the ledger of member 7001, unless the query says otherwise; None leaves a parameter out."""
    whole = {"identifierName": "id", "identifierValue": "7001", "source": "INSTORE", **query}
    shown = {name: str(value) for name, value in whole.items() if value is not None}
    return sandbox.answer(Call(path=LEDGER_INFO_PATH, query=shown))


def ask(sandbox: Sandbox, **query: object) -> Any:
    """Give the decoded answer, with exact numbers."""
    return json.loads(call(sandbox, **query).body, parse_float=Decimal)


def get(sandbox: Sandbox, path: str, headers: dict[str, str] | None = None, /, **query: object) -> Any:
    """Ask another endpoint about member 7001, unless the query says otherwise, and give the decoded answer."""
    whole = {"identifierName": "id", "identifierValue": "7001", "source": "INSTORE", **query}
    shown = {name: str(value) for name, value in whole.items() if value is not None}
    reply = sandbox.answer(Call(path=path, query=shown, headers=headers or {}))
    return json.loads(reply.body, parse_float=Decimal)


def ids(answer: Any) -> list[int]:
    """Give the event log ids of a page, in its order; none for the error of an empty one."""
    if codes(answer) == [11003]:
        return []
    assert "errors" not in answer
    return [entry["eventLogId"] for entry in answer["ledgerEntries"]]


def codes(answer: Any) -> list[int]:
    """Give the codes of the errors in an answer."""
    return [error["code"] for error in answer.get("errors", [])]
