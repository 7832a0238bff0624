"""The documented rules for a ledger request: what is refused, with which code and message (seed 002 and facts C)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import attrs

from loyalty_async.sandbox.filters import Order, Selection
from loyalty_async.sandbox.ledger import Ledger, microseconds
from loyalty_async.sandbox.records import MAIN, PROMISED, TRIGGER_BASED, Member
from loyalty_async.sandbox.settings import Settings
from loyalty_async.sandbox.times import read_request_date

Query = Mapping[str, str]

_SOURCES: Final = frozenset(
    {
        "FACEBOOK",
        "WEB_ENGAGE",
        "WECHAT",
        "INSTORE",
        "MARTJACK",
        "TMALL",
        "TAOBAO",
        "JD",
        "ECOMMERCE",
        "WEBSITE",
        "LINE",
        "MOBILE_APP",
        "ALL",
    }
)
_IDENTIFIERS: Final = frozenset({"id", "email", "mobile", "externalId"})
_KINDS: Final = frozenset({"CREDIT", "DEBIT", "OPENING_BALANCE"})
_CATEGORIES: Final = {"REGULAR": MAIN, "PROMISED": PROMISED, "TRIGGER_BASED": TRIGGER_BASED}
_PLACES: Final = ("tillId", "tillIds", "storeId", "storeCode")
_ORDERS: Final[Mapping[str, Order]] = {"ASC": "created", "DESC": "created_desc"}
_OLD_MAX_LIMIT: Final = 10  # servers with this limit answer 11006 instead of 11029
_YEAR: Final = timedelta(days=365)


class Refusal(Exception):  # noqa: N818 - it is an answer, not a failure
    """Refuse a request with a business code; `status` is None where the settings decide."""

    def __init__(self, code: int, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


@attrs.frozen(kw_only=True)
class Reading:
    """A ledger request that obeys the rules."""

    member: Member
    page: int
    size: int
    selection: Selection


def read_ledger_query(query: Query, ledger: Ledger, settings: Settings) -> Reading:
    """Check a ledger request and say what it asks for.

    Raises:
        Refusal: The request breaks a rule.
    """
    identifier = _read_identifier(query)
    page, size = _read_paging(query, settings)
    since_us, until_us = _read_span(query, settings)
    program_id = _read_program(query, ledger)
    points, currencies = _read_currencies(query, ledger)
    selection = Selection(
        since_us=since_us,
        until_us=until_us,
        kind=_read_kind(query),
        category=_read_category(query),
        program_id=program_id,
        concept_debits=_read_concept(query, program_id),
        till_ids=_read_tills(query, ledger),
        points=points,
        currencies=currencies,
        order=_read_order(query, settings),
        order_seed=settings.order_seed,
    )
    return Reading(member=_find(identifier, ledger), page=page, size=size, selection=selection)


def _read_identifier(query: Query) -> tuple[str, str]:
    name, value, source = (query.get(key, "") for key in ("identifierName", "identifierValue", "source"))
    if not (name and value and source):
        raise Refusal(11013, "identifierName, identifierValue and source cannot be empty")
    if source not in _SOURCES:
        raise Refusal(8003, "Invalid source")
    if name not in _IDENTIFIERS:
        raise Refusal(8013, "Lookup, Invalid identifier passed")
    if name == "id" and not _is_number(value):
        raise Refusal(11012, "Invalid userId passed in request")
    if query.get("type", "CUSTOMER") != "CUSTOMER":
        raise Refusal(11001, "Combination of parameters is not supported")
    return name, value


def _find(identifier: tuple[str, str], ledger: Ledger) -> Member:
    member = ledger.find(*identifier)
    if member is None:
        raise Refusal(8015, "Customer not found for the given identifiers")
    return member


def _read_paging(query: Query, settings: Settings) -> tuple[int, int]:
    page = _read_number(query, "offset", 0)
    size = _read_number(query, "limit", min(settings.default_limit, settings.max_limit))
    if size < 1:
        raise _invalid_input()
    if settings.clamp_limit is not None:
        return page, min(size, settings.clamp_limit)
    if size > settings.max_limit:
        code = 11006 if settings.max_limit == _OLD_MAX_LIMIT else 11029
        raise Refusal(code, f"Limit cannot be greater than {settings.max_limit}")
    return page, size


def _read_span(query: Query, settings: Settings) -> tuple[int | None, int | None]:
    if not _read_flag(query, "isFilterBasedOnDate", default=True):
        return None, None
    start, end = _read_date(query, "startDate"), _read_date(query, "endDate")
    longest = timedelta(days=settings.max_span_days)
    if start is not None and end is not None:
        if start > end:
            raise Refusal(11009, "startDate cannot be after endDate")
        if end - start > longest:
            raise Refusal(11010, f"Interval between startDate and endDate is greater than {longest.days} days")
    reach = _YEAR if _read_flag(query, "includeLastOneYearData") else longest
    try:
        if start is not None and end is None:
            end = start + reach
        elif end is not None and start is None:
            start = end - reach
        return _bounds(start, end, settings)
    except OverflowError:
        raise _bad_date() from None


def _bounds(start: datetime | None, end: datetime | None, settings: Settings) -> tuple[int | None, int | None]:
    """Turn server-local dates into the first microsecond wanted and the first not wanted any more."""
    if start is None or end is None:
        return None, None
    since, until = (microseconds(moment.replace(tzinfo=settings.timezone)) for moment in (start, end))
    if settings.end_date_inclusive:
        until += 1 if settings.sees_fractions else 1_000_000
    return since, until


def _read_date(query: Query, name: str) -> datetime | None:
    text = query.get(name)
    if text is None:
        return None
    try:
        return read_request_date(text)
    except ValueError:
        raise _bad_date() from None


def _read_program(query: Query, ledger: Ledger) -> int | None:
    text = query.get("programId")
    if text is None:
        return None
    known = {str(program.program_id): program.program_id for program in ledger.organisation.programs}
    if text not in known:
        raise Refusal(11005, "Invalid programId passed in request")
    return known[text]


def _read_concept(query: Query, program_id: int | None) -> bool:
    wanted = _read_flag(query, "includeTillConceptEvents")
    if wanted and program_id is None:
        raise Refusal(11001, "Combination of parameters is not supported: includeTillConceptEvents needs programId")
    return wanted


def _read_kind(query: Query) -> str | None:
    kind = query.get("ledgerEntryType")
    if kind is not None and kind not in _KINDS:
        raise Refusal(11007, "Invalid ledgerEntryType passed in request")
    return kind


def _read_category(query: Query) -> str | None:
    category = query.get("pointCategoryType")
    if category is None:
        return None
    if category not in _CATEGORIES:
        raise Refusal(11008, "Invalid pointCategoryType passed in request")
    # "pointCategoryType is ignored when excludePointCategories=true" (seed 002, the table of behaviour).
    return None if _read_flag(query, "excludePointCategories") else _CATEGORIES[category]


def _read_tills(query: Query, ledger: Ledger) -> frozenset[int] | None:
    given = [name for name in _PLACES if name in query]
    if not given:
        return None
    if len(given) > 1:
        message = (
            "Multiple input parameters set. "
            "Please provide only one of the following: tillId, tillIds, storeCode or storeId"
        )
        raise Refusal(11028, message)
    name = given[0]
    return _tills_named(query[name], ledger) if name in {"tillId", "tillIds"} else _tills_of(name, query[name], ledger)


def _tills_named(text: str, ledger: Ledger) -> frozenset[int]:
    parts = text.split(",")
    for part in parts:
        if not _is_number(part):
            raise Refusal(11025, f'Till id format exception:For input string: "{part}"')
    wanted = [int(part) for part in parts]
    known = {till.till_id for till in ledger.organisation.tills}
    unknown = [till_id for till_id in wanted if till_id not in known]
    if unknown:
        raise Refusal(11027, f"Invalid tillIds: [{', '.join(map(str, unknown))}]")
    return frozenset(wanted)


def _tills_of(name: str, text: str, ledger: Ledger) -> frozenset[int]:
    tills = ledger.organisation.tills
    if name == "storeId":
        found = frozenset(till.till_id for till in tills if str(till.store.store_id) == text)
    else:
        found = frozenset(till.till_id for till in tills if till.store.code == text)
    if not found:
        raise Refusal(11026, f"No tills found for store with store {'id' if name == 'storeId' else 'code'}: {text}")
    return found


def _read_currencies(query: Query, ledger: Ledger) -> tuple[bool, frozenset[str] | None]:
    """Say whether points are wanted, and which alternate currencies (None: all), by the table of seed 002."""
    everything = _read_flag(query, "includeAlternateCurrencies")
    without_points = _read_flag(query, "excludePointCategories")
    names = frozenset(filter(None, query.get("alternateCurrencyNames", "").split(",")))
    if (everything and names) or (without_points and not (everything or names)):
        raise Refusal(11001, "Combination of parameters is not supported")
    if not names <= frozenset(ledger.organisation.currencies):
        raise Refusal(9005, "Invalid alternateCurrencyNames passed in request")
    return not (names or without_points), None if everything else names


def _read_order(query: Query, settings: Settings) -> Order:
    wanted = query.get("order") or query.get("sort") or query.get("sortOrder")
    if wanted is None:
        return settings.order
    if wanted not in _ORDERS:
        raise _invalid_input()
    return _ORDERS[wanted]


def _read_number(query: Query, name: str, default: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    if not _is_number(text):
        raise _invalid_input()
    return int(text)


def _read_flag(query: Query, name: str, *, default: bool = False) -> bool:
    text = query.get(name)
    if text is None:
        return default
    if text.lower() not in {"true", "false"}:
        raise _invalid_input()
    return text.lower() == "true"


def _is_number(text: str) -> bool:
    """Whether Java's Long.parseLong would take the text as a number of zero or more."""
    return text.isascii() and text.isdigit() and len(text) <= len("9223372036854775807")


def _invalid_input() -> Refusal:
    return Refusal(400, "Input is invalid, Please check request parameters or input xml/json", 400)


def _bad_date() -> Refusal:
    return Refusal(11011, "Date format must be yyyy-MM-ddTHH:mm:ss")
