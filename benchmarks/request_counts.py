"""How many requests does a proof cost? `python -m benchmarks.request_counts [--quick]`.

Reads ledgers of several shapes from an in-process sandbox through the public client, and prints the requests of each
proof, also as a multiple of the pages that are needed: those that the entries fill in the windows of 88 days.
"""

import argparse
import math
import random
import sys
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Literal

import anyio
import httpx

from loyalty_async import CapillaryClient, Customer, OAuth
from loyalty_async.sandbox import Ledger, Sandbox, Settings, create_app

_BEGINNING = datetime(2022, 1, 1, tzinfo=UTC)
_THREE_YEARS, _SEASON = timedelta(days=1095), timedelta(days=80)
_ENTRIES, _QUICK_ENTRIES = 10_000, 2_000
_PAGE = 100
_WINDOW = timedelta(days=88)

Dates = Callable[[random.Random, int], list[datetime]]


def _even(length: timedelta) -> Dates:
    return lambda rng, count: [_BEGINNING + length * rng.random() for _ in range(count)]


def _at_noon(rng: random.Random, count: int) -> list[datetime]:
    """Around one o'clock each day."""
    hours = (min(max(rng.gauss(13, 1), 0), 23) for _ in range(count))
    return [_BEGINNING + timedelta(days=rng.randrange(_THREE_YEARS.days), hours=hour) for hour in hours]


def _in_bursts(length: timedelta, size: float, spread: timedelta) -> Dates:
    """Bursts of about so many entries, most of them within so much time."""

    def dates(rng: random.Random, count: int) -> list[datetime]:
        made: list[datetime] = []
        while len(made) < count:
            begin = _BEGINNING + (length - 10 * spread) * rng.random()
            members = 1 + int(rng.expovariate(1 / size))
            made += [begin + spread * min(rng.expovariate(1), 9) for _ in range(members)]
        return made[:count]

    return dates


def _in_any_order(rng: random.Random, count: int) -> list[datetime]:
    """Bursts, of which the ids tell nothing: the server's order is not that of dates."""
    return rng.sample(_in_bursts(_THREE_YEARS, 25, timedelta(minutes=30))(rng, count), count)


def _with_heavy_gaps(length: timedelta) -> Dates:
    """Gaps by a power law: most are short, a few take most of the time."""

    def dates(rng: random.Random, count: int) -> list[datetime]:
        gaps = [rng.paretovariate(1.1) - 1 for _ in range(count)]
        passed = [sum(gaps[: number + 1]) for number in range(count)]
        return [_BEGINNING + length * 0.999 * (share / passed[-1]) for share in passed]

    return dates


_SHAPES: Mapping[str, tuple[Dates, timedelta]] = {
    "even, 3 years": (_even(_THREE_YEARS), _THREE_YEARS),
    "at noon, 3 years": (_at_noon, _THREE_YEARS),
    "bursts of 10 in 10 min, 3 years": (_in_bursts(_THREE_YEARS, 10, timedelta(minutes=5)), _THREE_YEARS),
    "bursts of 25 in an hour, 3 years": (_in_bursts(_THREE_YEARS, 25, timedelta(minutes=30)), _THREE_YEARS),
    "bursts of 200 in 10 min, 3 years": (_in_bursts(_THREE_YEARS, 200, timedelta(minutes=5)), _THREE_YEARS),
    "heavy-tailed gaps, 3 years": (_with_heavy_gaps(_THREE_YEARS), _THREE_YEARS),
    "bursts of 25, in any order, 3 years": (_in_any_order, _THREE_YEARS),
    "even, 80 days": (_even(_SEASON), _SEASON),
    "bursts of 25 in an hour, 80 days": (_in_bursts(_SEASON, 25, timedelta(minutes=30)), _SEASON),
}

_ALSO_WHOLE = ("even, 3 years", "bursts of 25, in any order, 3 years")


async def count(
    dates: Sequence[datetime], length: timedelta, proof: Literal["settled", "atomic"], *, whole: bool = False
) -> tuple[int, float]:
    """Give how many requests a walk took, and as a multiple of the pages that are needed.

    Entries get their ids, by which the sandbox sorts, in the order of *dates*. Of a *whole* history the beginning
    is not given.
    """
    ledger = Ledger()
    member = ledger.add_member()
    for moment in dates:
        ledger.add_entry(member.user_id, created_at=moment)
    transport = httpx.ASGITransport(create_app(Sandbox(ledger, Settings())))
    auth = OAuth(key="sandbox-key", secret="sandbox-secret")  # noqa: S106 - the sandbox's
    customer = Customer.by_mobile(member.mobile, source="INSTORE")
    came = 0
    async with CapillaryClient("https://sandbox.example.com", auth=auth, transport=transport) as client:
        since = None if whole else _BEGINNING
        stream = aiter(client.ledger.entries(customer, since=since, until=_BEGINNING + length, proof=proof))
        try:
            while True:
                came += len(await stream.next_part())
        except StopAsyncIteration:
            requests = stream.report.requests
    if came != len(dates):
        sys.exit(f"{came} of {len(dates)} entries came")
    return requests, requests / _pages(_windows(sorted(dates), length))


def _windows(dates: Sequence[datetime], length: timedelta) -> list[int]:
    """Count the entries of each window."""
    edges = [_BEGINNING + number * _WINDOW for number in range(math.ceil(length / _WINDOW) + 1)]
    places = [bisect_left(dates, edge) for edge in edges]
    return [newer - older for older, newer in pairwise(places)]


def _pages(counts: Iterable[int]) -> int:
    """Say how many pages so many entries fill; to know that there are none takes one, too."""
    return sum(max(math.ceil(entries / _PAGE), 1) for entries in counts)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{_QUICK_ENTRIES:,} entries instead of {_ENTRIES:,}")
    entries = _QUICK_ENTRIES if parser.parse_args().quick else _ENTRIES
    print(f"{entries:,} entries; requests, and as a multiple of the pages needed")
    print(f"{'':44}{'settled':>8} {'':8}  {'atomic':>8}")
    for name, (dates, length) in _SHAPES.items():
        made = dates(random.Random(5), entries)
        if dates is not _in_any_order:
            made.sort()
        _show(name, made, length)
        if name in _ALSO_WHOLE:
            _show(f"{name}, no since", made, length, whole=True)


def _show(name: str, dates: Sequence[datetime], length: timedelta, *, whole: bool = False) -> None:
    settled, settled_multiple = anyio.run(partial(count, dates, length, "settled", whole=whole))
    atomic, atomic_multiple = anyio.run(partial(count, dates, length, "atomic", whole=whole))
    print(f"{name:44}{settled:8} {settled_multiple:8.2f}  {atomic:8} {atomic_multiple:8.2f}")


if __name__ == "__main__":
    main()
