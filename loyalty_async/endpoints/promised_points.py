"""`GET /v2/customers/lookup/promisedPointsSchedule`: points that a member will get.

Source: Capillary, "Get points conversion schedule".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime

import attrs

from loyalty_async.endpoints.arguments import check_kinds
from loyalty_async.endpoints.bookings import booked
from loyalty_async.errors import InvalidArgument
from loyalty_async.models.members import Customer
from loyalty_async.models.promised_points import PromisedPointsSchedule
from loyalty_async.models.vocabulary import EntityType
from loyalty_async.protocol.requests import Call
from loyalty_async.transport.session import Session
from loyalty_async.wire.converter import Converter
from loyalty_async.wire.documents import decoder_of
from loyalty_async.wire.parameters import Value, member_parameters, write_parameters

__all__ = ["PromisedPointsEndpoint"]

_LOOKUP_PATH = "/v2/customers/lookup/promisedPointsSchedule"
_ID_PATH = "/v2/customers/{user_id}/promisedPointsSchedule"


@attrs.frozen(eq=False)
class PromisedPointsEndpoint:
    """Reads schedules of promised points; reached as `client.promised_points`."""

    _session: Callable[[], Session] = attrs.field(repr=False)
    _converter: Converter = attrs.field(repr=False)

    async def schedule(
        self,
        member: Customer,
        *,
        program_id: int | None = None,
        all_programs: bool | None = None,
        since: date | None = None,
        until: date | None = None,
        entity_type: EntityType | str | None = None,
        earliest_expiry_only: bool | None = None,
    ) -> PromisedPointsSchedule:
        """Get what is promised to a customer, in one call.

        Args:
            member: Whose points.
            program_id: Only this program; None for the organisation's default program.
            all_programs: Every program, whatever *program_id* says.
            since: The first day, in the organisation's calendar; None for tomorrow.
            until: The last day; None for a hundred years from now.
            entity_type: CUSTOMER, or FLEET.
            earliest_expiry_only: Only what comes first.

        Returns:
            What was promised for a day, and what waits for an event.

        Raises:
            InvalidArgument: An argument; nothing was sent.
            LoyaltyError: The call failed.
        """
        _check(member, since, until)
        parameters: Mapping[str, Value] = {
            "program_id": program_id,
            "fetch_data_for_all_programs": all_programs,
            "start_date": None if since is None else since.isoformat(),
            "end_date": None if until is None else until.isoformat(),
            "entity_type": entity_type,
            "fetch_earliest_expiry_only": earliest_expiry_only,
        }
        check_kinds(parameters)
        call = _call(member, write_parameters(parameters))
        return await self._session().call(
            call, lambda document: self._converter.structure(document, PromisedPointsSchedule), settled=booked
        )


def _call(member: Customer, query: Mapping[str, str]) -> Call:
    """Look the customer up by name and value; the server's own id has a path of its own."""
    identified = member_parameters(member)
    if member.identifier_name != "id":
        return Call(
            method="GET",
            path=_LOOKUP_PATH,
            query={**identified, **query},
            member=member,
            endpoint="promised_points",
            decode=decoder_of(PromisedPointsSchedule),
        )
    identified = {name: value for name, value in identified.items() if not name.startswith("identifier")}
    segments = {"user_id": member.identifier_value}
    return Call(
        method="GET",
        path=_ID_PATH,
        segments=segments,
        query={**identified, **query},
        member=member,
        endpoint="promised_points",
        decode=decoder_of(PromisedPointsSchedule),
    )


def _check(member: object, since: object, until: object) -> None:
    if not isinstance(member, Customer):
        raise InvalidArgument("member must be a Customer: the schedule of a user group is another endpoint")
    for name, day in (("since", since), ("until", until)):
        if day is not None and (not isinstance(day, date) or isinstance(day, datetime)):
            raise InvalidArgument(f"{name} must be a date without a time, such as date(2025, 1, 31)")
    if isinstance(since, date) and isinstance(until, date) and since > until:
        raise InvalidArgument("since must not lie after until")
