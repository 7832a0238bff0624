"""One tree of errors, as its docstring draws it."""

import copy
import pickle
import re
from datetime import UTC, datetime
from typing import Any

import pytest

import loyalty_async
from loyalty_async import errors
from loyalty_async.errors import (
    ApiError,
    ClientStateError,
    DeadlineExceededError,
    IncompleteLedgerError,
    InvalidArgument,
    LoyaltyError,
    MalformedAnswerError,
    RateLimitedError,
    UnavailableError,
    with_codes,
)
from loyalty_async.models.members import Customer
from loyalty_async.protocol.codes import CODES

CLASSES: list[type[LoyaltyError]] = [getattr(errors, name) for name in errors.__all__]
each_class = pytest.mark.parametrize("kind", CLASSES)


def drawn() -> dict[str, str | None]:
    """Read the tree of the docstring: each class and the one above it."""
    parents: dict[str, str | None] = {}
    above: list[str] = []
    for line in str(errors.__doc__).splitlines():
        if found := re.match(r"(?P<branch>[│├└─ ]*)(?P<name>[A-Z]\w+(?:Error|Argument))\b", line):
            depth = len(found["branch"]) // 4
            above[depth:] = [found["name"]]
            parents[found["name"]] = above[depth - 1] if depth else None
    return parents


def test_the_tree_of_the_docstring_is_the_tree() -> None:
    tree = {
        kind.__name__: next((base.__name__ for base in kind.__bases__ if base in CLASSES), None) for kind in CLASSES
    }
    assert drawn() == tree


def test_the_codes_of_the_docstring_are_those_that_map_to_the_class() -> None:
    listed: dict[str, set[int]] = {}
    for line in str(errors.__doc__).splitlines():
        if found := re.search(r"(?P<name>\w+Error)\s+(?P<codes>\d[\d, to]*\d):", line):
            listed[found["name"]] = _numbers(found["codes"])
    assert len(listed) == 10
    for name, codes in listed.items():
        mapped = {code for code, (kind, _) in CODES.items() if kind.__name__ == name}
        assert codes <= mapped, name


def _numbers(text: str) -> set[int]:
    numbers: set[int] = set()
    for part in text.split(", "):
        first, _, last = part.partition(" to ")
        numbers |= set(range(int(first), int(last or first) + 1))
    return numbers


def test_every_error_of_the_module_is_in_all_and_public() -> None:
    defined = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception)}
    assert defined == set(errors.__all__)
    assert defined <= set(loyalty_async.__all__)
    assert errors.__all__ == sorted(errors.__all__)


@each_class
def test_every_error_is_a_loyalty_error_with_one_place_in_the_tree(kind: type[LoyaltyError]) -> None:
    assert issubclass(kind, LoyaltyError)
    assert sum(issubclass(base, LoyaltyError) for base in kind.__bases__) == (kind is not LoyaltyError)


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [(InvalidArgument, ValueError), (DeadlineExceededError, TimeoutError), (ClientStateError, RuntimeError)],
)
def test_an_error_that_python_has_a_word_for_is_that_too(kind: type[LoyaltyError], builtin: type[Exception]) -> None:
    with pytest.raises(builtin, match="why"):
        raise kind("why")


@each_class
def test_a_new_error_has_empty_attributes(kind: type[LoyaltyError]) -> None:
    error = kind("why")
    assert (error.codes, error.status, error.request_id) == ((), None, None)
    assert (error.member, error.server_message, error.resume) == (None, None, None)


@each_class
@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])  # noqa: S301
def test_an_error_survives_copying_and_pickling_with_all_it_carries(kind: type[LoyaltyError], again: Any) -> None:
    error = kind("why")
    error.codes, error.status, error.request_id = (8015, 1), 200, "id"
    error.member, error.server_message, error.resume = Customer.by_id(1, source="INSTORE"), "words", "point"
    copied = again(error)
    assert type(copied) is kind
    assert str(copied) == "why"
    assert vars(copied) == vars(error)


def test_the_attributes_of_some_errors_alone_are_carried_too() -> None:
    malformed, limited, incomplete = MalformedAnswerError("why"), RateLimitedError("why"), IncompleteLedgerError("why")
    malformed.path, limited.retry_after_s = "a[0].b", 2.5
    incomplete.reason, incomplete.page = "because", 3
    incomplete.since = incomplete.until = datetime(2025, 1, 1, tzinfo=UTC)
    for error in (malformed, limited, incomplete):
        assert vars(pickle.loads(pickle.dumps(error))) == vars(error)  # noqa: S301


@each_class
def test_what_an_error_carries_is_not_in_its_text(kind: type[LoyaltyError]) -> None:
    error = kind("why")
    error.member, error.server_message = Customer.by_id("917406401004", source="INSTORE"), "no 917406401004 here"
    assert "917406401004" not in f"{error}{error!r}"


def test_attributes_of_one_error_are_not_those_of_another() -> None:
    ApiError("why").codes = (1,)
    assert ApiError("why").codes == ()
    assert UnavailableError("why").retry_after_s is None


@pytest.mark.parametrize(
    ("codes", "text"), [((), "why"), ((8015,), "why (8015)"), ((11002, 9004), "why (11002, 9004)")]
)
def test_codes_stand_behind_the_sentence(codes: tuple[int, ...], text: str) -> None:
    assert with_codes("why", codes) == text
