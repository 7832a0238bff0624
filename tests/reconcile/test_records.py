from __future__ import annotations

import pytest

from loyalty_async.errors import InvalidArgument
from loyalty_async.models.members import Customer
from loyalty_async.reconcile import Agreement, MemberVerdict, Summary, read_verdict, write_verdict
from tests.reconcile.runs import verdicts


@pytest.mark.parametrize("verdict", list(verdicts()), ids=lambda verdict: str(verdict.number))
def test_a_verdict_comes_back_as_it_was_to_the_last_digit(verdict: MemberVerdict) -> None:
    again = read_verdict(write_verdict(verdict), verdict.member)
    assert again == verdict
    assert (type(again.agreement), type(again.reason)) == (type(verdict.agreement), type(verdict.reason))
    assert all(isinstance(each.agreement, Agreement) for each in again.accounts)
    assert [str(each.calculated) for each in again.accounts] == [str(each.calculated) for each in verdict.accounts]


def test_a_summary_of_what_was_kept_is_the_summary() -> None:
    """So a run that was cut off goes on with what it knows."""
    first, again = Summary(), Summary()
    for verdict in verdicts():
        first.add(verdict)
        again.add(read_verdict(write_verdict(verdict), verdict.member))
    assert first == again


def test_a_record_names_nobody() -> None:
    assert all(verdict.member.identifier_value.encode() not in write_verdict(verdict) for verdict in verdicts())


@pytest.mark.parametrize("record", [b"", b"{}", b"[]", b"5", b'{"number": "x"}', write_verdict(next(verdicts()))[:-9]])
def test_what_is_no_record_is_refused(record: bytes) -> None:
    with pytest.raises(InvalidArgument, match="no record"):
        read_verdict(record, Customer.by_id(1, source="INSTORE"))
