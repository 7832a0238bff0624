from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest

from loyalty_async.errors import InvalidArgument, OutputError
from loyalty_async.models.members import Customer
from loyalty_async.models.spans import Span
from loyalty_async.reconcile import ComparisonSummary, Counts, DifferencesFolder, MemberComparison, Reason

JAN = datetime(2025, 1, 1, tzinfo=UTC)
MONTH = Span(JAN, JAN + timedelta(days=31))


def comparison(number: int, *, broken: bool = False) -> MemberComparison:
    lines = BytesIO(b'{"change":"only_left"}\n' * 2)
    if broken:
        lines = _Broken(lines.getvalue())
    member = Customer.by_id(7000 + number, source="INSTORE")
    return MemberComparison(member=member, number=number, counts=Counts(matched=5, only_left=2), lines=lines)


class _Broken(BytesIO):
    """Fails behind the first line."""

    def __next__(self) -> bytes:
        if self.tell():
            raise OSError(28, "No space left on device")
        return super().__next__()


def take(folder: DifferencesFolder, each: MemberComparison) -> None:
    assert not folder.passes(each.member)
    folder.summary.add(each)
    folder.add(each)


def numbers(folder: Path) -> list[int]:
    return [json.loads(line)["number"] for line in (folder / "differences.jsonl").read_text().splitlines()]


def test_a_run_that_was_cut_off_goes_on(tmp_path: Path) -> None:
    first = DifferencesFolder(tmp_path, MONTH, source="then")
    take(first, comparison(1))
    first.close()
    second = DifferencesFolder(tmp_path, MONTH, source="then")
    assert second.passes(comparison(1).member)
    take(second, comparison(2))
    unread = MemberComparison(member=comparison(3).member, number=3, reason=Reason.UNREADABLE, codes=(8015,))
    take(second, unread)
    second.finish()
    assert numbers(tmp_path) == [1, 1, 2, 2, 3]
    counts = Counts(matched=10, only_left=4)
    assert second.summary == ComparisonSummary(members=3, counts=counts, reasons=second.summary.reasons)
    assert second.summary.reasons == {"unreadable": 1}
    assert not list(tmp_path.glob(".unfinished*"))


def test_a_member_of_whom_half_was_written_is_not_through(tmp_path: Path) -> None:
    first = DifferencesFolder(tmp_path, MONTH)
    take(first, comparison(1))
    first.close()
    second = DifferencesFolder(tmp_path, MONTH)
    with pytest.raises(InvalidArgument, match="cannot be written: No space left"):
        take(second, comparison(2, broken=True))
    second.close()
    third = DifferencesFolder(tmp_path, MONTH)
    assert third.summary.members == 1
    take(third, comparison(2))
    third.finish()
    assert numbers(tmp_path) == [1, 1, 2, 2]


def test_only_one_run_is_at_work_in_a_folder_and_it_has_one_question(tmp_path: Path) -> None:
    first = DifferencesFolder(tmp_path, MONTH, source="then")
    with pytest.raises(OutputError, match="at work"):
        DifferencesFolder(tmp_path, MONTH, source="then")
    first.close()
    with pytest.raises(InvalidArgument, match="against differ"):
        DifferencesFolder(tmp_path, MONTH, source="now")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidArgument, match="cannot be written"):
        DifferencesFolder(tmp_path / "file" / "folder", MONTH)


def test_without_a_folder_nothing_is_written_and_nobody_is_taken_twice() -> None:
    nowhere = DifferencesFolder(None, MONTH)
    take(nowhere, comparison(1))
    assert nowhere.passes(comparison(1).member)
    nowhere.finish()
    assert nowhere.summary.members == 1
