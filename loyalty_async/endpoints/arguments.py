"""What several endpoints ask of their arguments, checked before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime

from loyalty_async.errors import InvalidArgument
from loyalty_async.models.members import Customer, UserGroup
from loyalty_async.wire.parameters import Value

__all__ = ["check_alternate_currencies", "check_instant", "check_kinds", "check_member", "check_tills", "listed"]

_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
_INTEGERS = frozenset({"program_id", "store_id", "till_id"})
_FLAGS = ("exclude_", "fetch_", "get_", "include_", "is_")
"""What the names of parameters begin with that are true or false."""
_ONE_OF_TILLS = ("till_id", "till_ids", "store_id", "store_code")


def check_member(member: object) -> None:
    """Require a member."""
    if not isinstance(member, Customer | UserGroup):
        raise InvalidArgument("member must be a Customer or a UserGroup, such as Customer.by_id(…, source=…)")


def check_instant(name: str, moment: object) -> None:
    """Require an aware datetime of a year that calendars can compute with, or None."""
    if moment is None:
        return
    if not isinstance(moment, datetime) or moment.utcoffset() is None:
        raise InvalidArgument(f"{name} must be an aware datetime, such as datetime(2025, 1, 1, tzinfo=UTC)")
    if not _FIRST <= moment <= _LAST:
        raise InvalidArgument(f"{name} must lie between the years {_FIRST.year} and {_LAST.year}")


def check_kinds(parameters: Mapping[str, Value]) -> None:
    """Require flags to be True or False, ids to be integers, and every other single value a text."""
    for name, value in parameters.items():
        if value is None or isinstance(value, list):
            continue
        if name.startswith(_FLAGS):
            if not isinstance(value, bool):
                raise InvalidArgument(f"{name} must be True, False or None")
        elif name in _INTEGERS:
            if isinstance(value, bool) or not isinstance(value, int):
                raise InvalidArgument(f"{name} must be an integer")
        elif not isinstance(value, str) or not value.strip():
            raise InvalidArgument(f"{name} must be a non-empty text")


def check_tills(filters: Mapping[str, Value]) -> None:
    """Refuse two ways to name tills (error 11028)."""
    given = [name for name in _ONE_OF_TILLS if filters[name] is not None]
    if len(given) > 1:
        raise InvalidArgument(f"give only one of {' and '.join(given)}")


def check_alternate_currencies(filters: Mapping[str, Value]) -> None:
    """Refuse currencies by name together with all currencies."""
    if filters["include_alternate_currencies"] and filters["alternate_currency_names"] is not None:
        raise InvalidArgument("give alternate_currency_names or include_alternate_currencies, not both")


def listed(name: str, values: object) -> list[int | str] | None:
    """Turn several values into a list that can be sent separated by commas; a single text is a list of one.

    A set has another order in each process: it is sorted, so that the same question is asked in the same words.
    """
    if values is None:
        return None
    if not isinstance(values, Iterable):
        raise InvalidArgument(f"{name} must be a list")
    several = [values] if isinstance(values, str) else list(values)
    if isinstance(values, AbstractSet):
        several.sort(key=str)
    if not several or any(isinstance(value, bool) or not isinstance(value, int | str) for value in several):
        raise InvalidArgument(f"{name} must hold at least one integer or text, and nothing else")
    if any(not str(value).strip() or "," in str(value) for value in several):
        raise InvalidArgument(f"{name} must not hold an empty value or a comma")
    return several
