"""Dates as Capillary's servers read and write them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

import attrs

_REQUEST_DATE: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", re.ASCII)
_REQUEST_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_LAST_SECOND: Final = time(23, 59, 59)
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def read_request_date(text: str) -> datetime:
    """Read `yyyy-MM-ddTHH:mm:ss`, naive.

    Raises:
        ValueError: The text has another format, or is no date.
    """
    if not _REQUEST_DATE.fullmatch(text):
        raise ValueError("not yyyy-MM-ddTHH:mm:ss")
    return datetime.fromisoformat(text)


def read_request_day(text: str) -> date:
    """Read `yyyy-MM-dd`.

    Raises:
        ValueError: The text has another format, or is no day.
    """
    if not _REQUEST_DAY.fullmatch(text):
        raise ValueError("not yyyy-MM-dd")
    return date.fromisoformat(text)


def in_zone(moment: datetime, zone: tzinfo) -> datetime:
    """Move an aware datetime into the server's zone; put the zone on a naive one, as servers do with tills' times."""
    return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment.astimezone(zone)


def legacy_text(moment: datetime) -> str:
    """Write `2024-05-04 07:16:34.0` as java.sql.Timestamp does, whose fraction has at least one digit."""
    fraction = f"{moment.microsecond:06d}".rstrip("0") or "0"
    return f"{moment:%Y-%m-%d %H:%M:%S}.{fraction}"


def iso_text(moment: datetime) -> str:
    """Write `2024-05-04T07:16:34Z`, or with the zone's offset: whole seconds only (Java's pattern XXX)."""
    offset = moment.utcoffset()
    text = moment.replace(microsecond=0).isoformat()
    return text if offset else f"{text[:19]}Z"


def java_text(moment: datetime) -> str:
    """Write `Fri Aug 30 11:17:57 GMT 2024`, as java.util.Date does, whatever the locale."""
    zone = "GMT" if moment.utcoffset() == timedelta(0) else moment.tzname()
    day, month = _DAYS[moment.weekday()], _MONTHS[moment.month - 1]
    return f"{day} {month} {moment:%d %H:%M:%S} {zone} {moment.year}"


@attrs.frozen
class Calendar:
    """How one server writes dates: in its zone, and with or without the newer twin of each field."""

    zone: tzinfo = UTC
    iso_twins: bool = True

    def fields(self, name: str, moment: datetime) -> dict[str, object]:
        """Write a date in the older format, and beside it, where the server does so, in the newer one."""
        local = in_zone(moment, self.zone)
        dates: dict[str, object] = {name: legacy_text(local)}
        if self.iso_twins:
            dates[f"{name}ISO"] = iso_text(local)
        return dates

    def day(self, moment: datetime) -> date:
        """Give the day on the server's calendar."""
        return in_zone(moment, self.zone).date()

    def last_second(self, moment: datetime, *, days: int) -> datetime:
        """Give the end of a day, so many days after a moment, as the server's wall clock shows it."""
        return datetime.combine(self.day(moment) + timedelta(days=days), _LAST_SECOND)
