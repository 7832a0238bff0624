"""The API's three date formats, and the field that comes twice.

A date is printed as `2024-05-04 07:16:34.0` (the server's wall clock, "will be deprecated"), beside it in newer answers
as `2024-05-04T07:16:34Z`, and in one sample as `Fri Aug 30 11:17:57 GMT 2024`.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timezone, tzinfo

__all__ = ["day", "instant", "same_clock", "wall_clock"]

_DATE = re.compile(
    r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)?",
    re.ASCII,
)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_JAVA = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?P<month>[A-Z][a-z]{2}) (?P<day>\d\d) (?P<clock>\d\d:\d\d:\d\d) "
    r"(?:(?:GMT|UTC)(?P<offset>[+-]\d\d:\d\d)?|(?P<own>[A-Z]{1,5})) (?P<year>\d{4})",
    re.ASCII,
)
"""java.util.Date prints the name of the server's own zone, or its offset from GMT."""
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _parse(value: object) -> datetime:
    if value.__class__ is not str:
        raise ValueError("a date was expected")
    written = str(value)
    try:
        if _DATE.fullmatch(written):
            return datetime.fromisoformat(written)
        if java := _JAVA.fullmatch(written):
            day = f"{java['year']}-{_MONTHS.index(java['month']) + 1:02}-{java['day']}"
            offset = "" if java["own"] else java["offset"] or "Z"
            return datetime.fromisoformat(f"{day}T{java['clock']}{offset}")
    except ValueError:
        pass
    raise ValueError("a date was expected")


def same_clock(older: datetime, newer: datetime) -> bool:
    """Tell whether two readings show the same wall clock, to the second."""
    return older.replace(tzinfo=None, microsecond=0) == newer.replace(tzinfo=None, microsecond=0)


def instant(older: object, newer: object, zone: tzinfo) -> tuple[datetime, bool]:
    """Read an instant of the server's clock: the newer field's offset, the older one's fraction.

    Returns:
        The instant, aware, and whether the two fields agree; where they do not, the newer one counts.
    """
    if newer is None:
        parsed = _parse(older)
        return _fixed(parsed if parsed.tzinfo else parsed.replace(tzinfo=zone)), True
    iso = _parse(newer)
    iso = _fixed(iso if iso.tzinfo else iso.replace(tzinfo=zone))
    if older is None:
        return iso, True
    legacy = _parse(older)
    if not same_clock(legacy, iso):
        return iso, False
    return iso.replace(microsecond=legacy.microsecond or iso.microsecond), True


def wall_clock(older: object, newer: object) -> tuple[datetime, bool]:
    """Read a till's wall clock, naive.

    Returns:
        The reading, and whether the two fields agree; where they do not, the older one counts.
    """
    if older is None:
        return _parse(newer).replace(tzinfo=None), True
    clock = _parse(older).replace(tzinfo=None)
    return clock, newer is None or same_clock(clock, _parse(newer))


def day(older: object, newer: object) -> tuple[date, bool]:
    """Read a calendar day; a newer field that says more than the day counts as disagreement, so that it survives."""
    written = newer if older is None else older
    if written.__class__ is not str or not _DAY.fullmatch(str(written)[:10]):
        raise ValueError("a day was expected")
    try:
        return date.fromisoformat(str(written)[:10]), newer in (None, str(written)[:10])
    except ValueError:
        raise ValueError("a day was expected") from None


def _fixed(instant: datetime) -> datetime:
    """Give an instant a fixed offset: two instants of one zone would be compared by their wall clocks."""
    offset = instant.utcoffset()
    if not offset:
        return instant.replace(tzinfo=UTC)
    return instant.replace(tzinfo=timezone(offset))
