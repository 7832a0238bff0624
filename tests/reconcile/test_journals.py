from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_async.errors import InvalidArgument
from loyalty_async.reconcile import Journal, Summary, named
from loyalty_async.reconcile.journals import Places
from tests.reconcile.runs import MEMBERS, verdicts


def written(path: Path, count: int) -> Journal:
    """Begin a journal, and note some members."""
    journal = Journal(path, {"since": "then"})
    assert list(journal.earlier()) == []
    for verdict, _ in zip(verdicts(), range(count), strict=False):
        journal.add(verdict, named(verdict.member))
    journal.close()
    return journal


def test_what_was_noted_is_given_again_and_the_rest_is_added(tmp_path: Path) -> None:
    written(tmp_path / "j", 9)
    again, summary, whole = Journal(tmp_path / "j", {"since": "then"}), Summary(), Summary()
    for verdict, shown in again.earlier():
        assert shown == f"mobile=•••{verdict.number:04}"
        summary.add(verdict)
    for verdict in verdicts():
        whole.add(verdict)
        if verdict.number not in again.done:
            again.add(verdict, "x")
            summary.add(verdict)
    assert summary == whole
    assert len(again.done) == MEMBERS
    again.finish()
    assert not (tmp_path / "j").exists()


@pytest.mark.parametrize("cut", [1, 2, 100])
def test_a_line_that_was_cut_off_is_written_anew(tmp_path: Path, cut: int) -> None:
    written(tmp_path / "j", 5)
    whole = (tmp_path / "j").read_bytes()
    (tmp_path / "j").write_bytes(whole[:-cut])
    again = Journal(tmp_path / "j", {"since": "then"})
    assert [verdict.number for verdict, _ in again.earlier()] == [1, 2, 3, 4]
    fifth = next(verdict for verdict in verdicts() if verdict.number == 5)
    again.add(fifth, named(fifth.member))
    again.close()
    assert (tmp_path / "j").read_bytes() == whole


@pytest.mark.parametrize("first", [b'{"since":"now"}\n', b"5\n", b"rubbish\n"])
def test_the_journal_of_another_question_is_refused(tmp_path: Path, first: bytes) -> None:
    (tmp_path / "j").write_bytes(first)
    with pytest.raises(InvalidArgument, match="other arguments"):
        list(Journal(tmp_path / "j", {"since": "then"}).earlier())
    assert (tmp_path / "j").read_bytes() == first


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    written(tmp_path / "j", 1)
    assert (tmp_path / "j").stat().st_mode & 0o777 == 0o600


@given(st.permutations(range(1, 40)), st.integers(0, 39))
def test_places_hold_what_was_added_in_any_order(numbers: list[int], count: int) -> None:
    places = Places()
    for number in numbers[:count]:
        places.add(number)
    assert [number for number in range(45) if number in places] == sorted(numbers[:count])
    assert len(places) == count
    assert 0 not in places
