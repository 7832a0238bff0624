"""`GET /v2/pointsLedger/getLedgerExplodeInfo`: events in full; under a data scope, its v2.1 twin.

Source: Capillary, "Get points ledger explode info" and "Connected orgs: get customer ledger explode info".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from typing import TypedDict, Unpack

import attrs

from loyalty_async.endpoints.arguments import check_alternate_currencies, check_kinds, check_member, listed
from loyalty_async.endpoints.bookings import booked
from loyalty_async.errors import InvalidArgument
from loyalty_async.models.events import ExplodedEvents
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.members import Member
from loyalty_async.models.scopes import DataScope
from loyalty_async.models.vocabulary import EntityType, EventName
from loyalty_async.protocol.requests import Call
from loyalty_async.streams.events import UNKNOWN_CODES, EventQuery
from loyalty_async.transport.session import Session
from loyalty_async.wire.converter import Converter
from loyalty_async.wire.documents import decoder_of
from loyalty_async.wire.parameters import Value, member_parameters, write_parameters

__all__ = ["EventEndpoint", "ExplodeOptions"]

_PATH = "/v2/pointsLedger/getLedgerExplodeInfo"
_SCOPED_PATH = "/v2.1/pointsLedger/getLedgerExplodeInfo"
_REFUSED = frozenset({EventName.DELAYED_ACCRUAL})
"""Events that the API does not explode."""
_REFUSED_CODE = 11014
"""What it says instead; of a name that the caller gave it means that there is no such event."""


class ExplodeOptions(TypedDict, total=False):
    """What else to get with events; see `EventEndpoint.explode`."""

    bill_details: bool | None
    points_earned_breakup: bool | None
    custom_fields: bool | None
    extended_fields: bool | None
    max_conversion_details: bool | None
    payment_modes: bool | None
    include_alternate_currencies: bool | None
    alternate_currency_names: Iterable[str] | None
    entity_type: EntityType | str | None
    is_primary_user: bool | None
    data_scope: DataScope | None


@attrs.frozen(eq=False)
class EventEndpoint:
    """Reads events; reached as `client.events`."""

    _session: Callable[[], Session] = attrs.field(repr=False)
    _converter: Converter = attrs.field(repr=False)

    def explode(
        self,
        member: Member,
        *,
        event_ids: Iterable[int] | None = None,
        event_name: EventName | str | None = None,
        reference_ids: Iterable[int | str] | None = None,
        bill_details: bool | None = None,
        points_earned_breakup: bool | None = None,
        custom_fields: bool | None = None,
        extended_fields: bool | None = None,
        max_conversion_details: bool | None = None,
        payment_modes: bool | None = None,
        include_alternate_currencies: bool | None = None,
        alternate_currency_names: Iterable[str] | None = None,
        entity_type: EntityType | str | None = None,
        is_primary_user: bool | None = None,
        data_scope: DataScope | None = None,
    ) -> EventQuery:
        """Ask for events by their ids, or by the bills and requests behind them; any number, ten a call.

        Every event that an id has is given, in the order of the ids. An id that the server does not know stops nothing:
        it is in the stream's `report.unknown`.

        Args:
            member: Whose events.
            event_ids: Event log ids, as in the ledger's entries. Either these, or *event_name* with *reference_ids*.
            event_name: What kind of events the references are of.
            reference_ids: Bill ids, or request ids of behavioural events.
            bill_details: Also the bill, with its lines.
            points_earned_breakup: Also every award behind the points.
            custom_fields: Also the brand's custom fields.
            extended_fields: Also its extended fields.
            max_conversion_details: Also the last day on which promised points convert.
            payment_modes: Also how the bill was paid.
            include_alternate_currencies: Also alternate currencies.
            alternate_currency_names: Only these alternate currencies.
            entity_type: CUSTOMER, or USERGROUP2.
            is_primary_user: Events of a group's primary member.
            data_scope: Which connected organisations to draw on.

        Returns:
            A query; nothing is sent until it is iterated.

        Raises:
            InvalidArgument: An argument, or a combination that the API forbids (errors 11021 and 11023).
        """
        check_member(member)
        by_reference = reference_ids is not None
        if (event_ids is not None) == by_reference or by_reference != (event_name is not None):
            raise InvalidArgument("give either event_ids, or event_name together with reference_ids")
        parameters: Mapping[str, Value] = {
            "event_name": event_name,
            "get_bill_details": bill_details,
            "get_points_earned_breakup": points_earned_breakup,
            "get_custom_fields": custom_fields,
            "get_extended_fields": extended_fields,
            "get_max_conversion_details": max_conversion_details,
            # The documents spell it both ways; a server ignores the one that it does not know.
            "get_payment_mode": payment_modes,
            "get_payment_modes": payment_modes,
            "include_alternate_currencies": include_alternate_currencies,
            "alternate_currency_names": listed("alternate_currency_names", alternate_currency_names),
            "type": entity_type,
            "is_primary_user": is_primary_user,
        }
        check_kinds(parameters)
        check_alternate_currencies(parameters)
        query = {**member_parameters(member), **write_parameters(parameters)}
        ids = listed("reference_ids", reference_ids) if by_reference else _numeric(event_ids or ())
        return EventQuery(
            member=member,
            ids=ids or (),
            fetch=_EventFetcher(self._session, self._converter, member, query, data_scope, by_reference=by_reference),
            identity=attrgetter("event_reference_id" if by_reference else "event_log_id"),
            unknown_codes=UNKNOWN_CODES if by_reference else UNKNOWN_CODES | {_REFUSED_CODE},
        )

    def explode_entries(
        self, member: Member, entries: Iterable[LedgerEntry], **options: Unpack[ExplodeOptions]
    ) -> EventQuery:
        """Ask for the events behind entries of a ledger.

        Kinds that the API refuses (DelayedAccrual) are not asked for; `report.skipped` counts them.

        Args:
            member: Whose entries.
            entries: Entries, such as a walk collected; the ids are kept, not the entries.
            options: As for `explode`.

        Returns:
            A query; nothing is sent until it is iterated.
        """
        skipped: Counter[str] = Counter()
        ids: dict[int, None] = {}
        for entry in entries:
            if entry.event_name in _REFUSED:
                skipped[str(entry.event_name)] += 1
            else:
                ids[entry.event_log_id] = None
        query = self.explode(member, event_ids=ids, **options)
        return attrs.evolve(query, skipped=dict(skipped))


@attrs.frozen(eq=False)
class _EventFetcher:
    """Turns ids into calls."""

    _session: Callable[[], Session]
    _converter: Converter
    _member: Member
    _query: Mapping[str, str]
    _scope: DataScope | None
    _by_reference: bool = attrs.field(kw_only=True)

    async def __call__(self, ids: tuple[int | str, ...]) -> ExplodedEvents:
        name = "event_reference_ids" if self._by_reference else "event_ids"
        call = Call(
            method="GET",
            path=_SCOPED_PATH if self._scope else _PATH,
            query={**self._query, **write_parameters({name: ids})},
            headers=self._scope.headers() if self._scope else {},
            member=self._member,
            endpoint="events",
            decode=decoder_of(ExplodedEvents),
        )
        return await self._session().call(
            call, lambda document: self._converter.structure(document, ExplodedEvents), settled=booked
        )


def _numeric(event_ids: Iterable[int]) -> list[int]:
    ids = list(event_ids)
    if any(isinstance(event_id, bool) or not isinstance(event_id, int) for event_id in ids):
        raise InvalidArgument("event_ids must be integers; for bills and requests give event_name and reference_ids")
    return ids
