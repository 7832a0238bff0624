"""The API's three date formats, and the field that comes twice.

A date is printed as `2024-05-04 07:16:34.0` (the server's wall clock, "will be deprecated"), beside it in newer answers
as `2024-05-04T07:16:34Z`, and in one sample as `Fri Aug 30 11:17:57 GMT 2024`.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Any

__all__ = ["day", "instant", "same_clock", "wall_clock"]

_MARKS = {"-- ::", "--T::"}
"""What stands between the digits; where it stands in its places `fromisoformat` takes nothing but digits between it."""
_BEHIND_SECONDS = re.compile(r"(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)?", re.ASCII)
_USUALLY_BEHIND_SECONDS = {"", ".0", "Z"}
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_JAVA = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?P<month>[A-Z][a-z]{2}) (?P<day>\d\d) (?P<clock>\d\d:\d\d:\d\d) "
    r"(?:(?:GMT|UTC)(?P<offset>[+-]\d\d:\d\d)?|(?P<own>[A-Z]{1,5})) (?P<year>\d{4})",
    re.ASCII,
)
"""java.util.Date prints the name of the server's own zone, or its offset from GMT."""
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _parse(value: Any) -> datetime:
    if type(value) is not str:
        raise ValueError("a date was expected")
    try:
        if value[4:17:3] in _MARKS:
            behind = value[19:]
            if behind in _USUALLY_BEHIND_SECONDS or _BEHIND_SECONDS.fullmatch(behind):
                return datetime.fromisoformat(value)
        elif java := _JAVA.fullmatch(value):
            day = f"{java['year']}-{_MONTHS.index(java['month']) + 1:02}-{java['day']}"
            offset = "" if java["own"] else java["offset"] or "Z"
            return datetime.fromisoformat(f"{day}T{java['clock']}{offset}")
    except ValueError:
        pass
    raise ValueError("a date was expected")


def same_clock(older: datetime, newer: datetime) -> bool:
    """Tell whether two readings show the same wall clock, to the second."""
    first, second = _in(None, older), _in(None, newer)
    return first == second or first.replace(microsecond=0) == second.replace(microsecond=0)


def instant(older: object, newer: object, zone: tzinfo) -> tuple[datetime, bool]:
    """Read an instant of the server's clock: the newer field's offset, the older one's fraction.

    Returns:
        The instant, aware, and whether the two fields agree; where they do not, the newer one counts.
    """
    if newer is None:
        return _fixed(_parse(older), zone), True
    iso = _fixed(_parse(newer), zone)
    if older is None or older == _as_older(newer):
        return iso, True
    legacy = _parse(older)
    if not same_clock(legacy, iso):
        return iso, False
    return iso.replace(microsecond=legacy.microsecond) if legacy.microsecond else iso, True


def wall_clock(older: object, newer: object) -> tuple[datetime, bool]:
    """Read a till's wall clock, naive.

    Returns:
        The reading, and whether the two fields agree; where they do not, the older one counts.
    """
    if older is None:
        return _in(None, _parse(newer)), True
    clock = _in(None, _parse(older))
    return clock, newer is None or newer == _as_newer(older) or same_clock(clock, _parse(newer))


def _as_older(newer: Any) -> str:
    """Write the older half as it usually is beside this newer one, which is a date; then it need not be read."""
    return f"{newer[:10]} {newer[11:19]}.0"


def _as_newer(older: Any) -> str:
    """Write the newer half as it usually is beside this older one, which is a date."""
    return f"{older[:10]}T{older[11:19]}Z"


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
    aware = moment if moment.tzinfo else _in(zone, moment)
    return aware if aware.tzinfo is UTC else _in(_offset(aware.utcoffset()), aware)


def _in(zone: tzinfo | None, moment: datetime) -> datetime:
    """Put the wall clock of a moment into another zone; `replace` does the same, in five times the time."""
    return moment if moment.tzinfo is zone else datetime.combine(moment, moment.time(), zone)


@lru_cache(maxsize=64)
def _offset(difference: timedelta | None) -> timezone:
    """Give the same object for the same offset: two instants that share it are compared without asking it."""
    return timezone(difference) if difference else UTC
