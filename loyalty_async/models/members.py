"""Whose ledger: customers and user groups, named by an identifier and the source it is registered in."""

from __future__ import annotations

from typing import Any, Self

import attrs

from loyalty_async.errors import InvalidArgument
from loyalty_async.models.vocabulary import EntityType, Source

__all__ = ["Customer", "Member", "UserGroup"]


def _require_text(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise InvalidArgument(f"{type(instance).__name__}.{attribute.name} must be a non-empty, printable text")


def _as_text(value: int | str) -> str:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise InvalidArgument("an identifier must be a text or an integer")
    return str(value)


@attrs.frozen(kw_only=True)
class _Identified:
    """An identifier as the API takes it; its value never shows in a `repr`."""

    identifier_name: str = attrs.field(validator=_require_text)
    identifier_value: str = attrs.field(repr=False, validator=_require_text)
    source: Source | str = attrs.field(validator=_require_text)
    account_id: str | None = attrs.field(
        default=None,
        repr=False,
        converter=attrs.converters.optional(_as_text),
        validator=attrs.validators.optional(_require_text),
    )


@attrs.frozen(kw_only=True)
class Customer(_Identified):
    """One customer.

    Attributes:
        identifier_name: `id`, `mobile`, `email` or `externalId`.
        identifier_value: The identifier; personal data, kept out of `repr`.
        source: Where the customer is registered.
        account_id: Which account, for sources that have several.

    Source: getCustomerLedgerInfo, "Query parameters (Customer)".
    """

    @classmethod
    def by_id(cls, user_id: int | str, *, source: Source | str, account_id: int | str | None = None) -> Self:
        """Name a customer by the server's own id."""
        return cls(identifier_name="id", identifier_value=_as_text(user_id), source=source, account_id=account_id)

    @classmethod
    def by_mobile(cls, mobile: int | str, *, source: Source | str, account_id: int | str | None = None) -> Self:
        """Name a customer by mobile number, with the country code and without a plus sign."""
        return cls(identifier_name="mobile", identifier_value=_as_text(mobile), source=source, account_id=account_id)

    @classmethod
    def by_email(cls, email: str, *, source: Source | str, account_id: int | str | None = None) -> Self:
        """Name a customer by e-mail address."""
        return cls(identifier_name="email", identifier_value=_as_text(email), source=source, account_id=account_id)

    @classmethod
    def by_external_id(
        cls, external_id: int | str, *, source: Source | str, account_id: int | str | None = None
    ) -> Self:
        """Name a customer by the id that the brand gave; leading zeros count."""
        return cls(
            identifier_name="externalId", identifier_value=_as_text(external_id), source=source, account_id=account_id
        )


@attrs.frozen(kw_only=True)
class UserGroup(_Identified):
    """A group of customers that share a ledger.

    Attributes:
        identifier_name: `id` (the name that every documented sample sends), `groupId`, `externalId` or `primaryUserId`.
        identifier_value: The identifier; kept out of `repr`.
        source: Where the group is registered.
        account_id: Which account, for sources that have several.
        entity_type: USERGROUP2 or FLEET.

    Source: getCustomerLedgerInfo, "Query parameters (User Group)".
    """

    entity_type: EntityType | str = attrs.field(default=EntityType.USERGROUP2, validator=_require_text)

    @classmethod
    def by_id(
        cls,
        group_id: int | str,
        *,
        source: Source | str,
        entity_type: EntityType | str = EntityType.USERGROUP2,
        account_id: int | str | None = None,
        identifier_name: str = "id",
    ) -> Self:
        """Name a group by the server's own id."""
        return cls(
            identifier_name=identifier_name,
            identifier_value=_as_text(group_id),
            source=source,
            account_id=account_id,
            entity_type=entity_type,
        )

    @classmethod
    def by_external_id(
        cls,
        external_id: int | str,
        *,
        source: Source | str,
        entity_type: EntityType | str = EntityType.USERGROUP2,
        account_id: int | str | None = None,
    ) -> Self:
        """Name a group by the id that the brand gave; leading zeros count."""
        return cls.by_id(
            external_id,
            source=source,
            entity_type=entity_type,
            account_id=account_id,
            identifier_name="externalId",
        )

    @classmethod
    def by_primary_user(
        cls,
        user_id: int | str,
        *,
        source: Source | str,
        entity_type: EntityType | str = EntityType.USERGROUP2,
        account_id: int | str | None = None,
    ) -> Self:
        """Name a group by the id of its primary member."""
        return cls.by_id(
            user_id,
            source=source,
            entity_type=entity_type,
            account_id=account_id,
            identifier_name="primaryUserId",
        )


Member = Customer | UserGroup
"""Whoever owns a ledger."""
