"""`GET /v2/pointsLedger/getCustomerLedgerBalance`: what a member has, at one instant.

Source: Capillary, "Get customer ledger balance".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, tzinfo

import attrs

from loyalty_async.endpoints.arguments import (
    check_alternate_currencies,
    check_instant,
    check_kinds,
    check_member,
    listed,
)
from loyalty_async.endpoints.bookings import booked
from loyalty_async.models.balances import LedgerBalance
from loyalty_async.models.members import Member
from loyalty_async.models.vocabulary import LedgerEntryType, PointCategoryType
from loyalty_async.protocol.requests import Call
from loyalty_async.transport.session import Session
from loyalty_async.wire.converter import Converter
from loyalty_async.wire.documents import decoder_of
from loyalty_async.wire.parameters import Value, member_parameters, server_clock, write_parameters

__all__ = ["BalanceEndpoint"]

_PATH = "/v2/pointsLedger/getCustomerLedgerBalance"


@attrs.frozen(eq=False)
class BalanceEndpoint:
    """Reads balances; reached as `client.balances`."""

    _session: Callable[[], Session] = attrs.field(repr=False)
    _converter: Converter = attrs.field(repr=False)
    _zone: tzinfo

    async def closing(
        self,
        member: Member,
        *,
        at: datetime | None = None,
        till_id: int | None = None,
        ledger_entry_type: LedgerEntryType | str | None = None,
        point_category_type: PointCategoryType | str | None = None,
        include_till_concept_events: bool | None = None,
        include_alternate_currencies: bool | None = None,
        alternate_currency_names: Iterable[str] | None = None,
    ) -> LedgerBalance:
        """Get the closing balance of every account of a member, in one call.

        The paging figures of the answer count entries of the ledger, not balances: all balances are in the one answer,
        and there is nothing to page.

        Args:
            member: Whose balance.
            at: As of when, aware, to the second; None for now. Whether an entry of that very second counts is not
                documented: choose a second without entries.
            till_id: Only entries of this till.
            ledger_entry_type: Only credits, debits or opening balances.
            point_category_type: Only regular, promised or trigger-based points.
            include_till_concept_events: Also deductions made at tills of the program's concept under other programs.
            include_alternate_currencies: Also alternate currencies.
            alternate_currency_names: Only these alternate currencies.

        Returns:
            The balances. With a filter they are those of the last entry that the filter leaves (release notes of
            January to March 2022).

        Raises:
            InvalidArgument: An argument, or a combination that the API forbids; nothing was sent.
            LoyaltyError: The call failed.
        """
        check_member(member)
        check_instant("at", at)
        parameters: Mapping[str, Value] = {
            "end_date": None if at is None else server_clock(at, self._zone),
            "till_id": till_id,
            "ledger_entry_type": ledger_entry_type,
            "point_category_type": point_category_type,
            "include_till_concept_events": include_till_concept_events,
            "include_alternate_currencies": include_alternate_currencies,
            "alternate_currency_names": listed("alternate_currency_names", alternate_currency_names),
        }
        check_kinds(parameters)
        check_alternate_currencies(parameters)
        query = {**member_parameters(member), **write_parameters(parameters)}
        call = Call(
            method="GET", path=_PATH, query=query, member=member, endpoint="balances", decode=decoder_of(LedgerBalance)
        )
        return await self._session().call(
            call, lambda document: self._converter.structure(document, LedgerBalance), settled=booked
        )
