"""Does the memory of an export grow with its list? `python -m benchmarks.export [--quick]`.

Exports lists of two lengths, one entry after the other made up by a server in memory, each in a process of its own, and
prints the most memory that each process ever held (`ru_maxrss`), with what it did in a second.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import anyio
import httpx

from loyalty_async import Basic, CapillaryClient, Customer, Span
from loyalty_async.export import Csv, JsonLines, Parquet, Sink, export_ledgers

_LONG, _SHORT = 100_000, 2_000
_QUICK_LONG = 6_000
_ALLOWED_MB, _MOST_MB = 48.0, 256.0
"""What the long list may take more than the short one, and what any may take: interpreter, pyarrow and all."""
_SPAN = Span(datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 3, 1, tzinfo=UTC))
_ENTRY = (
    '{"eventLogId":%d,"eventName":"TransactionAdd","ledgerCreatedDate":"2025-01-%02d 10:00:00.0","customerId":98,'
    '"entryDetails":[{"ledgerEntryType":"CREDIT","points":"20.000","pointsCategory":"Main","programName":"Default",'
    '"programId":973}],"netPointsOnEvent":"20.000","store":"A store","storeCode":"s.1","tillCode":"t.1",'
    '"eventDetails":{},"sourceProgramId":973,"sourceProgramName":"Default","orgId":100}'
)
_ROWS = 8


class _Members(httpx.AsyncBaseTransport):
    """Answers for every member with the same few entries."""

    def __init__(self) -> None:
        rows = ",".join(_ENTRY % (number, number + 1) for number in range(_ROWS))
        self._body = (
            f'{{"ledgerDetails":{{"pageNumber":0,"pageSize":100,"totalEntries":{_ROWS},"pageCount":1}},'
            f'"ledgerEntries":[{rows}]}}'
        ).encode()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:  # noqa: ARG002 - the same for all
        """Answer after a while, as servers do."""
        await anyio.sleep(0.001)
        return httpx.Response(200, content=self._body)


def _listed(count: int) -> Iterator[Customer]:
    for number in range(1, count + 1):
        yield Customer.by_id(number, source="INSTORE")


async def export(count: int, sink: Sink) -> float:
    """Export so many members, and give the seconds that it took."""
    began = time.monotonic()
    auth = Basic("till", "password")
    async with CapillaryClient("https://ledger.example.com", auth=auth, transport=_Members()) as client:
        summary = await export_ledgers(client, _listed(count), _SPAN, sink)
    assert summary.rows == count * _ROWS, summary  # noqa: S101 - a measurement of anything else is none
    return time.monotonic() - began


def measure(count: int, kind: str) -> tuple[float, float]:
    """Give the memory, in MB, and the seconds of a process that did nothing but export so many members."""
    command = [sys.executable, "-m", "benchmarks.export", "--count", str(count), "--kind", kind]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603
    memory, seconds = out.split()
    return float(memory), float(seconds)


def _sink(kind: str, folder: str) -> Sink:
    sinks: dict[str, Sink] = {"jsonl": JsonLines(folder), "csv": Csv(folder), "parquet": Parquet(folder)}
    return sinks[kind]


def main() -> None:
    """Compare, and fail if the long list took much more."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{_QUICK_LONG:,} members instead of {_LONG:,}")
    parser.add_argument("--count", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--kind", default="jsonl", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.count is not None:
        with tempfile.TemporaryDirectory() as folder:
            seconds = anyio.run(export, options.count, _sink(options.kind, str(Path(folder, "out"))))
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, seconds)
        return
    long = _QUICK_LONG if options.quick else _LONG
    print(f"{'':8} {_SHORT:>10,} {long:>12,} members   growth   members/s")
    results = [
        _compare(kind, long) for kind in (("jsonl", "parquet") if options.quick else ("jsonl", "csv", "parquet"))
    ]
    if max(grown for grown, _ in results) > _ALLOWED_MB or max(most for _, most in results) > _MOST_MB:
        sys.exit(f"allowed are {_ALLOWED_MB:.0f} MB more, and {_MOST_MB:.0f} MB at most")


def _compare(kind: str, long: int) -> tuple[float, float]:
    (small, _), (large, seconds) = measure(_SHORT, kind), measure(long, kind)
    print(f"{kind:8} {small:>7.1f} MB {large:>9.1f} MB {large - small:>13.1f} MB {long / seconds:>9,.0f}", flush=True)
    return large - small, large


if __name__ == "__main__":
    main()
