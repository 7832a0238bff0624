from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_async.models.spans import Span
from loyalty_async.reconcile.instants import boundaries, clusters, quiet_after, quiet_before, second_of
from loyalty_async.reconcile.postings import Posting
from tests.reconcile.books import DAY, MAIN, SECOND, START, entry, line


def at(*offsets_s: float) -> list[Posting]:
    return [entry(number, START + offset * SECOND, line(MAIN, "1")) for number, offset in enumerate(sorted(offsets_s))]


OFFSETS = st.lists(st.integers(0, 40).map(lambda halves: halves / 2), max_size=12)


@pytest.mark.parametrize(
    ("offsets", "before", "after"),
    [((), 0, 0), ((5,), 0, 0), ((0,), -1, 1), ((0.5,), -1, 1), ((0, 1, 2), -1, 3), ((-1, 0), -2, 1)],
)
def test_the_next_second_without_an_entry_is_found(offsets: tuple[float, ...], before: int, after: int) -> None:
    assert quiet_before(START, at(*offsets), START - DAY) == START + before * SECOND
    assert quiet_after(START, at(*offsets), START + DAY) == START + after * SECOND


def test_an_instant_within_a_second_is_left_to_the_outside() -> None:
    inside = START + timedelta(milliseconds=300)
    assert quiet_before(inside, [], START - DAY) == START
    assert quiet_after(inside, [], START + DAY) == START + SECOND


def test_what_lies_beyond_what_is_known_is_not_found() -> None:
    assert quiet_before(START, at(-1, 0), START - SECOND) is None
    assert quiet_after(START, at(0), START + SECOND) is None
    assert quiet_after(START, [], START + SECOND) == START
    assert quiet_after(START, [], START + SECOND / 2) is None


@given(OFFSETS)
def test_clusters_hold_every_entry_once_and_none_at_their_edges(offsets: list[float]) -> None:
    postings = at(*offsets)
    found = clusters(postings)
    assert [place for each in found for place in range(each.first, each.last)] == list(range(len(postings)))
    taken = {second_of(posting.created_at) for posting in postings}
    for cluster in found:
        assert not taken & {cluster.since, cluster.until}


@given(OFFSETS)
def test_at_every_boundary_all_readings_of_the_rule_agree(offsets: list[float]) -> None:
    """Inclusive or not, with fractions or without, the same entries come before it; the ends are among them."""
    postings = at(*offsets)
    span = Span(START - 5 * SECOND, START + 60 * SECOND)
    found = boundaries(span, postings)
    assert (found[0], found[-1]) == ((span.since, 0), (span.until, len(postings)))
    assert found == sorted(found)
    for instant, count in found:
        moments = [posting.created_at for posting in postings]
        seconds = list(map(second_of, moments))
        counts = {
            sum(moment < instant for moment in moments),
            sum(moment <= instant for moment in moments),
            sum(second < instant for second in seconds),
            sum(second <= instant for second in seconds),
        }
        assert counts == {count}
