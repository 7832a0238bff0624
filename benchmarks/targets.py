"""The ratios that the library is held to, each with its bound."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Literal

import attrs

from benchmarks.results import Result, Results

__all__ = ["Target", "targets"]

Measure = Literal["rate", "cpu_us", "peak_mb"]


@attrs.frozen
class Target:
    """One ratio of two medians of the same run.

    Attributes:
        name: What is compared.
        ratio: What came out; None if one of the two was not measured.
        bound: What it may be.
        at_most: Whether the bound is the most that it may be; otherwise the least.
    """

    name: str
    ratio: float | None
    bound: float
    at_most: bool

    @property
    def met(self) -> bool | None:
        """Whether it is met; None if it was not measured."""
        if self.ratio is None:
            return None
        return self.ratio <= self.bound if self.at_most else self.ratio >= self.bound


@attrs.frozen
class _Side:
    """One of two figures: the best of some contenders, in one setting of a scenario, less what *less* takes."""

    scenario: str
    measure: Measure
    contenders: Sequence[str]
    place: int = 0
    less: str | None = None

    def of(self, results: Results) -> float | None:
        """Find it; None if somebody is missing."""
        settings = results.settings(self.scenario)
        measured = {one.contender: one for one in results.of(self.scenario, settings[self.place])} if settings else {}
        if not {*self.contenders, *([self.less] if self.less else [])} <= measured.keys():
            return None
        found = [self._figure(measured[name]) for name in self.contenders]
        return (max if self.measure == "rate" else min)(found) - (
            self._figure(measured[self.less]) if self.less else 0.0
        )

    def _figure(self, result: Result) -> float:
        figure: float = getattr(result, self.measure)
        return figure


@attrs.frozen
class _Comparison:
    name: str
    ours: _Side
    theirs: _Side
    bound: float
    at_most: bool = True

    def judge(self, results: Results) -> Target:
        ours, theirs = self.ours.of(results), self.theirs.of(results)
        ratio = None if ours is None or theirs is None else ours / theirs
        return Target(self.name, ratio, self.bound, self.at_most)


def _cpu(scenario: str, ours: str, theirs: str, bound: float) -> _Comparison:
    name = f"CPU: {ours} / {theirs}"
    return _Comparison(name, _Side(scenario, "cpu_us", [ours]), _Side(scenario, "cpu_us", [theirs]), bound)


def _speed(scenario: str, ours: str, theirs: Sequence[str], bound: float, place: int = 0) -> _Comparison:
    name = f"speed: {ours} / {' or '.join(theirs)}{', whichever is faster' if len(theirs) > 1 else ''}"
    sides = _Side(scenario, "rate", [ours], place), _Side(scenario, "rate", theirs, place)
    return _Comparison(name, *sides, bound, at_most=False)


def _growth(scenario: str, contender: str) -> Iterator[_Comparison]:
    measures: tuple[tuple[str, Measure], ...] = (("CPU an entry", "cpu_us"), ("memory", "peak_mb"))
    for name, measure in measures:
        most, least = (_Side(scenario, measure, [contender], place) for place in (-1, 0))
        yield _Comparison(f"{name}, most / fewest {scenario}: {contender}", most, least, _NOISE)


_NOISE: Final = 1.1
"""For what should stay as it is: two runs of the same differ by that on a machine that has other things to do."""

_COMPARISONS: Final = (
    _cpu("reading", "ours", "httpx, json()", 1.2),
    _cpu("reading", "ours, aiohttp", "httpx, json()", 1.0),
    _cpu("structuring", "ours, bytes to objects", "pydantic, bytes to objects", 1.0),
    _speed("exports", "ours to jsonl", ["dlt to jsonl", "dlt to jsonl, flat"], 10),
    _speed("exports", "ours to parquet", ["dlt to parquet", "dlt to parquet, flat"], 8),
    *(
        _speed("connections", ours, [theirs], bound, -1)
        for ours in ("ours, one call", "ours, one call, aiohttp")
        for theirs, bound in (("aiohttp, one call", 0.8), ("httpx, one call", 10))
    ),
    _cpu("call", "ours, one call", "httpx, one call", 1.15),
    *_growth("entries", "ours"),
    *_growth("entries", "ours to jsonl"),
    *_growth("entries", "ours to parquet"),
    *_growth("members", "ours to jsonl"),
    *_growth("members", "ours to parquet"),
    _Comparison(
        "CPU, less that of an interpreter: import loyalty_async / import httpx",
        _Side("imports", "cpu_us", ["import loyalty_async"], less="import nothing"),
        _Side("imports", "cpu_us", ["import httpx"], less="import nothing"),
        1.5,
    ),
)


def targets(results: Results) -> list[Target]:
    """Hold a run against what was asked for."""
    return [comparison.judge(results) for comparison in _COMPARISONS]
