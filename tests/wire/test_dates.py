"""Three formats, two fields for one date, and the zones that they mean."""

from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.wire import dates
from loyalty_async.wire.converter import make_converter
from loyalty_async.wire.dates import day, moment, same_clock

OLDER, NEWER = "2024-05-04 07:16:34.0", "2024-05-04T07:16:34Z"
NO_DATE = r"^a date was expected$"
KOLKATA = ZoneInfo("Asia/Kolkata")
LONDON = ZoneInfo("Europe/London")


def at(*parts: int, minutes: int = 0) -> datetime:
    return datetime(*parts, tzinfo=timezone(timedelta(minutes=minutes)))  # type: ignore[misc, arg-type]


def read(half: Any) -> datetime | None:
    return None if half is None else moment(half)


def instant(older: Any, newer: Any, zone: tzinfo) -> tuple[datetime, bool]:
    return dates.instant(read(older), read(newer), zone)


def wall_clock(older: Any, newer: Any) -> tuple[datetime, bool]:
    return dates.wall_clock(read(older), read(newer))


# ---- One field -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2024-05-04 07:16:34.0", at(2024, 5, 4, 7, 16, 34)),
        ("2026-01-07 05:43:40", at(2026, 1, 7, 5, 43, 40)),
        ("2024-05-04 07:16:34.5", at(2024, 5, 4, 7, 16, 34, 500000)),
        ("2024-05-04 07:16:34.123456", at(2024, 5, 4, 7, 16, 34, 123456)),
        ("2024-02-29T23:59:59.999", at(2024, 2, 29, 23, 59, 59, 999000)),
        ("2024-05-04T07:16:34Z", at(2024, 5, 4, 7, 16, 34)),
        ("2024-05-04T07:16:34+05:30", at(2024, 5, 4, 7, 16, 34, minutes=330)),
        ("2024-05-04T07:16:34-0330", at(2024, 5, 4, 7, 16, 34, minutes=-210)),
        ("2024-05-04 07:16:34.0+12:45", at(2024, 5, 4, 7, 16, 34, minutes=765)),
        ("Fri Aug 30 11:17:57 GMT 2024", at(2024, 8, 30, 11, 17, 57)),
        ("Fri Aug 30 11:17:57 UTC 2024", at(2024, 8, 30, 11, 17, 57)),
        ("Fri Aug 30 11:17:57 IST 2024", at(2024, 8, 30, 11, 17, 57)),
        ("Fri Aug 30 11:17:57 GMT+05:30 2024", at(2024, 8, 30, 11, 17, 57, minutes=330)),
        ("Fri Aug 30 11:17:57 GMT-03:30 2024", at(2024, 8, 30, 11, 17, 57, minutes=-210)),
    ],
)
@pytest.mark.parametrize("newer", [False, True])
def test_every_format_is_read_to_the_fraction(written: str, expected: datetime, newer: bool) -> None:
    read_at, agree = instant(None, written, UTC) if newer else instant(written, None, UTC)
    assert read_at.isoformat() == expected.isoformat()
    assert agree


NO_DATES = """
2024-05-04
07:16:34
2024-05-04 07:16
2024-5-4 07:16:34
2024-02-30 07:16:34
2024-13-04 07:16:34
0000-01-01 00:00:00
2024-05-04 24:16:34
2024-05-04 07:16:60
2024-05-04  07:16:34
2024-05-04 07:16:34.
2024-05-04 07:16:34,5
2024-05-04T07:16:34+99:00
20240504T071634
2024-W18-6T07:16:34
1714807000
Fri Aug 32 11:17:57 GMT 2024
Fri Feb 30 11:17:57 GMT 2024
Fri Foo 30 11:17:57 GMT 2024
Aug 30 11:17:57 GMT 2024
Fri Aug 30 11:17:57 2024
Fri Aug 30 11:17:57 GMT+99:00 2024
""".strip().splitlines()
PADDED = ["", f" {OLDER}", f"{OLDER} ", f"{OLDER}\n", OLDER.replace("2", "\u0662"), f"{OLDER}\x00"]


@pytest.mark.parametrize("written", [*NO_DATES, *PADDED])
def test_a_text_that_is_no_date_is_refused_without_being_quoted(written: str) -> None:
    with pytest.raises(ValueError, match=NO_DATE):
        instant(written, None, UTC)
    with pytest.raises(ValueError, match=NO_DATE):
        instant(None, written, UTC)
    with pytest.raises(ValueError, match=NO_DATE):
        wall_clock(written, None)


def test_a_fraction_of_more_than_six_digits_is_rounded() -> None:
    assert moment("2024-05-04 07:16:34.9999996") == datetime(2024, 5, 4, 7, 16, 35)  # noqa: DTZ001 - as printed
    assert moment("2024-05-04 07:16:34.1234564") == datetime(2024, 5, 4, 7, 16, 34, 123456)  # noqa: DTZ001


