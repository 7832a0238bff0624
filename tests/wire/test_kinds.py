"""What annotations say."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import attrs
import pytest

from loyalty_async.models.vocabulary import EventName
from loyalty_async.wire.kinds import fields_of, is_date, is_mapping, is_optional, is_tuple, present


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (str | None, str),
        (None | str, str),
        (EventName | str | None, EventName | str),
        (tuple[str, ...] | None, tuple[str, ...]),
    ],
)
def test_what_may_be_none_is_present_without_it(kind: Any, expected: Any) -> None:
    assert is_optional(kind)
    assert present(kind) == expected


@pytest.mark.parametrize("kind", [str, int | str, tuple[str | None, ...], Mapping[str, int | None]])
def test_what_is_never_none_is_present_as_it_is(kind: Any) -> None:
    assert not is_optional(kind)
    assert present(kind) is kind


def test_dates_tuples_and_mappings_are_told_from_the_rest() -> None:
    kinds = [date, datetime, datetime | None, tuple[int, ...], Mapping[str, int], dict[str, int], str, int | None]
    assert [kind for kind in kinds if is_date(kind)] == [date, datetime, datetime | None]
    assert [kind for kind in kinds if is_tuple(kind)] == [tuple[int, ...]]
    assert [kind for kind in kinds if is_mapping(kind)] == [Mapping[str, int], dict[str, int]]


@attrs.frozen(kw_only=True)
class Leaf:
    name: "str"
    extra: Mapping[str, Any] = attrs.field(factory=dict)


def test_the_fields_of_a_class_are_all_but_extra_with_their_types_resolved() -> None:
    assert [(field.name, field.type) for field in fields_of(Leaf)] == [("name", str)]
