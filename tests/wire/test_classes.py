"""How a class is built from an object: any attrs class, not only the ledger's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any, get_args
from zoneinfo import ZoneInfo

import attrs
import pytest

from loyalty_async.errors import MalformedAnswerError
from loyalty_async.models.accounts import AccountBalance
from loyalty_async.models.balances import LedgerBalance
from loyalty_async.models.credentials import Token
from loyalty_async.models.events import LedgerEvent
from loyalty_async.models.pages import LedgerPage
from loyalty_async.models.promised_points import PromisedPointsSchedule
from loyalty_async.wire.converter import make_converter


@attrs.frozen(kw_only=True)
class Leaf:
    leaf_name: str
    extra: Mapping[str, Any] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Tree:
    """Has two dates, which no class of the ledger has."""

    planted_at: datetime
    felled_on: datetime | None = None
    budding: date | None = None
    crown: Leaf | None = None
    leaves: tuple[Leaf, ...] = ()
    heights: Mapping[str, int] = attrs.field(factory=dict)
    extra: Mapping[str, Any] = attrs.field(factory=dict)


PLANTED = {"plantedAt": "2024-05-04 07:16:34.0"}


def grown(document: dict[str, Any], zone: str = "UTC") -> Tree:
    return make_converter(ZoneInfo(zone)).structure({**PLANTED, **document}, Tree)


def path_of(document: dict[str, Any]) -> str:
    with pytest.raises(MalformedAnswerError) as raised:
        grown(document)
    return raised.value.path


def test_fields_are_found_by_their_camel_case_names() -> None:
    tree = grown({"crown": {"leafName": "top"}, "leaves": [{"leafName": "a"}, {"leafName": "b"}], "heights": {"m": 7}})
    assert tree.crown == Leaf(leaf_name="top")
    assert [leaf.leaf_name for leaf in tree.leaves] == ["a", "b"]
    assert tree.heights == {"m": 7}
    assert tree.extra == {}


def test_a_field_in_snake_case_is_not_the_apis_and_stays_in_extra() -> None:
    assert grown({"crown": {"leafName": "top", "leaf_name": "other"}}).crown == Leaf(
        leaf_name="top", extra={"leaf_name": "other"}
    )


def test_a_field_whose_name_ends_in_at_is_an_instant_and_another_a_wall_clock() -> None:
    tree = grown({"felledOn": "2024-05-05 07:16:34.0", "budding": "2024-03-01"}, zone="Asia/Kolkata")
    assert tree.planted_at.isoformat() == "2024-05-04T07:16:34+05:30"
    assert tree.felled_on == datetime(2024, 5, 5, 7, 16, 34)  # noqa: DTZ001 - a wall clock
    assert tree.budding == date(2024, 3, 1)


def test_each_date_has_a_twin_of_its_own() -> None:
    tree = grown(
        {
            "plantedAtISO": "2024-05-04T09:16:34+02:00",
            "felledOn": "2024-05-05 07:16:34.0",
            "felledOnISO": "2024-05-05T07:16:34Z",
            "budding": "2024-03-01",
            "buddingISO": "2024-03-01T00:00:00Z",
        }
    )
    assert tree.planted_at.astimezone(UTC).hour == 7
    assert tree.extra == {"plantedAt": "2024-05-04 07:16:34.0", "buddingISO": "2024-03-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({"plantedAt": None}, "plantedAt"),
        ({"plantedAt": 7}, "plantedAt"),
        ({"felledOn": "yesterday"}, "felledOn"),
        ({"budding": "spring"}, "budding"),
        ({"crown": {"leafName": 7}}, "crown.leafName"),
        ({"crown": {"other": 7}}, "crown.leafName"),
        ({"leaves": [{"leafName": "a"}, {"leafName": None}]}, "leaves[1].leafName"),
        ({"leaves": [{"leafName": "a"}, "b"]}, "leaves[1]"),
        ({"heights": {"m": "7"}}, "heights.*"),
    ],
)
def test_a_misfit_knows_its_path(document: dict[str, Any], path: str) -> None:
    assert path_of(document) == path


@pytest.mark.parametrize("value", ["text", 7, True, [], [{}]])
def test_what_is_no_object_makes_no_class(value: object) -> None:
    assert path_of({"crown": value}) == "crown"


def test_an_empty_object_is_none_where_it_may_be_and_misses_its_fields_where_it_may_not() -> None:
    assert grown({"crown": {}}).crown is None
    assert path_of({"leaves": [{}]}) == "leaves[0].leafName"


def test_extra_holds_what_was_sent_and_not_a_copy_under_other_names() -> None:
    new = {"deep": [1, {"er": None}]}
    assert grown({"newField": new, "new_field": 2}).extra == {"newField": new, "new_field": 2}


def models_in(kind: Any) -> Iterator[type]:
    """Find every class that an answer is made of."""
    if attrs.has(kind):
        yield kind
        for field in attrs.fields(attrs.resolve_types(kind)):
            yield from models_in(field.type)
    for part in get_args(kind):
        yield from models_in(part)


@pytest.mark.parametrize(
    "answer", [LedgerPage, LedgerBalance, LedgerEvent, PromisedPointsSchedule, AccountBalance, Token]
)
def test_every_class_of_an_answer_has_room_for_what_it_does_not_know(answer: type) -> None:
    without = [model.__name__ for model in models_in(answer) if "extra" not in attrs.fields_dict(model)]
    assert without == []
