from __future__ import annotations

from typing import Any

import pytest

from loyalty_async.errors import InvalidArgument
from loyalty_async.models.rate_limits import RateLimit


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
    ],
)
def test_a_limit_that_cannot_work_is_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidArgument, match=f"RateLimit.{told}"):
        RateLimit(**options)
