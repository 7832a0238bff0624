"""The real client against the sandbox: every event of a ledger, in full, by ids and by references."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import attrs
import pytest

from loyalty_async import DataScope, LedgerEvent, Verdict
from loyalty_async.sandbox import EXPLODE_PATH, MAIN, PROMISED, Entry, Ledger, Sandbox, Settings
from tests.sandbox.clients import NOW, capillary, customer, expected_events, seeded_ledger

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def seeded() -> Ledger:
    return seeded_ledger()


@pytest.fixture
def sandbox(seeded: Ledger) -> Sandbox:
    return Sandbox(seeded.copy(), now=lambda: NOW)


@pytest.fixture
def asked(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """The ids of each call that reaches the sandbox."""
    answer, ids = sandbox.answer, list[list[int]]()

    def listen(call: Any) -> Any:
        if call.path == EXPLODE_PATH:
            ids.append([int(one) for one in call.query["eventIds"].split(",")])
        return answer(call)

    monkeypatch.setattr(sandbox, "answer", listen)
    return ids


async def test_all_entries_of_a_ledger_explode(sandbox: Sandbox, asked: list[list[int]]) -> None:
    """Every event comes, ten ids a call, and only conversions are left out."""
    async with capillary(sandbox) as client:
        for member in sandbox.ledger.members[:5]:
            asked.clear()
            entries = await client.ledger.entries(customer(member), include_alternate_currencies=True).collect()
            events = await client.events.explode_entries(customer(member), entries, bill_details=True).collect()
            truth = sandbox.ledger.entries(member.user_id)
            assert Counter(event.event_log_id for event in events) == expected_events(truth)
            assert events.report.verdict is Verdict.COMPLETE
            assert events.report.unknown == ()
            conversions = sum(entry.event_name == "DelayedAccrual" for entry in truth)
            assert events.report.skipped == ({"DelayedAccrual": conversions} if conversions else {})
            sizes = [len(ids) for ids in asked]
            assert sum(sizes) == len(events)
            assert sorted(sizes)[1:] == [10] * (len(sizes) - 1)


EVERYTHING: Mapping[str, Any] = {
    "bill_details": True,
    "points_earned_breakup": True,
    "custom_fields": True,
    "extended_fields": True,
    "max_conversion_details": True,
    "payment_modes": True,
    "include_alternate_currencies": True,
}


def leftovers(value: Any) -> list[str]:
    """Name what ended in `extra`, anywhere in a model."""
    if attrs.has(type(value)):
        here = list(getattr(value, "extra", None) or {})
        return here + [name for field in attrs.fields(type(value)) for name in leftovers(getattr(value, field.name))]
    if isinstance(value, tuple):
        return [name for each in value for name in leftovers(each)]
    return []


async def test_the_models_know_every_part_of_every_event(sandbox: Sandbox) -> None:
    """With all flags, under a data scope: no field of the documents ends in `extra`, and every kind of part occurs."""
    seen: set[str] = set()
    async with capillary(sandbox) as client:
        for member in sandbox.ledger.members:
            ids = list(expected_events(sandbox.ledger.entries(member.user_id)))
            query = client.events.explode(customer(member), event_ids=ids, data_scope=DataScope("SELF"), **EVERYTHING)
            for event in await query.collect():
                assert leftovers(event) == []
                assert event.org_id == sandbox.ledger.organisation.org_id
                seen |= {field.name for field in attrs.fields(LedgerEvent) if getattr(event, field.name)}
    assert {field.name for field in attrs.fields(LedgerEvent)} - seen == {"extra", "extended_fields", "notes"}


async def test_the_points_of_a_bill_add_up_to_those_of_its_entry(sandbox: Sandbox) -> None:
    """Bill and lines together, promised points and alternate currencies apart."""
    checked = 0
    async with capillary(sandbox) as client:
        for member in sandbox.ledger.members[:5]:
            truth = {entry.event_log_id: entry for entry in sandbox.ledger.entries(member.user_id)}
            bills = [number for number, entry in truth.items() if entry.event_name == "TransactionAdd"]
            query = client.events.explode(
                customer(member), event_ids=bills, bill_details=True, include_alternate_currencies=True
            )
            async for event in query:
                bill = event.bill_details
                assert bill is not None
                sides = [bill.points_earned, *[item.points_earned for item in bill.line_items]]
                earned = [side for side in sides if side is not None]
                entry = truth[event.event_log_id]
                assert entry.transaction is not None
                assert sum(item.amount or 0 for item in bill.line_items) == entry.transaction.amount
                main = sum(each.value for side in earned for each in (*side.regular, *side.promo))
                promised = sum(each.value for side in earned for each in side.promised)
                currencies = {
                    each.alternate_currency_name: sum(row.value for row in each.regular)
                    for each in bill.alternate_currency_value_earned
                }
                assert main == credited(entry, MAIN)
                assert promised == credited(entry, PROMISED)
                assert currencies == {
                    line.currency: line.points for line in entry.details if line.currency and line.points
                }
                checked += 1
    assert checked > 30


def credited(entry: Entry, category: str) -> Decimal:
    lines = [line for line in entry.details if line.kind == "CREDIT" and line.currency is None]
    return sum((line.points for line in lines if line.category == category), start=Decimal(0))


@pytest.mark.parametrize("unknown_events", ["refused", "detail_refused", "null", "left_out"])
async def test_unknown_ids_are_reported_and_the_others_come(sandbox: Sandbox, unknown_events: Any) -> None:
    """However the server says so; another member's events are as unknown as those that never were."""
    sandbox.settings = Settings(unknown_events=unknown_events)
    mine, theirs = sandbox.ledger.members[:2]
    known = list(expected_events(sandbox.ledger.entries(mine.user_id)))[:23]
    stranger = next(iter(expected_events(sandbox.ledger.entries(theirs.user_id))))
    ids = [1, *known[:9], stranger, *known[9:], 2]
    async with capillary(sandbox) as client:
        events = await client.events.explode(customer(mine), event_ids=ids).collect()
    assert [event.event_log_id for event in events] == known
    assert sorted(map(int, events.report.unknown)) == sorted([1, 2, stranger])


