from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import attrs
import pytest

from loyalty_async import (
    AuthenticationError,
    Customer,
    IncompleteLedgerError,
    LoyaltyError,
    MemberListError,
    MemberNotFoundError,
    OutputError,
    PendingEventsError,
    Report,
    StoreUnavailableError,
    UnavailableError,
    Verdict,
)
from loyalty_async.export.failures import DeadLetters, Judge, not_complete
from loyalty_async.export.members import Listed, misread, read_members


@pytest.mark.parametrize("error", [AuthenticationError("x"), OutputError("x"), StoreUnavailableError("x")])
def test_what_would_meet_every_member_is_nobodys_fault(error: LoyaltyError) -> None:
    assert Judge().is_of_all(error)


def test_what_may_be_a_members_fault_is_everybodys_if_it_comes_ten_times_in_a_row() -> None:
    judge = Judge()
    assert not judge.is_of_all(MemberNotFoundError("x"))
    assert [judge.is_of_all(UnavailableError("x")) for _ in range(9)] == [False] * 9
    judge.clear()
    assert [judge.is_of_all(UnavailableError("x")) for _ in range(10)] == [False] * 9 + [True]


def test_a_letter_is_a_line_of_a_list_of_members_again(tmp_path: Path) -> None:
    letters = DeadLetters(tmp_path / "new" / "dead.jsonl")
    letters.open()
    assert not (tmp_path / "new" / "dead.jsonl").exists()
    error = MemberNotFoundError("no such member")
    letters.add(Listed(Customer.by_mobile("91", source="INSTORE"), 7), error)
    letters.add(wrong := misread(8, "is no CSV", b'mobile,"91\n'), wrong)
    letters.close()
    first, second = map(json.loads, (tmp_path / "new" / "dead.jsonl").read_text().splitlines())
    assert (first["line"], first["error"], first["identifier_name"], first["identifier_value"]) == (
        7,
        "MemberNotFoundError",
        "mobile",
        "91",
    )
    assert (second["line"], second["text"]) == (8, 'mobile,"91')
    with (tmp_path / "new" / "dead.jsonl").open("rb") as again:
        member, unread = read_members(again)
    assert member == Listed(Customer.by_mobile("91", source="INSTORE"), 1)
    assert isinstance(unread, MemberListError)
    assert "line 2 of the members was put aside before" in str(unread)
    assert unread.text == 'mobile,"91'  # However often it is put aside.


def test_the_letters_of_the_process_before_are_gone_but_a_pipe_stays_a_pipe(tmp_path: Path) -> None:
    old, pipe = tmp_path / "dead.jsonl", tmp_path / "pipe"
    old.write_text("old")
    os.mkfifo(pipe)
    DeadLetters(old).open()
    DeadLetters(pipe).open()
    assert not old.exists()
    assert pipe.is_fifo()


def test_a_file_that_cannot_be_written_is_told_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(OutputError, match="the file of members put aside cannot be written"):
        DeadLetters(tmp_path).open()
    monkeypatch.setattr("loyalty_async.export.failures.os.access", lambda _path, _mode: False)
    with pytest.raises(OutputError, match="the file of members put aside cannot be written"):
        DeadLetters(tmp_path / "dead").open()


def test_the_error_for_a_ledger_of_which_there_may_be_more_says_what_kept_it_from_being_complete() -> None:
    report = Report(verdict=Verdict.PENDING, since=None, until=datetime(2025, 3, 1, tzinfo=UTC))
    member = Customer.by_id(7, source="INSTORE")
    pending = not_complete(report, member, "a token")
    doubtful = not_complete(attrs.evolve(report, verdict=Verdict.PARTIAL, doubt="it moved"), member, "a token")
    assert isinstance(pending, PendingEventsError)
    assert isinstance(doubtful, IncompleteLedgerError)
    assert "cannot be proved complete: it moved" in str(doubtful)
    for error in (pending, doubtful):
        assert (error.member, error.resume) == (member, "a token")
