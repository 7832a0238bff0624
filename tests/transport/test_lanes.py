from __future__ import annotations

import time
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from loyalty_async.transport.lanes import LANES, Lane, Lanes, Rank

lanes_of = st.sampled_from(LANES)
groups_of = st.sampled_from(["", "ledger", "events"])


def fill(lanes: Lanes[str], lane: Lane, number: int, group: str = "") -> None:
    for index in range(number):
        lanes.join(f"{lane} {index}", lane, group)


def admit(lanes: Lanes[str], number: int) -> list[str]:
    admitted = []
    for _ in range(number):
        first = lanes.first()
        assert first is not None
        lanes.admit(first)
        admitted.append(first)
    return admitted


@pytest.mark.parametrize("lane", LANES)
def test_in_a_lane_it_is_first_come_first_served(lane: Lane) -> None:
    lanes: Lanes[str] = Lanes()
    fill(lanes, lane, 30)
    assert admit(lanes, 30) == [f"{lane} {index}" for index in range(30)]
    assert lanes.first() is None
    assert len(lanes) == 0


def test_one_of_ten_is_a_bulk_calls_while_both_wait() -> None:
    lanes: Lanes[str] = Lanes()
    fill(lanes, "interactive", 100)
    fill(lanes, "bulk", 100)
    admitted = admit(lanes, 100)
    assert [index for index, name in enumerate(admitted) if name.startswith("bulk")] == list(range(9, 100, 10))


def test_the_other_lane_goes_when_one_is_empty() -> None:
    lanes: Lanes[str] = Lanes()
    fill(lanes, "interactive", 3)
    fill(lanes, "bulk", 2)
    assert admit(lanes, 5) == ["interactive 0", "interactive 1", "interactive 2", "bulk 0", "bulk 1"]


@given(admitted=st.integers(0, 40))
def test_an_interactive_call_is_the_next_or_the_next_but_one(admitted: int) -> None:
    lanes: Lanes[str] = Lanes()
    fill(lanes, "bulk", 100)
    for index in range(admitted):
        lanes.join(f"before {index}", "interactive")
        admit(lanes, 1)
    lanes.join("me", "interactive")
    waiting_before = lanes.waiting("interactive") - 1
    assert "me" in admit(lanes, waiting_before + 2)


def test_interactive_calls_that_met_no_bulk_do_not_count_against_it() -> None:
    lanes: Lanes[str] = Lanes()
    fill(lanes, "interactive", 20)
    admit(lanes, 15)
    fill(lanes, "bulk", 5)
    assert admit(lanes, 5) == [f"interactive {index}" for index in range(15, 20)]


def test_those_who_come_again_go_first_and_take_turns() -> None:
    lanes: Lanes[str] = Lanes()
    fill(lanes, "bulk", 3)
    for name in ("again 0", "again 1"):
        lanes.join(name, "bulk", rank=Rank.RETRY)
    assert admit(lanes, 1) == ["again 0"]
    lanes.join("again 0", "bulk", rank=Rank.RETRY)
    lanes.join("back", "bulk", rank=Rank.BACK)
    assert admit(lanes, 4) == ["back", "again 1", "again 0", "bulk 0"]


def test_on_trial_whoever_was_refused_goes_last_whatever_its_lane() -> None:
    lanes: Lanes[str] = Lanes()
    lanes.join("refused", "interactive", rank=Rank.RETRY)
    lanes.join("bulk", "bulk")
    lanes.join("closed", "interactive", "ledger")
    lanes.join("back", "bulk", rank=Rank.BACK)
    order = []
    while (first := lanes.first(lambda group: group != "ledger", on_trial=True)) is not None:
        order.append(first)
        lanes.admit(first)
    assert order == ["back", "bulk", "refused"]
    assert lanes.first(on_trial=True) == "closed"


def test_a_group_that_is_closed_lets_others_pass() -> None:
    lanes: Lanes[str] = Lanes()
    lanes.join("a", "interactive", "ledger")
    lanes.join("b", "interactive", "events")
    lanes.join("c", "bulk", "")
    assert lanes.first(lambda group: group != "ledger") == "b"
    assert lanes.first(lambda group: group == "") == "c"
    assert lanes.first(lambda _: False) is None
    assert lanes.first() == "a"
    assert lanes.groups() == {"ledger", "events", ""}


def test_groups_take_turns_by_arrival() -> None:
    lanes: Lanes[str] = Lanes()
    order = [("a", "ledger"), ("b", ""), ("c", "ledger"), ("d", "events"), ("e", "")]
    for name, group in order:
        lanes.join(name, "bulk", group)
    assert admit(lanes, 5) == [name for name, _ in order]


def test_whoever_leaves_is_gone() -> None:
    lanes: Lanes[str] = Lanes()
    fill(lanes, "bulk", 3)
    assert lanes.leave("bulk 1")
    assert not lanes.leave("bulk 1")
    assert "bulk 1" not in lanes
    assert list(lanes) == ["bulk 0", "bulk 2"]
    assert lanes.waiting("bulk") == 2


class LanesModel(RuleBasedStateMachine):
    """Two plain queues are the model."""

    def __init__(self) -> None:
        super().__init__()
        self.lanes: Lanes[int] = Lanes()
        self.queues: dict[Lane, deque[int]] = {lane: deque() for lane in LANES}
        self.number = 0
        self.since_bulk = 0

    @rule(lane=lanes_of, group=groups_of)
    def join(self, lane: Lane, group: str) -> None:
        self.number += 1
        self.lanes.join(self.number, lane, group)
        self.queues[lane].append(self.number)

    @precondition(lambda self: self.number > 0)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        waiter = data.draw(st.integers(1, self.number))
        waits = any(waiter in queue for queue in self.queues.values())
        assert self.lanes.leave(waiter) == waits
        for queue in self.queues.values():
            if waiter in queue:
                queue.remove(waiter)

    @precondition(lambda self: len(self.lanes) > 0)
    @rule()
    def admit(self) -> None:
        first = self.lanes.first()
        assert first in [queue[0] for queue in self.queues.values() if queue]
        self.lanes.admit(first)
        lane: Lane = "bulk" if self.queues["bulk"] and self.queues["bulk"][0] == first else "interactive"
        self.since_bulk = self.since_bulk + 1 if lane == "interactive" and self.queues["bulk"] else 0
        assert self.since_bulk < 10
        self.queues[lane].popleft()

    @invariant()
    def counts_agree(self) -> None:
        for lane in LANES:
            assert self.lanes.waiting(lane) == len(self.queues[lane])
        assert len(self.lanes) == sum(map(len, self.queues.values()))


TestLanesModel = LanesModel.TestCase


def test_admission_takes_no_longer_when_many_wait_or_have_left() -> None:
    """Constant work for each: fifty times as many waiters must not take a hundred times as long for each."""

    def seconds_each(number: int) -> float:
        lanes: Lanes[str] = Lanes()
        fill(lanes, "bulk", number)
        for index in range(0, number, 2):
            lanes.leave(f"bulk {index}")
        began = time.perf_counter()
        admit(lanes, number // 2)
        return (time.perf_counter() - began) / number

    seconds_each(1000)
    assert seconds_each(50_000) < 20 * min(seconds_each(1000) for _ in range(5))
