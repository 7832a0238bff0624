"""Speed and memory against size, as SVG by hand: small, and readable on a light and on a dark page."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

import attrs

from benchmarks.results import Result, Results

__all__ = ["PLOTTED", "draw", "write"]

PLOTTED: Final = ("entries", "connections", "members")
"""Scenarios whose settings differ by size."""

_STYLE: Final = (
    "text{font:12px sans-serif;fill:#24292f}path{fill:none;stroke-width:2}.grid{stroke:#d0d7de;stroke-width:1}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.grid{stroke:#3d444d}}"
)
_COLOURS: Final = ("#2f81f7", "#d29922", "#3fb950", "#f85149", "#a371f7")
"""Of a brightness between the two pages'."""
_WIDTH, _HEIGHT, _GAP, _LEFT, _TOP = 300, 180, 110, 60, 40


@attrs.frozen
class _Panel:
    """One plot: sizes to the right by their logarithm, figures upwards from nought."""

    x: int
    title: str
    measure: Callable[[Result], float]
    results: Sequence[Result]

    def draw(self) -> Iterator[str]:
        most = _round_number(max(map(self.measure, self.results)))
        yield f'<text x="{self.x}" y="{_TOP - 14}">{escape(self.title)}</text>'
        for share in (0.0, 0.5, 1.0):
            y = self._y(share)
            yield f'<path class="grid" d="M{self.x} {y:.1f}h{_WIDTH}"/>'
            yield f'<text x="{self.x - 6}" y="{y + 4:.1f}" text-anchor="end">{most * share:,g}</text>'
        for size in dict.fromkeys(one.size for one in self.results):
            yield f'<text x="{self._x(size):.1f}" y="{_TOP + _HEIGHT + 18}" text-anchor="middle">{size:,}</text>'
        for number, (_, line) in enumerate(_by_contender(self.results)):
            points = "L".join(f"{self._x(one.size):.1f} {self._y(self.measure(one) / most):.1f}" for one in line)
            yield f'<path stroke="{_colour(number)}" d="M{points}"/>'

    def _x(self, size: int) -> float:
        sizes = [one.size for one in self.results]
        least, most = math.log(min(sizes)), math.log(max(sizes))
        return self.x + _WIDTH * ((math.log(size) - least) / (most - least) if most > least else 0.5)

    def _y(self, share: float) -> float:
        return _TOP + _HEIGHT * (1 - share)


def _by_contender(results: Sequence[Result]) -> list[tuple[str, list[Result]]]:
    named = sorted(results, key=lambda one: one.contender)  # Sizes keep their order.
    return [(name, list(line)) for name, line in groupby(named, key=lambda one: one.contender)]


def _colour(number: int) -> str:
    return _COLOURS[number % len(_COLOURS)]


def _round_number(figure: float) -> float:
    """Give a number with one digit or a half more, not below *figure*."""
    unit: float = 10.0 ** math.floor(math.log10(figure))
    return next(unit * step for step in (1, 2, 3, 4, 5, 6, 8, 10) if unit * step >= figure)


def draw(results: Sequence[Result], axis: str, unit: str) -> str:
    """Draw the results of a scenario beside each other: units a second, and memory."""
    panels = (
        _Panel(_LEFT, f"{unit} a second, by {axis}", lambda one: one.rate, results),
        _Panel(_LEFT + _WIDTH + _GAP, f"most memory in MB, by {axis}", lambda one: one.peak_mb, results),
    )
    names = [name for name, _ in _by_contender(results)]
    below, width = _TOP + _HEIGHT + 44, 2 * _WIDTH + _GAP + 2 * _LEFT
    legend = [
        f'<path stroke="{_colour(number)}" d="M{x} {below - 4}h18"/>'
        f'<text x="{x + 24}" y="{below}">{escape(name)}</text>'
        for number, name in enumerate(names)
        for x in (_LEFT + number * 190,)
    ]
    label = f"{unit} a second and memory, by {axis}"
    size = f'viewBox="0 0 {width} {below + 16}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{escape(label)}">',
        f"<style>{_STYLE}</style>",
        *(line for panel in panels for line in panel.draw()),
        *legend,
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def write(results: Results, folder: Path, units: Callable[[str], str]) -> list[Path]:
    """Write a picture for each scenario that has sizes, and was measured."""
    measured = [scenario for scenario in PLOTTED if results.of(scenario)]
    for scenario in measured:
        _path(folder, scenario).write_text(draw(results.of(scenario), scenario, units(scenario)), encoding="utf-8")
    return [_path(folder, scenario) for scenario in measured]


def _path(folder: Path, scenario: str) -> Path:
    return folder / f"speed-{scenario}.svg"
