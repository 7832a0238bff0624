"""The API's three date formats, and the field that comes twice.

A date is printed as `2024-05-04 07:16:34.0` (the server's wall clock, "will be deprecated"), beside it in newer answers
as `2024-05-04T07:16:34Z`, and in one sample as `Fri Aug 30 11:17:57 GMT 2024`.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

import msgspec

__all__ = ["day", "instant", "moment", "same_clock", "wall_clock"]

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_JAVA = re.compile(
    r"\A(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?P<month>[A-Z][a-z]{2}) (?P<day>\d\d) (?P<clock>\d\d:\d\d:\d\d) "
    r"(?:(?:GMT|UTC)(?P<offset>[+-]\d\d:\d\d)?|(?P<own>[A-Z]{1,5})) (?P<year>\d{4})\Z",
    re.ASCII,
)
"""java.util.Date prints the name of the server's own zone, or its offset from GMT."""
_MINUTE = timedelta(minutes=1)
_combine = datetime.combine
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def moment(value: object) -> datetime:
    """Read a date as it is printed; a fraction of more than six digits is rounded, as a form's decoder does it.

    Returns:
        The wall clock that is printed; aware if an offset is.
    """
    try:
        if type(value) is str:
            return msgspec.convert(_JAVA.sub(_rearranged, value), datetime)
    except ValueError:
        pass
    raise ValueError("a date was expected")


def _rearranged(java: re.Match[str]) -> str:
    offset = "" if java["own"] else java["offset"] or "Z"
    return f"{java['year']}-{_MONTHS.index(java['month']) + 1:02}-{java['day']}T{java['clock']}{offset}"


def same_clock(older: datetime, newer: datetime) -> bool:
    """Tell whether two readings show the same wall clock, to the second."""
    first, second = _in(None, older), _in(None, newer)
    return first == second or first.replace(microsecond=0) == second.replace(microsecond=0)


def instant(older: datetime | None, newer: datetime | None, zone: tzinfo) -> tuple[datetime, bool]:
    """Make an instant of the server's clock out of the two fields: the newer one's offset, the older one's fraction.

    Returns:
        The instant, aware, and whether the two fields agree; where they do not, the newer one counts.
    """
    if older is None or newer is None:
        return _fixed(_given(older or newer), zone), True
    iso = _fixed(newer, zone)
    if not same_clock(older, iso):
        return iso, False
    return iso.replace(microsecond=older.microsecond) if older.microsecond else iso, True


def wall_clock(older: datetime | None, newer: datetime | None) -> tuple[datetime, bool]:
    """Make a till's wall clock, naive.

    Returns:
        The reading, and whether the two fields agree; where they do not, the older one counts.
    """
    if older is None:
        return _in(None, _given(newer)), True
    clock = _in(None, older)
    return clock, newer is None or same_clock(clock, newer)


def _given(half: datetime | None) -> datetime:
    if half is None:
        raise ValueError("missing")
    return half


def day(older: object, newer: object) -> tuple[date, bool]:
    """Read a calendar day; a newer field that says more than the day counts as disagreement, so that it survives."""
    written = newer if older is None else older
    if written.__class__ is not str or not _DAY.fullmatch(str(written)[:10]):
        raise ValueError("a day was expected")
    try:
        return date.fromisoformat(str(written)[:10]), newer in (None, str(written)[:10])
    except ValueError:
        raise ValueError("a day was expected") from None


def _fixed(moment: datetime, zone: tzinfo) -> datetime:
    """Give a moment a fixed offset, its own or the zone's: two of one zone would be compared by their wall clocks."""
    aware = moment if moment.tzinfo else _combine(moment, moment.time(), zone)
    if aware.tzinfo is UTC:
        return aware
    offset = aware.utcoffset()
    if offset and offset % _MINUTE:  # Before zones were of whole minutes; ISO 8601 cannot print such an offset.
        return _utc(aware)
    return _in(_offset(offset), aware)


def _utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("a date was expected") from None


def _in(zone: tzinfo | None, moment: datetime) -> datetime:
    """Put the wall clock of a moment into another zone; `replace` does the same, in five times the time."""
    return moment if moment.tzinfo is zone else _combine(moment, moment.time(), zone)


@lru_cache(maxsize=64)
def _offset(difference: timedelta | None) -> timezone:
    """Give the same object for the same offset: two instants that share it are compared without asking it."""
    return timezone(difference) if difference else UTC
