"""The figures of the cost model, from what was measured.

A walk costs so much for each request and so much for each entry; both are solved for from two settings with different
pages.
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
_DAY_S: Final = 86_400


@attrs.frozen
class _Cost:
    """Microseconds of CPU."""

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
    head = ("export to JSON lines", "requests", "days by quota", "days by latency", "days by CPU", "GB to receive")
    exported = next((one for one in results.of("exports") if one.contender == _EXPORT), None)
    members = [one for one in results.of("members") if one.contender == _EXPORT]
    cost = _solved(exported, members[-1] if members else None)
    if cost is None or exported is None:
        return [head]
    return [head, *(_limited(job, cost, exported.bytes) for job in _JOBS)]


def _limited(job: _Job, cost: _Cost, size: float) -> Sequence[str]:
    requests, entries = job.members * job.requests, job.members * job.entries
    by_quota, by_latency = requests / _QUOTA * 60, requests * _LATENCY_S / _PLACES
    by_cpu = (requests * cost.request + entries * cost.entry) / 1e6
    days = (f"{seconds / _DAY_S:.2f}" for seconds in (by_quota, by_latency, by_cpu))
    return (job.name, f"{requests:,}", *days, f"{entries * size / 1e9:,.0f}")
