"""Identifiers as reports show them: enough to recognise one's own, too little to call anybody."""

from __future__ import annotations

from loyalty_async.models.members import Member

__all__ = ["masked", "named"]

_HIDDEN = "•••"
_SHOWN = 4
"""Of the end, as receipts show of a card; of short identifiers a third at most."""


def masked(value: str) -> str:
    """Hide most of an identifier: `•••1004`, `m•••@e•••.com`.

    >>> masked("917406401004"), masked("mia@example.com"), masked("12")
    ('•••1004', 'm•••@e•••.com', '•••')
    """
    name, at, domain = value.partition("@")
    if at and name and domain:
        host, _, ending = domain.rpartition(".")
        return f"{name[0]}{_HIDDEN}@{(host or ending)[0]}{_HIDDEN}{f'.{ending}' if host else ''}"
    shown = min(_SHOWN, len(value) // 3)
    return f"{_HIDDEN}{value[len(value) - shown :]}"


def named(member: Member, *, unmasked: bool = False) -> str:
    """Name a member as the command line does, `mobile=•••1004`; in full only if so asked."""
    value = member.identifier_value
    return f"{member.identifier_name}={value if unmasked else masked(value)}"