async def test_a_conversion_that_is_asked_for_by_its_id_is_reported(sandbox: Sandbox) -> None:
    """The server refuses its kind (11014) and with it the whole call; the others come."""
    member = next(
        member
        for member in sandbox.ledger.members
        if any(entry.event_name == "DelayedAccrual" for entry in sandbox.ledger.entries(member.user_id))
    )
    truth = sandbox.ledger.entries(member.user_id)
    async with capillary(sandbox) as client:
        ids = [entry.event_log_id for entry in truth]
        events = await client.events.explode(customer(member), event_ids=ids).collect()
    assert Counter(event.event_log_id for event in events) == expected_events(truth)
    assert set(events.report.unknown) == set(ids) - expected_events(truth).keys()


async def test_an_id_is_asked_for_once(sandbox: Sandbox, asked: list[list[int]]) -> None:
    """However often it is given, and whatever ids are between."""
    member = sandbox.ledger.members[0]
    ids = list(expected_events(sandbox.ledger.entries(member.user_id)))[:12]
    async with capillary(sandbox) as client:
        events = await client.events.explode(customer(member), event_ids=ids + ids[::-1]).collect()
    assert [event.event_log_id for event in events] == ids
    assert sorted(asked) == sorted([ids[:10], ids[10:]])


async def test_events_are_found_by_what_they_refer_to(sandbox: Sandbox) -> None:
    """Bills by their ids; redemptions by the customer, who has several of one reference."""
    member = next(
        member
        for member in sandbox.ledger.members
        if sum(entry.event_name == "PointsRedemption" for entry in sandbox.ledger.entries(member.user_id)) > 1
    )
    truth = sandbox.ledger.entries(member.user_id)
    bills = {
        str(entry.transaction.transaction_id): entry.event_log_id
        for entry in truth
        if entry.event_name == "TransactionAdd" and entry.transaction
    }
    async with capillary(sandbox) as client:
        explode = client.events.explode
        by_bill = await explode(
            customer(member), event_name="TransactionAdd", reference_ids=[*bills, "no-such-bill"]
        ).collect()
        redeemed = await explode(
            customer(member), event_name="PointsRedemption", reference_ids=[member.user_id]
        ).collect()
    assert [event.event_log_id for event in by_bill] == list(bills.values())
    assert by_bill.report.unknown == ("no-such-bill",)
    redemptions = [entry for entry in truth if entry.event_name == "PointsRedemption"]
    assert [event.event_log_id for event in redeemed] == [entry.event_log_id for entry in redemptions]
    for event, entry in zip(redeemed, redemptions, strict=True):
        assert event.event_details is not None
        assert event.event_details.redemption_details is not None
        assert event.event_details.redemption_details.points_redeemed == -entry.net_points
        assert sum(each.points for each in event.points_breakup) == -entry.net_points
