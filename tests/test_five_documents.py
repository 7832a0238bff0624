"""The real clients against the sandbox, for each of the five documents: what is read is what the ledger holds.

Events and codes have files of their own beside this one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count

import pytest

from loyalty_async import (
    AccountBalance,
    AltcraftClient,
    CapillaryClient,
    Customer,
    DataScope,
    LedgerBalance,
    LedgerEntry,
    Profile,
    PromisedPointsSchedule,
    UserGroup,
)
from loyalty_async.sandbox import (
    DEFAULT_PROGRAM,
    PROMISED,
    TRIGGER_BASED,
    Entry,
    Ledger,
    Sandbox,
    Settings,
    open_sandbox,
)
from tests.sandbox.clients import KEYS, NOW, altcraft, capillary, customer, expected_events, grouped, seeded_ledger

pytestmark = pytest.mark.anyio

Account = tuple[int | None, str | None, str | None]


@pytest.fixture(scope="module")
def seeded() -> Ledger:
    return seeded_ledger()


@pytest.fixture
def sandbox(seeded: Ledger) -> Sandbox:
    return Sandbox(seeded.copy(), now=lambda: NOW)


def account(program_id: int | None, category: str | None, currency: str | None) -> Account:
    """Name an account; an alternate currency has a category of its own in balances."""
    return (program_id, None if currency else category, currency)


def summed(entries: Iterable[LedgerEntry]) -> dict[Account, Decimal]:
    sums: dict[Account, Decimal] = {}
    for entry in entries:
        for line in entry.entry_details:
            key = account(line.program_id, line.points_category, line.alternate_currency_name)
            effect = -line.points if line.ledger_entry_type == "DEBIT" else line.points
            sums[key] = sums.get(key, Decimal(0)) + effect
    return sums


def closed(balance: LedgerBalance) -> dict[Account, Decimal]:
    return {
        account(each.program_id, each.points_category, each.alternate_currency): each.closing_balance
        for each in balance.balances
    }


def quiet_instants(entries: list[LedgerEntry]) -> list[datetime]:
    """Choose instants in whose second nothing happens: after the first entry, in the middle, near the end, now."""
    seconds = {entry.created_at.replace(microsecond=0) for entry in entries}
    chosen = [entries[len(entries) * part // 5].created_at.replace(microsecond=0) for part in range(5)]
    return [
        next(quiet for shift in count() if (quiet := moment + timedelta(seconds=shift)) not in seconds)
        for moment in [*chosen, NOW]
    ]


async def test_a_closing_balance_is_the_sum_of_the_ledger(sandbox: Sandbox) -> None:
    """At any instant, in every program, category and currency, to the last digit."""
    async with capillary(sandbox) as client:
        for member in sandbox.ledger.members:
            entries = await client.ledger.entries(customer(member), include_alternate_currencies=True).collect()
            for at in quiet_instants(entries):
                balance = await client.balances.closing(customer(member), at=at, include_alternate_currencies=True)
                before = [entry for entry in entries if entry.created_at < at]
                assert closed(balance) == summed(before)
                assert balance.details.total_entries == len(before)


async def test_a_group_has_a_closing_balance_too(sandbox: Sandbox) -> None:
    """Of the rows of all its members."""
    async with capillary(sandbox) as client:
        for group in sandbox.ledger.groups:
            entries = await client.ledger.entries(grouped(group)).collect()
            balance = await client.balances.closing(grouped(group))
            assert balance.owner is None
            assert closed(balance) == summed(entries)


@pytest.mark.parametrize("names", [["Stars"], ["Stars", "Stamps"]])
async def test_named_currencies_come_alone(sandbox: Sandbox, names: list[str]) -> None:
    """As in the ledger; a member may have none."""
    sandbox.settings = Settings(refuses_empty_balances=False)
    async with capillary(sandbox) as client:
        for member in sandbox.ledger.members[:4]:
            entries = await client.ledger.entries(customer(member), alternate_currency_names=names).collect()
            balance = await client.balances.closing(customer(member), alternate_currency_names=names)
            assert closed(balance) == summed(entries)
            assert {each.alternate_currency_category for each in balance.balances} <= {"REGULAR"}


async def test_what_is_promised_is_what_the_ledger_holds(sandbox: Sandbox) -> None:
    """The schedule of every program adds up to the promised balance; so does what waits for an event."""
    async with capillary(sandbox) as client:
        for member in sandbox.ledger.members:
            schedule = await client.promised_points.schedule(customer(member), all_programs=True)
            balance = await client.balances.closing(customer(member))
            for category, rows in ((PROMISED, schedule.scheduled), (TRIGGER_BASED, schedule.trigger_based)):
                for program in sandbox.ledger.organisation.programs:
                    found = balance.find(program_id=program.program_id, points_category=category)
                    assert found is not None
                    promised = sum(row.points for row in rows if row.program_id == program.program_id)
                    assert promised == found.closing_balance
            assert all(
                row.redeemable_from is not None and row.redeemable_from > NOW.date() for row in schedule.scheduled
            )


async def test_what_is_promised_converts_in_the_ledger_later(seeded: Ledger) -> None:
    """On the day of the schedule, and to the last digit."""
    conversions = [
        (member, entry)
        for member in seeded.members
        for entry in seeded.entries(member.user_id)
        if entry.event_name == "DelayedAccrual"
    ]
    assert len(conversions) > 5
    for member, entry in conversions:
        before = entry.created_at - timedelta(microseconds=1)
        async with capillary(Sandbox(seeded, now=lambda before=before: before)) as client:  # type: ignore[misc]
            schedule = await client.promised_points.schedule(
                customer(member), program_id=entry.details[0].program.program_id
            )
        due = [row.points for row in schedule.scheduled if row.redeemable_from == entry.created_at.date()]
        assert sum(due) == entry.details[0].points


async def test_a_schedule_is_exact_and_may_be_negative_or_nothing() -> None:
    """With the decimals that the server writes; both lists."""
    ledger = Ledger()
    member = ledger.add_member(user_id=7001)
    for points, category in (("390.000", PROMISED), ("0.00", PROMISED), ("12.50", TRIGGER_BASED)):
        ledger.add_entry(7001, created_at=NOW, points=points, category=category)
    ledger.add_entry(7001, created_at=NOW - timedelta(days=1), points="-40.000", category=PROMISED)
    async with capillary(Sandbox(ledger, now=lambda: NOW)) as client:
        by_id = Customer.by_id(7001, source="INSTORE")
        schedule = await client.promised_points.schedule(by_id)
        looked_up = await client.promised_points.schedule(customer(member))
    assert schedule == looked_up
    assert [(str(row.points), row.redeemable_from) for row in schedule.scheduled] == [
        ("-40.000", date(2025, 11, 30)),
        ("390.000", date(2025, 12, 1)),
    ]
    assert [str(row.points) for row in schedule.trigger_based] == ["12.50"]
    assert schedule.entity_id == 7001


@pytest.mark.parametrize("bearer", [False, True])
async def test_altcraft_says_the_same_in_json_and_in_xml(sandbox: Sandbox, bearer: bool) -> None:
    """By each way to name a member, in each currency; and what is active is the member's Main balance."""
    async with (
        altcraft(sandbox, bearer=bearer) as in_json,
        altcraft(sandbox, bearer=bearer, dialect="xml") as in_xml,
        capillary(sandbox) as client,
    ):
        for member in sandbox.ledger.members[:4]:
            profiles = [
                Profile.by_email(member.email),
                Profile.by_phone(f"+{member.mobile}"),
                Profile.by_profile_id(str(member.user_id)),
                Profile.by_custom_field("user_id", member.user_id),
                Profile.by_custom_field("external_id", member.external_id or ""),
            ]
            closing = await client.balances.closing(customer(member), include_alternate_currencies=True)
            main = closing.find(program_id=DEFAULT_PROGRAM.program_id, points_category="Main")
            assert main is not None
            for currency in (None, 1, "points", 2, "Stars"):
                found: set[AccountBalance] = set()
                for profile in profiles:
                    for each in (in_json, in_xml):
                        found.add(await each.accounts.balance(program_id=973, member=profile, currency=currency))
                (balance,) = found
                if currency in {None, 1, "points"}:
                    assert str(balance.active_balance) == str(main.closing_balance)
                else:
                    stars = closing.find(program_id=DEFAULT_PROGRAM.program_id, alternate_currency="Stars")
                    assert balance.active_balance == (stars.closing_balance if stars else 0)
                assert balance.total_balance >= balance.active_balance


