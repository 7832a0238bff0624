"""What has a place in a form, and how one is filled in from plain values."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import attrs
import msgspec
import pytest

from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.vocabulary import EntityType
from loyalty_async.wire.forms import filling, form_of, keys_of, twin
from loyalty_async.wire.kinds import fields_of
from loyalty_async.wire.problems import Misfit


@attrs.frozen(kw_only=True)
class Leaf:
    leaf_name: str
    extra: Mapping[str, Any] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Tree:
    tree_id: int | None = None
    is_tall: bool | None = None
    kind: EntityType | str | None = None
    planted_at: datetime | None = None
    height: Decimal | None = None
    owner: int | str | None = None
    crown: Leaf | None = None
    leaves: tuple[Leaf, ...] = ()
    heights: Mapping[str, Decimal] = attrs.field(factory=dict)
    extra: Mapping[str, Any] = attrs.field(factory=dict)


def decoded(body: bytes) -> Any:
    return msgspec.json.decode(body, type=form_of(Tree))


def refused(body: bytes) -> bool:
    try:
        decoded(body)
    except msgspec.ValidationError:
        return True
    return False


def test_a_place_that_was_sent_nothing_or_null_is_none() -> None:
    form = decoded(b'{"treeId": null}')
    assert {getattr(form, name) for name in form.__struct_fields__} == {None}


def test_a_known_word_is_one_object_and_a_new_one_a_text() -> None:
    first, second, new = (decoded(b'{"kind": "%s"}' % word).kind for word in (b"FLEET", b"FLEET", b"HERD"))
    assert first is second
    assert first == EntityType.FLEET == "FLEET"
    assert (new, type(new)) == ("HERD", str)


def test_a_date_has_two_places() -> None:
    form = decoded(b'{"plantedAt": "2024-05-04 07:16:34.5", "plantedAtISO": "2024-05-04T07:16:34Z"}')
    assert (form.planted_at, getattr(form, twin("planted_at"))) == (
        datetime(2024, 5, 4, 7, 16, 34, 500000),  # noqa: DTZ001 - as printed
        datetime(2024, 5, 4, 7, 16, 34, tzinfo=UTC),
    )


def test_where_there_must_be_something_it_is_there() -> None:
    assert refused(b'{"crown": {}}')
    assert refused(b'{"crown": {"leafName": null}}')


def test_objects_and_lists_of_objects_become_forms() -> None:
    form = decoded(b'{"crown": {"leafName": "a"}, "leaves": [{"leafName": "b"}, {"leafName": "c"}]}')
    leaf = form_of(Leaf)
    assert (form.crown, form.leaves) == (leaf(leaf_name="a"), [leaf(leaf_name="b"), leaf(leaf_name="c")])


@pytest.mark.parametrize(
    "body",
    [
        *(b'{"new": 1}', b'{"crown": {"new": 1}}', b'{"leaves": [{"new": 1}]}', b'{"extra": {}}', b'{"tree_id": 1}'),
        *(b'{"treeId": "1"}', b'{"treeId": true}', b'{"treeId": 1.0}', b'{"treeId": 1e3}'),
        *(b'{"isTall": 1}', b'{"isTall": "true"}', b'{"kind": 1}', b'{"kind": []}', b'{"crown": {"leafName": 1}}'),
        *(b'{"crown": []}', b'{"crown": "x"}', b'{"leaves": {}}', b'{"leaves": ["x"]}', b'{"leaves": [null]}'),
        *(b'{"owner": []}', b'{"owner": 1.5}', b'{"plantedAt": "soon"}', b'{"plantedAt": 1}', b"[]", b"1", b"null"),
    ],
)
def test_what_is_unknown_or_of_another_class_has_no_place(body: bytes) -> None:
    assert refused(body)


def test_what_is_read_further_may_be_anything() -> None:
    for value in (b'"1.5"', b"1.5", b"1", b"[1]", b'{"a": []}', b"null"):
        for key in (b"height", b"heights"):
            assert not refused(b'{"%b": %b}' % (key, value))


def test_filled_in_from_plain_values_a_form_is_the_same() -> None:
    sent = (
        b'{"treeId": 1, "isTall": null, "kind": "FLEET", "plantedAtISO": "2024-05-04T07:16:34Z", "owner": "me",'
        b'"heights": {"m": 7}}'
    )
    assert filling(Tree)(msgspec.json.decode(sent)) == (decoded(sent), {})


def test_filled_in_from_plain_values_an_amount_is_a_decimal() -> None:
    form, _ = filling(Tree)({"height": "1.50"})
    assert str(form.height) == "1.50"
    assert type(form.height) is Decimal


def test_what_has_no_place_comes_beside_the_form_in_the_servers_order() -> None:
    form, extra = filling(Tree)({"b": 1, "treeId": 2, "a": {"x": []}, "extra": {"y": 1}})
    assert form == form_of(Tree)(tree_id=2)
    assert list(extra.items()) == [("b", 1), ("a", {"x": []}), ("extra", {"y": 1})]


def test_objects_inside_are_left_to_those_who_read_them() -> None:
    form, _ = filling(Tree)({"crown": {"new": 1}, "leaves": 7})
    assert (form.crown, form.leaves) == ({"new": 1}, 7)


@pytest.mark.parametrize("raw", [None, [], "x", 7, True])
def test_no_form_is_filled_in_from_what_is_no_object(raw: object) -> None:
    with pytest.raises(ValueError, match="an object was expected"):
        filling(Tree)(raw)


@pytest.mark.parametrize(
    ("raw", "reason", "key"),
    [
        ({"treeId": True}, "an integer was expected", "treeId"),
        ({"treeId": Decimal("1.0")}, "an integer was expected", "treeId"),
        ({"isTall": 0}, "true or false was expected", "isTall"),
        ({"kind": 7}, "a text was expected", "kind"),
        ({"owner": []}, "an integer or a text was expected", "owner"),
        ({"height": "1e5"}, "a decimal number was expected", "height"),
        ({"plantedAt": "soon"}, "a date was expected", "plantedAt"),
        ({"plantedAtISO": 7}, "a date was expected", "plantedAtISO"),
    ],
)
def test_no_place_takes_another_value_when_filled_in_either(raw: dict[str, object], reason: str, key: str) -> None:
    with pytest.raises(Misfit) as raised:
        filling(Tree)(raw)
    assert (raised.value.reason, raised.value.path) == (reason, (key,))


def test_nothing_is_filled_in_where_there_must_be_something() -> None:
    with pytest.raises(Misfit) as raised:
        filling(Leaf)({"leafName": None})
    assert (raised.value.reason, raised.value.path) == ("missing", ("leafName",))


def test_a_class_has_one_form() -> None:
    assert form_of(LedgerEntry) is form_of(LedgerEntry)


def test_every_key_of_a_class_has_a_place() -> None:
    keys = [key for field in fields_of(LedgerEntry) for key in keys_of(LedgerEntry, field)]
    assert keys == list(form_of(LedgerEntry).__struct_encode_fields__)
    assert {"ledgerCreatedDate", "ledgerCreatedDateISO", "eventLogId"} < set(keys)


def test_forms_are_no_work_for_the_garbage_collector() -> None:
    assert not gc.is_tracked(decoded(b'{"leaves": [{"leafName": "a"}]}'))
