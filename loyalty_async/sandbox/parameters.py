"""Query parameters that several endpoints share: numbers, flags, dates, pages and the filters of the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from loyalty_async.sandbox.books import microseconds
from loyalty_async.sandbox.ledger import Ledger
from loyalty_async.sandbox.records import MAIN, PROMISED, TRIGGER_BASED
from loyalty_async.sandbox.refusals import Refusal, invalid_input
from loyalty_async.sandbox.settings import Settings
from loyalty_async.sandbox.times import read_request_date

Query = Mapping[str, str]

CATEGORIES: Final = {"REGULAR": MAIN, "PROMISED": PROMISED, "TRIGGER_BASED": TRIGGER_BASED}
_KINDS: Final = frozenset({"CREDIT", "DEBIT", "OPENING_BALANCE"})
_PLACES: Final = ("tillId", "tillIds", "storeId", "storeCode")
_OLD_MAX_LIMIT: Final = 10  # servers with this limit answer 11006 instead of 11029


def is_number(text: str) -> bool:
    """Whether Java's Long.parseLong would take the text as a number of zero or more."""
    return text.isascii() and text.isdigit() and len(text) <= len("9223372036854775807")


def read_number(query: Query, name: str, default: int) -> int:
    """Read a whole number of zero or more."""
    text = query.get(name)
    if text is None:
        return default
    if not is_number(text):
        raise invalid_input()
    return int(text)


def read_flag(query: Query, name: str, *, default: bool = False) -> bool:
    """Read true or false, in any case."""
    text = query.get(name)
    if text is None:
        return default
    if text.lower() not in {"true", "false"}:
        raise invalid_input()
    return text.lower() == "true"


def read_paging(query: Query, settings: Settings) -> tuple[int, int]:
    """Read the page's number and size."""
    page = read_number(query, "offset", 0)
    size = read_number(query, "limit", min(settings.default_limit, settings.max_limit))
    if size < 1:
        raise invalid_input()
    if settings.clamp_limit is not None:
        return page, min(size, settings.clamp_limit)
    if size > settings.max_limit:
        code = 11006 if settings.max_limit == _OLD_MAX_LIMIT else 11029
        raise Refusal(code, f"Limit cannot be greater than {settings.max_limit}")
    return page, size


def read_date(query: Query, name: str) -> datetime | None:
    """Read a date of the server's wall clock, naive."""
    text = query.get(name)
    if text is None:
        return None
    try:
        return read_request_date(text)
    except ValueError:
        raise bad_date() from None


def bad_date() -> Refusal:
    """Make the refusal of a date."""
    return Refusal(11011, "Date format must be yyyy-MM-ddTHH:mm:ss")


def first_microsecond(moment: datetime, settings: Settings) -> int:
    """Place a date of the server's wall clock in time."""
    return microseconds(moment.replace(tzinfo=settings.timezone))


def end_microsecond(moment: datetime, settings: Settings) -> int:
    """Give the first microsecond that an `endDate` does not want any more."""
    if not settings.end_date_inclusive:
        return first_microsecond(moment, settings)
    return first_microsecond(moment, settings) + (1 if settings.sees_fractions else 1_000_000)


def read_kind(query: Query) -> str | None:
    """Read the type of the lines wanted."""
    kind = query.get("ledgerEntryType")
    if kind is not None and kind not in _KINDS:
        raise Refusal(11007, "Invalid ledgerEntryType passed in request")
    return kind


def read_category(query: Query) -> str | None:
    """Read the category of the lines wanted, and give its own name."""
    category = query.get("pointCategoryType")
    if category is None:
        return None
    if category not in CATEGORIES:
        raise Refusal(11008, "Invalid pointCategoryType passed in request")
    return CATEGORIES[category]


def read_names(query: Query, name: str) -> frozenset[str]:
    """Read a list separated by commas."""
    return frozenset(filter(None, query.get(name, "").split(",")))


def read_tills(query: Query, ledger: Ledger) -> frozenset[int] | None:
    """Read where entries are to have been made: by tills, or by the store."""
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
        if not is_number(part):
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
