from __future__ import annotations

from datetime import timedelta

import pytest

from loyalty_async import InvalidArgument
from loyalty_async.cli.export_pace import Pace


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
