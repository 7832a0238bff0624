from __future__ import annotations

from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_async.errors import InvalidArgument
from loyalty_async.reconcile import Agreement, Finding, Summary
from loyalty_async.reconcile.findings import findings_of
from loyalty_async.reconcile.records import read_finding, read_summary, write_finding, write_summary
from tests.reconcile.runs import verdicts

FINDINGS = [finding for verdict in verdicts() for finding in findings_of(verdict, "a member")]


def summed() -> Summary:
    summary = Summary()
    for verdict in verdicts():
        summary.add(verdict)
    return summary


@pytest.mark.parametrize("finding", FINDINGS, ids=lambda finding: str(finding.number))
def test_a_finding_comes_back_as_it_was_to_the_last_digit(finding: Finding) -> None:
    again = read_finding(write_finding(finding))
    assert again == finding
    assert (type(again.agreement), type(again.reason)) == (type(finding.agreement), type(finding.reason))
    assert [str(amount) for amount in again.amounts] == [str(amount) for amount in finding.amounts]


@given(st.decimals(allow_nan=False, allow_infinity=False, places=9), st.integers(-20, 60))
def test_whatever_the_size_of_an_amount_it_comes_back(points: Decimal, shift: int) -> None:
    """Also one that Python writes with an exponent, and a sum that is longer than what a server may send."""
    account = next(finding.account for finding in FINDINGS if finding.account)
    finding = attrs.evolve(FINDINGS[0], account=attrs.evolve(account, difference=points.scaleb(shift)))
    again = read_finding(write_finding(finding))
    assert again.account is not None
    assert str(again.account.difference) == str(points.scaleb(shift))


def test_a_summary_comes_back_and_goes_on() -> None:
    whole, again = summed(), read_summary(write_summary(summed()))
    assert again == whole
    assert all(isinstance(agreement, Agreement) for agreement in again.agreements)
    for verdict in verdicts():
        whole.add(verdict)
        again.add(verdict)
    assert again == whole


def test_an_empty_summary_comes_back() -> None:
    assert read_summary(write_summary(Summary())) == Summary()


@pytest.mark.parametrize("record", [b"", b"{}", b"[]", b"5", write_summary(summed())[:-9]])
def test_what_is_no_record_is_refused(record: bytes) -> None:
    with pytest.raises(InvalidArgument, match="no record"):
        read_summary(record)
