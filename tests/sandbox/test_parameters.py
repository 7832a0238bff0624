from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from loyalty_async.sandbox.books import microseconds
from loyalty_async.sandbox.parameters import (
    end_microsecond,
    first_microsecond,
    is_number,
    read_flag,
    read_names,
    read_number,
    read_paging,
)
from loyalty_async.sandbox.refusals import Refusal
from loyalty_async.sandbox.settings import Settings
from tests.sandbox.calls import NOON

LOCAL_NOON = NOON.replace(tzinfo=None)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", True),
        ("007", True),
        ("9" * 19, True),
        ("9" * 20, False),
        ("", False),
        ("-1", False),
        ("\u0661", False),
        ("1.0", False),
    ],
)
def test_a_number_is_what_java_would_take(text: str, number: bool) -> None:
    """ASCII digits, as many as a long may have."""
    assert is_number(text) == number


def test_numbers_and_flags_have_defaults_and_are_checked() -> None:
    """400 for what cannot be read."""
    assert read_number({}, "x", 5) == 5
    assert read_number({"x": "7"}, "x", 5) == 7
    assert read_flag({}, "x", default=True)
    assert read_flag({"x": "TRUE"}, "x")
    assert not read_flag({"x": "false"}, "x", default=True)
    with pytest.raises(Refusal):
        read_number({"x": "y"}, "x", 5)
    with pytest.raises(Refusal):
        read_flag({"x": "1"}, "x")


def test_a_list_has_no_empty_names() -> None:
    """A comma too much is no name."""
    assert read_names({"x": "a,,b,"}, "x") == {"a", "b"}
    assert read_names({}, "x") == frozenset()


def test_paging_has_the_defaults_of_the_settings() -> None:
    """And no default is refused."""
    assert read_paging({}, Settings()) == (0, 10)
    assert read_paging({}, Settings(max_limit=5)) == (0, 5)
    assert read_paging({"limit": "900", "offset": "3"}, Settings(clamp_limit=50)) == (3, 50)


@pytest.mark.parametrize(
    ("inclusive", "fractions", "extra"), [(True, True, 1), (True, False, 1_000_000), (False, True, 0)]
)
def test_an_end_includes_its_second_its_instant_or_nothing(inclusive: bool, fractions: bool, extra: int) -> None:
    """By two switches."""
    settings = Settings(end_date_inclusive=inclusive, sees_fractions=fractions)
    assert end_microsecond(LOCAL_NOON, settings) == microseconds(NOON) + extra


def test_dates_are_read_in_the_servers_zone() -> None:
    """A wall clock, not an instant."""
    zone = timezone(timedelta(hours=5, minutes=30))
    read = first_microsecond(datetime(2025, 3, 1, 17, 30), Settings(timezone=zone))  # noqa: DTZ001
    assert read == microseconds(NOON)
