from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import attrs
import pytest

from loyalty_async import InvalidArgument, Span
from loyalty_async.export.runs import Question, Run, Stretch, next_run

JAN, FEB, MAR, APR = (datetime(2025, month, 1, tzinfo=UTC) for month in (1, 2, 3, 4))
DAY = timedelta(days=1)
LAST = Stretch("last")
FIRST = Run(number=1, since=JAN, asked_until=None, until=FEB, kept_from=FEB - DAY)
DONE = attrs.evolve(FIRST, complete=True)


def test_a_span_is_a_stretch_and_moments_are_aware() -> None:
    assert Stretch.of(Span(JAN, FEB)) == Stretch(JAN, FEB)
    for wrong in (Stretch(JAN.replace(tzinfo=None)), Stretch(FEB, JAN), Stretch(FEB, FEB), Stretch("first")):  # type: ignore[arg-type]
        with pytest.raises(InvalidArgument):
            Stretch.of(wrong)


def test_the_first_run_ends_where_nothing_changes_any_more() -> None:
    assert next_run([], Stretch(JAN), DAY, FEB) == FIRST
    run = next_run([], Stretch(JAN, APR), DAY, FEB)
    assert (run.until, run.asked_until) == (FEB, APR)
    assert next_run([], Stretch(JAN, FEB), DAY, APR).until == FEB


def test_what_has_not_settled_cannot_be_exported() -> None:
    with pytest.raises(InvalidArgument, match="not settled"):
        next_run([], Stretch(FEB), DAY, JAN)


def test_the_first_run_needs_a_beginning() -> None:
    with pytest.raises(InvalidArgument, match="begin with a date"):
        next_run([], LAST, DAY, FEB)


def test_the_same_question_goes_on_with_its_run_and_its_cut_off() -> None:
    assert next_run([FIRST], Stretch(JAN.astimezone(timezone(DAY / 4))), DAY, APR) == FIRST
    assert next_run([DONE], Stretch(JAN), DAY, APR) == DONE


@pytest.mark.parametrize(
    ("wanted", "names"), [(Stretch(FEB), "since"), (Stretch(JAN, MAR), "until"), (Stretch(None, MAR), "since, until")]
)
def test_another_question_is_refused(wanted: Stretch, names: str) -> None:
    with pytest.raises(InvalidArgument, match=rf"asked otherwise \({names} differ\)"):
        next_run([FIRST], wanted, DAY, APR)


def test_nothing_is_new_before_the_end_of_the_last_run() -> None:
    """As a year mistyped: to say that there was nothing new would look like success."""
    with pytest.raises(InvalidArgument, match="until lies before the end of the last run"):
        next_run([DONE], Stretch("last", JAN), DAY, APR)
    assert next_run([DONE], Stretch("last", FEB), DAY, APR) == DONE
    assert next_run([FIRST], Stretch("last", JAN), DAY, APR) == FIRST  # Which is to be finished first.


def test_what_is_new_waits_for_what_is_not_finished() -> None:
    assert next_run([FIRST], LAST, DAY, APR) == FIRST


def test_what_is_new_is_a_run_of_its_own() -> None:
    assert next_run([DONE], LAST, DAY, APR) == Run(
        number=2, since=JAN, asked_until=None, until=APR, kept_from=APR - DAY
    )
    assert next_run([DONE], LAST, DAY, FEB) == DONE


def test_a_run_cannot_look_back_further_than_the_last_one_remembers() -> None:
    with pytest.raises(InvalidArgument, match="remembers its last 1 day, 0:00:00 only"):
        next_run([DONE], LAST, 2 * DAY, APR)


def test_a_question_is_the_same_in_every_process_and_tells_what_differs() -> None:
    question = Question({"format": ".csv", "filters": {"program_id": 1}})
    question.require_same(Question({"filters": {"program_id": 1}, "format": ".csv"}).text())
    with pytest.raises(InvalidArgument, match=r"\(filters, raw differ\)"):
        question.require_same(Question({"filters": {}, "format": ".csv", "raw": True}).text())
