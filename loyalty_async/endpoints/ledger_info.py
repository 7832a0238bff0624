"""`GET /v2/pointsLedger/getCustomerLedgerInfo`: the entries of a ledger; under a data scope, its v2.1 twin.

Source: Capillary, "Get ledger information" and "Connected orgs: get customer ledger info".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal

import attrs

from loyalty_async.endpoints.arguments import (
    check_alternate_currencies,
    check_instant,
    check_kinds,
    check_member,
    check_tills,
    listed,
)
from loyalty_async.endpoints.bookings import booked
from loyalty_async.errors import InvalidArgument
from loyalty_async.models.members import Member
from loyalty_async.models.pages import LedgerPage, RawPage
from loyalty_async.models.scopes import DataScope
from loyalty_async.models.vocabulary import LedgerEntryType, PointCategoryType
from loyalty_async.planning.jobs import PageRequest, Terms
from loyalty_async.planning.windows import BEGINNING
from loyalty_async.protocol.efforts import Effort
from loyalty_async.protocol.requests import Call
from loyalty_async.streams.queries import EntryQuery
from loyalty_async.transport.session import Session
from loyalty_async.wire.converter import Converter
from loyalty_async.wire.documents import decoder_of, raw_decoder_of
from loyalty_async.wire.parameters import Value, member_parameters, server_clock, write_parameters

__all__ = ["LedgerEndpoint"]

_PATH = "/v2/pointsLedger/getCustomerLedgerInfo"
_SCOPED_PATH = "/v2.1/pointsLedger/getCustomerLedgerInfo"
_LARGEST_PAGE = 100
"""Error 11029."""


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
        include_concept_details: bool | None = None,
        data_scope: DataScope | None = None,
        raw: bool = False,
        order: Literal["asc", "desc"] = "asc",
        max_items: int | None = None,
        resume: str | None = None,
        page_size: int = _LARGEST_PAGE,
        pages_per_part: int = 10,
        proof: Literal["settled", "atomic"] = "settled",
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
            exclude_point_categories: Only entries in alternate currencies; needs *include_alternate_currencies*;
                *point_category_type* is ignored then.
            include_concept_details: Also each entry's concept.
            data_scope: Which connected organisations to draw on.
            raw: Give each entry as a `RawEntry`, which has the server's own JSON beside it.
            order: `asc` for the oldest first, `desc` for the newest.
            max_items: How many entries to give at most; None for all. No more is asked for than that takes: the latest
                twenty of a ledger of up to a hundred entries cost one request, of a longer one two, and one more for
                every 88 days that they reach back.
            resume: The `resume` of an error, a stream or a list, to go on behind the last entry that it gave. The
                member, *since*, *until*, *order*, the filters and the data scope must be the same; the member cannot be
                checked, for the token holds nothing of it.
            page_size: How many entries to ask for in a page, 1 to 100. The server may give fewer.
            pages_per_part: How many pages may be walked by offset, and held in memory, before a span is split in time.
            proof: `settled` trusts that a span which ended *settle* ago does not change any more, and pages through it.
                `atomic` does not: each span must come in one answer, or, where a second holds more than a page, twice
                alike; mostly about two requests for each page. Without *since* a longer ledger is also counted by date
                in the end: about four requests for each 88 days.
            settle: How long after its end a span may still change: the server dates an entry when it books it, so
                an hour covers clocks that differ and bookings under way.

        Returns:
            A query; nothing is sent until it is iterated. A walk that cannot be proved complete ends in
            `IncompleteLedgerError`.

        Raises:
            InvalidArgument: An argument, or a combination that the API forbids.
        """
        check_member(member)
        _check_span(since, until)
        _check_reading(page_size, pages_per_part, settle)
        _check_choice("order", order, ("asc", "desc"))
        _check_choice("proof", proof, ("settled", "atomic"))
        if max_items is not None:
            _check_count("max_items", max_items)
        filters: Mapping[str, Value] = {
            "till_id": till_id,
            "till_ids": listed("till_ids", till_ids),
            "store_id": store_id,
            "store_code": store_code,
            "program_id": program_id,
            "ledger_entry_type": ledger_entry_type,
            "point_category_type": point_category_type,
            "include_till_concept_events": include_till_concept_events,
            "include_alternate_currencies": include_alternate_currencies,
            "alternate_currency_names": listed("alternate_currency_names", alternate_currency_names),
            "exclude_point_categories": exclude_point_categories,
            "include_concept_details": include_concept_details,
        }
        _check_filters(filters)

        parameters = write_parameters(filters)

        def terms(now: datetime) -> Terms:
            return Terms(
                settled_before=now - settle if proof == "settled" else BEGINNING,
                zone=self._zone,
                page_size=page_size,
                pages_per_part=pages_per_part,
                descending=order == "desc",
                enough=max_items,
                exact=proof == "atomic",
            )

        return EntryQuery(
            member=member,
            since=since,
            until=until,
            order=order,
            max_items=max_items,
            resume=resume,
            question=[_utc(since), _utc(until), order, parameters, data_scope and data_scope.headers()],
            fetch=_PageFetcher(self._session, self._converter, self._zone, member, parameters, data_scope, raw),
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
    _scope: DataScope | None
    _raw: bool = False

    async def __call__(self, request: PageRequest, page_size: int, effort: Effort) -> LedgerPage:
        parameters: dict[str, Value] = {"offset": request.number, "limit": page_size}
        if request.asked is not None:
            parameters["start_date"] = server_clock(request.asked.since, self._zone)
            parameters["end_date"] = server_clock(request.asked.until, self._zone)
        query = {**member_parameters(self._member), **self._filters, **write_parameters(parameters)}
        path = _SCOPED_PATH if self._scope else _PATH
        headers = self._scope.headers() if self._scope else {}
        call = Call(
            method="GET",
            path=path,
            query=query,
            headers=headers,
            member=self._member,
            endpoint="ledger",
            decode=raw_decoder_of(RawPage, "entries") if self._raw else decoder_of(LedgerPage),
        )
        return await self._session().call(call, self._build, settled=booked, effort=effort)

    def _build(self, document: object) -> LedgerPage:
        return self._converter.structure(document, RawPage if self._raw else LedgerPage)


def _check_span(since: datetime | None, until: datetime | None) -> None:
    check_instant("since", since)
    check_instant("until", until)
    # In UTC: two instants of one zone would be compared by their wall clocks.
    if since is not None and until is not None and since.astimezone(UTC) >= until.astimezone(UTC):
        raise InvalidArgument("since must lie before until")


def _check_reading(page_size: object, pages_per_part: object, settle: object) -> None:
    if isinstance(page_size, bool) or not isinstance(page_size, int) or not 1 <= page_size <= _LARGEST_PAGE:
        raise InvalidArgument(f"page_size must be an integer from 1 to {_LARGEST_PAGE}")
    _check_count("pages_per_part", pages_per_part)
    if not isinstance(settle, timedelta) or settle < timedelta(0):
        raise InvalidArgument("settle must be a timedelta of at least zero")


def _check_count(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvalidArgument(f"{name} must be an integer of at least 1")


def _check_choice(name: str, value: object, choices: Sequence[str]) -> None:
    if value not in choices:
        raise InvalidArgument(f"{name} must be one of {', '.join(choices)}")


def _utc(instant: datetime | None) -> str | None:
    return None if instant is None else instant.astimezone(UTC).isoformat()


def _check_filters(filters: Mapping[str, Value]) -> None:
    check_kinds(filters)
    check_tills(filters)
    check_alternate_currencies(filters)
    if filters["include_till_concept_events"] and filters["program_id"] is None:
        raise InvalidArgument("include_till_concept_events needs program_id")
    if filters["exclude_point_categories"] and not filters["include_alternate_currencies"]:
        raise InvalidArgument("exclude_point_categories needs include_alternate_currencies=True")
