"""Query parameters as the API wants them written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo

from loyalty_async.models.members import Member, UserGroup
from loyalty_async.wire.names import wire_name

__all__ = ["member_parameters", "server_clock", "write_parameters"]

Value = bool | int | str | Iterable[int | str] | None


def write_parameters(parameters: Mapping[str, Value]) -> dict[str, str]:
    """Write parameters by their Python names; what is None is left out."""
    return {wire_name(name): _write(value) for name, value in parameters.items() if value is not None}


def member_parameters(member: Member) -> dict[str, str]:
    """Write who is asked for."""
    return write_parameters(
        {
            "type": member.entity_type if isinstance(member, UserGroup) else None,
            "identifier_name": member.identifier_name,
            "identifier_value": member.identifier_value,
            "source": member.source,
            "account_id": member.account_id,
        }
    )


def server_clock(moment: datetime, zone: tzinfo) -> str:
    """Write an instant as the server's clock shows it: `YYYY-MM-DDThh:mm:ss`, without an offset (error 11011)."""
    return moment.astimezone(zone).replace(tzinfo=None).isoformat(timespec="seconds")


def _write(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Iterable):
        return ",".join(map(str, value))
    return str(value)
