from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty_async.sandbox.books import microseconds
from loyalty_async.sandbox.calls import Call
from loyalty_async.sandbox.ledger import Ledger
from loyalty_async.sandbox.moves import Move, Moved
from loyalty_async.sandbox.paths import LEDGER_BALANCE_PATH, LEDGER_INFO_PATH, LEDGER_INFO_SCOPED_PATH
from loyalty_async.sandbox.records import Owner
from loyalty_async.sandbox.sandboxes import Sandbox
from loyalty_async.sandbox.settings import Settings
from tests._support.profiles import examples
from tests.sandbox.calls import NOON, ask, codes, ids

DAY = timedelta(days=1)
NEW = 178_000_001  # The first id that a ledger gives by itself.
OPEN = Settings(require_auth=False)


def small_ledger() -> Ledger:
    """Two members with three entries each, a day apart, the last a day ago; one without; and a group with one."""
    ledger = Ledger()
    for user_id in (7001, 7002, 7003):
        ledger.add_member(user_id=user_id)
    for number in range(6):
        user_id, days = 7001 + number % 2, 3 - number // 2
        ledger.add_entry(user_id, created_at=NOON - days * DAY, event_log_id=100 + number, points=5)
    group = ledger.add_group([7002, 7001], group_id=5)
    ledger.add_entry(group.owner_id, created_at=NOON - DAY, event_log_id=50)
    return ledger


def moving(*moves: Move, seed: int = 0, ledger: Ledger | None = None) -> Sandbox:
    return Sandbox(ledger or small_ledger(), OPEN, moves=moves, seed=seed, now=lambda: NOON)


def about(user_id: int = 7001, path: str = LEDGER_INFO_PATH, **query: str) -> Call:
    """Make a request about a member, or a group by minus its id."""
    kind = {"type": "USERGROUP2"} if user_id < 0 else {}
    who = {"identifierName": "id", "identifierValue": str(abs(user_id)), "source": "ALL", **kind}
    return Call(path=path, query={**who, **query})


def moved(sandbox: Sandbox, count: int = 1, user_id: int = 7001) -> list[tuple[Any, ...]]:
    """Let so many requests come, and tell what happened: before which, what, and to which events."""
    for _ in range(count):
        sandbox.move(about(user_id))
    return [(each.request, each.action, each.event_log_ids) for each in sandbox.moves.history]


def numbers(sandbox: Sandbox, owner_id: int = 7001) -> list[int]:
    return [entry.event_log_id for entry in sandbox.ledger.entries(owner_id)]


def test_nothing_moves_unless_told() -> None:
    """And nobody writes it down."""
    sandbox = moving()
    assert moved(sandbox, 3) == []
    assert numbers(sandbox) == [100, 102, 104]


def test_an_entry_is_inserted_now() -> None:
    """With the sandbox's time and a new id, a small credit by a transaction."""
    sandbox = moving(Move(action="insert"))
    assert moved(sandbox, 2) == [(1, "insert", (NEW,))]
    entry = sandbox.ledger.entries(7001)[-1]
    assert (entry.event_log_id, entry.created_at, entry.customer_id) == (NEW, NOON, 7001)
    assert (entry.event_name, str(entry.net_points)) == ("TransactionAdd", "1.000")


@pytest.mark.parametrize("action", ["insert", "backdate"])
@pytest.mark.parametrize(
    ("fields", "created_at"),
    [
        ({"offset_s": -90_000}, NOON - timedelta(hours=25)),
        ({"offset_s": 0}, NOON),
        ({"created_at": "2025-02-01T01:00:00.500000+05:30"}, datetime(2025, 1, 31, 19, 30, 0, 500_000, UTC)),
        ({"created_at": NOON - DAY}, NOON - DAY),
    ],
)
def test_a_new_entry_is_dated_as_told(action: Any, fields: dict[str, Any], created_at: datetime) -> None:
    """At a date, or so many seconds from now."""
    sandbox = moving(Move(action=action, **fields))
    moved(sandbox)
    (entry,) = [entry for entry in sandbox.ledger.entries(7001) if entry.event_log_id == NEW]
    assert entry.created_at == created_at


def test_an_entry_may_be_inserted_in_the_future() -> None:
    """Clocks differ."""
    sandbox = moving(Move(action="insert", offset_s=1.5))
    moved(sandbox)
    assert sandbox.ledger.entries(7001)[-1].created_at == NOON + timedelta(seconds=1.5)


