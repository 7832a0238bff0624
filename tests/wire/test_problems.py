"""The path of a misfit, and its text."""

import pytest

from loyalty_async.errors import MalformedAnswerError
from loyalty_async.wire.problems import Misfit, malformed


def test_a_misfit_gathers_its_path_from_the_inside_out() -> None:
    problem = Misfit.inside(Misfit.inside(Misfit("missing", "points"), 3), "ledgerEntries")
    assert problem.path == ("ledgerEntries", 3, "points")
    assert problem.reason == str(problem) == "missing"


def test_any_value_error_becomes_a_misfit_at_the_place_where_it_is_caught() -> None:
    problem = Misfit.inside(ValueError("a text was expected"), "store")
    assert (problem.reason, problem.path) == ("a text was expected", ("store",))


@pytest.mark.parametrize(
    ("path", "written"),
    [
        (("ledgerEntries", 3, "entryDetails", 0, "points"), "ledgerEntries[3].entryDetails[0].points"),
        (("warnings",), "warnings"),
        ((0, "code"), "[0].code"),
        ((0, 1), "[0][1]"),
    ],
)
def test_an_error_is_reason_at_path(path: tuple[str | int, ...], written: str) -> None:
    error = malformed(Misfit("a text was expected", *path))
    assert type(error) is MalformedAnswerError
    assert str(error) == f"the answer is not what the API documents: a text was expected @ {written}"
    assert error.path == written


@pytest.mark.parametrize("problem", [Misfit("the body is empty"), ValueError("the body is empty")])
def test_an_error_without_a_path_is_about_the_whole_answer(problem: ValueError) -> None:
    error = malformed(problem)
    assert str(error) == "the answer is not what the API documents: the body is empty @ the whole answer"
    assert error.path == ""
