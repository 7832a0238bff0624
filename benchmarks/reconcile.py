"""How fast are members reconciled, and does memory grow with them? `python -m benchmarks.reconcile [--quick]`.

Reconciles a month of few and of many members, live, against a sandbox in the same process, with a report and with the
journal that a killed run goes on from, each in a process of its own; prints members and requests a second, and the most
memory that each process ever held. The sandbox has a hundred members, of whom one in twenty has a wrong balance, and
they come again and again: so only what the reconciliation keeps can grow.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path

import anyio
import httpx

from loyalty_async import CapillaryClient, Customer, OAuth, Span
from loyalty_async.reconcile import Agreement, ReportFolder, Rules, Summary, reconcile_members
from loyalty_async.sandbox import Move, Sandbox, create_app, make_ledger

_FEW, _MANY = 1_000, 10_000
_QUICK_FEW, _QUICK_MANY = 100, 500
_ALLOWED_MB = 10.0
_KNOWN = 100
_WRONG_EVERY = 20
_NOW = datetime(2025, 11, 1, tzinfo=UTC)
_MONTH = Span(datetime(2025, 9, 1, tzinfo=UTC), datetime(2025, 10, 1, tzinfo=UTC))


def sandbox() -> Sandbox:
    """Make a hundred members, some of whom have a wrong balance since the middle of the month."""
    ledger = make_ledger(_KNOWN, 5, now=_NOW, years=1.0, entries_per_member=60, skewed=False)
    wrong = [
        Move(
            action="misstate",
            path="/v2/pointsLedger",
            where={"identifierValue": str(member.user_id)},
            created_at=datetime(2025, 9, 15, tzinfo=UTC),
            points="25.00",
        )
        for member in ledger.members[::_WRONG_EVERY]
    ]
    return Sandbox(ledger, moves=wrong, now=lambda: _NOW)


def members(served: Sandbox, count: int) -> Iterator[Customer]:
    """Give so many members, again and again the same."""
    for member in islice(cycle(served.ledger.members), count):
        yield Customer.by_id(member.user_id, source="INSTORE")


async def reconcile(count: int, folder: Path) -> tuple[Summary, int]:
    """Reconcile so many members, and say how many requests it took."""
    served = sandbox()
    rules = Rules(pause_s=0)
    report = ReportFolder(folder, _MONTH, rules)
    auth = OAuth(key="sandbox-key", secret="sandbox-secret")  # noqa: S106 - the sandbox's
    transport = httpx.ASGITransport(create_app(served))
    async with (
        CapillaryClient("https://sandbox.example.com", auth=auth, transport=transport, clock=lambda: _NOW) as client,
        reconcile_members(client, members(served, count), _MONTH, rules=rules, summary=report.summary) as verdicts,
    ):
        async for verdict in verdicts:
            report.add(verdict)
        report.finish(made_at=_NOW)
        return report.summary, client.stats().requests


def measure(count: int) -> dict[str, float]:
    """Measure in a process that does nothing else."""
    command = [sys.executable, "-m", "benchmarks.reconcile", "--members", str(count)]
    measured: dict[str, float] = json.loads(
        subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - ourselves
    )
    return measured


def _run(count: int) -> None:
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        summary, requests = anyio.run(reconcile, count, Path(folder))
    seconds = time.perf_counter() - began
    expected = -(-count // _KNOWN) * (_KNOWN // _WRONG_EVERY)
    found = (summary.members, summary.agreements[Agreement.MISMATCH], summary.agreements[Agreement.INDETERMINATE])
    if found != (count, expected, 0):
        sys.exit(f"{found} came out instead of {(count, expected, 0)}")
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "requests": requests, "peak_mb": peak_mb}))


def main() -> None:
    """Compare, and fail if many members took much more memory than few."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{_QUICK_MANY:,} members instead of {_MANY:,}")
    parser.add_argument("--members", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.members is not None:
        _run(options.members)
        return
    print(f"{'members':>8} {'seconds':>8} {'members/s':>10} {'requests/s':>11} {'peak':>10}")
    peaks = [_show(count) for count in ((_QUICK_FEW, _QUICK_MANY) if options.quick else (_FEW, _MANY))]
    if peaks[1] - peaks[0] >= _ALLOWED_MB:
        sys.exit(f"many members took {peaks[1] - peaks[0]:.1f} MB more, allowed are {_ALLOWED_MB:.0f} MB")


def _show(count: int) -> float:
    found = measure(count)
    seconds, requests, peak = found["seconds"], found["requests"], found["peak_mb"]
    print(f"{count:>8,} {seconds:>8.1f} {count / seconds:>10.1f} {requests / seconds:>11.1f} {peak:>7.1f} MB")
    return peak


if __name__ == "__main__":
    main()
