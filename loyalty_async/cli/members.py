"""Whose ledger: the options that name a customer or a user group."""

from __future__ import annotations

from typing import Annotated

import attrs
from cyclopts import Group, Parameter

from loyalty_async.cli.arguments import read_group, read_member
from loyalty_async.cli.settings import Settings
from loyalty_async.errors import InvalidArgument
from loyalty_async.models.members import Customer, Member, UserGroup
from loyalty_async.models.vocabulary import EntityType, Source

__all__ = ["ScopeOption", "Whose"]

_GROUP = Group("Member", sort_key=1)

ScopeOption = Annotated[
    str | None,
    Parameter(group=_GROUP, help="Which connected organisations to draw on: SELF, OTHER:1,2 or ALL:1,2."),
]


@Parameter(name="*", group=_GROUP)
@attrs.frozen(kw_only=True)
class Whose:
    """Either a customer or a user group."""

    member: Annotated[str | None, Parameter(help="A customer: mobile=917…, email=…, id=… or externalId=….")] = (
        attrs.field(default=None, repr=False)
    )
    group: Annotated[
        str | None, Parameter(help="Or a user group: id=…, externalId=… or primaryUserId=… of its first member.")
    ] = attrs.field(default=None, repr=False)
    entity_type: Annotated[
        str | None, Parameter(help="What the group is: USERGROUP2 (unless told) or FLEET.", show_default=False)
    ] = None
    source: Annotated[
        str | None, Parameter(help="Where the member is registered; INSTORE unless told. [LOYALTY_SOURCE]")
    ] = None
    account_id: Annotated[str | None, Parameter(help="Which account of the source, if it has several.")] = attrs.field(
        default=None, repr=False
    )

    def read(self, settings: Settings) -> Member:
        """Give the customer or the group.

        Raises:
            InvalidArgument: There is neither, or both, or it is not named as it should be.
        """
        self._check()
        setting = settings.find("source", self.source)
        source = setting.value if setting else Source.INSTORE
        if self.group is None:
            return read_member(self.member or "", source=source, account_id=self.account_id)
        entity_type = EntityType.USERGROUP2 if self.entity_type is None else self.entity_type
        return attrs.evolve(read_group(self.group, source=source, entity_type=entity_type), account_id=self.account_id)

    def read_scheduled(self, settings: Settings) -> tuple[Customer, str | None]:
        """Give a customer, or a fleet in a customer's clothes, and the entity type, for the schedule of promises.

        Its endpoint takes no group but a fleet, and names that as it names customers (facts of seed 003, error 1632).

        Raises:
            InvalidArgument: As `read`, or a group of another type.
        """
        member = self.read(settings)
        if isinstance(member, Customer):
            return member, None
        if member.entity_type != EntityType.FLEET:
            raise InvalidArgument("for groups, the schedule of promised points needs --entity-type FLEET")
        return _named_as_customer(member), EntityType.FLEET

    def _check(self) -> None:
        if self.member is None and self.group is None:
            raise InvalidArgument("give --member or --group")
        if self.member is not None and self.group is not None:
            raise InvalidArgument("give --member or --group, not both")
        if self.group is None and self.entity_type is not None:
            raise InvalidArgument("--entity-type goes with --group")


def _named_as_customer(group: UserGroup) -> Customer:
    # A customer's `id` would go into a path, where only a user id is looked for.
    name = "groupId" if group.identifier_name == "id" else group.identifier_name
    return Customer(
        identifier_name=name,
        identifier_value=group.identifier_value,
        source=group.source,
        account_id=group.account_id,
    )
