"""Defects: what balances count and no entry shows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from loyalty_async.sandbox.calls import Call
from loyalty_async.sandbox.ledger import Ledger
from loyalty_async.sandbox.moves import Move
from loyalty_async.sandbox.paths import LEDGER_BALANCE_PATH, LEDGER_INFO_PATH
from loyalty_async.sandbox.sandboxes import Sandbox
from loyalty_async.sandbox.settings import Settings
from tests.sandbox.calls import NOON, get

DAY = timedelta(days=1)
OPEN = Settings(require_auth=False)


def served(*moves: Move, settings: Settings = OPEN) -> Sandbox:
    ledger = Ledger()
    ledger.add_member(user_id=7001)
    for number, points in enumerate(("10.00", "-4.00", "2.50")):
        ledger.add_entry(7001, created_at=NOON - (3 - number) * DAY, event_log_id=100 + number, points=points)
    return Sandbox(ledger, settings, moves=moves, now=lambda: NOON)


def query(at: datetime | None = None) -> dict[str, str]:
    who = {"identifierName": "id", "identifierValue": "7001", "source": "ALL"}
    return who if at is None else {**who, "endDate": f"{at:%Y-%m-%dT%H:%M:%S}"}


def ids(sandbox: Sandbox) -> list[int]:
    return [entry.event_log_id for entry in sandbox.ledger.entries(7001)]


def balance(sandbox: Sandbox, at: datetime | None = None) -> str:
    call = Call(path=LEDGER_BALANCE_PATH, query=query(at))
    sandbox.move(call)
    document: Any = get(sandbox, LEDGER_BALANCE_PATH, **query(at))
    return str(document["ledgerDetails"]["ledgerClosingBalance"][0]["closingBalance"])


def test_a_lost_entry_is_still_in_the_balance_from_its_date_on() -> None:
    sandbox = served(Move(action="lose", path="/", event_log_id=101))
    assert balance(sandbox) == "8.500"
    assert ids(sandbox) == [100, 102]
    assert balance(sandbox, NOON - 2.5 * DAY) == "10.000"


def test_a_doubled_entry_is_counted_once() -> None:
    sandbox = served(Move(action="double", path="/", event_log_id=101))
    assert balance(sandbox) == "8.500"
    twin = sandbox.moves.history[0].event_log_ids[0]
    assert sorted(ids(sandbox)) == [100, 101, 102, twin]
    first, second = (entry for entry in sandbox.ledger.entries(7001) if entry.event_log_id in {101, twin})
    assert (first.created_at, first.details, first.event_name) == (second.created_at, second.details, second.event_name)


@pytest.mark.parametrize(
    ("fields", "before", "after"),
    [
        ({"points": "-1.25", "event_log_id": 101}, "10.000", "7.250"),
        ({"points": "0.004"}, "10.000", "8.504"),
        ({"created_at": (NOON - 2.8 * DAY).isoformat()}, "11.000", "9.500"),
        ({"offset_s": -3600, "points": "3"}, "10.000", "11.500"),
    ],
)
def test_a_balance_is_misstated_from_a_date_on(fields: dict[str, Any], before: str, after: str) -> None:
    """That of an entry, of the newest, or a date of its own."""
    sandbox = served(Move(action="misstate", path="/", **fields))
    assert balance(sandbox) == after
    assert balance(sandbox, NOON - 2.5 * DAY) == before
    assert ids(sandbox) == [100, 101, 102]


@pytest.mark.parametrize("action", ["lose", "double", "misstate"])
def test_what_is_not_there_cannot_be_wrong(action: Any) -> None:
    sandbox = served(Move(action=action, path="/", event_log_id=999))
    assert balance(sandbox) == "8.500"
    assert sandbox.moves.history == ()


def test_a_cut_off_that_moved_lets_more_in() -> None:
    sandbox = served(settings=Settings(require_auth=False, balance_shift_s=86_400))
    assert balance(sandbox, NOON - 2.5 * DAY) == "6.000"


def test_a_cut_off_may_move_by_script_for_one_member() -> None:
    """A day later unless told; both ways."""
    sandbox = served(Move(action="shift", path="/", times=1))
    assert balance(sandbox, NOON - 2.5 * DAY) == "6.000"
    assert sandbox.ledger.copy().book(7001).shift_s == 86_400
    earlier = served(Move(action="shift", path="/", offset_s=-86_400))
    assert balance(earlier, NOON - 1.5 * DAY) == balance(served(), NOON - 2.5 * DAY)
    earlier.reset()
    assert earlier.ledger.book(7001).shift_s == 0


def test_a_reset_mends_everything() -> None:
    """The scripts begin anew, too: the first request after it is hit again."""
    sandbox = served(Move(action="misstate", path=LEDGER_BALANCE_PATH, points="5.00"))
    assert balance(sandbox) == "13.500"
    sandbox.reset()
    assert sandbox.ledger.book(7001).slips == []


def test_a_copy_has_the_same_slips_and_its_own() -> None:
    ledger = served().ledger
    ledger.book(7001).slip(NOON, ledger.entries(7001)[0].details)
    twin = ledger.copy()
    twin.book(7001).slip(NOON, ledger.entries(7001)[0].details)
    assert (len(ledger.book(7001).slips), len(twin.book(7001).slips)) == (1, 2)


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("lose", {"points": "1"}),
        ("double", {"created_at": NOON}),
        ("misstate", {"event_name": "x"}),
        ("misstate", {"user_id": 5}),
        ("misstate", {"points": "many"}),
    ],
)
def test_fields_of_other_actions_are_refused(action: Any, fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(fields))):
        Move(action=action, path=LEDGER_INFO_PATH, **fields)
