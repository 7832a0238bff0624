from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from loyalty_async.sandbox.times import (
    Calendar,
    in_zone,
    iso_text,
    java_text,
    legacy_text,
    read_request_date,
    read_request_day,
)

INDIA = timezone(timedelta(hours=5, minutes=30), "IST")


def test_a_request_date_is_read_as_it_stands() -> None:
    """Seconds, no offset."""
    assert read_request_date("2024-05-04T07:16:34") == datetime(2024, 5, 4, 7, 16, 34)  # noqa: DTZ001


@pytest.mark.parametrize(
    "text",
    ["", "2024-05-04", "2024-05-04 07:16:34", "2024-05-04T07:16:34Z", "2024-05-04T07:16:34.0", "2024-02-30T00:00:00"],
)
def test_any_other_text_is_no_request_date(text: str) -> None:
    """The format is yyyy-MM-ddTHH:mm:ss."""
    with pytest.raises(ValueError, match=r"."):
        read_request_date(text)


@pytest.mark.parametrize(
    ("microsecond", "ending"), [(0, ".0"), (370_000, ".37"), (7_000, ".007"), (123_456, ".123456"), (500_000, ".5")]
)
def test_legacy_fractions_have_no_zeros_at_their_end(microsecond: int, ending: str) -> None:
    """As java.sql.Timestamp prints them."""
    moment = datetime(2024, 5, 4, 7, 16, 34, microsecond, tzinfo=UTC)
    assert legacy_text(moment) == f"2024-05-04 07:16:34{ending}"


def test_the_iso_twin_of_utc_ends_with_z_and_has_no_fraction() -> None:
    """Java's pattern XXX writes Z for UTC."""
    assert iso_text(datetime(2024, 5, 4, 7, 16, 34, 370_000, tzinfo=UTC)) == "2024-05-04T07:16:34Z"


def test_the_iso_twin_of_another_zone_has_its_offset() -> None:
    """XXX writes hours and minutes elsewhere."""
    assert iso_text(datetime(2024, 5, 4, 7, 16, 34, 1, tzinfo=INDIA)) == "2024-05-04T07:16:34+05:30"


def test_java_dates_are_english_and_name_the_zone() -> None:
    """As java.util.Date prints itself."""
    moment = datetime(2024, 8, 30, 11, 17, 57, tzinfo=UTC)
    assert java_text(moment) == "Fri Aug 30 11:17:57 GMT 2024"
    assert java_text(in_zone(moment, INDIA)) == "Fri Aug 30 16:47:57 IST 2024"


def test_the_zone_is_put_on_a_naive_time() -> None:
    """A till's wall clock keeps its figures, whatever the server's zone."""
    assert in_zone(datetime(2024, 5, 4, 7), INDIA) == datetime(2024, 5, 4, 7, tzinfo=INDIA)  # noqa: DTZ001


def test_a_request_day_is_read_as_it_stands() -> None:
    """And nothing else is one."""
    assert read_request_day("2024-05-04") == date(2024, 5, 4)
    for text in ("", "2024-5-4", "20240504", "2024-02-30", "2024-05-04T00:00:00"):
        with pytest.raises(ValueError, match=r"."):
            read_request_day(text)


def test_a_calendar_writes_a_date_twice_or_once() -> None:
    """In the server's zone."""
    moment = datetime(2024, 5, 4, 20, tzinfo=UTC)
    both = {"at": "2024-05-05 01:30:00.0", "atISO": "2024-05-05T01:30:00+05:30"}
    assert Calendar(INDIA).fields("at", moment) == both
    assert Calendar(INDIA, iso_twins=False).fields("at", moment) == {"at": both["at"]}


def test_a_calendar_knows_its_days() -> None:
    """They begin at the server's midnight."""
    moment = datetime(2024, 5, 4, 20, tzinfo=UTC)
    assert Calendar().day(moment) == date(2024, 5, 4)
    assert Calendar(INDIA).day(moment) == date(2024, 5, 5)
    assert Calendar(INDIA).last_second(moment, days=1) == datetime(2024, 5, 6, 23, 59, 59)  # noqa: DTZ001
