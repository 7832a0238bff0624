"""What is scripted for requests, be it that something goes wrong or that the ledger moves: for which of them.

What is scripted is frozen and JSON-able, so that it can be set through the control endpoint.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Generic, Self, TypeGuard, TypeVar

import attrs

from loyalty_async.sandbox.paths import LEDGER_INFO_PATH


def whole(_aim: object, field: attrs.Attribute[Any], value: object) -> None:
    """Refuse what is no whole number of zero or more."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{field.name} is a whole number of zero or more")


def optional_whole(aim: object, field: attrs.Attribute[Any], value: object) -> None:
    """Refuse what is neither None nor a whole number of zero or more."""
    if value is not None:
        whole(aim, field, value)


def number(_aim: object, field: attrs.Attribute[Any], value: object) -> None:
    """Refuse what is no finite number."""
    if not _is_number(value):
        raise ValueError(f"{field.name} is a number")


def amount(_aim: object, field: attrs.Attribute[Any], value: object) -> None:
    """Refuse what is no finite number of zero or more."""
    if not _is_number(value) or value < 0:
        raise ValueError(f"{field.name} is a number of zero or more")


def texts(_aim: object, field: attrs.Attribute[Any], value: object) -> None:
    """Refuse what does not map texts to texts."""
    if not isinstance(value, Mapping) or not all(isinstance(text, str) for item in value.items() for text in item):
        raise ValueError(f"{field.name} is an object of strings")


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _positive(aim: object, field: attrs.Attribute[Any], value: object) -> None:
    whole(aim, field, value)
    if value == 0:
        raise ValueError(f"{field.name} is at least 1")


def _share(aim: object, field: attrs.Attribute[Any], value: object) -> None:
    amount(aim, field, value)
    if _is_number(value) and value > 1:
        raise ValueError(f"{field.name} is at most 1")


def _place(aim: Aim, field: attrs.Attribute[Any], value: object) -> None:
    if value is None:
        return
    _positive(aim, field, value)
    if (aim.skip, aim.every) != (0, 1):
        raise ValueError(f"{field.name} names one request: skip and every do not go with it")


@attrs.frozen(kw_only=True)
class Aim:
    """Which requests something scripted is for.

    Those to `path` with the query parameters of `where`; of these the one with the number `at`, or not the first
    `skip`, then each `every`-th; each with `probability`, and `times` in all.

    Attributes:
        path: Beginning of the path; "/" for every request that is not the control's.
        where: Query parameters that the request must have, with these values.
        at: The number of the only one among the matching requests; the first has 1. None: not only one.
        skip: How many matching requests to leave alone first.
        every: 1 for each matching request after that, 3 for the first, fourth, seventh, ...
        probability: Of those, with the sandbox's seed.
        times: How often in all; None for ever.
    """

    path: str = attrs.field(default=LEDGER_INFO_PATH, validator=attrs.validators.instance_of(str))
    where: Mapping[str, str] = attrs.field(factory=dict, validator=texts)
    at: int | None = attrs.field(default=None, validator=_place)
    skip: int = attrs.field(default=0, validator=whole)
    every: int = attrs.field(default=1, validator=_positive)
    probability: float = attrs.field(default=1.0, validator=_share)
    times: int | None = attrs.field(default=1, validator=optional_whole)

    @classmethod
    def from_json(cls, fields: object) -> Self:
        """Read what is scripted from decoded JSON.

        Raises:
            ValueError: A field is unknown, or has a value that it cannot have.
        """
        kind = cls.__name__.lower()
        if not isinstance(fields, dict):
            raise ValueError(f"a {kind} is a JSON object")  # noqa: TRY004 - one kind of error for everything that a caller can send
        unknown = fields.keys() - attrs.fields_dict(cls).keys()
        if unknown:
            raise ValueError(f"a {kind} has no field {min(unknown)}")
        try:
            return cls(**fields)
        except (TypeError, ValueError) as error:
            raise ValueError(error.args[0]) from error

    def matches(self, path: str, query: Mapping[str, str]) -> bool:
        """Whether a request is of the kind that this is for."""
        return path.startswith(self.path) and all(query.get(name) == value for name, value in self.where.items())


A = TypeVar("A", bound=Aim)


@attrs.define
class _Counter(Generic[A]):
    """Something scripted, with the number of requests that matched and of those that were hit."""

    aim: A
    seen: int = 0
    fired: int = 0

    def hit(self, rng: random.Random) -> bool:
        """Count a matching request, and say whether it is hit."""
        aim = self.aim
        self.seen += 1
        after = self.seen - 1 - aim.skip
        if after < 0 or after % aim.every or aim.at not in {None, self.seen}:
            return False
        if aim.times is not None and self.fired >= aim.times:
            return False
        if aim.probability < 1.0 and rng.random() >= aim.probability:
            return False
        self.fired += 1
        return True


class Script(Generic[A]):
    """What is scripted for a sandbox's requests, in order."""

    def __init__(self, aims: Iterable[A] = (), *, seed: int | str = 0) -> None:
        self._rng = random.Random(seed)
        self._counters: list[_Counter[A]] = []
        self.add(*aims)

    def add(self, *aims: A) -> None:
        """Put more at the end of the script."""
        self._counters.extend(_Counter(aim) for aim in aims)

    def clear(self) -> None:
        """Let nothing more of it happen."""
        self._counters.clear()

    def _hits(self, path: str, query: Mapping[str, str]) -> Iterator[A]:
        """Count a request, and give what hits it, in order; what comes after the last one taken does not count it."""
        for counter in self._counters:
            if counter.aim.matches(path, query) and counter.hit(self._rng):
                yield counter.aim
