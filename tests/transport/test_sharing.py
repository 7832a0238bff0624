"""What a server sees of several processes that share a quota, in real time.

What must never be, such as a request too many, is looked for in all that was sent. What must be, such as the use of the
whole quota, is waited for: a machine that has other things to do stops processes for longer than they may catch up, so
it holds for a whole stretch of time, but not for every one.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from loyalty_async.models.rate_limits import RateLimit
from loyalty_async.transport.reservations import AHEAD_S
from tests._support.redis_servers import RedisServer, running_redis
from tests.transport.sharers import Record, Sent, most_in_any_window, sharing

LIMIT = RateLimit(400, per=4.0)
RATE = LIMIT.requests / LIMIT.per
STRETCH_S = 2.0
GIVE_UP_S = 40.0
ERRORS = ("StoreUnavailableError", "RateLimitedError", "UnavailableError")

pytestmark = [pytest.mark.real_time, pytest.mark.timeout(180)]  # On a quiet machine it takes a few seconds.


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with running_redis(tmp_path) as server:
        yield server


@pytest.fixture
def record(tmp_path: Path) -> Record:
    return Record(tmp_path)


def wait_until_sending(record: Record) -> None:
    while not record.read("sent"):
        time.sleep(0.01)


def most_used(sent: Sequence[Sent], since: float) -> float:
    """Tell what share of the quota was used in the best stretch that began after a moment."""
    later = [each for each in sent if each.at >= since]
    return most_in_any_window(later, STRETCH_S) / (RATE * STRETCH_S)


def wait_until_used_up(record: Record, since: float, process: int | None = None) -> None:
    """Wait until nearly all of the quota has been used for a while, by a process or by all together."""
    give_up_at = time.monotonic() + GIVE_UP_S
    time.sleep(STRETCH_S)
    while True:
        sent = [each for each in record.read("sent") if process in (None, each.process)]
        if (used := most_used(sent, since)) >= 0.95:
            return
        assert time.monotonic() < give_up_at, f"at most {used:.1%} of the quota were used"
        time.sleep(0.2)


def test_eight_processes_use_a_quota_up_and_none_goes_without(record: Record, redis: RedisServer) -> None:
    with sharing(record, redis.url, LIMIT, ["asyncio", "trio"] * 4) as processes:
        wait_until_sending(record)
        time.sleep(LIMIT.per)  # The quota must hold for more than one window.
        wait_until_used_up(record, since=0.0)
    sent = record.read("sent")
    assert most_in_any_window(sent, LIMIT.per) <= LIMIT.requests
    counts = [sum(each.process == process.pid for each in sent) for process in processes]
    assert min(counts) >= len(sent) / 8 / 4
    assert record.read(*ERRORS) == []


def test_of_two_processes_one_is_killed_and_the_other_uses_all(record: Record, redis: RedisServer) -> None:
    with sharing(record, redis.url, LIMIT, ["asyncio", "trio"]) as processes:
        wait_until_used_up(record, since=0.0)
        processes[0].send_signal(signal.SIGKILL)
        processes[0].wait()
        killed_at = time.monotonic()
        wait_until_used_up(record, since=killed_at, process=processes[1].pid)
    sent = record.read("sent")
    assert most_in_any_window(sent, LIMIT.per) <= LIMIT.requests
    assert {each.process for each in sent if each.at < killed_at} == {process.pid for process in processes}
    assert record.read(*ERRORS) == []


def test_redis_restarts_empty_and_neither_a_call_nor_the_quota_is_lost(record: Record, redis: RedisServer) -> None:
    with sharing(record, redis.url, LIMIT, ["asyncio", "trio"]):
        wait_until_used_up(record, since=0.0)
        redis.kill()
        time.sleep(0.3)
        redis.start()
        wait_until_used_up(record, since=time.monotonic())
    sent = record.read("sent")
    assert most_in_any_window(sent, LIMIT.per) <= LIMIT.requests
    assert record.read(*ERRORS) == []


def test_a_429_in_one_process_halts_the_others(record: Record, redis: RedisServer) -> None:
    with sharing(record, redis.url, LIMIT, ["asyncio", "trio"]):
        wait_until_used_up(record, since=0.0)
        record.order.write_text("2")
        while not redis.command("EXISTS", "loyalty_async:{sharers}:pause"):
            time.sleep(0.005)
        told_at = time.monotonic()
        wait_until_used_up(record, since=told_at)
    (refused,) = record.read("refused")
    sent = [each.at for each in record.read("sent")]
    heard_at = told_at + AHEAD_S + 0.0125 * LIMIT.per
    assert not [at for at in sent if heard_at < at < refused.at + 2]
    assert any(refused.at + 2 <= at for at in sent)
    assert record.read(*ERRORS) == []
