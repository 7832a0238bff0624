"""The figures of the cost model, from what was measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from benchmarks.results import Result, Results
from benchmarks.tables import Table, markdown

__all__ = ["cost_tables"]

_READERS: Final = (
    "ours",
    "ours, aiohttp",
    "ours, prefetch",
    "ours, prefetch, aiohttp",
    "httpx, json()",
    "aiohttp, orjson",
)


def cost_tables(results: Results) -> Mapping[str, str]:
    """Write the tables of docs/costs.md, by the names of their marks; those that were not measured say so."""
    tables = {
        "reading": _reading(results),
        "bytes": _bytes(results),
        "exports": _exports(results),
        "memory": _memory(results),
    }
    written = {name: "\n".join(markdown(table)) for name, table in tables.items()}
    return {name: f"By `{results.command}`.\n\n{text}" for name, text in written.items()}


def _one(results: Results, scenario: str, setting: str, contender: str) -> Result | None:
    return next((one for one in results.of(scenario, setting) if one.contender == contender), None)


def _reading(results: Results) -> Table:
    """Solve for what a request and an entry cost, by pages of 100 and of 10."""
    head = ("", "CPU μs a request", "CPU μs an entry", "the same, gzip: a request", "an entry")
    return [head, *((name, *_solved(results, name, ""), *_solved(results, name, ", gzip")) for name in _READERS)]


def _solved(results: Results, contender: str, suffix: str) -> tuple[str, str]:
    large, small = (_one(results, "reading", f"pages of {size}{suffix}", contender) for size in (100, 10))
    if large is None or small is None:
        return ("", "")
    # cost = entries * an entry + requests * a request, twice.
    per_large, per_small = large.requests / large.units, small.requests / small.units
    request = (small.cpu_us - large.cpu_us) / (per_small - per_large)
    return (f"{request:,.0f}", f"{large.cpu_us - request * per_large:.1f}")


def _bytes(results: Results) -> Table:
    rows: list[Sequence[str]] = [("", "bytes an entry", "requests for 100 entries")]
    for size in (100, 10):
        for suffix in ("", ", gzip"):
            found = _one(results, "reading", f"pages of {size}{suffix}", "ours")
            if found is not None:
                rows.append(
                    (found.setting, f"{found.bytes:,.0f}", f"{found.requests / found.units * 100:.2f}"),
                )
    return rows


def _exports(results: Results) -> Table:
    head = ("", "CPU μs an entry", "entries a second", "peak MB")
    return [head, *_listed(one for one in results.of("exports") if one.contender.startswith("ours"))]


def _listed(results: Iterator[Result]) -> Iterator[Sequence[str]]:
    for one in results:
        yield (one.contender, f"{one.cpu_us:.1f}", f"{one.rate:,.0f}", f"{one.peak_mb:.0f}")


def _memory(results: Results) -> Table:
    rows: list[Sequence[str]] = [("", "", "CPU μs an entry", "peak MB", "requests")]
    for scenario in ("entries", "members"):
        rows += [
            (one.setting, one.contender, f"{one.cpu_us:.1f}", f"{one.peak_mb:.0f}", f"{one.requests:,.0f}")
            for one in results.of(scenario)
        ]
    return rows
