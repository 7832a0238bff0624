"""Does memory grow with the length of a ledger? `python -m benchmarks.memory [--quick]`.

Reads a short and a long ledger through the public client, each in a process of its own, and prints the most memory that
each process ever held (`ru_maxrss`).
"""

import argparse
import resource
import subprocess
import sys

import anyio

from benchmarks.endless import EndlessLedger
from loyalty_async import Basic, CapillaryClient, Customer

_LONG, _SHORT = 1_000_000, 10_000
_QUICK_LONG = 50_000
_ALLOWED_MB = 20.0
_MEMBER = Customer.by_id(98, source="INSTORE")


async def read(entries: int, ahead: int | None) -> int:
    """Read a ledger of so many entries, plainly or with look-ahead, and count what came."""
    ledger = EndlessLedger(entries)
    auth = Basic("till", "password")
    async with CapillaryClient("https://ledger.example.com", auth=auth, transport=ledger) as client:
        query = client.ledger.entries(_MEMBER, since=ledger.since, until=ledger.until)
        if ahead is None:
            return sum([1 async for _ in query])
        count = 0
        async with query.prefetch(ahead=ahead) as stream:
            async for _ in stream:
                count += 1
        return count


def measure(entries: int, ahead: int | None) -> float:
    """Give the most memory, in MB, that a process held which did nothing but read so many entries."""
    command = [sys.executable, "-m", "benchmarks.memory", "--read", str(entries)]
    if ahead is not None:
        command += ["--ahead", str(ahead)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)  # noqa: S603


def main() -> None:
    """Compare, and fail if the long ledger took much more."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{_QUICK_LONG:,} entries instead of {_LONG:,}")
    parser.add_argument("--read", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--ahead", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read is not None:
        came = anyio.run(read, options.read, options.ahead)
        assert came == options.read, came  # noqa: S101 - a measurement of anything else is none
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        return
    long = _QUICK_LONG if options.quick else _LONG
    print(f"{'':10} {_SHORT:>10,} {long:>12,} entries   growth")
    grown = [_compare("plain", None, long), _compare("prefetch", 4, long)]
    if max(grown) >= _ALLOWED_MB:
        sys.exit(f"the long ledger took {max(grown):.1f} MB more, allowed are {_ALLOWED_MB:.0f} MB")


def _compare(name: str, ahead: int | None, long: int) -> float:
    small, large = measure(_SHORT, ahead), measure(long, ahead)
    print(f"{name:10} {small:>7.1f} MB {large:>9.1f} MB {large - small:>13.1f} MB")
    return large - small


if __name__ == "__main__":
    main()
