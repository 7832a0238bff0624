from __future__ import annotations

import copy
import json
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_async.cli.demo_comparisons import Differences, compare, compare_members
from loyalty_async.sandbox import Ledger, make_ledger
from loyalty_async.sandbox.answers import Printer
from loyalty_async.sandbox.settings import Settings
from loyalty_async.sandbox.truths import member_truth
from tests.cli.conftest import NOON


def true_row(event_log_id: int = 1, **fields: Any) -> dict[str, Any]:
    return {
        "eventLogId": event_log_id,
        "createdAt": "2025-01-31T10:00:00.500000+00:00",
        "eventName": "TransactionAdd",
        "customerId": 7,
        "netPoints": "1.500",
        "netAlternateCurrencies": {"Stars": "2.000"},
        "details": [
            ["CREDIT", "1.50", "Main", 973, "Everyday", None],
            ["CREDIT", "2.000", "Main", 973, "Everyday", "Stars"],
        ],
        "transaction": {
            "id": 9,
            "number": "txn-1",
            "date": "2025-01-31T15:30:00.000000",
            "amount": "10.10",
            "grossAmount": "11",
            "source": "instore",
        },
        "store": "Harbour",
        "storeCode": "harbour",
        "tillCode": "harbour.1",
        "sourceProgramId": 973,
        "sourceProgramName": None,
        "orgId": 1,
        "eventDetails": {
            "eventDate": "2025-01-31 15:30:00.0",
            "eventDateISO": "2025-01-31T15:30:00Z",
            "promotionId": 3,
        },
        **fields,
    }


def read_row(event_log_id: int = 1, **fields: Any) -> dict[str, Any]:
    """What the client writes for `true_row`."""
    line = {"ledger_entry_type": "CREDIT", "points_category": "Main", "program_id": 973, "program_name": "Everyday"}
    return {
        "user_id": 7,
        "event_log_id": event_log_id,
        "created_at": "2025-01-31T10:00:00.500000Z",
        "event_name": "TransactionAdd",
        "customer_id": 7,
        "net_points_on_event": "1.500",
        "net_alternate_currencies_on_event": {"Stars": "2.000"},
        "entry_details": [
            {**line, "points": "1.50", "alternate_currency_name": None, "extra": {}},
            {**line, "points": "2.000", "alternate_currency_name": "Stars", "extra": {}},
        ],
        "transaction_details": {
            "transaction_id": 9,
            "transaction_number": "txn-1",
            "date": "2025-01-31T15:30:00",
            "amount": "10.10",
            "gross_bill_amount": "11",
            "source": "instore",
            "extra": {},
        },
        "store": "Harbour",
        "store_code": "harbour",
        "till_code": "harbour.1",
        "source_program_id": 973,
        "source_program_name": None,
        "org_id": 1,
        "event_details": {
            **dict.fromkeys(("event_display_name", "display_name", "promotion_name", "promotion_description")),
            "promotion_identifier": None,
            "promotion_id": 3,
            "event_date": "2025-01-31T15:30:00",
            "reason": None,
            "extra": {},
        },
        "extra": {},
        **fields,
    }


