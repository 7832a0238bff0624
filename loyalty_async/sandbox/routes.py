"""Which endpoint answers at which path, and which of them ask for Capillary's credentials."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from loyalty_async.sandbox.accounts import answer_account, find_profile
from loyalty_async.sandbox.answers import Reply, encode
from loyalty_async.sandbox.balances import answer_balance
from loyalty_async.sandbox.calls import Call, Endpoint, World
from loyalty_async.sandbox.explosions import answer_explosion
from loyalty_async.sandbox.identifiers import BALANCE_LOOKUP, EXPLODE_LOOKUP, LEDGER_LOOKUP, find_owner, read_identity
from loyalty_async.sandbox.pages import answer_page
from loyalty_async.sandbox.paths import (
    ACCOUNT_BALANCE_PATH,
    EXPLODE_PATH,
    EXPLODE_SCOPED_PATH,
    LEDGER_BALANCE_PATH,
    LEDGER_INFO_PATH,
    LEDGER_INFO_SCOPED_PATH,
    SCHEDULE_LOOKUP_PATH,
    SCHEDULE_PATH,
    TOKEN_PATH,
)
from loyalty_async.sandbox.records import Owner
from loyalty_async.sandbox.refusals import Refusal
from loyalty_async.sandbox.schedules import answer_schedule, find_scheduled
from loyalty_async.sandbox.tokens import check_access, grant

_SCHEDULE: Final = re.compile(SCHEDULE_PATH.replace("{user_id}", "[^/]+"))
_CAPILLARY: Final[Mapping[str, Endpoint]] = {
    LEDGER_INFO_PATH: answer_page,
    LEDGER_INFO_SCOPED_PATH: answer_page,
    LEDGER_BALANCE_PATH: answer_balance,
    EXPLODE_PATH: answer_explosion,
    EXPLODE_SCOPED_PATH: answer_explosion,
    SCHEDULE_LOOKUP_PATH: answer_schedule,
    SCHEDULE_PATH: answer_schedule,
}
_LOOKUPS: Final = {
    LEDGER_INFO_PATH: LEDGER_LOOKUP,
    LEDGER_INFO_SCOPED_PATH: LEDGER_LOOKUP,
    LEDGER_BALANCE_PATH: BALANCE_LOOKUP,
    EXPLODE_PATH: EXPLODE_LOOKUP,
    EXPLODE_SCOPED_PATH: EXPLODE_LOOKUP,
}
METHODS: Final[Mapping[str, str]] = {
    TOKEN_PATH: "POST",
    **dict.fromkeys(_CAPILLARY, "GET"),  # The lookup comes before the path that would take it for a user's id.
    ACCOUNT_BALANCE_PATH: "POST",
}
"""Every path with its method."""


def respond(world: World, call: Call) -> Reply:
    """Answer a call by its path.

    Raises:
        Refusal: The endpoint refuses it.
        KeyError: No endpoint has this path.
    """
    if call.path == TOKEN_PATH:
        return Reply(body=encode(grant(call.body, world.settings, world.tokens)).encode())
    if call.path == ACCOUNT_BALANCE_PATH:
        return answer_account(world, call)
    path = call.path if call.path in _CAPILLARY or not _SCHEDULE.fullmatch(call.path) else SCHEDULE_PATH
    endpoint = _CAPILLARY[path]
    check_access(call.headers, world.settings, world.tokens)
    return endpoint(world, call)


def owner_of(world: World, call: Call) -> Owner | None:
    """Say whose ledger a call is about, by the rules of its endpoint; None if it is about nobody who is there."""
    try:
        if call.path == TOKEN_PATH:
            return None
        if call.path == ACCOUNT_BALANCE_PATH:
            return find_profile(call, world.ledger)
        if call.path in _LOOKUPS:
            return find_owner(read_identity(call.query, _LOOKUPS[call.path]), world.ledger)
        return find_scheduled(call, world.ledger)
    except Refusal:
        return None
