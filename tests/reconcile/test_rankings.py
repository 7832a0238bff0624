from __future__ import annotations

from decimal import Decimal

from loyalty_async.reconcile import Agreement, Findings
from loyalty_async.reconcile.findings import findings_of
from loyalty_async.reconcile.records import write_finding
from tests.reconcile.runs import verdicts


def found(most: int = 1_000) -> Findings:
    findings = Findings(most)
    for verdict in verdicts():
        findings.add(verdict, "a member")
    return findings


def test_mismatches_come_first_and_the_largest_before_the_rest() -> None:
    rows = list(found())
    kinds = [row.agreement for row in rows]
    assert kinds == sorted(kinds, key=[Agreement.MISMATCH, Agreement.INDETERMINATE].index)
    sizes = [row.account.difference.copy_abs() for row in rows if row.agreement is Agreement.MISMATCH and row.account]
    assert sizes == sorted(sizes, reverse=True)


def test_they_come_back_as_they_were_to_the_last_digit() -> None:
    given = [finding for verdict in verdicts() for finding in findings_of(verdict, "a member")]
    assert sorted(found(), key=lambda row: (row.number, str(row.account))) == sorted(
        given, key=lambda row: (row.number, str(row.account))
    )


def test_only_the_heaviest_are_kept_and_all_are_counted() -> None:
    everything, few = found(), found(3)
    assert list(few) == list(everything)[:3]
    assert few.seen == everything.seen == len(everything)
    assert len(few) == 3


def test_a_thousand_rows_are_enough_for_any_number_of_members() -> None:
    findings = Findings()
    several = [verdict for verdict in verdicts() if verdict.unmatched]
    for verdict in several * 200:
        findings.add(verdict, "a member")
    assert len(findings) == findings.most
    assert findings.seen > findings.most


def test_records_of_an_earlier_run_count_as_if_they_had_been_found_now() -> None:
    whole, again = found(), Findings()
    again.restore(write_finding(finding) for verdict in verdicts() for finding in findings_of(verdict, "a member"))
    assert list(again) == list(whole)
    assert (again.seen, again.decimals) == (whole.seen, whole.decimals)


def test_the_most_decimals_of_all_are_known() -> None:
    decimals = [-amount.as_tuple().exponent for row in found() for amount in row.amounts if amount != Decimal(0)]  # type: ignore[operator]
    assert found().decimals == max(decimals)
