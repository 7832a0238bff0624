"""Ledger answers as a server might send them, made up by hypothesis."""

from datetime import datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st

from tests._support.ledger_json import Number

texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)
keys = texts.map(lambda text: f"new {text}")
"""Keys that no document knows: all of those begin without the space behind the first word."""

integers = st.integers(-(10**18), 10**18).map(lambda number: Number(str(number)))
decimals = st.decimals(-(10**9), 10**9, places=3).map(str)
numbers = st.one_of(
    integers,
    decimals.map(Number),
    st.sampled_from(["0.10", "200.0", "150.12515", "-311.034", "1E+3", "2.50e2", "0.000"]).map(Number),
)
unknown = st.recursive(
    st.none() | st.booleans() | texts | integers,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=4,
)
clocks = st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1))  # noqa: DTZ001 - wall clocks
offsets = st.sampled_from([0, 330, -210, 60, 765]).map(lambda minutes: timezone(timedelta(minutes=minutes)))


def objects(required: dict[str, st.SearchStrategy[Any]], optional: dict[str, st.SearchStrategy[Any]]) -> Any:
    """Objects that leave out what they may, put null for it, and have keys that no document knows."""
    known = st.fixed_dictionaries(required, optional={key: st.none() | values for key, values in optional.items()})
    return st.builds(lambda fields, more: {**more, **fields}, known, st.dictionaries(keys, unknown, max_size=2))


@st.composite
def dated(draw: st.DrawFn, values: Any, key: str, *, required: bool) -> Any:
    """Put a date into objects: the older form, the newer one, both, or none where it is not required."""
    document = dict(draw(values))
    clock, other = draw(clocks), draw(clocks)
    older = f"{clock:%Y-%m-%d %H:%M:%S}.{draw(st.sampled_from([0, 1, 250, 999999]))}"
    newer = clock.replace(microsecond=0, tzinfo=draw(offsets)).isoformat()
    shapes: list[dict[str, str | None]] = [
        {key: older},
        {key: older, f"{key}ISO": newer},
        {key: older, f"{key}ISO": None},
        {f"{key}ISO": newer.replace("+00:00", "Z")},
        {key: f"{other:%Y-%m-%d %H:%M:%S}", f"{key}ISO": newer},
    ]
    return {**document, **draw(st.sampled_from(shapes if required else [*shapes, {}, {key: None}]))}


identifiers = objects({}, {"type": st.sampled_from(["mobile", "email"]), "value": texts, "role": texts})
members = objects(
    {},
    {
        "firstName": texts,
        "lastName": texts,
        "identifier": identifiers,
        "role": texts,
        "userId": integers | texts,
    },
)
details = objects(
    {
        "ledgerEntryType": st.sampled_from(["CREDIT", "DEBIT", "OPENING_BALANCE", "SIDEWAYS"]),
        "points": decimals | numbers,
    },
    {
        "pointsCategory": st.sampled_from(["Main", "DelayedAccrualPointCategory", "Another"]),
        "programName": texts,
        "programId": integers,
        "alternateCurrencyName": texts,
    },
)
transactions = dated(
    objects(
        {},
        {
            "transactionId": integers,
            "transactionNumber": texts,
            "amount": numbers,
            "grossBillAmount": numbers,
            "source": st.sampled_from(["instore", "INSTORE", "LINE", "MOON"]),
        },
    ),
    "date",
    required=False,
)
event_details = dated(
    objects(
        {},
        {
            "eventDisplayName": texts,
            "displayName": texts,
            "promotionName": texts,
            "promotionDescription": texts,
            "promotionIdentifier": texts,
            "promotionId": integers,
            "reason": texts,
        },
    ),
    "eventDate",
    required=False,
)
entries = dated(
    objects(
        {"eventLogId": integers, "eventName": st.sampled_from(["TransactionAdd", "PointsExpiry", "TomorrowsEvent"])},
        {
            "customerId": integers,
            "customerDetails": st.just({}) | members,
            "entryDetails": st.lists(details, max_size=3),
            "netPointsOnEvent": decimals | numbers,
            "netAlternateCurrenciesOnEvent": st.dictionaries(texts, decimals, max_size=2),
            "transactionDetails": st.just({}) | transactions,
            "store": texts,
            "storeCode": texts,
            "tillCode": texts,
            "eventDetails": st.just({}) | event_details,
            "sourceProgramId": integers,
            "sourceProgramName": texts,
            "orgId": integers,
            "conceptId": integers,
            "conceptName": texts,
        },
    ),
    "ledgerCreatedDate",
    required=True,
)
figures = st.integers(0, 10**9).map(lambda number: Number(str(number)))
owners = objects(
    {},
    {
        "firstName": texts,
        "lastName": texts,
        "userId": integers,
        "externalId": texts,
        "entityType": st.sampled_from(["CUSTOMER", "USERGROUP2", "HERD"]),
    },
)
server_warnings = objects({}, {"code": figures, "message": texts, "status": st.booleans()})
new_pages = objects(
    {
        "ledgerDetails": objects(
            dict.fromkeys(("pageNumber", "pageSize", "totalEntries", "pageCount"), figures),
            {},
        )
    },
    {
        "customerDetails": st.just({}) | owners,
        "ledgerEntries": st.lists(entries, max_size=3),
        "warnings": st.lists(server_warnings, max_size=2),
    },
)


def as_documented(value: Any) -> Any:
    """Take away the keys that no document knows: one of them, and nothing of its page is built late."""
    if isinstance(value, list):
        return [as_documented(each) for each in value]
    if isinstance(value, dict):
        return {key: as_documented(each) for key, each in value.items() if not key.startswith("new ")}
    return value


pages = new_pages | new_pages.map(as_documented)
"""Half of them with keys that no document knows."""
