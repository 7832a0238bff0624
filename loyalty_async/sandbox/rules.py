"""The documented rules for a ledger request: what is refused, with which code and message (seed 002 and facts C)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import attrs

from loyalty_async.sandbox.filters import Order, Selection
from loyalty_async.sandbox.identifiers import LEDGER_LOOKUP, find_owner, read_identity
from loyalty_async.sandbox.ledger import Ledger
from loyalty_async.sandbox.parameters import (
    Query,
    bad_date,
    end_microsecond,
    first_microsecond,
    read_category,
    read_date,
    read_flag,
    read_kind,
    read_names,
    read_paging,
    read_tills,
)
from loyalty_async.sandbox.records import Owner
from loyalty_async.sandbox.refusals import Refusal, invalid_input, unsupported_combination
from loyalty_async.sandbox.settings import Settings

_ORDERS: Final[Mapping[str, Order]] = {"ASC": "created", "DESC": "created_desc"}
_YEAR: Final = timedelta(days=365)


@attrs.frozen(kw_only=True)
class Reading:
    """A ledger request that obeys the rules."""

    owner: Owner
    page: int
    size: int
    selection: Selection
    concepts: bool


def read_ledger_query(
    query: Query, ledger: Ledger, settings: Settings, org_ids: frozenset[int | None] | None = None
) -> Reading:
    """Check a ledger request and say what it asks for.

    Args:
        query: Its parameters.
        ledger: What they may name.
        settings: How the server reads them.
        org_ids: The organisations of its data scope; None for a request without one.

    Raises:
        Refusal: The request breaks a rule.
    """
    identity = read_identity(query, LEDGER_LOOKUP)
    page, size = read_paging(query, settings)
    since_us, until_us = _read_span(query, settings)
    program_id = _read_program(query, ledger)
    points, currencies = _read_currencies(query, ledger)
    category = read_category(query)
    selection = Selection(
        since_us=since_us,
        until_us=until_us,
        kind=read_kind(query),
        # "pointCategoryType is ignored when excludePointCategories=true" (seed 002, the table of behaviour).
        category=None if read_flag(query, "excludePointCategories") else category,
        program_id=program_id,
        concept_debits=_read_concept(query, program_id),
        till_ids=read_tills(query, ledger),
        points=points,
        currencies=currencies,
        org_ids=org_ids,
        event_zone=settings.timezone if settings.filters_by == "event" else None,
        order=_read_order(query, settings),
        order_seed=settings.order_seed,
    )
    concepts = read_flag(query, "includeConceptDetails")
    return Reading(owner=find_owner(identity, ledger), page=page, size=size, selection=selection, concepts=concepts)


def _read_span(query: Query, settings: Settings) -> tuple[int | None, int | None]:
    if not read_flag(query, "isFilterBasedOnDate", default=True):
        return None, None
    start, end = read_date(query, "startDate"), read_date(query, "endDate")
    longest = timedelta(days=settings.max_span_days)
    if start is not None and end is not None:
        if start > end:
            raise Refusal(11009, "startDate cannot be after endDate")
        if end - start > longest:
            raise Refusal(11010, f"Interval between startDate and endDate is greater than {longest.days} days")
    reach = _YEAR if read_flag(query, "includeLastOneYearData") else longest
    try:
        if start is not None and end is None:
            end = start + reach
        elif end is not None and start is None:
            start = end - reach
        return _bounds(start, end, settings)
    except OverflowError:
        raise bad_date() from None


def _bounds(start: datetime | None, end: datetime | None, settings: Settings) -> tuple[int | None, int | None]:
    """Turn server-local dates into the first microsecond wanted and the first not wanted any more."""
    if start is None or end is None:
        return None, None
    return first_microsecond(start, settings), end_microsecond(end, settings)


def _read_program(query: Query, ledger: Ledger) -> int | None:
    text = query.get("programId")
    if text is None:
        return None
    known = {str(program.program_id): program.program_id for program in ledger.organisation.programs}
    if text not in known:
        raise Refusal(11005, "Invalid programId passed in request")
    return known[text]


def _read_concept(query: Query, program_id: int | None) -> bool:
    wanted = read_flag(query, "includeTillConceptEvents")
    if wanted and program_id is None:
        raise unsupported_combination(": includeTillConceptEvents needs programId")
    return wanted


def _read_currencies(query: Query, ledger: Ledger) -> tuple[bool, frozenset[str] | None]:
    """Say whether points are wanted, and which alternate currencies (None: all), by the table of seed 002."""
    everything = read_flag(query, "includeAlternateCurrencies")
    without_points = read_flag(query, "excludePointCategories")
    names = read_names(query, "alternateCurrencyNames")
    if (everything and names) or (without_points and not (everything or names)):
        raise unsupported_combination()
    if not names <= frozenset(ledger.organisation.currencies):
        raise Refusal(9005, "Invalid alternateCurrencyNames passed in request")
    return not (names or without_points), None if everything else names


def _read_order(query: Query, settings: Settings) -> Order:
    wanted = query.get("order") or query.get("sort") or query.get("sortOrder")
    if wanted is None:
        return settings.order
    if wanted not in _ORDERS:
        raise invalid_input()
    return _ORDERS[wanted]