async def test_a_groups_ledger_has_a_row_for_each_member(sandbox: Sandbox) -> None:
    """All of them, named, by each identifier of the group; and each row has its event."""
    shared = 0
    async with capillary(sandbox) as client:
        for group in sandbox.ledger.groups:
            kind = group.kind
            ways = [
                grouped(group),
                UserGroup.by_id(group.group_id, source="ALL", entity_type=kind, identifier_name="groupId"),
                UserGroup.by_external_id(group.external_id, source="ALL", entity_type=kind),
                UserGroup.by_primary_user(group.primary.user_id, source="ALL", entity_type=kind),
            ]
            read = [await client.ledger.entries(way, include_alternate_currencies=True).collect() for way in ways]
            truth = sandbox.ledger.entries(group.owner_id)
            for entries in read:
                assert Counter(map(acting, entries)) == Counter(map(true_acting, truth))
            assert {entry.customer_id for entry in read[0]} & {group.owner_id}
            events = await client.events.explode_entries(grouped(group), read[0]).collect()
            assert Counter(event.event_log_id for event in events) == expected_events(truth)
            shared += sum(count > 1 for count in Counter(entry.event_log_id for entry in truth).values())
    assert shared > 3


def acting(entry: LedgerEntry) -> tuple[int, str | None, str | None]:
    who = entry.customer_details
    if who is None or who.identifier is None:
        return (entry.event_log_id, None, None)
    return (entry.event_log_id, str(who.user_id), who.identifier.role)