@pytest.mark.parametrize("value", [0, 1714807000, True, [], {}, 1.5, b"2024-05-04 07:16:34"])
@pytest.mark.parametrize("half", [0, 1])
@pytest.mark.parametrize("other", [None, OLDER])
def test_a_value_that_is_no_text_is_no_date(value: Any, half: int, other: str | None) -> None:
    older, newer = (value, other) if half == 0 else (other, value)
    with pytest.raises(ValueError, match=NO_DATE):
        instant(older, newer, UTC)
    with pytest.raises(ValueError, match=NO_DATE):
        wall_clock(older, newer)


# ---- The server's clock ----------------------------------------------------------------------------------------------


def test_a_date_without_an_offset_is_of_the_servers_zone() -> None:
    read_at, _ = instant(OLDER, None, KOLKATA)
    assert read_at.isoformat() == "2024-05-04T07:16:34+05:30"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2024-03-31 00:30:00.0", "2024-03-31T00:30:00+00:00"),
        ("2024-03-31 02:30:00.0", "2024-03-31T02:30:00+01:00"),
        ("2024-10-27 00:30:00.0", "2024-10-27T00:30:00+01:00"),
        ("2024-10-27 02:30:00.0", "2024-10-27T02:30:00+00:00"),
    ],
)
def test_a_date_without_an_offset_follows_the_servers_daylight_saving(written: str, expected: str) -> None:
    read_at, _ = instant(written, None, LONDON)
    assert read_at.isoformat() == expected


def test_an_offset_that_no_format_can_print_is_none() -> None:
    """Liberia's clock was 44 minutes and 30 seconds behind UTC until 1972."""
    read_at, _ = instant("1971-06-01 00:00:00.0", None, ZoneInfo("Africa/Monrovia"))
    assert read_at.isoformat() == "1971-06-01T00:44:30+00:00"


def test_a_date_that_has_no_instant_is_none() -> None:
    with pytest.raises(ValueError, match=NO_DATE):
        instant("0001-01-01 00:00:00.0", None, KOLKATA)


@pytest.mark.parametrize(("offset", "in_utc"), [("+01:00", 0), ("+00:00", 1), ("Z", 1)])
def test_the_newer_field_tells_which_of_two_equal_clocks_it_was(offset: str, in_utc: int) -> None:
    read_at, agree = instant("2024-10-27 01:30:00.0", f"2024-10-27T01:30:00{offset}", LONDON)
    assert read_at.astimezone(UTC).hour == in_utc
    assert agree


def test_the_offset_of_the_newer_field_counts_more_than_the_servers_zone() -> None:
    read_at, agree = instant(OLDER, "2024-05-04T07:16:34+05:30", UTC)
    assert read_at.isoformat() == "2024-05-04T07:16:34+05:30"
    assert agree


@pytest.mark.parametrize("zone", [UTC, KOLKATA, LONDON, timezone(timedelta(hours=-3, minutes=-30))])
def test_instants_compare_across_a_change_of_the_clock(zone: tzinfo) -> None:
    """Two datetimes that share a zone object would be compared by their wall clocks."""
    first, _ = instant("2024-10-27 01:30:00", "2024-10-27T01:30:00+01:00", zone)
    second, _ = instant("2024-10-27 01:15:00", "2024-10-27T01:15:00+00:00", zone)
    assert first < second
    naive, _ = instant("2024-06-01 00:00:00", None, zone)
    assert type(naive.tzinfo) is timezone


# ---- Two fields ------------------------------------------------------------------------------------------------------


def test_the_newer_fields_offset_and_the_older_fields_fraction_make_the_instant() -> None:
    read_at, agree = instant("2024-05-04 07:16:34.25", "2024-05-04T07:16:34+05:30", UTC)
    assert read_at.isoformat() == "2024-05-04T07:16:34.250000+05:30"
    assert agree


def test_a_fraction_that_only_the_newer_field_has_is_kept() -> None:
    read_at, agree = instant(OLDER, "2024-05-04T07:16:34.75Z", UTC)
    assert read_at == at(2024, 5, 4, 7, 16, 34, 750000)
    assert agree


def test_where_the_two_fields_show_different_clocks_the_newer_one_counts_and_it_is_told() -> None:
    read_at, agree = instant("2024-05-04 12:46:34.25", NEWER, UTC)
    assert read_at == at(2024, 5, 4, 7, 16, 34)
    assert not agree


