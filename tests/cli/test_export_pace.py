from __future__ import annotations

from datetime import timedelta

import pytest

from loyalty_async import InvalidArgument, RateLimit
from loyalty_async.cli.export_pace import Pace
from loyalty_async.cli.settings import Settings

NOTHING = Settings({})
REDIS = "redis://:hunter2@127.0.0.1:6379/0"


def test_minutes_hours_and_megabytes_become_what_an_export_takes() -> None:
    assert Pace(memory=0.5, settle=30.0, lookback=48.0, grace=5.0).arguments() == {
        "workers": 16,
        "ahead": 1,
        "memory": 512 * 1024,
        "settle": timedelta(minutes=30),
        "lookback": timedelta(days=2),
        "grace_s": 5.0,
    }


@pytest.mark.parametrize("wrong", [{"memory": float("nan")}, {"grace": float("inf")}, {"settle": -1.0}, {"workers": 0}])
def test_numbers_that_cannot_be_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InvalidArgument, match=f"--{next(iter(wrong))} must be"):
        Pace(**wrong).arguments()  # type: ignore[arg-type]


def test_a_quota_is_kept_only_if_it_was_told() -> None:
    assert Pace().rate_limit(NOTHING) is None
    assert Pace().rate_limit(Settings({"LOYALTY_QUOTA_STORE": REDIS})) is None
    assert Pace(quota=600).rate_limit(NOTHING) == RateLimit(600, per=60.0)


def test_a_quota_is_shared_by_the_store_of_the_environment_whose_password_nobody_sees() -> None:
    pace = Pace(quota=600)
    assert pace.rate_limit(Settings({"LOYALTY_QUOTA_STORE": REDIS})) == RateLimit(600, per=60.0, store=REDIS)
    assert "hunter2" not in repr(Pace(quota=1, quota_store=REDIS))
    with pytest.raises(InvalidArgument, match=r"^LOYALTY_QUOTA_STORE must be the URL of a Redis"):
        pace.rate_limit(Settings({"LOYALTY_QUOTA_STORE": "hunter2"}))
