"""What to ask for: the options that leave entries and accounts out, and those that add some."""

from __future__ import annotations

from typing import Annotated

import attrs
from cyclopts import Group, Parameter

from loyalty_async.errors import InvalidArgument

__all__ = ["BalanceFilters", "Currencies", "Filters"]


@attrs.frozen(kw_only=True)
class Currencies:
    """Which alternate currencies to ask for; None leaves it to the server."""

    include_alternate_currencies: Annotated[
        bool | None, Parameter(name="--with-currencies", help="Also alternate currencies.", negative="")
    ] = None
    alternate_currency_names: Annotated[
        list[str] | None,
        Parameter(name="--currency", help="Only this alternate currency; may be given several times.", negative=""),
    ] = None

    def check(self) -> None:
        """Refuse in the words of the command line what the client would refuse in its own.

        Raises:
            InvalidArgument: Options that do not go together.
        """
        if self.alternate_currency_names and self.include_alternate_currencies:
            raise InvalidArgument("give --currency or --with-currencies, not both")


@attrs.frozen(kw_only=True)
class _AccountFilters(Currencies):
    """Which accounts, and which entries in them."""

    ledger_entry_type: Annotated[str | None, Parameter(help="Only CREDIT, DEBIT or OPENING_BALANCE.")] = None
    point_category_type: Annotated[str | None, Parameter(help="Only REGULAR, PROMISED or TRIGGER_BASED points.")] = None
    include_till_concept_events: Annotated[
        bool | None,
        Parameter(
            name="--with-concept-events",
            help="Also deductions under other programs at tills of the program's concept.",
            negative="",
        ),
    ] = None


@Parameter(name="*", group=Group("Filters", sort_key=2))
@attrs.frozen(kw_only=True)
class BalanceFilters(_AccountFilters):
    """Which balances to ask for; None leaves it to the server."""

    till_id: Annotated[int | None, Parameter(help="Only this till.")] = None

    @property
    def are_there(self) -> bool:
        """Whether entries are left out, so that the balance is another one."""
        return any(one is not None for one in (self.ledger_entry_type, self.point_category_type, self.till_id))


@Parameter(name="*", group=Group("Filters", sort_key=2))
@attrs.frozen(kw_only=True)
class Filters(_AccountFilters):
    """Which entries to ask for; None leaves it to the server."""

    program_id: Annotated[int | None, Parameter(help="Only this program; --with-concept-events needs it.")] = None
    till_ids: Annotated[
        list[int] | None, Parameter(name="--till-id", help="Only this till; may be given several times.", negative="")
    ] = None
    store_id: Annotated[int | None, Parameter(help="Only this store.")] = None
    store_code: Annotated[str | None, Parameter(help="Only this store, by its code.")] = None
    exclude_point_categories: Annotated[
        bool | None,
        Parameter(name="--without-points", help="No points; needs --with-currencies.", negative=""),
    ] = None
    include_concept_details: Annotated[
        bool | None, Parameter(name="--with-concepts", help="Also the concept of each entry.", negative="")
    ] = None

    def check(self) -> None:
        """Refuse in the words of the command line what the client would refuse in its own.

        Raises:
            InvalidArgument: Options that do not go together.
        """
        super().check()
        if self.include_till_concept_events and self.program_id is None:
            raise InvalidArgument("--with-concept-events needs --program-id")
        if self.exclude_point_categories and not self.include_alternate_currencies:
            raise InvalidArgument("--without-points needs --with-currencies")
        places = {"--till-id": self.till_ids, "--store-id": self.store_id, "--store-code": self.store_code}
        if sum(place is not None for place in places.values()) > 1:
            raise InvalidArgument(f"give only one of {', '.join(places)}")