def test_a_new_entry_has_the_points_and_the_name_that_are_told() -> None:
    """A debit if they are negative."""
    sandbox = moving(Move(action="insert", points="-2.50", event_name="PointsRedemption"))
    moved(sandbox)
    entry = sandbox.ledger.entries(7001)[-1]
    assert (entry.event_name, entry.details[0].kind, str(entry.details[0].points)) == (
        "PointsRedemption",
        "DEBIT",
        "2.50",
    )


def test_a_backdated_entry_lies_anywhere_in_the_past() -> None:
    """Between the oldest entry and now, with an id above all others, as a bulk import."""
    sandbox = moving(Move(action="backdate", times=None))
    assert moved(sandbox, 40) == [(number, "backdate", (NEW + number - 1,)) for number in range(1, 41)]
    entries = [entry for entry in sandbox.ledger.entries(7001) if entry.event_log_id >= NEW]
    assert {entry.event_name for entry in entries} == {"BulkAllocatePoints"}
    dates = [entry.created_at for entry in entries]
    assert NOON - 3 * DAY <= dates[0] < NOON - 2.5 * DAY
    assert NOON - 0.5 * DAY < dates[-1] <= NOON
    assert len(set(dates)) > 30


@pytest.mark.parametrize("first", [None, NOON + DAY])
def test_a_ledger_without_a_past_is_backdated_to_now(first: datetime | None) -> None:
    """An empty one, or one of the future."""
    sandbox = moving(Move(action="backdate"))
    if first is not None:
        sandbox.ledger.add_entry(7003, created_at=first, event_log_id=1)
    moved(sandbox, user_id=7003)
    assert sandbox.ledger.entries(7003)[0].created_at == NOON


def test_an_entry_is_deleted_by_its_id() -> None:
    """And only that."""
    sandbox = moving(Move(action="delete", event_log_id=102))
    assert moved(sandbox) == [(1, "delete", (102,))]
    assert numbers(sandbox) == [100, 104]


def test_any_entry_is_deleted_until_none_is_left() -> None:
    """Once each; then nothing happens any more."""
    sandbox = moving(Move(action="delete", times=None))
    history = moved(sandbox, 5)
    assert [request for request, _, _ in history] == [1, 2, 3]
    assert sorted(event_log_id for _, _, (event_log_id,) in history) == [100, 102, 104]
    assert numbers(sandbox) == []
    first = {moved(moving(Move(action="delete"), seed=seed))[0] for seed in range(30)}
    assert len(first) == 3


def test_another_members_entry_is_not_deleted() -> None:
    """There is nothing to write down, and the next may be."""
    sandbox = moving(Move(action="delete", event_log_id=101, times=2))
    assert moved(sandbox) == []
    assert moved(sandbox, user_id=7002) == [(2, "delete", (101,))]


def test_a_merge_moves_all_entries_of_another_member() -> None:
    """They keep their dates and ids; the customer that they name is the survivor."""
    sandbox = moving(Move(action="merge", user_id=7002))
    before = sandbox.ledger.entries(7002)
    sandbox.move(about())
    assert sandbox.moves.history == (
        Moved(
            request=1,
            path=LEDGER_INFO_PATH,
            action="merge",
            owner_id=7001,
            event_log_ids=(101, 103, 105),
            merged_id=7002,
        ),
    )
    assert numbers(sandbox) == [100, 101, 102, 103, 104, 105]
    assert numbers(sandbox, 7002) == []
    arrived = sandbox.ledger.entries(7001)[1::2]
    assert [entry.created_at for entry in arrived] == [entry.created_at for entry in before]
    assert {entry.customer_id for entry in arrived} == {7001}


def test_a_merged_member_is_refused() -> None:
    """With 8069; the survivor's answer has everything."""
    sandbox = moving(Move(action="merge", user_id=7002))
    sandbox.move(about())
    assert ids(ask(sandbox)) == [105, 104, 103, 102, 101, 100]
    assert codes(ask(sandbox, identifierValue="7002")) == [8069]


def test_whom_to_merge_is_drawn_among_those_who_are_left() -> None:
    """Each once, also those without entries; then nothing happens any more."""
    sandbox = moving(Move(action="merge", times=None))
    moved(sandbox, 5)
    assert [each.request for each in sandbox.moves.history] == [1, 2]
    assert {each.merged_id for each in sandbox.moves.history} == {7002, 7003}
    drawn = set()
    for seed in range(20):
        sandbox = moving(Move(action="merge"), seed=seed)
        sandbox.move(about())
        drawn.add(sandbox.moves.history[0].merged_id)
    assert drawn == {7002, 7003}


@pytest.mark.parametrize("user_id", [7001, 404])
def test_nobody_is_merged_with_oneself_or_a_stranger(user_id: int) -> None:
    """There is nothing to write down."""
    sandbox = moving(Move(action="merge", user_id=user_id))
    assert moved(sandbox) == []
    assert codes(ask(sandbox)) == []


