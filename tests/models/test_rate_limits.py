from __future__ import annotations

from typing import Any

import pytest

from loyalty_async.errors import InvalidArgument
from loyalty_async.models.rate_limits import RateLimit

URL = "redis://user:hunter2@redis.example.com:6379/0"
NOT_STORES: list[Any] = [
    "",
    "redis.example.com",
    "http://redis.example.com",
    "redis://",
    "redis://a:x",
    6379,
    b"redis://a",
]


@pytest.mark.parametrize("store", [URL, "rediss://redis.example.com", "unix:///run/redis.sock"])
def test_a_limit_may_be_shared_and_does_not_show_where(store: str) -> None:
    limit = RateLimit(600, per=60.0, store=store, fallback=RateLimit(60, per=60.0), name="ours:eu-1")
    assert limit.store == store
    assert "hunter2" not in repr(limit)
    assert "hunter2" not in str(limit)


def test_a_limit_reads_as_it_is_said() -> None:
    assert RateLimit(600, per=60.0) == RateLimit(600, per=60, burst=1)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"requests": 0, "per": 1.0}, "requests"),
        ({"requests": 2.5, "per": 1.0}, "requests"),
        ({"requests": True, "per": 1.0}, "requests"),
        ({"requests": "600", "per": 1.0}, "requests"),
        ({"requests": 1, "per": 0}, "per"),
        ({"requests": 1, "per": -1.0}, "per"),
        ({"requests": 1, "per": float("inf")}, "per"),
        ({"requests": 1, "per": float("nan")}, "per"),
        ({"requests": 1, "per": "60"}, "per"),
        ({"requests": 5, "per": 1.0, "burst": 0}, "burst"),
        ({"requests": 5, "per": 1.0, "burst": 6}, "burst"),
        *[({"requests": 5, "per": 1.0, "store": store}, "store") for store in NOT_STORES],
        ({"requests": 5, "per": 1.0, "store": URL, "fallback": 5}, "fallback"),
        ({"requests": 5, "per": 1.0, "store": URL, "fallback": RateLimit(5, per=1.0, store=URL)}, "fallback"),
        ({"requests": 5, "per": 1.0, "fallback": RateLimit(5, per=1.0)}, "fallback"),
        *[({"requests": 5, "per": 1.0, "store": URL, "name": name}, "name") for name in ("", "a b", "{a}", 5, "ä")],
        ({"requests": 5, "per": 1.0, "name": "ours"}, "fallback and RateLimit.name"),
    ],
)
def test_a_limit_that_cannot_work_is_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidArgument, match=f"RateLimit.{told}"):
        RateLimit(**options)
