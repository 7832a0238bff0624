from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from loyalty_async.errors import InvalidArgument, OutputError
from loyalty_async.models.members import Customer
from loyalty_async.reconcile.journals import Journal

ANN, BEN, CAT = (Customer.by_mobile(f"9174064010{number:02}", source="INSTORE") for number in (4, 5, 6))
QUESTION = {"since": "then"}


class Clock:
    """A clock that stands still until it is set."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    opened = Journal(path, QUESTION, clock=Clock())
    yield opened
    opened.close()


def after(path: Path) -> Journal:
    """Open what a process would leave that is killed now."""
    left = path.with_name("left")
    for file in path.parent.glob(f"{path.name}*"):
        shutil.copyfile(file, left.with_name(file.name.replace(path.name, "left", 1)))
    return Journal(left, QUESTION)


def test_what_was_noted_is_there_after_a_kill_and_what_was_not_never_happened(path: Path, journal: Journal) -> None:
    journal.add(ANN, [b"one", b"two"])
    journal.note(b"sums", 17)
    journal.add(BEN, [b"three"])
    again = after(path)
    assert (again.earlier, again.summary, again.lines) == (1, b"sums", 17)
    assert list(again.records()) == [b"one", b"two"]
    assert (again.passes(ANN), again.passes(BEN)) == (True, False)
    again.close()


def test_a_new_journal_knows_nothing(journal: Journal) -> None:
    assert (journal.earlier, journal.summary, journal.lines, list(journal.records())) == (0, None, 0, [])


def test_a_member_is_taken_once_at_whatever_place_and_when(journal: Journal) -> None:
    """While it is under way, while it waits to be noted, and when it is noted."""
    assert not journal.passes(ANN)
    assert journal.passes(ANN)
    journal.add(ANN)
    assert journal.passes(ANN)
    journal.note(b"", 0)
    assert journal.passes(ANN)
    assert (journal.repeated, journal.through) == (3, 1)


def test_members_of_an_earlier_run_are_not_called_repeated(path: Path, journal: Journal) -> None:
    journal.add(ANN)
    journal.note(b"", 0)
    journal.close()
    again = Journal(path, QUESTION)
    assert again.passes(ANN)
    assert (again.repeated, again.earlier, again.through) == (0, 1, 1)
    again.close()


def test_it_is_due_after_a_while_or_after_many_members(path: Path) -> None:
    clock = Clock()
    journal = Journal(path, QUESTION, clock=clock)
    due = [journal.is_due]
    clock.now = 0.5
    due.append(journal.is_due)
    journal.note(b"", 0)
    due.append(journal.is_due)
    for number in range(500):
        journal.add(Customer.by_id(number + 1, source="INSTORE"))
    due.append(journal.is_due)
    journal.close()
    assert due == [False, True, False, True]


def test_the_journal_of_another_question_is_refused_by_what_differs(path: Path, journal: Journal) -> None:
    journal.close()
    with pytest.raises(InvalidArgument, match=r"other arguments \(since differ\)"):
        Journal(path, {"since": "now"})
    with pytest.raises(InvalidArgument, match=r"other arguments \(more differ\)"):
        Journal(path, {**QUESTION, "more": "x"})


def test_two_runs_cannot_share_it(path: Path, journal: Journal) -> None:
    assert journal.earlier == 0
    with pytest.raises(OutputError, match="another reconciliation is at work"):
        Journal(path, QUESTION)


def test_what_is_no_journal_is_refused(path: Path) -> None:
    path.write_text("rubbish " * 200)
    with pytest.raises(OutputError, match="the journal cannot be opened"):
        Journal(path, QUESTION)


def test_a_journal_of_a_later_version_is_refused(path: Path, journal: Journal) -> None:
    journal.close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 2")
    connection.close()
    with pytest.raises(OutputError, match="version 2"):
        Journal(path, QUESTION)


def test_it_names_nobody_and_only_its_owner_may_read_it(path: Path, journal: Journal) -> None:
    journal.passes(ANN)
    journal.add(ANN)
    journal.note(b"", 0)
    for file in path.parent.glob(f"{path.name}*"):
        assert ANN.identifier_value.encode() not in file.read_bytes()
        assert file.stat().st_mode & 0o777 == 0o600
    assert ANN.identifier_value not in repr(journal)


def test_nothing_is_left_when_a_run_is_finished(path: Path, journal: Journal) -> None:
    journal.add(CAT)
    journal.note(b"", 0)
    journal.finish()
    assert list(path.parent.iterdir()) == []


def test_one_without_a_name_leaves_nothing_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    journal = Journal(None, {})
    journal.add(ANN)
    journal.note(b"", 0)
    assert journal.passes(ANN)
    journal.finish()
    assert list(tmp_path.iterdir()) == []
