"""What a server sees of several processes that share a quota, in real time."""

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
ERRORS = ("StoreUnavailableError", "RateLimitedError", "UnavailableError")


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with running_redis(tmp_path) as server:
        yield server


@pytest.fixture
def record(tmp_path: Path) -> Record:
    return Record(tmp_path)


def wait_until_sending(record: Record) -> float:
    while not (sent := record.read("sent")):
        time.sleep(0.01)
    return sent[0].at


def share_used(sent: Sequence[Sent], since: float, until: float) -> float:
    return sum(since <= each.at < until for each in sent) / (RATE * (until - since))


@pytest.mark.real_time
def test_eight_processes_use_a_quota_up_and_none_goes_without(record: Record, redis: RedisServer) -> None:
    with sharing(record, redis.url, LIMIT, ["asyncio", "trio"] * 4) as processes:
        began = wait_until_sending(record)
        time.sleep(4.6)
    sent = record.read("sent")
    assert most_in_any_window(sent, LIMIT.per) <= LIMIT.requests
    assert share_used(sent, began, began + 4.5) >= 0.95
    counts = [sum(each.process == process.pid for each in sent) for process in processes]
    assert min(counts) >= len(sent) / 8 / 4
    assert record.read(*ERRORS) == []


@pytest.mark.real_time
def test_of_two_processes_one_is_killed_and_the_other_uses_all(record: Record, redis: RedisServer) -> None:
    with sharing(record, redis.url, LIMIT, ["asyncio", "trio"]) as processes:
        began = wait_until_sending(record)
        time.sleep(2.0)
        processes[0].send_signal(signal.SIGKILL)
        time.sleep(2.7)
    sent = record.read("sent")
    assert most_in_any_window(sent, LIMIT.per) <= LIMIT.requests
    assert share_used(sent, began, began + 2) >= 0.95
    assert share_used(sent, began + 2, began + 4.5) >= 0.95
    assert {each.process for each in sent if each.at > began + 2.5} == {processes[1].pid}
    assert record.read(*ERRORS) == []


@pytest.mark.real_time
def test_redis_restarts_empty_and_neither_a_call_nor_the_quota_is_lost(record: Record, redis: RedisServer) -> None:
    with sharing(record, redis.url, LIMIT, ["asyncio", "trio"]):
        began = wait_until_sending(record)
        time.sleep(2.0)
        redis.kill()
        time.sleep(0.3)
        redis.start()
        back_at = time.monotonic()
        time.sleep(2.7)
    sent = record.read("sent")
    assert most_in_any_window(sent, LIMIT.per) <= LIMIT.requests
    assert share_used(sent, began, began + 2) >= 0.95
    assert share_used(sent, back_at + 1.2, back_at + 2.5) >= 0.95
    assert record.read(*ERRORS) == []


@pytest.mark.real_time
def test_a_429_in_one_process_halts_the_others(record: Record, redis: RedisServer) -> None:
    with sharing(record, redis.url, LIMIT, ["asyncio", "trio"]):
        wait_until_sending(record)
        time.sleep(0.5)
        record.order.write_text("1")
        time.sleep(2.7)
    (refused,) = record.read("refused")
    sent = [each.at for each in record.read("sent")]
    bound_s = AHEAD_S + 0.0125 * LIMIT.per
    assert not [at for at in sent if refused.at + bound_s < at < refused.at + 1]
    assert any(refused.at + 1 <= at <= refused.at + 2.2 for at in sent)
    assert record.read(*ERRORS) == []