def test_what_the_client_writes_is_the_truth() -> None:
    assert compare([read_row()], [true_row()]) == Differences()


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Give the way to each single value of a row."""
    if isinstance(value, dict) and value:
        return [deeper for key in value for deeper in paths(value[key], (*path, key))]
    if isinstance(value, list):
        return [deeper for place, item in enumerate(value) for deeper in paths(item, (*path, place))]
    return [path]


COMPARED = [path for path in paths(read_row()) if path not in {("user_id",), ("event_log_id",)}]


@pytest.mark.parametrize("path", COMPARED, ids=lambda path: ".".join(map(str, path)))
@pytest.mark.parametrize("value", ["2", 2, 2.0, None, {"new": 1}], ids=repr)
def test_any_single_value_that_is_another_is_a_change(path: tuple[Any, ...], value: Any) -> None:
    row = read_row()
    holder = row
    for step in path[:-1]:
        holder = holder[step]
    if holder[path[-1]] == value and type(holder[path[-1]]) is type(value):
        return
    holder[path[-1]] = value
    assert compare([row], [true_row()]) == Differences(changed=(1,))


def test_a_digit_counts() -> None:
    assert compare([read_row(net_points_on_event="1.50")], [true_row()]) == Differences(changed=(1,))


def test_an_exponent_is_the_same_number_with_the_same_digits() -> None:
    assert compare([read_row(net_points_on_event="0E-7")], [true_row(netPoints="0.0000000")]) == Differences()


def test_a_number_in_place_of_a_text_is_a_change() -> None:
    """It went through a float, or may."""
    assert compare([read_row(net_points_on_event=1.5)], [true_row()]) == Differences(changed=(1,))


@pytest.mark.parametrize("name", [name for name in read_row() if name not in {"user_id", "event_log_id"}])
def test_a_value_that_is_not_there_is_a_change(name: str) -> None:
    row = read_row()
    del row[name]
    assert compare([row], [true_row()]) == Differences(changed=(1,))


def test_each_kind_of_difference_is_named() -> None:
    read = [read_row(1), read_row(2), read_row(2), read_row(3, store="Online"), read_row(5), {}]
    truth = [true_row(1), true_row(2), true_row(3), true_row(4)]
    assert compare(read, truth) == Differences(missing=(4,), doubled=(2,), changed=(3,), invented=(5, None))


def test_two_real_entries_may_be_equal() -> None:
    assert compare([read_row(1)] * 2, [true_row(1)] * 2) == Differences()
    assert compare([read_row(1)], [true_row(1)] * 2) == Differences(missing=(1,))
    assert compare([read_row(1)] * 3, [true_row(1)] * 2) == Differences(doubled=(1,))


def test_a_changed_twin_does_not_hide_behind_the_right_one() -> None:
    read = [read_row(1, store="Online"), read_row(1)]
    assert compare(read, [true_row(1)] * 2) == Differences(changed=(1,))


def test_order_is_part_of_the_truth() -> None:
    assert compare([read_row(2), read_row(1)], [true_row(1), true_row(2)]) == Differences(misplaced=(2,))


def test_members_are_compared_one_by_one() -> None:
    read = {7: [read_row(1)], 8: [read_row(9)]}
    truths = [(7, [true_row(1), true_row(2)]), (6, [true_row(3)])]
    assert compare_members(read, truths) == (3, Differences(missing=(2, 3), invented=(9,)))


LEDGER: Ledger = make_ledger(6, 4, now=NOON)
TRUTHS = [
    (member.user_id, json.loads(json.dumps(member_truth(LEDGER, member.user_id, Printer(Settings()))["entries"])))
    for member in LEDGER.members
]


def as_read(row: dict[str, Any]) -> dict[str, Any]:
    """Turn a true row into what the client would write, the other way round than the comparison goes."""
    names = ("ledger_entry_type", "points", "points_category", "program_id", "program_name", "alternate_currency_name")
    bill, event = row["transaction"], row["eventDetails"]
    fields = ("event_display_name", "display_name", "promotion_name", "promotion_description", "promotion_identifier")
    return read_row(
        row["eventLogId"],
        created_at=row["createdAt"],
        event_name=row["eventName"],
        customer_id=row["customerId"],
        net_points_on_event=row["netPoints"],
        net_alternate_currencies_on_event=row["netAlternateCurrencies"],
        entry_details=[{**dict(zip(names, line, strict=True)), "extra": {}} for line in row["details"]],
        transaction_details=bill
        and {
            "transaction_id": bill["id"],
            "transaction_number": bill["number"],
            "date": bill["date"],
            "amount": bill["amount"],
            "gross_bill_amount": bill["grossAmount"],
            "source": bill["source"],
            "extra": {},
        },
        store=row["store"],
        store_code=row["storeCode"],
        till_code=row["tillCode"],
        source_program_id=row["sourceProgramId"],
        source_program_name=row["sourceProgramName"],
        org_id=row["orgId"],
        event_details={
            **{name: event.get(camel(name)) for name in (*fields, "promotion_id", "reason")},
            "event_date": event["eventDate"].replace(" ", "T") if "eventDate" in event else None,
            "extra": {},
        },
    )


def camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


ROWS = [(user_id, [as_read(row) for row in truth]) for user_id, truth in TRUTHS]
PLACES = [(member, place) for member, (_, rows) in enumerate(ROWS) for place in range(len(rows))]


def test_a_whole_ledger_is_the_truth() -> None:
    assert compare_members(dict(ROWS), TRUTHS) == (len(PLACES), Differences())


@given(
    place=st.sampled_from(PLACES),
    kind=st.sampled_from(["missing", "doubled", "changed"]),
    at=st.integers(min_value=0, max_value=10_000),
)
def test_one_wrong_entry_anywhere_is_found_and_named(place: tuple[int, int], kind: str, at: int) -> None:
    read = copy.deepcopy(ROWS)
    rows = read[place[0]][1]
    event_log_id = rows[place[1]]["event_log_id"]
    match kind:
        case "missing":
            del rows[place[1]]
        case "doubled":
            rows.insert(at % (len(rows) + 1), rows[place[1]])
        case "changed":
            rows[place[1]]["net_points_on_event"] += "0"
    _, found = compare_members(dict(read), TRUTHS)
    assert attrs.asdict(found) == attrs.asdict(Differences(**{kind: (event_log_id,)}))


def test_nothing_different_is_false() -> None:
    assert not Differences()
    assert Differences(missing=(1,))