@pytest.mark.parametrize(
    ("older", "newer", "expected", "agree"),
    [
        ("2025-12-10 10:35:00.0", None, "2025-12-10T10:35:00", True),
        (None, "2025-12-10T10:35:00Z", "2025-12-10T10:35:00", True),
        ("2025-12-10 10:35:00.5", "2025-12-10T10:35:00Z", "2025-12-10T10:35:00.500000", True),
        ("2025-12-10 10:35:00.0", "2025-12-10T10:35:00+05:30", "2025-12-10T10:35:00", True),
        ("2025-12-10 10:35:00.0", "2025-12-10T05:05:00Z", "2025-12-10T10:35:00", False),
    ],
)
def test_a_tills_clock_is_naive_and_the_older_field_counts(
    older: str | None, newer: str | None, expected: str, *, agree: bool
) -> None:
    assert wall_clock(older, newer) == (datetime.fromisoformat(expected), agree)


def test_a_date_of_which_there_is_no_half_is_missing() -> None:
    with pytest.raises(ValueError, match=r"^missing$"):
        instant(None, None, UTC)
    with pytest.raises(ValueError, match=r"^missing$"):
        wall_clock(None, None)


def test_clocks_are_the_same_to_the_second_whatever_the_offset() -> None:
    first = at(2024, 5, 4, 7, 16, 34, 5, minutes=330)
    assert same_clock(first, at(2024, 5, 4, 7, 16, 34))
    assert not same_clock(first, at(2024, 5, 4, 7, 16, 35))


@given(
    st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)),  # noqa: DTZ001
    st.sampled_from([-720, -210, 0, 330, 765, 840]),
)
def test_any_instant_printed_twice_is_read_exactly(clock: datetime, minutes: int) -> None:
    newer = clock.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes))).isoformat()
    read_at, agree = instant(f"{clock:%Y-%m-%d %H:%M:%S.%f}", newer, KOLKATA)
    assert read_at == clock.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert read_at.utcoffset() == timedelta(minutes=minutes)
    assert agree


# ---- Days ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("older", "newer", "agree"),
    [
        ("2024-10-09", None, True),
        (None, "2024-10-09", True),
        (None, "2024-10-09T00:00:00Z", False),
        ("2024-10-09", "2024-10-09", True),
        ("2024-10-09", "2024-10-09T00:00:00Z", False),
        ("2024-10-09", "2024-10-08", False),
    ],
)
def test_a_day_is_the_older_fields_and_a_newer_one_that_says_otherwise_is_told(
    older: str | None, newer: str | None, *, agree: bool
) -> None:
    assert day(older, newer) == (date(2024, 10, 9), agree)


@pytest.mark.parametrize("value", ["", "2024-02-30", "09-10-2024", 20241009, True, [], "2024-1-1"])
def test_what_is_no_day_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^a day was expected$"):
        day(value, None)


# ---- In a document ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "expected", "extra"),
    [
        ({"ledgerCreatedDate": OLDER}, "2024-05-04T07:16:34+05:30", {}),
        ({"ledgerCreatedDateISO": NEWER}, "2024-05-04T07:16:34+00:00", {}),
        ({"ledgerCreatedDate": OLDER, "ledgerCreatedDateISO": NEWER}, "2024-05-04T07:16:34+00:00", {}),
        ({"ledgerCreatedDate": None, "ledgerCreatedDateISO": NEWER}, "2024-05-04T07:16:34+00:00", {}),
        ({"ledgerCreatedDate": OLDER, "ledgerCreatedDateISO": None}, "2024-05-04T07:16:34+05:30", {}),
        (
            {"ledgerCreatedDate": "2024-05-04 12:46:34.0", "ledgerCreatedDateISO": NEWER},
            "2024-05-04T07:16:34+00:00",
            {"ledgerCreatedDate": "2024-05-04 12:46:34.0"},
        ),
    ],
)
def test_an_entrys_instant_comes_from_either_field_and_a_contradiction_survives(
    fields: dict[str, Any], expected: str, extra: dict[str, Any]
) -> None:
    document = {"eventLogId": 1, "eventName": "GenericEvent", **fields}
    entry = make_converter(KOLKATA).structure(document, LedgerEntry)
    assert entry.created_at.isoformat() == expected
    assert entry.extra == extra


def test_a_transactions_clock_is_not_moved_into_the_servers_zone() -> None:
    document = {
        "eventLogId": 1,
        "eventName": "TransactionAdd",
        "ledgerCreatedDate": OLDER,
        "transactionDetails": {"date": "2024-05-04 12:44:00.0", "dateISO": "2024-05-04T07:14:00Z"},
    }
    transaction = make_converter(KOLKATA).structure(document, LedgerEntry).transaction_details
    assert transaction is not None
    assert transaction.date == datetime(2024, 5, 4, 12, 44)  # noqa: DTZ001 - a wall clock
    assert transaction.extra == {"dateISO": "2024-05-04T07:14:00Z"}
