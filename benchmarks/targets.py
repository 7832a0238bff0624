"""The ratios that the library is held to, each with its bound."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

import attrs

from benchmarks.results import Results

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


@attrs.frozen(kw_only=True)
class _Comparison:
    """What a target compares: the same figure of two contenders, or of one in two settings.

    Attributes:
        name: What it is called.
        scenario: Where both are measured.
        measure: Which figure.
        ours: The one that is judged.
        theirs: The one that it is held against.
        bound: What the ratio may be.
        at_most: Whether that is the most.
        places: In which of the scenario's settings.
        less: Whose figure comes off both.
    """

    name: str
    scenario: str
    measure: Measure = "cpu_us"
    ours: str
    theirs: str
    bound: float
    at_most: bool = True
    places: tuple[int, int] = (0, 0)
    less: str | None = None

    def judge(self, results: Results) -> Target:
        """Find both figures."""
        found = [self._figure(results, *side) for side in zip((self.ours, self.theirs), self.places, strict=True)]
        ratio = None if found[0] is None or found[1] is None else found[0] / found[1]
        return Target(self.name, ratio, self.bound, self.at_most)

    def _figure(self, results: Results, contender: str, place: int) -> float | None:
        settings = results.settings(self.scenario)
        measured = {one.contender: one for one in results.of(self.scenario, settings[place])} if settings else {}
        if not {contender, self.less or contender} <= measured.keys():
            return None
        figure: float = getattr(measured[contender], self.measure)
        surplus: float = getattr(measured[self.less], self.measure) if self.less else 0.0
        return figure - surplus


def _growth(scenario: str, contender: str, what: str) -> Iterator[_Comparison]:
    measures: tuple[tuple[str, Measure], ...] = (("CPU an entry", "cpu_us"), ("memory", "peak_mb"))
    for name, measure in measures:
        yield _Comparison(
            name=f"{name}, {what}: most / fewest {scenario}",
            scenario=scenario,
            measure=measure,
            ours=contender,
            theirs=contender,
            bound=_NOISE,
            places=(-1, 0),
        )


_NOISE: Final = 1.1
"""For what should stay as it is: two runs of the same differ by that on a machine that has other things to do."""
_SINKS: Final = (("jsonl", "to JSON lines", 10), ("parquet", "to Parquet", 8))

_COMPARISONS: Final = (
    _Comparison(
        name="CPU an entry, typed iteration: ours / httpx and json()",
        scenario="reading",
        ours="ours",
        theirs="httpx, json()",
        bound=1.2,
    ),
    _Comparison(
        name="CPU an entry, typed iteration: ours over aiohttp / httpx and json()",
        scenario="reading",
        ours="ours, aiohttp",
        theirs="httpx, json()",
        bound=1.0,
    ),
    *(
        _Comparison(
            name=f"CPU an entry, all objects looked at: ours{over} / httpx and json()",
            scenario="reading",
            ours=f"ours, all looked at{engine}",
            theirs="httpx, json()",
            bound=bound,
        )
        for over, engine, bound in (("", "", 1.2), (" over aiohttp", ", aiohttp", 1.0))
    ),
    _Comparison(
        name="CPU an entry, bytes to objects: ours / pydantic",
        scenario="structuring",
        ours="ours, bytes to objects",
        theirs="pydantic, bytes to objects",
        bound=1.0,
    ),
    *(
        _Comparison(
            name=f"entries a second, {what}: ours / dlt{flat}",
            scenario="exports",
            measure="rate",
            ours=f"ours to {kind}",
            theirs=f"dlt to {kind}{flat}",
            bound=bound,
            at_most=False,
        )
        for kind, what, bound in _SINKS
        for flat in ("", ", flat")
    ),
    *(
        _Comparison(
            name=f"calls a second, most connections: {name} / {other}",
            scenario="connections",
            measure="rate",
            ours=ours,
            theirs=f"{other}, one call",
            bound=bound,
            at_most=False,
            places=(-1, -1),
        )
        for name, ours in (("ours", "ours, one call"), ("ours over aiohttp", "ours, one call, aiohttp"))
        for other, bound in (("aiohttp", 0.8), ("httpx", 10))
    ),
    _Comparison(
        name="CPU of one call: ours / httpx and json()",
        scenario="call",
        ours="ours, one call",
        theirs="httpx, one call",
        bound=1.15,
    ),
    *_growth("entries", "ours", "typed iteration"),
    *(comparison for kind, what, _ in _SINKS for comparison in _growth("entries", f"ours to {kind}", what)),
    *(comparison for kind, what, _ in _SINKS for comparison in _growth("members", f"ours to {kind}", what)),
    _Comparison(
        name="CPU of the import, less the interpreter's: loyalty_async / httpx",
        scenario="imports",
        ours="import loyalty_async",
        theirs="import httpx",
        bound=1.5,
        less="import nothing",
    ),
)


def targets(results: Results) -> list[Target]:
    """Hold a run against what was asked for."""
    return [comparison.judge(results) for comparison in _COMPARISONS]
