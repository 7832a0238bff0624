"""The script on a real server, with a clock that the test sets."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty_async.errors import RateLimitedError, UnavailableError
from loyalty_async.models.rate_limits import RateLimit
from loyalty_async.transport.pauses import LONGEST_PAUSE_S
from loyalty_async.transport.reservations import AHEAD_S, SCRIPT, Booking, Question, SharedQuota
from tests._support.profiles import examples
from tests._support.redis_servers import Connection, running_redis

CLOCKED = SCRIPT.replace("redis.call('TIME')", "{ARGV[#ARGV - 1], ARGV[#ARGV]}")
MINUTE = RateLimit(600, per=60.0)


@attrs.define(eq=False)
class Shelf:
    """The script, at a time of our choosing.

    Attributes:
        now_s: The server's clock.
        run: Which run of the server it is.
    """

    connection: Connection
    now_s: float = 1_800_000_000.0
    run: str = "first"

    def ask(self, *quotas: SharedQuota, wanted: int = 1, **options: Any) -> Booking:
        question = Question(pause_key="test:pause", quotas=quotas, wanted=wanted, **options)
        clock = (int(self.now_s), round(self.now_s % 1 * 1_000_000))
        keys, arguments = question.keys(), question.arguments(self.run)
        return Booking.from_reply(self.connection.command("EVAL", CLOCKED, len(keys), *keys, *arguments, *clock))

    def pass_time(self, seconds: float) -> None:
        self.now_s += seconds

    def begin(self, *quotas: SharedQuota) -> None:
        """Let quotas begin, and wait until they are open."""
        self.ask(*quotas, wanted=0)
        self.pass_time(1000.0)

    def forget(self) -> None:
        self.connection.command("FLUSHALL")


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    with running_redis(tmp_path_factory.mktemp("redis")) as server, server.connect() as opened:
        yield opened


@pytest.fixture
def shelf(connection: Connection) -> Shelf:
    shelf = Shelf(connection)
    shelf.forget()
    return shelf


def quota(limit: RateLimit, group: str = "") -> SharedQuota:
    return SharedQuota.from_limit(limit, "test", group)


def used_up(shelf: Shelf, seconds: float, *quotas: SharedQuota, wanted: int = 1) -> list[float]:
    """Book whatever can be had, and give for when."""
    booked: list[float] = []
    end = shelf.now_s + seconds
    while shelf.now_s < end:
        answer = shelf.ask(*quotas, wanted=wanted)
        booked += [shelf.now_s + wait_s for wait_s in answer.waits_s]
        shelf.pass_time(max(answer.again_s, 0.001))
    return booked


def most_in_a_window(at: list[float], per: float) -> int:
    at = sorted(at)
    return max((sum(begin <= each < begin + per for each in at) for begin in at), default=0)


def test_all_of_a_quota_is_booked_and_no_more(shelf: Shelf) -> None:
    shelf.begin(quota(MINUTE))
    booked = used_up(shelf, 120.0, quota(MINUTE))
    assert 2 * 0.975 * 600 <= len(booked) <= 2 * 0.985 * 600
    assert most_in_a_window(booked, 60.0) <= 600


def test_nothing_is_booked_further_ahead_than_it_may_be(shelf: Shelf) -> None:
    shelf.begin(quota(RateLimit(1000, per=1.0)))
    answer = shelf.ask(quota(RateLimit(1000, per=1.0)), wanted=10_000)
    assert 98 <= len(answer.waits_s) <= 98 + 10 + 1
    assert 0 <= min(answer.waits_s) <= max(answer.waits_s) <= AHEAD_S
    assert 0 < answer.again_s <= 0.002
    assert shelf.ask(quota(RateLimit(1000, per=1.0)), wanted=10_000).waits_s == []


def test_another_count_of_the_same_limit_is_noticed_while_it_is_used(shelf: Shelf) -> None:
    ours, theirs, apart = quota(MINUTE), quota(RateLimit(300, per=60.0)), quota(RateLimit(600, per=60.0), "ledger")
    shelf.begin(ours)
    assert [shelf.ask(ours).odd, shelf.ask(apart, ours).odd] == [0, 0]
    assert shelf.ask(theirs).odd == 1
    assert shelf.ask(apart, ours).odd == 2
    assert shelf.ask(quota(RateLimit(600, per=60.0, burst=20))).odd == 1
    shelf.pass_time(120.0)
    assert shelf.ask(ours).odd == 0


def test_a_pause_in_the_store_ends_within_an_hour(shelf: Shelf) -> None:
    """Whoever wrote it; also if the server's clock was set back."""
    assert shelf.ask(pause_s=1e8, error=UnavailableError("busy")).pause_s == LONGEST_PAUSE_S
    shelf.pass_time(-100_000.0)
    assert shelf.ask().pause_s == LONGEST_PAUSE_S
    shelf.pass_time(LONGEST_PAUSE_S)
    assert shelf.ask().pause_s == 0.0


