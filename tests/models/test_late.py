"""Fields that are built when they are first looked at: nobody who goes through attributes sees a difference."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import attrs
import msgspec
import pytest

from loyalty_async.models.late import NOT_YET, Late, LateField, late_fields, news_of, with_late


@with_late("leaves")
@attrs.frozen(kw_only=True)
class Tree(Late):
    height: int
    leaves: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class MarkedTree(Tree):
    mark: str = ""


built: list[str] = []


def late_tree(kind: type[Tree] = Tree) -> Any:
    """Make a tree whose leaves nobody has looked at."""

    def build(content: Any, name: str) -> Any:
        built.append(name)
        return tuple(content)

    tree = kind(height=3)
    for name, value in {"leaves": NOT_YET, "_content": ["a", "b"], "_build": build}.items():
        object.__setattr__(tree, name, value)
    built.clear()
    return tree


def test_a_late_field_is_built_once_when_it_is_looked_at() -> None:
    tree = late_tree()
    assert tree.height == 3
    assert built == []
    assert tree.leaves == ("a", "b")
    assert tree.leaves is tree.leaves
    assert built == ["leaves"]


@pytest.mark.parametrize(
    "look",
    [
        copy.copy,
        copy.deepcopy,
        lambda tree: pickle.loads(pickle.dumps(tree)),  # noqa: S301 - our own
        lambda tree: attrs.evolve(tree, height=3),
        lambda tree: Tree(**attrs.asdict(tree)),
    ],
)
def test_what_is_made_of_a_late_object_is_whole(look: Callable[[Any], Any]) -> None:
    whole = Tree(height=3, leaves=("a", "b"))
    assert look(late_tree()) == whole
    assert late_tree() == whole
    assert whole == late_tree()
    assert hash(late_tree()) == hash(whole)
    assert repr(late_tree()) == repr(whole)


def test_an_object_that_the_caller_makes_has_its_own_values() -> None:
    assert Tree(height=1, leaves=("x",)).leaves == ("x",)
    assert Tree(height=1).leaves == ()


def test_a_late_object_is_as_frozen_as_any() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        late_tree().leaves = ()


def test_a_subclass_has_the_late_fields_of_its_parent() -> None:
    tree = late_tree(MarkedTree)
    assert tree.leaves == ("a", "b")
    assert list(late_fields(MarkedTree)) == list(late_fields(Tree)) == ["leaves"]


def test_the_slot_of_a_late_field_shows_whether_it_was_looked_at() -> None:
    tree = late_tree()
    show = late_fields(Tree)["leaves"].__get__
    assert show(tree) is NOT_YET
    assert tree.leaves
    assert show(tree) == ("a", "b")


def test_of_the_class_the_attribute_is_the_field() -> None:
    assert isinstance(vars(Tree)["leaves"], LateField)
    assert getattr(Tree, "leaves") is vars(Tree)["leaves"]  # noqa: B009 - mypy takes it for its value


def test_a_class_without_late_fields_has_none() -> None:
    assert late_fields(int) == {}


def test_unknown_words_are_noted_beside_what_is_not_built() -> None:
    tree = late_tree()
    assert news_of(tree) == {}
    object.__setattr__(tree, "_news", {"leaves": ["leaves=new"]})
    assert news_of(tree) == {"leaves": ["leaves=new"]}


def test_an_encoder_that_reads_past_the_attributes_refuses_what_is_not_built() -> None:
    """A field that is left out without a word would be lost."""
    with pytest.raises(TypeError, match="NotYetBuilt"):
        msgspec.json.encode(late_tree())
    tree = late_tree()
    assert msgspec.json.encode(attrs.asdict(tree, recurse=False)) == b'{"height":3,"leaves":["a","b"]}'
    assert msgspec.json.encode(tree) == b'{"height":3,"leaves":["a","b"]}'


@pytest.mark.parametrize("hook", [str, repr])
def test_no_text_stands_for_what_is_not_built(hook: Callable[[Any], str]) -> None:
    """A hook of an encoder that takes everything would write it in place of a bill."""
    with pytest.raises(TypeError, match=r"attrs\.asdict"):
        msgspec.json.encode(late_tree(), enc_hook=hook)
