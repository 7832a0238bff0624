"""A hundred connections at 50 ms: this library against one plain `httpx.AsyncClient`, in turns in the same run.

    python -m benchmarks.connections            # requests a second, medians and ratios
    python -m benchmarks.connections --quick    # a few requests, to see that it runs
    python -m benchmarks.connections --sizes    # how many connections to a pool

The server is another process on loopback; it answers every request with the same small balance. With 100 connections
at 50 ms no client can do more than 2,000 requests a second.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from functools import partial
from statistics import median
from typing import Final, Literal

import attrs
import httpx

from benchmarks.answering import answering
from loyalty_async import Basic, CapillaryClient, Customer, LoyaltyError
from loyalty_async.transport import pools

CONNECTIONS: Final = 100
LATENCY_S: Final = 0.05
_PATH: Final = "/v2/pointsLedger/getCustomerLedgerBalance"
_MEMBER: Final = Customer.by_id(98662653, source="INSTORE")
_BODY: Final = json.dumps(
    {
        "ledgerDetails": {"totalEntries": 7, "pageCount": 1},
        "ledgerClosingBalance": [],
        "warnings": [],
    }
).encode()

Ask = Callable[[], Awaitable[object]]
Contender = Callable[[str], AbstractAsyncContextManager[Ask]]


@asynccontextmanager
async def _plain(url: str) -> AsyncIterator[Ask]:
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=60.0) as client:

        async def ask() -> object:
            response = await client.get(_PATH, params={"identifierName": "id", "identifierValue": "98662653"})
            return response.raise_for_status().json()

        yield ask


@asynccontextmanager
async def _ours(url: str, engine: Literal["httpx", "aiohttp"] = "httpx") -> AsyncIterator[Ask]:
    auth = Basic("till", "password")
    async with CapillaryClient(url, auth=auth, max_in_flight=CONNECTIONS, engine=engine) as client:
        yield lambda: client.balances.closing(_MEMBER)


@asynccontextmanager
async def _pools_of(url: str, size: int) -> AsyncIterator[Ask]:
    with _pool_size(size):
        async with _ours(url) as ask:
            yield ask


@contextmanager
def _pool_size(size: int) -> Iterator[None]:
    before, pools.POOL_SIZE = pools.POOL_SIZE, size
    try:
        yield
    finally:
        pools.POOL_SIZE = before


ENGINES: Final[Mapping[str, Contender]] = {
    "plain httpx.AsyncClient": _plain,
    "ours": _ours,
    "ours over aiohttp": partial(_ours, engine="aiohttp"),
}
SIZES: Final[Mapping[str, Contender]] = {
    f"pools of {size}": partial(_pools_of, size=size) for size in (1, 2, 5, 10, 20)
}


@attrs.frozen
class _Run:
    rate: float
    cpu_s: float
    errors: Sequence[str]


async def _run(contender: Contender, url: str, requests: int) -> _Run:
    """Ask so often over all connections."""
    left, errors = iter(range(requests)), list[str]()

    async def work(ask: Ask) -> None:
        for _ in left:
            try:
                await ask()
            except (LoyaltyError, httpx.HTTPError) as error:
                errors.append(repr(error))

    async with contender(url) as ask:
        await asyncio.gather(*(ask() for _ in range(CONNECTIONS)))  # All connections are open before the clock starts.
        began, burnt = time.perf_counter(), time.process_time()
        await asyncio.gather(*(work(ask) for _ in range(CONNECTIONS)))
        rate = requests / (time.perf_counter() - began)
        return _Run(rate, (time.process_time() - burnt) / requests, errors)


def _measure(contenders: Mapping[str, Contender], rounds: int, requests: int) -> bool:
    """Let all run in turns, report, and tell whether there was no error."""
    runs: dict[str, list[_Run]] = {name: [] for name in contenders}
    with answering(_BODY, latency_s=LATENCY_S) as url:
        for _ in range(rounds):
            for name, contender in contenders.items():
                runs[name].append(asyncio.run(_run(contender, url, requests)))
    base = median(run.rate for run in next(iter(runs.values())))
    for name, found in runs.items():
        _report(name, found, base)
    return not any(run.errors for found in runs.values() for run in found)


def _report(name: str, runs: Sequence[_Run], base: float) -> None:
    rates, errors = [run.rate for run in runs], [error for run in runs for error in run.errors]
    rate, cpu_ms = median(rates), 1000 * median(run.cpu_s for run in runs)
    spread = f"({min(rates):,.0f} to {max(rates):,.0f})"
    print(
        f"{name:24} {rate:7,.0f} requests/s {spread:18} x {rate / base:6.2f}"
        f"   {cpu_ms:6.2f} ms of CPU a request   errors: {len(errors)}"
    )
    for error in errors[:3]:
        print(f"    {error}")


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description="100 connections at 50 ms")
    parser.add_argument("--quick", action="store_true", help="a few requests, to see that it runs")
    parser.add_argument("--sizes", action="store_true", help="compare sizes of pools")
    given = parser.parse_args()
    contenders = SIZES if given.sizes else ENGINES
    rounds, requests = (1, 200) if given.quick else (5, 1000)
    sys.exit(0 if _measure(contenders, rounds, requests) else "there were errors")


if __name__ == "__main__":
    main()
