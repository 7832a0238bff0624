"""Fields that are built when they are first looked at.

Most of what an entry takes to build are the objects inside it, and who counts entries, or sums them up, looks at few of
them. So an object that comes from the server may hold a field's content as it was decoded; whoever asks for the field
gets the object that it stands for, built once. What could go wrong in building has been looked at before, when the
answer was read: a late field never fails.

Nobody who goes through attributes sees a difference: `==`, `repr`, `attrs.asdict`, `attrs.evolve`, `copy` and `pickle`
do. What reads the memory of an object past its attributes, as msgspec's encoder does, meets `NOT_YET`, which cannot be
encoded, nor shown as a text: give it `attrs.asdict(entry)`. Two threads that look at once may each build an equal
object.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, TypeVar

__all__ = ["NOT_YET", "NO_NEWS", "Late", "LateField", "late_fields", "news_of", "with_late"]

T = TypeVar("T", bound=type)


class NotYetBuilt:
    """What stands in the memory of an object where nobody has looked yet."""

    __slots__ = ("__weakref__",)

    def __repr__(self) -> str:
        raise TypeError("this is read by its attribute: give an encoder attrs.asdict(entry)")


NOT_YET: Final = NotYetBuilt()
"""Stands where nobody has looked yet."""
NO_NEWS: Final[Mapping[str, Sequence[str]]] = MappingProxyType({})
"""Of an object that was read from an answer: nothing in its late fields is new to this version."""
_UNREAD: Final[Mapping[str, Sequence[str]]] = MappingProxyType({})
"""Of any other object: nobody knows. Told from `NO_NEWS` by what it is, not by what is in it."""


class Late:
    """An object that may have late fields.

    Attributes:
        _content: What they are built from.
        _build: Builds the one of that name.
        _news: The words in each of them that this version does not know, as `name=word`; of those that were built at
            once none, for they can be looked at. `NO_NEWS` for most.
    """

    __slots__ = ("_build", "_content", "_news")

    _content: Any
    _build: Callable[[Any, str], Any]
    _news: Mapping[str, Sequence[str]]


class LateField:
    """The attribute of a late field, over the slot that attrs has made for it.

    Attributes:
        slot: What reads and writes the memory of an object as it is.
    """

    __slots__ = ("_name", "slot")

    _name: str
    slot: Any

    def __init__(self, name: str, slot: Any) -> None:
        self._name, self.slot = name, slot

    def __get__(self, model: Any, owner: type | None = None) -> Any:
        if model is None:
            return self
        value = self.slot.__get__(model)
        if value is NOT_YET:
            value = model._build(model._content, self._name)  # noqa: SLF001
            self.slot.__set__(model, value)
        return value

    def __set__(self, model: Any, value: Any) -> None:
        self.slot.__set__(model, value)


def with_late(*names: str) -> Callable[[T], T]:
    """Make fields of an attrs class with slots late; goes above `attrs.frozen`."""

    def decorate(kind: T) -> T:
        for name in names:
            setattr(kind, name, LateField(name, kind.__dict__[name]))
        return kind

    return decorate


def news_of(model: Late) -> Mapping[str, Sequence[str]]:
    """Give the unknown words that were met in late fields of an object, by the names of the fields.

    It is `NO_NEWS` only if nothing inside them is unknown, not even a field.
    """
    return getattr(model, "_news", _UNREAD)


def late_fields(kind: type) -> dict[str, Any]:
    """Give the slots of a class's late fields, by their names."""
    found = {name: value for each in reversed(kind.__mro__) for name, value in vars(each).items()}
    return {name: value.slot for name, value in found.items() if isinstance(value, LateField)}
