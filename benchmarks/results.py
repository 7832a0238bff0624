"""What came out of the measurements: medians, by scenario, setting and contender."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any, Self

import attrs

__all__ = ["Result", "Results"]


@attrs.frozen(kw_only=True)
class Result:
    """The medians of one contender's rounds.

    Attributes:
        scenario: What was measured.
        setting: Under which circumstances.
        size: How many entries, members or connections, where the settings of a scenario differ by that.
        contender: Who.
        rounds: How often.
        units: Entries, calls or imports of one round.
        rate: Units a second, by the clock on the wall.
        cpu_us: Microseconds of CPU a unit.
        peak_mb: The most memory that its process held.
        requests: How many the server answered in one round.
        bytes: How many bytes it answered for each unit.
    """

    scenario: str
    setting: str
    size: int
    contender: str
    rounds: int
    units: float
    rate: float
    cpu_us: float
    peak_mb: float
    requests: float
    bytes: float

    @classmethod
    def of(cls, measured: Sequence[Mapping[str, float]], **names: Any) -> Self:
        """Take the medians of what was measured in some rounds."""
        return cls(
            **names,
            rounds=len(measured),
            units=median(one["units"] for one in measured),
            rate=median(one["units"] / one["seconds"] for one in measured),
            cpu_us=median(one["cpu_s"] / one["units"] * 1e6 for one in measured),
            peak_mb=median(one["peak_mb"] for one in measured),
            requests=median(one["requests"] for one in measured),
            bytes=median(one["bytes"] / one["units"] for one in measured),
        )


@attrs.frozen
class Results:
    """All of a run.

    Attributes:
        command: What was run.
        ceilings: What the server could do: pages of 100 entries a second, and MB a second.
        found: What came out.
        note: What a reader should know of the machine.
    """

    command: str
    ceilings: Mapping[str, float]
    found: Sequence[Result]
    note: str = ""

    @property
    def source(self) -> str:
        """Where the figures are from, in Markdown."""
        return f"By `{self.command}`{self.note and ', '}{self.note}"

    def of(self, scenario: str, setting: str | None = None) -> list[Result]:
        """Give what was found in a scenario, or in one setting of it."""
        return [one for one in self.found if one.scenario == scenario and setting in (None, one.setting)]

    def scenarios(self) -> list[str]:
        """Give the scenarios that were run."""
        return list(dict.fromkeys(one.scenario for one in self.found))

    def settings(self, scenario: str) -> list[str]:
        """Give the settings that a scenario was run in."""
        return list(dict.fromkeys(one.setting for one in self.of(scenario)))

    def save(self, path: Path) -> None:
        """Keep them."""
        path.write_text(json.dumps(attrs.asdict(self), indent=1) + "\n")

    def joined(self, later: Self) -> Self:
        """Add the scenarios of a later run, or put them in the place of the same ones."""
        again = later.scenarios()
        return attrs.evolve(self, found=[*(one for one in self.found if one.scenario not in again), *later.found])

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what was kept."""
        kept = json.loads(path.read_text())
        return cls(kept["command"], kept["ceilings"], [Result(**one) for one in kept["found"]], kept["note"])