def test_a_group_moves_as_a_member_does() -> None:
    """Under minus its id; but it merges nobody."""
    sandbox = moving(Move(action="merge"), Move(action="insert"), Move(action="delete", event_log_id=50))
    assert moved(sandbox, user_id=-5) == [(1, "insert", (NEW,)), (1, "delete", (50,))]
    assert {each.owner_id for each in sandbox.moves.history} == {-5}
    assert numbers(sandbox, -5) == [NEW]
    assert numbers(sandbox) == [100, 102, 104]


def test_a_request_about_nobody_moves_nothing() -> None:
    """The move is used up all the same, and the request counts."""
    sandbox = moving(Move(action="insert"), Move(action="delete", at=2))
    sandbox.move(about(404))
    assert sandbox.moves.history == ()
    history = moved(sandbox, 2)
    assert [(request, action) for request, action, _ in history] == [(2, "delete")]


def test_any_two_requests_have_a_place_between_them() -> None:
    """The number of the request says which; all moves of one place are made, in the order of the script."""
    sandbox = moving(
        Move(action="delete", at=3, event_log_id=102),
        Move(action="insert", at=2),
        Move(action="insert", at=3),
        Move(action="delete", at=3, event_log_id=NEW + 1),
    )
    expected = [(2, "insert", (NEW,)), (3, "delete", (102,)), (3, "insert", (NEW + 1,)), (3, "delete", (NEW + 1,))]
    assert moved(sandbox, 5) == expected


def test_requests_are_numbered_by_their_paths() -> None:
    """Whoever they are about, and whatever they ask."""
    sandbox = moving(Move(action="insert", path="/v2", where={"offset": "1"}, times=None))
    sandbox.move(about(7002))
    sandbox.move(about(path=LEDGER_INFO_SCOPED_PATH, offset="1"))
    sandbox.move(about(offset="1"))
    sandbox.move(about(path=LEDGER_BALANCE_PATH, offset="1"))
    assert [(each.request, each.path) for each in sandbox.moves.history] == [
        (1, LEDGER_INFO_SCOPED_PATH),
        (2, LEDGER_INFO_PATH),
        (1, LEDGER_BALANCE_PATH),
    ]


def test_a_cleared_script_remembers_what_happened() -> None:
    """But does nothing any more."""
    sandbox = moving(Move(action="insert", times=None))
    moved(sandbox, 2)
    sandbox.moves.clear()
    assert [request for request, _, _ in moved(sandbox, 2)] == [1, 2]


def test_moves_are_the_same_for_the_same_seed() -> None:
    """Which requests they precede, and what is drawn."""
    moves = [Move(action=action, probability=0.5, times=None) for action in ("insert", "backdate", "delete", "merge")]
    first, again, other = (moving(*moves, seed=seed) for seed in (1, 1, 2))
    assert moved(first, 30) == moved(again, 30) != moved(other, 30)
    assert [entry.created_at for entry in first.ledger.entries(7001)] == [
        entry.created_at for entry in again.ledger.entries(7001)
    ]


def test_moves_from_many_threads_lose_nothing() -> None:
    """Each request is counted once, and each entry is in its place."""
    sandbox = moving(Move(action="backdate", times=None))

    def hurry() -> None:
        for _ in range(50):
            sandbox.move(about())

    threads = [threading.Thread(target=hurry) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each.request for each in sandbox.moves.history] == list(range(1, 201))
    assert sorted(numbers(sandbox)) == [100, 102, 104, *range(NEW, NEW + 200)]
    assert_in_order(sandbox.ledger, 7001)


def test_nothing_moves_while_somebody_holds_the_ledger() -> None:
    """Who holds its lock sees one state, the history included."""
    sandbox = moving(Move(action="delete"))
    thread = threading.Thread(target=sandbox.move, args=[about()])
    with sandbox.ledger.lock:
        thread.start()
        thread.join(0.05)
        assert (len(numbers(sandbox)), len(sandbox.moves.history)) == (3, 0)
    thread.join()
    assert (len(numbers(sandbox)), len(sandbox.moves.history)) == (2, 1)


