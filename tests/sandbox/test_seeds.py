from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from loyalty_async.sandbox.answers import Printer
from loyalty_async.sandbox.happenings import EVENT_NAMES
from loyalty_async.sandbox.ledger import Ledger
from loyalty_async.sandbox.records import Entry
from loyalty_async.sandbox.seeds import make_ledger
from loyalty_async.sandbox.settings import Settings
from loyalty_async.sandbox.truths import member_truth

NOW = datetime(2025, 11, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    return make_ledger(150, 7, now=NOW)


def entries_of(ledger: Ledger) -> list[Entry]:
    return [entry for member in ledger.members for entry in ledger.entries(member.user_id)]


def truths(ledger: Ledger) -> list[object]:
    printer = Printer(Settings())
    return [(member, member_truth(ledger, member.user_id, printer)) for member in ledger.members]


def test_the_same_arguments_make_the_same_ledger() -> None:
    """A seed is enough to come back to a finding."""
    assert truths(make_ledger(8, 3, now=NOW)) == truths(make_ledger(8, 3, now=NOW))


def test_another_seed_makes_another_ledger() -> None:
    """The seed counts."""
    assert truths(make_ledger(8, 3, now=NOW)) != truths(make_ledger(8, 4, now=NOW))


def test_every_event_name_of_the_documents_occurs(ledger: Ledger) -> None:
    """A reader meets them all."""
    assert {entry.event_name for entry in entries_of(ledger)} == set(EVENT_NAMES)


def test_lengths_are_skewed_around_the_mean(ledger: Ledger) -> None:
    """Some members have nothing, some have several hundred entries."""
    lengths = sorted(len(ledger.entries(member.user_id)) for member in ledger.members)
    assert lengths[0] == 0
    assert lengths[-1] > 200
    assert 40 < sum(lengths) / len(lengths) < 80


def test_even_lengths_are_exact() -> None:
    """A benchmark can ask for a ledger of a known length."""
    ledger = make_ledger(3, 1, now=NOW, entries_per_member=123, skewed=False)
    assert [len(ledger.entries(member.user_id)) for member in ledger.members] == [123] * 3


def test_ids_are_unique(ledger: Ledger) -> None:
    """In the whole organisation."""
    numbers = [entry.event_log_id for entry in entries_of(ledger)]
    assert len(set(numbers)) == len(numbers)


def test_ids_rise_with_time_but_not_strictly(ledger: Ledger) -> None:
    """An order by id is nearly, and not quite, an order by date."""
    by_id = sorted(entries_of(ledger), key=lambda entry: entry.event_log_id)
    steps = [later.created_at - earlier.created_at for earlier, later in pairwise(by_id)]
    assert any(step < timedelta(0) for step in steps)
    assert min(steps) > timedelta(seconds=-5)


def test_some_neighbours_of_one_member_have_ids_against_their_dates(ledger: Ledger) -> None:
    """Such pairs stand in the documents' samples."""
    assert any(
        earlier.event_log_id > later.event_log_id and earlier.created_at < later.created_at
        for member in ledger.members
        for earlier, later in pairwise(ledger.entries(member.user_id))
    )


def test_entries_lie_in_the_span(ledger: Ledger) -> None:
    """Three years, up to now."""
    moments = [entry.created_at for entry in entries_of(ledger)]
    assert NOW - timedelta(days=3 * 366) < min(moments)
    assert max(moments) < NOW


def test_some_moments_have_fractions_and_most_have_none(ledger: Ledger) -> None:
    """To the fraction of a second."""
    entries = entries_of(ledger)
    fractions = sum(entry.created_at.microsecond > 0 for entry in entries)
    assert 0.05 < fractions / len(entries) < 0.15


def test_some_members_have_many_entries_in_one_second(ledger: Ledger) -> None:
    """Bursts happen."""
    seconds: dict[tuple[int, datetime], int] = {}
    for member in ledger.members:
        for entry in ledger.entries(member.user_id):
            key = (member.user_id, entry.created_at.replace(microsecond=0))
            seconds[key] = seconds.get(key, 0) + 1
    assert max(seconds.values()) > 10


def test_a_history_of_a_moment_is_all_before_now() -> None:
    """The end of the span is a bound to the microsecond."""
    ledger = make_ledger(5, 1, now=NOW, years=1e-6, entries_per_member=100, skewed=False)
    assert all(NOW - timedelta(minutes=1) < entry.created_at < NOW for entry in entries_of(ledger))


def test_a_large_ledger_is_made_in_a_moment() -> None:
    """Ten thousand entries of one member, well within the time that a test may wait."""
    started = time.perf_counter()
    ledger = make_ledger(1, 1, now=NOW, entries_per_member=10_000, skewed=False)
    assert len(entries_of(ledger)) == 10_000
    assert time.perf_counter() - started < 5


def test_a_naive_now_is_refused() -> None:
    """The end of the histories is an instant."""
    with pytest.raises(ValueError, match="aware"):
        make_ledger(1, 1, now=datetime(2025, 1, 1))  # noqa: DTZ001


def test_some_entries_were_made_in_connected_organisations(ledger: Ledger) -> None:
    """In each of them, and most in none."""
    made = Counter(entry.org_id for entry in entries_of(ledger))
    organisation = ledger.organisation
    assert made.keys() == {None, organisation.org_id, *organisation.connected}
    assert sum(made[org_id] for org_id in organisation.connected) < len(entries_of(ledger)) / 10
