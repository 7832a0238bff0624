from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from loyalty_async.sandbox.happenings import History, Slot
from loyalty_async.sandbox.records import DEFAULT_ORGANISATION, PROMISED, TRIGGER_BASED, ZERO, Entry, Kind
from tests.sandbox.calls import NOON


def lived(seed: int, count: int = 400) -> list[Entry]:
    history = History(random.Random(seed), DEFAULT_ORGANISATION, 7001)
    return [history.happen(Slot(NOON + timedelta(hours=number), number)) for number in range(count)]


@pytest.fixture(scope="module")
def entries() -> list[Entry]:
    return lived(1)


def named(entries: list[Entry], name: str) -> Iterator[Entry]:
    found = [entry for entry in entries if entry.event_name == name]
    assert found
    return iter(found)


def kinds(entry: Entry) -> list[Kind]:
    return [line.kind for line in entry.details]


def test_a_history_opens_with_every_balance_once(entries: list[Entry]) -> None:
    """Opening balances come once for each program and category."""
    first, rest = entries[0], entries[1:]
    opened = {(line.program.program_id, line.category) for line in first.details}
    assert kinds(first) == ["OPENING_BALANCE"] * 6
    assert len(opened) == 6
    assert not any(line.kind == "OPENING_BALANCE" and not line.currency for entry in rest for line in entry.details)


def test_some_histories_open_with_a_balance_that_was_carried_over() -> None:
    """Registrations open with nothing, the ledger's bulk job with what was there."""
    firsts = [lived(seed, 1)[0] for seed in range(60)]
    registered = [entry for entry in firsts if entry.event_name == "CustomerRegistration"]
    migrated = [entry for entry in firsts if entry.event_name == "PointsLedgerBulkJob"]
    assert registered
    assert migrated
    assert not any(line.points for entry in registered for line in entry.details)
    assert all(any(line.points for line in entry.details) for entry in migrated)


def test_balances_never_fall_below_zero(entries: list[Entry]) -> None:
    """Only what is there is debited."""
    balances: dict[tuple[int, str, str | None], Decimal] = {}
    for entry in entries:
        for line in entry.details:
            key = (line.program.program_id, line.category, line.currency)
            opened = line.points if line.kind == "OPENING_BALANCE" else ZERO
            balances[key] = balances.get(key, ZERO) + line.signed + opened
            assert balances[key] >= 0


def test_a_conversion_moves_promised_points_and_nets_to_nothing(entries: list[Entry]) -> None:
    """One entry: a debit of promised points and a credit of the same points."""
    for entry in named(entries, "DelayedAccrual"):
        debit, credit = entry.details
        assert (debit.kind, debit.category, credit.kind, credit.category) == ("DEBIT", PROMISED, "CREDIT", "Main")
        assert debit.points == credit.points
        assert entry.net_points == 0


def test_an_alternate_currency_opens_before_its_first_credit(entries: list[Entry]) -> None:
    """Once, in the same entry."""
    seen: set[str] = set()
    for entry in entries:
        for line in entry.details:
            if line.currency is not None:
                assert (line.kind == "OPENING_BALANCE") == (line.currency not in seen)
                seen.add(line.currency)
    assert seen == set(DEFAULT_ORGANISATION.currencies)


def test_trigger_based_points_occur(entries: list[Entry]) -> None:
    """All three categories are credited."""
    assert any(line.category == TRIGGER_BASED and line.signed > 0 for entry in entries for line in entry.details)


def test_an_expiry_names_the_program_and_no_till(entries: list[Entry]) -> None:
    """As in the documents' samples."""
    programs = {program.program_id for program in DEFAULT_ORGANISATION.programs}
    for entry in named(entries, "PointsExpiry"):
        assert entry.customer_id in programs
        assert entry.till is None


def test_amounts_are_whole_numbers_and_fractions(entries: list[Entry]) -> None:
    """Scales from none to five decimals."""
    bills = [entry.transaction for entry in entries if entry.transaction]
    scales = {bill.amount.as_tuple().exponent for bill in bills}
    assert {0, -1, -2} <= scales
    assert any(bill.gross_amount != bill.amount for bill in bills)
    assert all(bill.date.tzinfo is None for bill in bills)


def test_nets_may_be_more_exact_than_lines(entries: list[Entry]) -> None:
    """Rounding differs, as in the documents' sample: 46.69 and 46.688."""
    assert any(
        entry.net_points != sum(line.signed for line in entry.details if line.currency is None) for entry in entries
    )


def test_things_are_left_out_where_the_documents_leave_them_out(entries: list[Entry]) -> None:
    """Without organisation, program name, bill or event details."""
    assert {entry.org_id for entry in entries} == {None, DEFAULT_ORGANISATION.org_id}
    assert {entry.source_named for entry in entries} == {True, False}
    assert any(entry.transaction is None for entry in entries)
    assert any(not entry.event_details for entry in entries)