def test_a_burst_can_be_had_at_once_after_a_quiet_time(shelf: Shelf) -> None:
    bursting = quota(RateLimit(100, per=10.0, burst=20))
    shelf.begin(bursting)
    assert sum(wait_s == 0 for wait_s in shelf.ask(bursting, wanted=50).waits_s) == 20


def test_of_several_quotas_none_is_broken_and_what_one_refuses_no_other_loses(shelf: Shelf) -> None:
    second, minute = RateLimit(20, per=1.0), RateLimit(60, per=60.0)
    shelf.begin(quota(second), quota(minute, "ledger"))
    both = used_up(shelf, 60.0, quota(second), quota(minute, "ledger"))
    assert 57 <= len(both) <= 60
    alone = used_up(shelf, 10.0, quota(second), wanted=5)
    assert len(alone) >= 0.97 * 200


def test_a_pause_is_made_longer_and_never_shorter(shelf: Shelf) -> None:
    shelf.begin(quota(MINUTE))
    error = RateLimitedError("full")
    error.status = 429
    shelf.ask(wanted=0, pause_s=30.0, error=error)
    shelf.ask(wanted=0, pause_s=10.0, error=UnavailableError("busy"))
    shelf.pass_time(5.0)
    answer = shelf.ask(quota(MINUTE))
    assert answer.waits_s == []
    assert answer.pause_s == pytest.approx(25.0, abs=0.001)
    assert (type(answer.error), answer.error.status) == (RateLimitedError, 429)
    shelf.pass_time(25.0)
    answer = shelf.ask(quota(MINUTE))
    assert (answer.pause_s, len(answer.waits_s)) == (0.0, 1)


def test_what_nobody_uses_is_not_kept_for_ever(shelf: Shelf) -> None:
    shelf.ask(quota(MINUTE), pause_s=30.0, error=RateLimitedError("full"))
    keys = shelf.connection.command("KEYS", "*")
    assert sorted(keys) == ["test:all:60s", "test:pause"]
    assert all(86_000_000 <= shelf.connection.command("PTTL", key) <= 90_000_000 for key in keys)


def test_a_clock_that_is_set_back_holds_nobody_up(shelf: Shelf) -> None:
    shelf.begin(quota(MINUTE))
    shelf.ask(quota(MINUTE))
    shelf.pass_time(-3600.0)
    assert 0 < shelf.ask(quota(MINUTE)).again_s < 1.0
    shelf.pass_time(1.0)
    assert len(shelf.ask(quota(MINUTE)).waits_s) == 1


@pytest.mark.parametrize("burst", [1, 20])
@pytest.mark.parametrize("emptied", [True, False], ids=["empty", "as it was a minute ago"])
def test_another_server_takes_over_and_no_window_holds_more(shelf: Shelf, emptied: bool, burst: int) -> None:
    limit = RateLimit(100, per=10.0, burst=burst)
    shelf.begin(quota(limit))
    before = used_up(shelf, 5.0, quota(limit), wanted=50)
    if emptied:
        shelf.forget()
    else:
        shelf.connection.command("SET", "test:all:10s", f"{(shelf.now_s - 60) * 1e6:.0f} first")
    shelf.run = "second"
    after = used_up(shelf, 20.0, quota(limit), wanted=50)
    assert most_in_a_window(before + after, 10.0) <= 100
    assert min(after) - max(before) >= 0.99 * quota(limit).interval_s
    assert len(after) >= 0.95 * 2 * (100 - burst + 1) * 0.98


@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_happens_no_window_holds_more_than_the_quota(connection: Connection, data: st.DataObject) -> None:
    """Permits are used as late as they may be, or not at all; servers come and go."""
    requests = data.draw(st.integers(1, 60))
    limit = RateLimit(
        requests, per=data.draw(st.sampled_from([1.0, 7.0, 60.0])), burst=data.draw(st.integers(1, requests))
    )
    shelf, shared = Shelf(connection), quota(limit)
    shelf.forget()
    used: list[float] = []
    for step in range(data.draw(st.integers(1, 60))):
        answer = shelf.ask(shared, wanted=data.draw(st.integers(1, 30)))
        late = data.draw(st.lists(st.sampled_from([0.0, 0.5, 1.0, math.inf]), min_size=3, max_size=3))
        used += [
            shelf.now_s + wait_s + share * shared.lateness_s
            for wait_s, share in zip(answer.waits_s, itertools.cycle(late), strict=False)
            if share != math.inf
        ]
        if data.draw(st.integers(0, 9)) == 0:
            shelf.run = str(step)
            shelf.connection.command("SET", shared.key, f"{(shelf.now_s - 120) * 1e6:.0f} old")
        shelf.pass_time(data.draw(st.sampled_from([0.0, answer.again_s, answer.again_s, 0.05, limit.per])))
    assert most_in_a_window(used, limit.per) <= limit.requests


@pytest.mark.parametrize("reply", [[], ["x", "", 0], [0, b"", 0, b"x"]])
def test_another_answer_is_refused(reply: list[Any]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the courier's store makes one error of all
        Booking.from_reply(reply)
