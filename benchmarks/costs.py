"""The figures of the cost model, from what was measured.

A walk costs so much for each request and so much for each entry; both are solved for from two settings with different
pages. An export costs so much for each member besides; that takes three settings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import attrs

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
_EXPORT: Final = "ours to jsonl"
_QUOTA: Final = 1_000
"""Requests a minute: the vendor's usual quota."""
_PLACES: Final = 20
"""Requests in flight: `max_in_flight` as it comes."""
_LATENCY_S: Final = 0.05
_HOUR_S: Final = 3_600


@attrs.frozen
class _Cost:
    """Microseconds of CPU."""

    request: float
    entry: float


@attrs.frozen
class _ExportCost:
    """Microseconds of CPU."""

    member: float
    request: float
    entry: float


@attrs.frozen
class _Job:
    """Something to export.

    Attributes:
        name: What it is.
        members: How many ledgers.
        requests: How many each takes: one for each window of 88 days, or for each page if there are more.
        entries: How many entries each has.
    """

    name: str
    members: int
    requests: int
    entries: int


_JOBS: Final = (
    _Job("a million members, three years with 120 entries each", 1_000_000, 13, 120),
    _Job("a million members, one night with one entry each", 1_000_000, 1, 1),
    _Job("a thousand members, three years with 12,000 entries each", 1_000, 130, 12_000),
)


def cost_tables(results: Results) -> Mapping[str, str]:
    """Write the tables of docs/costs.md, by the names of their marks; what was not measured is left empty."""
    tables = {
        "reading": _reading(results),
        "exports": _exports(results),
        "members": _members(results),
        "bytes": _bytes(results),
        "growth": _growth(results),
        "limits": _limits(results),
    }
    return {name: f"{results.source}:\n\n" + "\n".join(markdown(table)) for name, table in tables.items()}


def _one(results: Results, scenario: str, setting: str, contender: str) -> Result | None:
    return next((one for one in results.of(scenario, setting) if one.contender == contender), None)


def _solved(few: Result | None, many: Result | None) -> _Cost | None:
    """Solve for what a request and an entry cost, from a walk with few and one with many requests an entry."""
    if few is None or many is None:
        return None
    request = (many.cpu_us - few.cpu_us) / (many.requests / many.units - few.requests / few.units)
    return _Cost(request, few.cpu_us - request * few.requests / few.units)


def _walking(results: Results, contender: str, suffix: str = "") -> _Cost | None:
    return _solved(*(_one(results, "reading", f"pages of {size}{suffix}", contender) for size in (100, 10)))


def _reading(results: Results) -> Table:
    head = ("", "CPU μs a request", "CPU μs an entry", "the same, gzip: a request", "an entry")
    costs = {name: [_walking(results, name, suffix) for suffix in ("", ", gzip")] for name in _READERS}
    return [head, *((name, *(cell for cost in both for cell in _cells(cost))) for name, both in costs.items())]


def _cells(cost: _Cost | None) -> tuple[str, str]:
    return (f"{cost.request:,.0f}", f"{cost.entry:.1f}") if cost else ("", "")


def _exports(results: Results) -> Table:
    head = ("", "CPU μs an entry", "entries a second", "peak MB")
    ours = (one for one in results.of("exports") if one.contender.startswith("ours"))
    return [head, *((one.contender, f"{one.cpu_us:.1f}", f"{one.rate:,.0f}", f"{one.peak_mb:.0f}") for one in ours)]


def _export_cost(results: Results) -> _ExportCost | None:
    """Solve for what a member, a request and an entry cost: one ledger is long, members have one window or several."""
    long = [one for one in results.of("exports") if one.contender == _EXPORT]
    measured = [*long, *results.of("windows")]
    if not long or len(measured) != len(attrs.fields(_ExportCost)):
        return None
    # A column for each unknown: how often it was paid in each of the three.
    paid = [(one.size or 1, one.requests, one.units) for one in measured]
    columns = list(zip(*paid, strict=True))
    totals = tuple(one.cpu_us * one.units for one in measured)
    alone = (_determinant([*columns[:place], totals, *columns[place + 1 :]]) for place in range(len(columns)))
    return _ExportCost(*(part / _determinant(columns) for part in alone))


def _determinant(columns: Sequence[tuple[float, ...]]) -> float:
    """Give that of three columns: equations are solved by Cramer's rule."""
    (a, b, c), (d, e, f), (g, h, i) = columns
    return a * (e * i - f * h) - d * (b * i - c * h) + g * (b * f - c * e)


def _members(results: Results) -> Table:
    head = ("export to JSON lines", "CPU μs a member", "a request", "an entry")
    cost = _export_cost(results)
    return [head, (_EXPORT, *(f"{figure:,.1f}" for figure in attrs.astuple(cost)))] if cost else [head]


def _bytes(results: Results) -> Table:
    head = ("", "bytes an entry", "requests for 100 entries")
    names = [f"pages of {size}{suffix}" for size in (100, 10) for suffix in ("", ", gzip")]
    found = filter(None, (_one(results, "reading", name, "ours") for name in names))
    return [head, *((one.setting, f"{one.bytes:,.0f}", f"{one.requests / one.units * 100:.2f}") for one in found)]


def _growth(results: Results) -> Table:
    head = ("", "", "CPU μs an entry", "peak MB", "requests")
    grown = [one for scenario in ("entries", "members") for one in results.of(scenario)]
    return [head, *(_grown(one) for one in grown)]


def _grown(one: Result) -> Sequence[str]:
    return (one.setting, one.contender, f"{one.cpu_us:.1f}", f"{one.peak_mb:.0f}", f"{one.requests:,.0f}")


def _limits(results: Results) -> Table:
    """Say how long jobs take by each resource alone: the longest is the limit."""
    head = ("export to JSON lines", "requests", "hours by quota", "hours by latency", "hours by CPU", "GB to receive")
    cost = _export_cost(results)
    exported = next((one for one in results.of("exports") if one.contender == _EXPORT), None)
    if cost is None or exported is None:
        return [head]
    return [head, *(_limited(job, cost, exported.bytes) for job in _JOBS)]


def _limited(job: _Job, cost: _ExportCost, size: float) -> Sequence[str]:
    requests, entries = job.members * job.requests, job.members * job.entries
    by_quota, by_latency = requests / _QUOTA * 60, requests * _LATENCY_S / _PLACES
    by_cpu = (job.members * cost.member + requests * cost.request + entries * cost.entry) / 1e6
    hours = (f"{seconds / _HOUR_S:,.1f}" for seconds in (by_quota, by_latency, by_cpu))
    return (job.name, f"{requests:,}", *hours, f"{entries * size / 1e9:,.0f}")
