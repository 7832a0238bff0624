"""Fields that are built when they are first looked at.

Most of what an entry takes to build are the objects inside it, and who counts entries, or sums them up, looks at few of
them. So an object that comes from the server may hold a field's content as it was decoded; whoever asks for the field
gets the object that it stands for, built once. What could go wrong in building has been looked at before, when the
answer was read: a late field never fails.

Nobody who goes through attributes sees a difference: `==`, `repr`, `attrs.asdict`, `attrs.evolve`, `copy` and `pickle`
do. What reads the memory of an object past its attributes, as msgspec's encoder does, meets `NOT_YET` and says that it
does not know such a thing; give it `attrs.asdict(entry, recurse=False)`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

__all__ = ["NOT_YET", "Late", "LateField", "late_fields", "news_of", "with_late"]

T = TypeVar("T", bound=type)


class _NotYet:
    __slots__ = ()

    def __repr__(self) -> str:
        return "NOT_YET"


NOT_YET: Final = _NotYet()
"""Stands where nobody has looked yet."""


class Late:
    """An object that may have late fields.

    Attributes:
        _content: What they are built from.
        _build: Builds the one of that name.
        _news: The words in them that this version does not know, as `name=word`.
    """

    __slots__ = ("_build", "_content", "_news")

    _content: Any
    _build: Callable[[Any, str], Any]
    _news: Sequence[str]


class LateField:
    """The attribute of a late field, over the slot that attrs has made for it."""

    __slots__ = ("_name", "slot")

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


def news_of(model: Late) -> Sequence[str]:
    """Give the unknown words in late fields of an object, whether they are built by now or not."""
    return getattr(model, "_news", ())


def late_fields(kind: type) -> dict[str, Any]:
    """Give the slots of a class's late fields, by their names."""
    found = {name: value for each in reversed(kind.__mro__) for name, value in vars(each).items()}
    return {name: value.slot for name, value in found.items() if isinstance(value, LateField)}
