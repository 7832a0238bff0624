"""What was read against what is true, value by value.

Both sides are brought to one form of plain values: the rows of a file of JSON lines, and the sandbox's own rows.
Amounts are compared as they are written, digit for digit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import attrs

__all__ = ["Differences", "compare", "compare_members"]

Row = Mapping[str, Any]
_EVENT_DETAILS = {
    "event_display_name": "eventDisplayName",
    "display_name": "displayName",
    "promotion_name": "promotionName",
    "promotion_description": "promotionDescription",
    "promotion_identifier": "promotionIdentifier",
    "promotion_id": "promotionId",
    "event_date": "eventDate",
    "reason": "reason",
}


@attrs.frozen(kw_only=True)
class Differences:
    """Event log ids of what is not as it should be; an id stands once for each row.

    Attributes:
        missing: In the truth, not in what was read.
        doubled: Read more often than they are true.
        changed: Read, but a value is another.
        invented: Read, but unknown to the truth; None where a row has no id.
        misplaced: The first entry that is not in its place, of each member whose entries are all there.
    """

    missing: tuple[int, ...] = ()
    doubled: tuple[int, ...] = ()
    changed: tuple[int, ...] = ()
    invented: tuple[int | None, ...] = ()
    misplaced: tuple[Any, ...] = ()

    def __bool__(self) -> bool:
        return any(attrs.astuple(self))

    def __add__(self, other: Differences) -> Differences:
        names = attrs.fields_dict(Differences)
        return Differences(**{name: (*getattr(self, name), *getattr(other, name)) for name in names})


def compare_members(
    read: Mapping[int, Sequence[Row]], truths: Iterable[tuple[int, Sequence[Row]]]
) -> tuple[int, Differences]:
    """Compare whole ledgers.

    Args:
        read: The rows that were read, by user id, in the order of the file.
        truths: Each member's user id and true rows.

    Returns:
        How many entries are true, and what differs.
    """
    entries, found, strangers = 0, Differences(), set(read)
    for user_id, truth in truths:
        entries += len(truth)
        found += compare(read.get(user_id, ()), truth)
        strangers.discard(user_id)
    for user_id in strangers:
        found += compare(read[user_id], ())
    return entries, found


def compare(read: Sequence[Row], truth: Sequence[Row]) -> Differences:
    """Compare one member's rows; each true row is matched by one that was read at most, by an equal one if there is."""
    unmatched: dict[Any, list[Row]] = {}
    for row in truth:
        unmatched.setdefault(row["eventLogId"], []).append(_true(row))
    found: dict[str, list[Any]] = {"missing": [], "doubled": [], "changed": [], "invented": []}
    equal_first = sorted(map(_read, read), key=lambda row: row not in unmatched.get(row["eventLogId"], ()))
    for row in equal_first:
        verdict = _match(row, unmatched)
        if verdict:
            found[verdict].append(row["eventLogId"])
    found["missing"] = [event_log_id for event_log_id, rows in unmatched.items() for _ in rows]
    return Differences(**{name: tuple(ids) for name, ids in found.items()}, misplaced=_misplaced(read, truth))


def _match(row: Row, unmatched: Mapping[Any, list[Row]]) -> str | None:
    """Take the true row that belongs to one that was read, and say what is wrong with the latter."""
    candidates = unmatched.get(row["eventLogId"])
    if candidates is None:
        return "invented"
    if not candidates:
        return "doubled"
    if row in candidates:
        candidates.remove(row)
        return None
    candidates.pop()
    return "changed"


def _misplaced(read: Sequence[Row], truth: Sequence[Row]) -> tuple[Any, ...]:
    """Name the first entry that is not in its place, if the same entries are there."""
    ids, true_ids = [row.get("event_log_id") for row in read], [row["eventLogId"] for row in truth]
    if Counter(ids) != Counter(true_ids):
        return ()
    return tuple(mine for mine, theirs in zip(ids, true_ids, strict=True) if mine != theirs)[:1]


def _read(row: Row) -> dict[str, Any]:
    """Bring a row of the file to the neutral form; what cannot be brought there keeps its id and equals nothing."""
    try:
        return {
            "eventLogId": row["event_log_id"],
            "createdAt": _instant(row["created_at"]),
            "eventName": row["event_name"],
            "customerId": row["customer_id"],
            "netPoints": _amount(row["net_points_on_event"]),
            "netAlternateCurrencies": _amounts(row["net_alternate_currencies_on_event"]),
            "details": [_line(line) for line in row["entry_details"]],
            "transaction": _bill(row["transaction_details"]),
            "store": row["store"],
            "storeCode": row["store_code"],
            "tillCode": row["till_code"],
            "sourceProgramId": row["source_program_id"],
            "sourceProgramName": row["source_program_name"],
            "orgId": row["org_id"],
            "eventDetails": _event(row["event_details"]),
            "extra": row["extra"],
        }
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError):
        return {"eventLogId": row.get("event_log_id")}


def _line(line: Row) -> list[object]:
    names = ("points_category", "program_id", "program_name", "alternate_currency_name")
    values = [line["ledger_entry_type"], _amount(line["points"]), *(line[name] for name in names)]
    return values if line["extra"] == {} else [*values, line["extra"]]


def _bill(bill: Row | None) -> dict[str, object] | None:
    if bill is None:
        return None
    return {
        "id": bill["transaction_id"],
        "number": bill["transaction_number"],
        "date": _wall_clock(bill["date"]),
        "amount": _amount(bill["amount"]),
        "grossAmount": _amount(bill["gross_bill_amount"]),
        "source": bill["source"],
        **bill["extra"],
    }


def _event(details: Row | None) -> dict[str, object]:
    if details is None:
        return {}
    shown = {theirs: details[ours] for ours, theirs in _EVENT_DETAILS.items() if details[ours] is not None}
    if "eventDate" in shown:
        shown["eventDate"] = _wall_clock(shown["eventDate"])
    return {**shown, **details["extra"]}


def _true(row: Row) -> dict[str, Any]:
    """Bring a row of the truth to the neutral form: its event details are the server's, with each date twice."""
    event = {name: value for name, value in row["eventDetails"].items() if name != "eventDateISO"}
    if "eventDate" in event:
        event["eventDate"] = _wall_clock(event["eventDate"])
    return {**row, "eventDetails": event, "extra": {}}


def _amount(text: object) -> str:
    """Write an amount without an exponent, with all its digits; only a text is exact in JSON."""
    if not isinstance(text, str):
        raise TypeError("an amount is a text")
    return f"{Decimal(text):f}"


def _amounts(texts: Mapping[str, object]) -> dict[str, str]:
    return {name: _amount(text) for name, text in texts.items()}


def _instant(text: str) -> str:
    return datetime.fromisoformat(text).astimezone(UTC).isoformat(timespec="microseconds")


def _wall_clock(text: str) -> str:
    return datetime.fromisoformat(text).isoformat(timespec="microseconds")
