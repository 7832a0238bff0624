"""What is typed on the command line, to what the client takes. No value is ever part of an error's text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, tzinfo
from typing import TypeVar
from zoneinfo import ZoneInfo

from loyalty_async.errors import InvalidArgument
from loyalty_async.models.accounts import Profile
from loyalty_async.models.members import Customer, UserGroup
from loyalty_async.models.scopes import DataScope

__all__ = [
    "read_account_currency",
    "read_day",
    "read_group",
    "read_member",
    "read_moment",
    "read_profile",
    "read_scope",
    "read_zone",
]

Made = TypeVar("Made")

_NAMING: Mapping[str, Callable[..., Customer]] = {
    "id": Customer.by_id,
    "mobile": Customer.by_mobile,
    "email": Customer.by_email,
    "externalId": Customer.by_external_id,
}
_GROUP_NAMING: Mapping[str, Callable[..., UserGroup]] = {
    "id": UserGroup.by_id,
    "externalId": UserGroup.by_external_id,
    "primaryUserId": UserGroup.by_primary_user,
}
_PROFILE_NAMING: Mapping[str, Callable[[str], Profile]] = {
    "email": Profile.by_email,
    "phone": Profile.by_phone,
    "profile_id": Profile.by_profile_id,
}
_SCOPE = re.compile(r"SELF|(?P<scope>OTHER|ALL):(?P<ids>\d{1,18}(,\d{1,18})?)", re.ASCII)
_NUMBER = re.compile(r"\d{1,18}", re.ASCII)


def read_member(text: str, *, source: str, account_id: str | None = None) -> Customer:
    """Read `mobile=917…`, `email=…`, `id=…` or `externalId=…`.

    Raises:
        InvalidArgument: It is something else.
    """
    make, value = _named("--member", text, _NAMING)
    return make(value, source=source, account_id=account_id)


def read_group(text: str, *, source: str, entity_type: str) -> UserGroup:
    """Read `id=…`, `externalId=…` or `primaryUserId=…`.

    Raises:
        InvalidArgument: It is something else.
    """
    make, value = _named("--group", text, _GROUP_NAMING)
    return make(value, source=source, entity_type=entity_type)


def read_profile(text: str) -> Profile:
    """Read `email=…`, `phone=…`, `profile_id=…`, or `custom:FIELD=…` for a field of the organisation's own.

    Raises:
        InvalidArgument: It is something else.
    """
    name, _, value = text.partition("=")
    kind, _, field = name.partition(":")
    if kind == "custom" and field and value:
        return Profile.by_custom_field(field, value)
    make, value = _named("--by", text, _PROFILE_NAMING, "custom:FIELD=…")
    return make(value)


def read_account_currency(text: str | None) -> int | str | None:
    """Read a currency: `iid=` and its internal id, `eid=` and its external one, or only an external id.

    Raises:
        InvalidArgument: An internal id that is no number, or an empty id.
    """
    if text is None:
        return None
    if _NUMBER.fullmatch(text.removeprefix("iid=")) and text.startswith("iid="):
        return int(text.removeprefix("iid="))
    external = text.removeprefix("eid=")
    if not external.strip() or text.startswith("iid="):
        raise InvalidArgument("--currency must be an external id, eid=…, or iid=… with a number")
    return external


def read_scope(text: str | None) -> DataScope | None:
    """Read `SELF`, `OTHER:1,2` or `ALL:1,2`, with the ids of one or two connected organisations.

    Raises:
        InvalidArgument: It is something else.
    """
    if text is None:
        return None
    found = _SCOPE.fullmatch(text)
    if found is None:
        raise InvalidArgument("--data-scope must be SELF, OTHER:1,2 or ALL:1,2 with one or two organisations' ids")
    return DataScope(found["scope"], map(int, found["ids"].split(","))) if found["scope"] else DataScope()


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


def read_day(option: str, text: str | None) -> date | None:
    """Read an ISO date without a time.

    Raises:
        InvalidArgument: It is none.
    """
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidArgument(f"{option} must be an ISO date without a time, such as 2025-01-31") from None


def _named(
    option: str, text: str, naming: Mapping[str, Callable[..., Made]], *others: str
) -> tuple[Callable[..., Made], str]:
    """Cut `name=value`, and find what is made of such a value."""
    name, _, value = text.partition("=")
    if name not in naming or not value.strip():
        ways = [*(f"{name}=…" for name in naming), *others]
        raise InvalidArgument(f"{option} must be one of {', '.join(ways)}")
    return naming[name], value.strip()
