"""The control endpoints, under `/_sandbox/`: the truth, the counts, the faults, the moves, and a new start."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from loyalty_async.sandbox.answers import JSON, encode
from loyalty_async.sandbox.faults import Fault
from loyalty_async.sandbox.moves import Move, Moved
from loyalty_async.sandbox.records import Group
from loyalty_async.sandbox.sandboxes import Sandbox
from loyalty_async.sandbox.scripts import A, Script
from loyalty_async.sandbox.truths import member_accounts, member_truth, owner_balances, owner_events, owner_promises

PREFIX: Final = "/_sandbox"
_MEMBERS_A_PAGE: Final = 100

Action = Callable[[Sandbox, Request, bytes], object]


def control_routes(sandbox: Sandbox) -> list[Route]:
    """Give the routes of one sandbox's control endpoints."""
    table: list[tuple[str, str, Action]] = [
        ("GET", "/health", _health),
        ("GET", "/members", _members),
        ("GET", "/members/{user_id:int}/accounts", _accounts),
        ("GET", "/groups", _groups),
        *[
            ("GET", f"/{owner}/{what}", action)
            for owner in ("members/{user_id:int}", "groups/{group_id:int}")
            for what, action in _TRUTHS.items()
        ],
        ("GET", "/stats", _stats),
        ("POST", "/faults", _faults),
        ("GET", "/moves", _history),
        ("POST", "/moves", _moves),
        ("POST", "/reset", _reset),
    ]
    return [Route(PREFIX + path, _endpoint(sandbox, action), methods=[method]) for method, path, action in table]


def _endpoint(sandbox: Sandbox, action: Action) -> Callable[[Request], object]:
    async def endpoint(request: Request) -> Response:
        try:
            answer, status = action(sandbox, request, await request.body()), 200
        except LookupError:
            answer, status = {"error": "no such member"}, 404
        except ValueError as error:
            answer, status = {"error": str(error)}, 400
        return Response(encode(answer).encode(), status_code=status, media_type=JSON)

    return endpoint


def _health(sandbox: Sandbox, _request: Request, _body: bytes) -> object:
    return {"status": "ok", "members": len(sandbox.ledger.members)}


def _members(sandbox: Sandbox, request: Request, _body: bytes) -> object:
    start = int(request.query_params.get("start", 0))
    count = int(request.query_params.get("count", _MEMBERS_A_PAGE))
    if start < 0 or count < 0:
        raise ValueError("start and count must not be negative")
    with sandbox.ledger.lock:
        members = sandbox.ledger.members
        shown = [
            {
                "userId": member.user_id,
                "mobile": member.mobile,
                "email": member.email,
                "externalId": member.external_id,
                "entries": len(sandbox.ledger.book(member.user_id).entries),
            }
            for member in members[start : start + count]
        ]
    return {"total": len(members), "start": start, "members": shown}


def _groups(sandbox: Sandbox, _request: Request, _body: bytes) -> object:
    with sandbox.ledger.lock:
        return {"groups": [_group(sandbox, group) for group in sandbox.ledger.groups]}


def _group(sandbox: Sandbox, group: Group) -> object:
    return {
        "groupId": group.group_id,
        "externalId": group.external_id,
        "type": group.kind,
        "primaryUserId": group.primary.user_id,
        "members": [{"userId": each.member.user_id, "role": each.role} for each in group.members],
        "entries": len(sandbox.ledger.book(group.owner_id).entries),
    }


def _truth(sandbox: Sandbox, request: Request, _body: bytes) -> object:
    since, until = (_read_instant(request.query_params.get(name)) for name in ("since", "until"))
    return member_truth(sandbox.ledger, _owner_id(request), sandbox.printer, since=since, until=until)


def _balances(sandbox: Sandbox, request: Request, _body: bytes) -> object:
    return owner_balances(sandbox.ledger, _owner_id(request), at=_read_instant(request.query_params.get("at")))


def _events(sandbox: Sandbox, request: Request, _body: bytes) -> object:
    return owner_events(sandbox.ledger, _owner_id(request))


def _promises(sandbox: Sandbox, request: Request, _body: bytes) -> object:
    world = sandbox.world()
    owner = world.ledger.owner(_owner_id(request))
    return owner_promises(world.ledger, owner, world.printer.calendar, world.now)


def _accounts(sandbox: Sandbox, request: Request, _body: bytes) -> object:
    return member_accounts(sandbox.ledger, request.path_params["user_id"])


_TRUTHS: Final[dict[str, Action]] = {
    "truth": _truth,
    "balances": _balances,
    "events": _events,
    "promised": _promises,
}


def _owner_id(request: Request) -> int:
    params = request.path_params
    return int(params["user_id"] if "user_id" in params else -params["group_id"])


def _stats(sandbox: Sandbox, _request: Request, _body: bytes) -> object:
    stats = sandbox.stats
    return {"requests": stats.by_path(), "entriesServed": stats.entries_served, "faults": stats.faults}


def _faults(sandbox: Sandbox, _request: Request, body: bytes) -> object:
    return _extend(sandbox.faults, Fault, body)


def _moves(sandbox: Sandbox, _request: Request, body: bytes) -> object:
    return _extend(sandbox.moves, Move, body)


def _extend(script: Script[A], kind: type[A], body: bytes) -> object:
    """Add what the body describes, one or a list; all of it or nothing."""
    given = json.loads(body)
    aims = [kind.from_json(fields) for fields in (given if isinstance(given, list) else [given])]
    script.add(*aims)
    return {"added": len(aims)}


def _history(sandbox: Sandbox, _request: Request, _body: bytes) -> object:
    return {"moves": [_moved(moved) for moved in sandbox.moves.history]}


def _moved(moved: Moved) -> object:
    return {
        "request": moved.request,
        "path": moved.path,
        "action": moved.action,
        "ownerId": moved.owner_id,
        "eventLogIds": list(moved.event_log_ids),
        "mergedUserId": moved.merged_id,
    }


def _reset(sandbox: Sandbox, _request: Request, _body: bytes) -> object:
    sandbox.reset()
    return {"status": "ok"}


def _read_instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("since and until must have an offset")
    return instant