def true_acting(entry: Entry) -> tuple[int, str | None, str | None]:
    who = entry.actor
    return (entry.event_log_id, str(who.member.user_id), who.role) if who else (entry.event_log_id, None, None)


async def test_data_scopes_share_the_ledger_out(sandbox: Sandbox) -> None:
    """The organisation's own entries and the connected ones' are together all; so are the events."""
    first, second, third = sandbox.ledger.organisation.connected
    scopes = [DataScope("SELF"), DataScope("OTHER", (first, second)), DataScope("OTHER", (third,))]
    async with capillary(sandbox) as client:
        for member in sandbox.ledger.members[:4]:
            whole = await client.ledger.entries(customer(member)).collect()
            parts = [await client.ledger.entries(customer(member), data_scope=scope).collect() for scope in scopes]
            assert sorted(entry.event_log_id for part in parts for entry in part) == sorted(
                entry.event_log_id for entry in whole
            )
            assert {entry.org_id for entry in parts[1]} <= {first, second}
            ids = list(expected_events(sandbox.ledger.entries(member.user_id)))
            events = [
                await client.events.explode(customer(member), event_ids=ids, data_scope=scope).collect()
                for scope in scopes
            ]
            assert sorted(event.event_log_id for part in events for event in part) == sorted(ids)


async def test_all_organisations_at_once_if_the_server_lets_them(sandbox: Sandbox) -> None:
    """A switch of the server."""
    first, second, _ = sandbox.ledger.organisation.connected
    scope = DataScope("ALL", (first, second))
    sandbox.settings = Settings(refuses_scope_all=False)
    member = sandbox.ledger.members[0]
    async with capillary(sandbox) as client:
        entries = await client.ledger.entries(customer(member), data_scope=scope).collect()
        own = await client.ledger.entries(customer(member), data_scope=DataScope("SELF")).collect()
    assert len(entries) >= len(own)
    assert {entry.org_id for entry in entries} >= {entry.org_id for entry in own}


async def test_concepts_come_if_they_are_asked_for(sandbox: Sandbox) -> None:
    """-1 for none, and no name where there is none."""
    member = sandbox.ledger.members[0]
    async with capillary(sandbox) as client:
        entries = await client.ledger.entries(customer(member), include_concept_details=True).collect()
        plain = await client.ledger.entries(customer(member)).collect()
    tills = {till.code: till.concept for till in sandbox.ledger.organisation.tills}
    for entry in entries:
        concept = tills.get(entry.till_code or "")
        assert entry.concept_id == (concept.concept_id if concept else -1)
        assert entry.concept_name == (concept.name if concept else None)
    assert {entry.concept_id for entry in plain} == {None}


@pytest.mark.real_time
async def test_everything_works_over_a_socket(sandbox: Sandbox) -> None:
    """Each endpoint once."""
    member = sandbox.ledger.members[0]
    async with (
        open_sandbox(sandbox) as url,
        CapillaryClient(url, auth=KEYS) as client,
        AltcraftClient(url, token="sandbox-token", dialect="xml") as points,
    ):
        entries = await client.ledger.entries(customer(member)).collect()
        balance = await client.balances.closing(customer(member))
        events = await client.events.explode_entries(customer(member), entries, bill_details=True).collect()
        schedule = await client.promised_points.schedule(Customer.by_id(member.user_id, source="INSTORE"))
        held = await points.accounts.balance(program_id=973, member=Profile.by_email(member.email))
    assert closed(balance) == summed(entries)
    assert len(events) + sum(events.report.skipped.values()) == len(entries)
    assert isinstance(schedule, PromisedPointsSchedule)
    main = balance.find(program_id=973, points_category="Main")
    assert main is not None
    assert held.active_balance == main.closing_balance
