"""What is typed on the command line, to what the client takes. No value is ever part of an error's text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from loyalty_async.errors import InvalidArgument
from loyalty_async.models.members import Customer

__all__ = ["read_member", "read_moment", "read_zone"]

_NAMING: Mapping[str, Callable[..., Customer]] = {
    "id": Customer.by_id,
    "mobile": Customer.by_mobile,
    "email": Customer.by_email,
    "externalId": Customer.by_external_id,
}


def read_member(text: str, *, source: str, account_id: str | None = None) -> Customer:
    """Read `mobile=917…`, `email=…`, `id=…` or `externalId=…`.

    Raises:
        InvalidArgument: It is something else.
    """
    name, _, value = text.partition("=")
    if name not in _NAMING or not value:
        raise InvalidArgument(f"--member must be one of {', '.join(f'{name}=…' for name in _NAMING)}")
    return _NAMING[name](value.strip(), source=source, account_id=account_id)


def read_zone(option: str, name: str) -> tzinfo:
    """Read the name of a time zone, such as `Asia/Kolkata`.

    Raises:
        InvalidArgument: The machine knows no such zone.
    """
    if name.upper() in {"UTC", "Z"}:
        return UTC  # Known even where the machine has no database of zones.
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # A name that is a folder of the database is an OSError.
        raise InvalidArgument(f"{option} must be a zone that this machine knows, such as Asia/Kolkata") from None


def read_moment(option: str, text: str | None, zone: tzinfo) -> datetime | None:
    """Read an ISO date (its midnight) or datetime; one without an offset is in *zone*.

    Raises:
        InvalidArgument: It is no ISO date.
    """
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidArgument(f"{option} must be an ISO date or datetime, such as 2025-01-31T18:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)