def test_a_move_is_read_from_json() -> None:
    """All fields have names and types of JSON."""
    fields = {"action": "insert", "created_at": "2025-03-01T12:00:00Z", "points": "2.5", "at": 3}
    assert Move.from_json(fields) == Move(action="insert", created_at=NOON, points="2.5", at=3)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "action"),
        ({"action": "vanish"}, "action"),
        ({"action": "insert", "created_at": "2025-03-01T12:00:00"}, "created_at is an ISO date with an offset"),
        ({"action": "insert", "created_at": "yesterday"}, "created_at is an ISO date with an offset"),
        ({"action": "insert", "created_at": 5}, "created_at is an ISO date with an offset"),
        ({"action": "insert", "offset_s": "5"}, "offset_s is a number"),
        ({"action": "insert", "offset_s": float("inf")}, "offset_s is a number"),
        ({"action": "backdate", "offset_s": 5}, "offset_s of a backdate is not above nought"),
        ({"action": "insert", "offset_s": 5, "created_at": "2025-03-01T12:00:00Z"}, "do not go together"),
        ({"action": "insert", "points": 5}, "points is a string with a decimal number"),
        ({"action": "insert", "points": "five"}, "points is a string with a decimal number"),
        ({"action": "insert", "points": "NaN"}, "points is a string with a decimal number"),
        ({"action": "insert", "event_name": 5}, "event_name"),
        ({"action": "delete", "event_log_id": "5"}, "event_log_id is a whole number"),
        ({"action": "merge", "user_id": -5}, "user_id is a whole number"),
        ({"action": "delete", "created_at": "2025-03-01T12:00:00Z"}, "created_at is not for the action delete"),
        ({"action": "merge", "offset_s": 0}, "offset_s is not for the action merge"),
        ({"action": "delete", "points": "1"}, "points is not for the action delete"),
        ({"action": "merge", "event_name": "X"}, "event_name is not for the action merge"),
        ({"action": "insert", "event_log_id": 5}, "event_log_id is not for the action insert"),
        ({"action": "delete", "user_id": 5}, "user_id is not for the action delete"),
    ],
)
def test_what_is_no_move_is_refused(fields: object, reason: str) -> None:
    """With the name of the field."""
    with pytest.raises(ValueError, match=reason):
        Move.from_json(fields)


def owners(ledger: Ledger) -> list[Owner]:
    return [*ledger.members, *ledger.groups]


def assert_in_order(ledger: Ledger, owner_id: int) -> None:
    """Check that a book is sorted, and finds its entries where they are."""
    book = ledger.book(owner_id)
    assert book.keys == [(microseconds(entry.created_at), entry.event_log_id) for entry in book.entries]
    assert book.keys == sorted(book.keys)


Snapshot = dict[int, Counter[int]]


def snapshot(ledger: Ledger) -> Snapshot:
    """Give the event log ids in each ledger."""
    books = {owner.owner_id: ledger.entries(owner.owner_id) for owner in owners(ledger)}
    return {owner_id: Counter(entry.event_log_id for entry in entries) for owner_id, entries in books.items()}


def replay(before: Snapshot, made: Moved) -> Snapshot:
    """Give the ledgers after a move, by what was written down of it."""
    after, touched = dict(before), Counter(made.event_log_ids)
    if made.action == "delete":
        after[made.owner_id] = before[made.owner_id] - touched
    else:
        after[made.owner_id] = before[made.owner_id] + touched
    if made.merged_id is not None:
        after[made.merged_id] = before[made.merged_id] - touched
    return after


some_moves = st.lists(
    st.builds(
        Move,
        action=st.sampled_from(["insert", "backdate", "delete", "merge"]),
        where=st.sampled_from([{}, {"offset": "1"}]),
        skip=st.integers(0, 3),
        every=st.integers(1, 3),
        probability=st.sampled_from([0.3, 1.0]),
        times=st.sampled_from([1, 3, None]),
    ),
    max_size=6,
)
some_requests = st.lists(
    st.builds(about, st.sampled_from([7001, 7002, 7003, -5, 404]), offset=st.sampled_from(["0", "1"])), max_size=25
)


@settings(max_examples=examples(150))
@given(some_moves, some_requests, st.integers(0, 9))
def test_the_history_is_the_whole_truth(moves: list[Move], requests: list[Call], seed: int) -> None:
    """Books stay sorted; each state follows from the one before by what was written down; no id comes back."""
    sandbox = moving(*moves, seed=seed)
    truth = snapshot(sandbox.ledger)
    ever = set().union(*truth.values())
    deleted: set[int] = set()
    told = 0
    for request in requests:
        sandbox.move(request)
        for made in sandbox.moves.history[told:]:
            truth = replay(truth, made)
            if made.action in {"insert", "backdate"}:
                assert min(made.event_log_ids) > max(ever)
                ever.update(made.event_log_ids)
            if made.action == "delete":
                deleted.update(made.event_log_ids)
        told = len(sandbox.moves.history)
        assert snapshot(sandbox.ledger) == truth
        for owner in owners(sandbox.ledger):
            assert_in_order(sandbox.ledger, owner.owner_id)
    assert set().union(*truth.values()) == ever - deleted
