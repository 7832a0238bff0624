"""Puts what was measured between the marks of the documents that show it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from benchmarks.costs import cost_tables
from benchmarks.results import Results
from benchmarks.scenarios import SCENARIOS
from benchmarks.tables import contender_table, markdown, setting_table, target_table

__all__ = ["filled", "write"]

_ROOT: Final = Path(__file__).parents[1]


def write(results: Results, root: Path = _ROOT) -> None:
    """Bring `benchmarks/README.md` and `docs/costs.md` of a copy of the repository up to date.

    Raises:
        ValueError: A mark is missing.
    """
    for name, texts in (
        (
            "benchmarks/README.md",
            {"speed": _speed(results), "contenders": "\n".join(markdown(contender_table(), "---"))},
        ),
        ("docs/costs.md", cost_tables(results)),
    ):
        path = root / name
        path.write_text(filled(path.read_text(encoding="utf-8"), texts), encoding="utf-8")


def filled(document: str, texts: Mapping[str, str]) -> str:
    """Put texts between the marks `<!-- name: begin -->` and `<!-- name: end -->`.

    Raises:
        ValueError: A mark is missing.
    """
    for name, text in texts.items():
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        head, begun, rest = document.partition(begin)
        _, ended, tail = rest.partition(end)
        if not begun or not ended:
            raise ValueError(f"there are no marks for {name}")
        document = f"{head}{begin}\n\n{text}\n\n{end}{tail}"
    return document


def _speed(results: Results) -> str:
    return "\n".join(_lines(results))


def _lines(results: Results) -> Iterator[str]:
    ceiling = results.ceilings
    yield f"{results.source}. The server alone: {ceiling['requests']:,.0f} pages of 100 entries a second,"
    yield f"{ceiling['megabytes']:,.0f} MB/s, on one connection."
    yield ""
    yield from markdown(target_table(results))
    for scenario in filter(results.of, SCENARIOS):
        yield f"\n#### {SCENARIOS[scenario].title}"
        for setting in results.settings(scenario):
            found = results.of(scenario, setting)
            rounds = found[0].rounds
            yield f"\n{setting}, {rounds} round{'s' if rounds > 1 else ''}:\n"
            yield from markdown(setting_table(found, SCENARIOS[scenario].unit))
