"""An account at Altcraft, and how its member is named.

Source: Altcraft, "Get points account balance".
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Self

import attrs

from loyalty_async.errors import InvalidArgument
from loyalty_async.models.fields import mapping

__all__ = ["AccountBalance", "Profile"]


def _require_value(instance: object, _: attrs.Attribute[Any], value: object) -> None:
    text = "" if isinstance(value, bool) or not isinstance(value, int | str) else str(value)
    if not text.strip() or not text.isprintable():
        raise InvalidArgument(
            f"what finds a {type(instance).__name__} must be a non-empty, printable text or an integer"
        )


@attrs.frozen(kw_only=True)
class Profile:
    """A member, found by one property; its value never shows in a `repr`.

    Attributes:
        matching: `email`, `phone`, `profile_id` or `custom`.
        value: The property's value; an integer is allowed for a custom field.
        field_name: Name of the custom field.
    """

    matching: str
    value: int | str = attrs.field(repr=False, validator=_require_value)
    field_name: str | None = None

    def __attrs_post_init__(self) -> None:
        if (self.matching == "custom") != bool(self.field_name):
            raise InvalidArgument("a field name belongs to Profile.by_custom_field, and to nothing else")

    @classmethod
    def by_email(cls, email: str) -> Self:
        """Find a member by e-mail address."""
        return cls(matching="email", value=email)

    @classmethod
    def by_phone(cls, phone: str) -> Self:
        """Find a member by phone number in international format, such as `+1234567890`."""
        return cls(matching="phone", value=phone)

    @classmethod
    def by_profile_id(cls, profile_id: str) -> Self:
        """Find a member by profile id."""
        return cls(matching="profile_id", value=profile_id)

    @classmethod
    def by_custom_field(cls, field_name: str, value: int | str) -> Self:
        """Find a member by a field of the organisation's own."""
        return cls(matching="custom", value=value, field_name=field_name)


@attrs.frozen(kw_only=True)
class AccountBalance:
    """What is in a points account.

    Attributes:
        total_balance: All points, exactly as sent.
        active_balance: Those that can be spent.
        extra: What else the server sent.
    """

    total_balance: Decimal
    active_balance: Decimal
    extra: Mapping[str, Any] = mapping()
