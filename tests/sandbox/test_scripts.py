from __future__ import annotations

from typing import Any

import attrs
import pytest

from loyalty_async.sandbox.faults import Fault
from loyalty_async.sandbox.moves import Move
from loyalty_async.sandbox.paths import LEDGER_INFO_PATH, LEDGER_INFO_SCOPED_PATH, TOKEN_PATH
from loyalty_async.sandbox.scripts import Aim, Script


def hits(script: Script[Aim], count: int, path: str = LEDGER_INFO_PATH, **query: str) -> list[int]:
    """Give the numbers of those of so many equal requests that are hit."""
    return [number for number in range(1, count + 1) if list(script._hits(path, query))]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, [1]),
        ({"times": 2}, [1, 2]),
        ({"times": 0}, []),
        ({"times": None}, [1, 2, 3, 4, 5, 6, 7, 8]),
        ({"skip": 2}, [3]),
        ({"skip": 1, "every": 3, "times": None}, [2, 5, 8]),
        ({"at": 1}, [1]),
        ({"at": 4}, [4]),
        ({"at": 4, "times": None}, [4]),
        ({"at": 9}, []),
        ({"at": 4, "probability": 0}, []),
    ],
)
def test_an_aim_says_which_requests_are_hit(fields: dict[str, Any], expected: list[int]) -> None:
    """By their numbers."""
    assert hits(Script([Aim(**fields)]), 8) == expected


def test_only_matching_requests_are_counted() -> None:
    """By the beginning of the path, and the parameters that are asked for."""
    script = Script([Aim(where={"offset": "1"}, at=2)])
    assert hits(script, 5, offset="0") == []
    assert hits(script, 5, TOKEN_PATH, offset="1") == []
    assert hits(script, 5, LEDGER_INFO_SCOPED_PATH, offset="1") == []
    assert hits(script, 5, offset="1", limit="5") == [2]
    both = Script([Aim(path="/v2", at=3)])
    assert hits(both, 2) == []
    assert hits(both, 2, LEDGER_INFO_SCOPED_PATH) == [1]


def test_each_counts_for_itself() -> None:
    """Several may hit one request, in the order of the script."""
    first, second, third = Aim(at=2), Aim(skip=1), Aim(where={"offset": "0"})
    script = Script([first])
    script.add(second, third)
    assert list(script._hits(LEDGER_INFO_PATH, {})) == []
    assert list(script._hits(LEDGER_INFO_PATH, {"offset": "0"})) == [first, second, third]


def test_what_comes_after_the_last_one_taken_does_not_count() -> None:
    """As a request that one fault hits is none for the next."""
    script = Script([Aim(), Aim(at=1)])
    assert next(script._hits(LEDGER_INFO_PATH, {})) == Aim()
    assert list(script._hits(LEDGER_INFO_PATH, {})) == [Aim(at=1)]


def test_chance_is_seeded() -> None:
    """The same requests are hit in each run with the same seed, and about the share that was asked for."""
    aim = Aim(probability=0.3, times=None)
    first, again, other = (hits(Script([aim], seed=seed), 300) for seed in (1, 1, "other"))
    assert first == again != other
    assert 60 < len(first) < 120


def test_a_cleared_script_is_empty() -> None:
    """Whatever was left of it."""
    script = Script([Aim(times=None)])
    script.clear()
    assert hits(script, 3) == []


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"at": 0}, "at is at least 1"),
        ({"at": "1"}, "at is a whole number"),
        ({"at": 1, "skip": 1}, "at names one request"),
        ({"at": 1, "every": 2}, "at names one request"),
        ({"skip": -1}, "skip is a whole number"),
        ({"every": 0}, "every is at least 1"),
        ({"times": True}, "times is a whole number"),
        ({"times": -1}, "times is a whole number"),
        ({"probability": 1.5}, "probability is at most 1"),
        ({"probability": -0.5}, "probability is a number of zero or more"),
        ({"probability": "1"}, "probability is a number of zero or more"),
        ({"where": {"offset": 1}}, "where is an object of strings"),
        ({"path": 5}, "path"),
    ],
)
def test_an_aim_that_cannot_be_is_refused(fields: dict[str, Any], reason: str) -> None:
    """With the name of the field."""
    with pytest.raises(ValueError, match=reason):
        Aim.from_json(fields)


@pytest.mark.parametrize("kind", [Fault, Move])
def test_what_is_read_from_json_is_called_by_its_name(kind: type[Aim]) -> None:
    """In what it is refused with."""
    name = kind.__name__.lower()
    with pytest.raises(ValueError, match=f"a {name} is a JSON object"):
        kind.from_json([])
    with pytest.raises(ValueError, match=f"a {name} has no field colour"):
        kind.from_json({"colour": 1})


def test_an_aim_is_frozen() -> None:
    """What has happened of it is counted elsewhere: it may be in two scripts."""
    aim = Aim()
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        aim.times = 2  # type: ignore[misc]
    assert [hits(Script([aim]), 2) for _ in range(2)] == [[1], [1]]
