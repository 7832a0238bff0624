from __future__ import annotations

import sys
from typing import Any

import pytest

from loyalty_async.errors import InvalidArgument
from loyalty_async.models.rate_limits import RateLimit
from loyalty_async.protocol.backoff import RetryPolicy
from loyalty_async.transport.concurrency import AdaptivePlaces
from loyalty_async.transport.gate import Gate
from loyalty_async.transport.limits import gate_for, most_in_flight
from loyalty_async.transport.shared_permits import SharedPermits

SECOND = RateLimit(10, per=1.0)
MINUTE = RateLimit(300, per=60.0)
URL = "redis://127.0.0.1:6379/0"
SHARED = RateLimit(300, per=60.0, store=URL)


WRONG: list[Any] = [600, [], "learn", [600], {}, {SECOND}, [SECOND, None]]


def gate(**options: Any) -> Gate:
    settings = {"max_in_flight": 20, "rate_limit": None, "endpoint_limits": None, "endpoints": ("ledger", "events")}
    return gate_for(**{**settings, **options}, retry=RetryPolicy())


def test_a_gate_can_be_made_before_there_is_an_event_loop() -> None:
    assert gate().places.limit == 20
    assert not gate().permits.limited


@pytest.mark.parametrize("rate_limit", [SECOND, [SECOND], (SECOND, MINUTE), "adaptive"])
def test_a_quota_is_one_several_or_learnt(rate_limit: Any) -> None:
    assert gate(rate_limit=rate_limit).permits.limited


def test_of_several_quotas_the_slowest_sets_the_pace() -> None:
    assert gate(rate_limit=[SECOND, MINUTE]).permits.pace() == pytest.approx(0.99 * 5)


@pytest.mark.parametrize("limit", [MINUTE, [MINUTE, SECOND]])
def test_an_endpoint_may_have_quotas_of_its_own(limit: Any) -> None:
    permits = gate(endpoint_limits={"ledger": limit}).permits
    assert permits.group("ledger") == "ledger"
    assert permits.take("ledger", 0.0)
    assert permits.opens_at("ledger") >= permits.opens_at("")


def test_a_shared_quota_stands_beside_those_of_ones_own() -> None:
    permits = gate(rate_limit=[SHARED, SECOND], endpoint_limits={"ledger": SHARED}).permits
    assert isinstance(permits, SharedPermits)
    assert permits.store == "well"
    assert permits.pace() == pytest.approx(0.98 * 5)


def test_without_the_extra_a_shared_quota_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "coredis", None)
    monkeypatch.delitem(sys.modules, "loyalty_async.transport.redis_store", raising=False)
    with pytest.raises(InvalidArgument, match=r"pip install 'loyalty-async\[redis\]'"):
        gate(rate_limit=SHARED)


def test_places_may_adapt() -> None:
    assert isinstance(gate(max_in_flight="adaptive").places, AdaptivePlaces)
    assert (most_in_flight("adaptive"), most_in_flight(7)) == (100, 7)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"rate_limit": [SHARED, SHARED]}, "the same period"),
        ({"rate_limit": SHARED, "endpoint_limits": {"ledger": RateLimit(1, per=2.0, store=URL, name="b")}}, "one name"),
        ({"rate_limit": [SHARED, RateLimit(9, per=9.0, store=URL, fallback=SECOND)]}, "fallback"),
        *[({"max_in_flight": places}, "max_in_flight") for places in (0, -1, 2.5, True, "20", None, "Adaptive")],
        *[({"rate_limit": limit}, "rate_limit") for limit in WRONG],
        ({"endpoint_limits": {"ledgers": SECOND}}, "no ledgers; there is ledger, events"),
        ({"endpoint_limits": {5: SECOND}}, "no 5"),
        ({"endpoint_limits": {"ledger": 600}}, r"endpoint_limits\['ledger'\] must be a RateLimit"),
        ({"endpoint_limits": {"ledger": "adaptive"}}, r"endpoint_limits\['ledger'\] must be a RateLimit"),
        ({"endpoint_limits": [SECOND]}, "endpoint_limits must be a mapping"),
    ],
)
def test_limits_that_cannot_work_are_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidArgument, match=told):
        gate(**options)
