"""What was measured, as tables: for a terminal, and in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.contenders.registry import EVERYBODY
from benchmarks.results import Result, Results
from benchmarks.targets import Target, targets

__all__ = ["aligned", "contender_table", "markdown", "setting_table", "target_table"]

Table = Sequence[Sequence[str]]
"""Rows, of which the first is the head."""


def setting_table(results: Sequence[Result], unit: str) -> Table:
    """Compare the contenders of one setting with the first of them."""
    first = results[0]
    head = ("", f"{unit}/s", "", "CPU μs each", "", "peak MB", "requests")
    return [head, *(_row(result, first) for result in results)]


def _row(result: Result, first: Result) -> Sequence[str]:
    return (
        result.contender,
        f"{result.rate:,.0f}" if result.rate >= 10 else f"{result.rate:.1f}",  # noqa: PLR2004 - digits that tell
        f"x{result.rate / first.rate:.2f}",
        f"{result.cpu_us:,.1f}",
        f"x{result.cpu_us / first.cpu_us:.2f}",
        f"{result.peak_mb:.1f}",
        f"{result.requests:,.0f}",
    )


def target_table(results: Results) -> Table:
    """Say of each target whether it is met."""
    return [("ratio", "is", "asked", ""), *(_judged(target) for target in targets(results))]


def _judged(target: Target) -> Sequence[str]:
    asked = f"{'≤' if target.at_most else '≥'} {target.bound:g}"
    if target.ratio is None:
        return (target.name, "", asked, "not measured")
    return (target.name, f"{target.ratio:.2f}", asked, "met" if target.met else "missed")


def contender_table() -> Table:
    """Say what each contender is."""
    return [("contender", "what it is"), *((f"`{each.name}`", each.settings) for each in EVERYBODY)]


def aligned(table: Table) -> Iterator[str]:
    """Write a table for a terminal: the first column to the left, figures to the right."""
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    for row in table:
        name, *figures = (
            text.ljust(width) if not column else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join([name, *figures]).rstrip()


def markdown(table: Table, rule: str = "---:") -> Iterator[str]:
    """Write a table in Markdown; all columns but the first are figures, or what the *rule* says."""
    head, *rows = table
    yield f"| {' | '.join(head)} |"
    yield f"| --- |{f' {rule} |' * (len(head) - 1)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
