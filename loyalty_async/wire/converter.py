"""Documents to models: one strict cattrs converter for each client."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, tzinfo
from decimal import Decimal
from typing import Any, TypeVar, cast, get_args

import attrs
import cattrs

from loyalty_async.wire.classes import class_hook
from loyalty_async.wire.documents import Document
from loyalty_async.wire.forms import empty_form_of, keys_of
from loyalty_async.wire.kinds import fields_of, is_mapping, is_optional, is_tuple, present
from loyalty_async.wire.problems import Misfit, TextNeeded, malformed
from loyalty_async.wire.scalars import scalar_of

__all__ = ["Converter", "make_converter", "strict_converter"]

T = TypeVar("T")
_Hook = Callable[[Any, Any], Any]

_PLAIN = (str, int, bool, bytes, Decimal)


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
            if not isinstance(document, Document):
                return self._cattrs.structure(document, kind)
            try:
                return self._cattrs.structure(document.form, kind)
            except TextNeeded:
                return self._cattrs.structure(document.plain(), kind)
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
    for kind in _PLAIN:
        # By class: cattrs asks functions last, and its own hooks for classes coerce.
        converter.register_structure_hook(kind, _scalar_hook(kind))
    converter.register_structure_hook_factory(is_tuple, lambda kind: _tuple_hook(converter, kind))
    converter.register_structure_hook_factory(is_mapping, lambda kind: _mapping_hook(converter, kind))
    converter.register_structure_hook_factory(_is_scalar, _scalar_hook)
    converter.register_structure_hook_factory(is_optional, lambda kind: _optional_hook(converter, kind))
    return converter


def _is_scalar(kind: Any) -> bool:
    return scalar_of(kind) is not None


def _scalar_hook(kind: Any) -> _Hook:
    return cast("_Hook", scalar_of(kind))


def _optional_hook(converter: cattrs.Converter, kind: Any) -> _Hook:
    inner = present(kind)
    structure = converter.get_structure_hook(inner)
    if not attrs.has(inner):
        return lambda value, _: None if value is None else structure(value, inner)
    is_empty = _emptiness_of(inner)
    return lambda value, _: None if is_empty(value) else structure(value, inner)


def _emptiness_of(kind: type) -> Callable[[Any], bool]:
    """Make what tells whether an object says nothing: it is `{}`, or all that it has are nulls where they may be."""
    empty = empty_form_of(kind)
    if empty is None:
        return lambda value: value is None or value == {}
    keys = frozenset(key for field in fields_of(kind) for key in keys_of(kind, field))

    def is_empty(value: Any) -> bool:
        if value is None or value == empty:
            return True
        return value.__class__ is dict and keys.issuperset(value) and all(each is None for each in value.values())

    return is_empty


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
