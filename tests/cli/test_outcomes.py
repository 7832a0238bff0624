from __future__ import annotations

import inspect

import pytest

from loyalty_async import errors
from loyalty_async.cli.outcomes import EXIT_CODES, Outcome, conclude, describe, outcome_of
from loyalty_async.errors import IncompleteLedgerError, LoyaltyError
from loyalty_async.models.pages import ServerWarning

TREE = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, LoyaltyError) and kind.__module__ == errors.__name__
]
CODES = {
    "InvalidArgument": 2,
    "ClientStateError": 2,
    "IncompleteLedgerError": 1,
    "PendingEventsError": 1,
    "ExportError": 2,
    "MemberListError": 2,
    "OutputError": 2,
    "UnfitValueError": 1,
}


@pytest.mark.parametrize("kind", TREE, ids=lambda kind: kind.__name__)
def test_every_error_of_the_tree_has_its_exit_code(kind: type[LoyaltyError]) -> None:
    assert outcome_of(kind("…")) == CODES.get(kind.__name__, 3)


@pytest.mark.parametrize("kind", TREE, ids=lambda kind: kind.__name__)
def test_every_error_is_one_line_that_begins_with_its_own_words(kind: type[LoyaltyError]) -> None:
    line = describe(kind("what happened"))
    assert line.startswith("what happened")
    assert "\n" not in line


def test_the_hint_is_that_of_the_most_specific_class() -> None:
    assert "country code" in describe(errors.MemberNotFoundError("…"))
    assert "filters" in describe(errors.LimitTooLargeError("…"))


def test_the_request_is_named_for_a_support_ticket() -> None:
    error = errors.UnavailableError("down")
    error.request_id = "abc-1"
    assert describe(error) == "down; try again later (request abc-1)"


@pytest.mark.parametrize("name", ["\x1b[2J", "a\nb", "x" * 1000, ""])
def test_a_header_that_is_no_name_is_left_out(name: str) -> None:
    error = errors.UnavailableError("down")
    error.request_id = name
    assert describe(error) == "down; try again later"


def test_neither_the_member_nor_the_servers_words_are_shown() -> None:
    error = errors.MemberNotFoundError("no member")
    error.member, error.server_message = "917000000000", "no customer 917000000000"
    assert "9170" not in describe(error)


@pytest.mark.parametrize(
    ("codes", "outcome", "said"),
    [
        ([], Outcome.FINE, ""),
        ([None], Outcome.FINE, ""),
        ([9018, 9018], Outcome.FINE, "loyalty-async: the server warns: 9018\n"),
        ([11002, 9018], Outcome.UNPROVED, "loyalty-async: the server warns: 9018, 11002\n"),
        ([9004], Outcome.UNPROVED, "loyalty-async: the server warns: 9004\n"),
    ],
)
def test_an_answer_that_may_miss_something_exits_1(
    codes: list[int | None], outcome: Outcome, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert conclude(ServerWarning(code=code, message="917406401004") for code in codes) == outcome
    assert capsys.readouterr().err == said


def test_all_exit_codes_are_documented() -> None:
    assert all(f"* {code.value}: " in EXIT_CODES for code in Outcome)


def test_advice_in_an_error_names_the_option_and_is_the_only_one() -> None:
    error = IncompleteLedgerError("one is missing; if it is older, give `since`")
    assert describe(error) == "one is missing; if it is older, give --since"
    assert describe(IncompleteLedgerError("moved")).endswith("try again later")
