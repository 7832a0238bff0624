"""Documents to models: one strict cattrs converter for each client."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, tzinfo
from decimal import Decimal
from enum import StrEnum
from functools import partial
from operator import eq
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

import attrs
import cattrs

from loyalty_async.wire import scalars
from loyalty_async.wire.classes import class_hook
from loyalty_async.wire.problems import Misfit, malformed

__all__ = ["Converter", "make_converter", "strict_converter"]

T = TypeVar("T")
_Hook = Callable[[Any, Any], Any]

_SCALARS: Mapping[Any, Callable[[object], object]] = {
    str: scalars.text,
    int: scalars.integer,
    bool: scalars.boolean,
    bytes: scalars.octets,
    Decimal: scalars.decimal,
}


@attrs.frozen
class Converter:
    """Builds models from decoded documents."""

    _cattrs: cattrs.Converter

    def structure(self, document: object, kind: type[T]) -> T:
        """Build a *kind* from a decoded document.

        Raises:
            MalformedAnswerError: Something in it is not what the API documents.
        """
        try:
            return self._cattrs.structure(document, kind)
        except ValueError as problem:
            raise malformed(problem) from None  # the path says all that the chain of misfits would

    def structure_field(self, document: object, key: str, kind: type[T]) -> T:
        """Build a *kind* from one field of a decoded document.

        Raises:
            MalformedAnswerError: The field is missing, or something in it is not what the API documents.
        """
        if not isinstance(document, dict) or key not in document:
            raise malformed(Misfit("missing", key))
        try:
            return self._cattrs.structure(document[key], kind)
        except ValueError as problem:
            raise malformed(Misfit.inside(problem, key)) from None


def make_converter(server_timezone: tzinfo = UTC) -> Converter:
    """Make a converter for a server whose clock runs in *server_timezone*."""
    converter = strict_converter()
    converter.register_structure_hook_factory(attrs.has, lambda kind: class_hook(converter, kind, server_timezone))
    return Converter(converter)


def strict_converter() -> cattrs.Converter:
    """Make a converter of scalars, tuples, mappings and open enumerations that coerces nothing; it knows no classes."""
    converter = cattrs.Converter(detailed_validation=False)
    for kind, accept in _SCALARS.items():
        # By class: cattrs asks functions last, and its own hooks for classes coerce.
        converter.register_structure_hook(kind, _hook(accept))
    converter.register_structure_hook_func(partial(eq, int | str), _hook(scalars.integer_or_text))
    converter.register_structure_hook_factory(_is_tuple, lambda kind: _tuple_hook(converter, kind))
    converter.register_structure_hook_factory(_is_mapping, lambda kind: _mapping_hook(converter, kind))
    converter.register_structure_hook_factory(_is_open_enum, lambda kind: _hook(scalars.open_enum(get_args(kind)[0])))
    converter.register_structure_hook_factory(_is_optional, lambda kind: _optional_hook(converter, kind))
    return converter


def _hook(accept: Callable[[object], object]) -> _Hook:
    return lambda value, _: accept(value)


def _is_tuple(kind: Any) -> bool:
    return get_origin(kind) is tuple


def _is_mapping(kind: Any) -> bool:
    return get_origin(kind) in (Mapping, dict)


def _is_union(kind: Any) -> bool:
    return get_origin(kind) in (Union, UnionType)


def _is_optional(kind: Any) -> bool:
    return _is_union(kind) and NoneType in get_args(kind)


def _is_open_enum(kind: Any) -> bool:
    if not _is_union(kind):
        return False
    first, *rest = get_args(kind)
    return isinstance(first, type) and issubclass(first, StrEnum) and rest == [str]


def _optional_hook(converter: cattrs.Converter, kind: Any) -> _Hook:
    inner: Any = Union[tuple(arg for arg in get_args(kind) if arg is not NoneType)]  # noqa: UP007 - made at run time
    structure = converter.get_structure_hook(inner)
    absent: tuple[Any, ...] = (None, {}) if attrs.has(inner) else (None,)
    return lambda value, _: None if value in absent else structure(value, inner)


def _tuple_hook(converter: cattrs.Converter, kind: Any) -> _Hook:
    item = get_args(kind)[0]
    structure = converter.get_structure_hook(item)

    def build(value: object, _: Any) -> tuple[Any, ...]:
        if value.__class__ is not list:
            raise ValueError("a list was expected")
        built: list[Any] = []
        try:
            for element in value:
                built.append(structure(element, item))  # noqa: PERF401 - its length is the path of a misfit
        except ValueError as problem:
            raise Misfit.inside(problem, len(built)) from None
        return tuple(built)

    return build


def _mapping_hook(converter: cattrs.Converter, kind: Any) -> _Hook:
    item = get_args(kind)[1]
    structure = converter.get_structure_hook(item)

    def build(value: object, _: Any) -> dict[str, Any]:
        if value.__class__ is not dict:
            raise ValueError("an object was expected")
        try:
            return {key: structure(element, item) for key, element in value.items()}
        except ValueError as problem:
            raise Misfit.inside(problem, "*") from None

    return build
