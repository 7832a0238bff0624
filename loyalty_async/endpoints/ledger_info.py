"""`GET /v2/pointsLedger/getCustomerLedgerInfo`: the entries of a ledger.

Source: Capillary, "Get customer ledger information".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo

import attrs

from loyalty_async.errors import InvalidArgument
from loyalty_async.models.members import Customer, Member, UserGroup
from loyalty_async.models.pages import LedgerPage
from loyalty_async.models.vocabulary import LedgerEntryType, PointCategoryType
from loyalty_async.planning.jobs import PageRequest, Terms
from loyalty_async.protocol.codes import PENDING_CODES
from loyalty_async.protocol.requests import Call
from loyalty_async.streams.queries import EntryQuery
from loyalty_async.transport.session import Session
from loyalty_async.wire.converter import Converter
from loyalty_async.wire.parameters import Value, member_parameters, server_clock, write_parameters

__all__ = ["LedgerEndpoint"]

_PATH = "/v2/pointsLedger/getCustomerLedgerInfo"
_LARGEST_PAGE = 100
"""Error 11029."""
_FIRST_DATE = datetime(1970, 1, 1, tzinfo=UTC)


@attrs.frozen(eq=False)
class LedgerEndpoint:
    """Reads ledgers; reached as `client.ledger`."""

    _session: Callable[[], Session] = attrs.field(repr=False)
    _converter: Converter = attrs.field(repr=False)
    _zone: tzinfo
    _clock: Callable[[], datetime] = attrs.field(repr=False)

    def entries(
        self,
        member: Member,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        till_id: int | None = None,
        till_ids: Iterable[int] | None = None,
        store_id: int | None = None,
        store_code: str | None = None,
        program_id: int | None = None,
        ledger_entry_type: LedgerEntryType | str | None = None,
        point_category_type: PointCategoryType | str | None = None,
        include_till_concept_events: bool | None = None,
        include_alternate_currencies: bool | None = None,
        alternate_currency_names: Iterable[str] | None = None,
        exclude_point_categories: bool | None = None,
        page_size: int = _LARGEST_PAGE,
        pages_per_part: int = 10,
        settle: timedelta = timedelta(hours=1),
    ) -> EntryQuery:
        """Ask for the entries of a ledger in `[since, until)`, whatever the length of the span.

        Args:
            member: Whose ledger.
            since: Where the span begins, aware; None for the beginning of the ledger.
            until: Where it ends, aware; None, and every later moment, mean the moment when the iteration starts.
            till_id: Only entries of this till.
            till_ids: Only entries of these tills.
            store_id: Only entries of this store.
            store_code: Only entries of this store.
            program_id: Only entries of this program.
            ledger_entry_type: Only credits, debits or opening balances.
            point_category_type: Only regular, promised or trigger-based points.
            include_till_concept_events: Also deductions made at tills of the program's concept under other programs;
                needs *program_id*.
            include_alternate_currencies: Also entries in alternate currencies.
            alternate_currency_names: Only entries in these alternate currencies.
            exclude_point_categories: Only entries in alternate currencies; needs *include_alternate_currencies*.
            page_size: How many entries to ask for in a page, 1 to 100. The server may give fewer.
            pages_per_part: How many pages may be walked by offset, and held in memory, before a span is split in time.
            settle: How long after its end a span may still change: the server dates an entry when it books it, so
                an hour covers clocks that differ and bookings under way.

        Returns:
            A query; nothing is sent until it is iterated. A walk that cannot be proved complete ends in
            `IncompleteLedgerError`.

        Raises:
            InvalidArgument: An argument, or a combination that the API forbids.
        """
        _check_member(member)
        _check_span(since, until)
        _check_reading(page_size, pages_per_part, settle)
        filters: Mapping[str, Value] = {
            "till_id": till_id,
            "till_ids": _listed("till_ids", till_ids),
            "store_id": store_id,
            "store_code": store_code,
            "program_id": program_id,
            "ledger_entry_type": ledger_entry_type,
            "point_category_type": point_category_type,
            "include_till_concept_events": include_till_concept_events,
            "include_alternate_currencies": include_alternate_currencies,
            "alternate_currency_names": _listed("alternate_currency_names", alternate_currency_names),
            "exclude_point_categories": exclude_point_categories,
        }
        _check_filters(filters)

        def terms(now: datetime) -> Terms:
            return Terms(
                settled_before=now - settle, zone=self._zone, page_size=page_size, pages_per_part=pages_per_part
            )

        return EntryQuery(
            member=member,
            since=since,
            until=until,
            fetch=_PageFetcher(self._session, self._converter, self._zone, member, write_parameters(filters)),
            terms=terms,
            clock=self._clock,
        )


@attrs.frozen(eq=False)
class _PageFetcher:
    """Turns page requests into calls."""

    _session: Callable[[], Session]
    _converter: Converter
    _zone: tzinfo
    _member: Member
    _filters: Mapping[str, str]

    async def __call__(self, request: PageRequest, page_size: int) -> LedgerPage:
        parameters: dict[str, Value] = {"offset": request.number, "limit": page_size}
        if request.asked is not None:
            parameters["start_date"] = server_clock(request.asked.since, self._zone)
            parameters["end_date"] = server_clock(request.asked.until, self._zone)
        query = {**member_parameters(self._member), **self._filters, **write_parameters(parameters)}
        call = Call(method="GET", path=_PATH, query=query, member=self._member)
        return await self._session().call(call, self._build, settled=_booked)

    def _build(self, document: object) -> LedgerPage:
        return self._converter.structure(document, LedgerPage)


def _booked(page: LedgerPage) -> bool:
    """Tell whether the server has no warning that events are pending."""
    return not any(warning.code in PENDING_CODES for warning in page.warnings)


def _check_member(member: object) -> None:
    if not isinstance(member, Customer | UserGroup):
        raise InvalidArgument("member must be a Customer or a UserGroup, such as Customer.by_id(…, source=…)")


def _check_span(since: object, until: object) -> None:
    for name, moment in (("since", since), ("until", until)):
        if moment is None:
            continue
        if not isinstance(moment, datetime) or moment.utcoffset() is None:
            raise InvalidArgument(f"{name} must be an aware datetime, such as datetime(2025, 1, 1, tzinfo=UTC)")
        if not _FIRST_DATE <= moment <= datetime(9000, 1, 1, tzinfo=UTC):
            raise InvalidArgument(f"{name} must lie between the years 1970 and 9000")
    if isinstance(since, datetime) and isinstance(until, datetime) and since >= until:
        raise InvalidArgument("since must lie before until")


def _check_reading(page_size: object, pages_per_part: object, settle: object) -> None:
    if isinstance(page_size, bool) or not isinstance(page_size, int) or not 1 <= page_size <= _LARGEST_PAGE:
        raise InvalidArgument(f"page_size must be an integer from 1 to {_LARGEST_PAGE}")
    if isinstance(pages_per_part, bool) or not isinstance(pages_per_part, int) or pages_per_part < 1:
        raise InvalidArgument("pages_per_part must be an integer of at least 1")
    if not isinstance(settle, timedelta) or settle < timedelta(0):
        raise InvalidArgument("settle must be a timedelta of at least zero")


def _check_filters(filters: Mapping[str, Value]) -> None:
    tills = [name for name in ("till_id", "till_ids", "store_id", "store_code") if filters[name] is not None]
    if len(tills) > 1:
        raise InvalidArgument(f"give only one of {' and '.join(tills)}")
    if filters["include_till_concept_events"] and filters["program_id"] is None:
        raise InvalidArgument("include_till_concept_events needs program_id")
    if filters["include_alternate_currencies"] and filters["alternate_currency_names"] is not None:
        raise InvalidArgument("give alternate_currency_names or include_alternate_currencies, not both")
    if filters["exclude_point_categories"] and not filters["include_alternate_currencies"]:
        raise InvalidArgument("exclude_point_categories needs include_alternate_currencies=True")


def _listed(name: str, values: Iterable[int | str] | None) -> list[int | str] | None:
    if values is None:
        return None
    listed: list[int | str] = [values] if isinstance(values, str) else list(values)
    if not listed or any(not str(value).strip() or "," in str(value) for value in listed):
        raise InvalidArgument(f"{name} must hold at least one value, and no value may be empty or hold a comma")
    return listed
