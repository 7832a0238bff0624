"""Measures this library beside what one would otherwise pick: `python -m benchmarks [--quick] [scenario ...]`.

Contenders come with the extra `bench`; those whose packages are not installed are left out. Each runs in a process of
its own, in turns, for several rounds, against a server in another process; figures are medians.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from functools import reduce
from pathlib import Path

import attrs

from benchmarks import documents, plots
from benchmarks.measuring import left_out, measure, server_ceiling
from benchmarks.results import Result, Results
from benchmarks.scenarios import SCENARIOS
from benchmarks.tables import aligned, setting_table, target_table


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.partition("\n")[0])
    parser.add_argument("scenarios", nargs="*", metavar="scenario", help=f"all, or some of: {', '.join(SCENARIOS)}")
    parser.add_argument("--quick", action="store_true", help="very little of each, once, to see that it runs")
    parser.add_argument("--rounds", type=int, default=5, help="how often each contender runs (5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to keep the figures")
    parser.add_argument(
        "--from",
        type=Path,
        nargs="+",
        metavar="FILE",
        dest="kept",
        help="measure nothing, show kept figures; a scenario of a later file takes the place of an earlier one's",
    )
    parser.add_argument("--note", default="", metavar="TEXT", help="what a reader should know of the machine")
    parser.add_argument("--plots", type=Path, metavar="FOLDER", help="where to draw speed and memory by size, as SVG")
    parser.add_argument("--write", action="store_true", help="bring the tables of the documents up to date")
    given = parser.parse_args()
    if unknown := set(given.scenarios) - SCENARIOS.keys():
        parser.error(f"there is no scenario {', '.join(sorted(unknown))}")
    if given.rounds < 1:
        parser.error("there is at least one round")
    if given.write and (given.quick or (given.scenarios and not given.kept)):
        parser.error("--write is for figures of all scenarios, and not for quick ones: join them with --from")
    return given


def _measured(given: argparse.Namespace) -> Results:
    ceiling = server_ceiling(200 if given.quick else 5_000)
    print(f"the server alone: {ceiling.requests:,.0f} pages of 100 entries/s, {ceiling.megabytes:,.0f} MB/s")
    found: list[Result] = []
    rounds = 1 if given.quick else given.rounds
    scenarios = {name: SCENARIOS[name].settings(quick=given.quick) for name in given.scenarios or SCENARIOS}
    for contender, reason in left_out([each for settings in scenarios.values() for each in settings]).items():
        print(f"left out: {contender} ({reason})")
    for name, settings in scenarios.items():
        results = list(measure(name, settings, rounds, _show_progress))
        _show(name, results)
        found += results
        measured = Results(_command(given, rounds), attrs.asdict(ceiling), found, given.note)
        if given.json:
            measured.save(given.json)
    return measured


def _command(given: argparse.Namespace, rounds: int) -> str:
    """Write what makes the same figures again, without the places where they went."""
    return " ".join(
        ["python -m benchmarks", *given.scenarios, *(["--quick"] if given.quick else [f"--rounds {rounds}"])]
    )


def _show_progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}\r", end="", file=sys.stderr, flush=True)


def _show(name: str, results: Sequence[Result]) -> None:
    for line in _tables(name, results):
        print(line, flush=True)


def _tables(name: str, results: Sequence[Result]) -> Iterator[str]:
    for setting in dict.fromkeys(one.setting for one in results):
        yield f"\n{SCENARIOS[name].title}: {setting}"
        yield from aligned(setting_table([one for one in results if one.setting == setting], SCENARIOS[name].unit))


def main() -> None:
    """Measure and show."""
    given = _arguments()
    if given.kept:
        results = reduce(Results.joined, map(Results.load, given.kept))
        results = attrs.evolve(results, note=given.note or results.note)
        if given.json:
            results.save(given.json)
        for name in results.scenarios():
            _show(name, results.of(name))
    else:
        results = _measured(given)
    print(f"\nAsked for{', but this was too little to judge by' if given.quick else ''}")
    print("\n".join(aligned(target_table(results))))
    if given.plots:
        plots.write(results, given.plots, lambda name: SCENARIOS[name].unit)
    if given.write:
        if missing := SCENARIOS.keys() - set(results.scenarios()):
            sys.exit(f"the documents are left as they are: there are no figures of {', '.join(sorted(missing))}")
        documents.write(results)


if __name__ == "__main__":
    main()
