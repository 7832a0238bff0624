"""What is measured, in which settings, with whom, and how much of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import attrs

from benchmarks.contenders.registry import AT_ONCE, BALANCES, EVERYTHING, EXPORTS, IMPORTS, POOLS, READERS, STRUCTURERS
from benchmarks.ledgers import PAGE, Served
from benchmarks.tasks import Contender

__all__ = ["SCENARIOS", "Scenario", "Setting"]

_LATENCY_S: Final = 0.05
_LONG: Final = 1_000_000
_FEW: Final = 10
"""Entries of each member, where there are many of them."""
_WINDOWS: Final = {"one window": (_FEW, 9_000), "thirteen windows": (120, 788_400)}
"""How many entries each of many members has, and how many seconds lie between them: three years take 13 windows."""
_DENSE_S: Final = 600
"""Seconds between entries of very long ledgers: a million take nineteen years."""


@attrs.frozen(kw_only=True)
class Setting:
    """One table: the same task for all.

    Attributes:
        name: What it is.
        contenders: Who takes part, the one that the others are compared with first.
        served: What the server has.
        task: What else the task says.
        units: How many entries, calls or imports each contender has to bring.
        size: Where it lies on the axis of a plot.
        rounds: How often at most.
    """

    name: str
    contenders: Sequence[Contender]
    served: Served
    units: int
    task: Mapping[str, Any] = attrs.field(factory=dict)
    size: int = 0
    rounds: int = 99


@attrs.frozen
class Scenario:
    """Some settings that are measured in the same rounds.

    Attributes:
        title: What it shows.
        unit: What is counted.
        make: Makes the settings, as small as may be or as large as it takes to tell.
    """

    title: str
    unit: str
    make: Callable[[bool], Sequence[Setting]]

    def settings(self, *, quick: bool) -> Sequence[Setting]:
        """Give the settings; a quick run tries the second engine once, with typed iteration."""
        made = self.make(quick)
        if not quick:
            return made
        return [attrs.evolve(each, contenders=[*filter(_told_apart, each.contenders)]) for each in made]


def _told_apart(contender: Contender) -> bool:
    return contender in READERS or contender.options.get("engine") != "aiohttp"


def _named(contenders: Sequence[Contender], *names: str) -> list[Contender]:
    return [contender for contender in contenders if contender.name in names]


def _reading(quick: bool) -> list[Setting]:  # noqa: FBT001 - all scenarios take it
    settings = [
        _reading_setting(page_size, gzipped=gzipped, latency_s=latency_s, quick=quick)
        for latency_s in (0.0, _LATENCY_S)
        for page_size in (PAGE, 10)
        for gzipped in (False, True)
    ]
    return [settings[0], settings[-1]] if quick else settings


def _reading_setting(page_size: int, *, gzipped: bool, latency_s: float, quick: bool) -> Setting:
    entries = _entries_to_read(page_size, latency_s, quick=quick)
    return Setting(
        name=f"pages of {page_size}{', gzip' if gzipped else ''}{', 50 ms' if latency_s else ''}",
        contenders=_readers(quick=quick, plain=page_size == PAGE and not gzipped and not latency_s),
        served=Served(entries=entries, gzipped=gzipped, latency_s=latency_s),
        units=entries,
        task={"page_size": page_size},
    )


def _readers(*, quick: bool, plain: bool) -> list[Contender]:
    """Say who reads: all where nothing is in the way, and for a quick look elsewhere only the first."""
    if plain:
        return [*READERS, *AT_ONCE, *EVERYTHING]
    return _named(READERS, "httpx, json()", "ours") if quick else [*READERS, *AT_ONCE]


def _entries_to_read(page_size: int, latency_s: float, *, quick: bool) -> int:
    """Say how long a ledger takes long enough, and not too long, to read."""
    if quick:
        return 500 if latency_s == 0 else 30
    return 20_000 if latency_s == 0 else 20 * page_size


def _exports(quick: bool) -> list[Setting]:  # noqa: FBT001
    entries = 500 if quick else 50_000
    return [Setting(name="pages of 100", contenders=EXPORTS, served=Served(entries=entries), units=entries)]


def _structuring(quick: bool) -> list[Setting]:  # noqa: FBT001
    times = 5 if quick else 200
    return [
        Setting(
            name="a page of 100",
            contenders=STRUCTURERS,
            served=Served(entries=PAGE),
            units=times * PAGE,
            task={"members": times, "warm": 2},
        )
    ]


def _call(quick: bool) -> list[Setting]:  # noqa: FBT001
    calls = 50 if quick else 2_000
    return [
        Setting(
            name="one balance",
            contenders=BALANCES,
            served=Served(entries=1),
            units=calls,
            task={"members": calls, "warm": 5, "in_flight": 1},
        )
    ]


def _connections(quick: bool) -> list[Setting]:  # noqa: FBT001
    return [_connected(number, BALANCES, quick=quick) for number in ((30,) if quick else (10, 30, 100))]


def _connected(connections: int, contenders: Sequence[Contender], *, quick: bool) -> Setting:
    calls = connections * (2 if quick else 20)
    return Setting(
        name=f"{connections} connections",
        contenders=contenders,
        served=Served(entries=1, latency_s=_LATENCY_S),
        units=calls,
        task={"members": calls, "warm": connections, "in_flight": connections},
        size=connections,
    )


def _pools(quick: bool) -> list[Setting]:  # noqa: FBT001
    return [_connected(30, _named(POOLS, "pools of 2"), quick=True) if quick else _connected(100, POOLS, quick=False)]


def _entries(quick: bool) -> list[Setting]:  # noqa: FBT001
    contenders = _named(READERS, "ours")
    if not quick:
        contenders += _named(EXPORTS, "ours to jsonl", "ours to parquet")
    return [
        Setting(
            name=f"{entries:,} entries",
            contenders=contenders,
            served=Served(entries=entries, every_s=_DENSE_S),
            units=entries,
            size=entries,
            rounds=3 if entries < _LONG else 1,
        )
        for entries in ((500, 2_000) if quick else (10_000, 100_000, _LONG))
    ]


def _members(quick: bool) -> list[Setting]:  # noqa: FBT001
    names = ("ours to jsonl",) if quick else ("ours to jsonl", "ours to parquet")
    return [
        Setting(
            name=f"{members:,} members",
            contenders=_named(EXPORTS, *names),
            served=Served(entries=_FEW),
            units=members * _FEW,
            task={"members": members},
            size=members,
            rounds=3 if members * _FEW < _LONG else 1,
        )
        for members in ((20, 100) if quick else (100, 1_000, 10_000, _LONG // _FEW))
    ]


def _windows(quick: bool) -> list[Setting]:  # noqa: FBT001
    members = 20 if quick else 1_000
    return [
        Setting(
            name=f"{members:,} members, {name} each",
            contenders=_named(EXPORTS, "ours to jsonl"),
            served=Served(entries=entries, every_s=every_s),
            units=members * entries,
            task={"members": members},
            size=members,
        )
        for name, (entries, every_s) in _WINDOWS.items()
    ]


def _imports(quick: bool) -> list[Setting]:  # noqa: FBT001
    times = 1 if quick else 5
    return [
        Setting(
            name="fresh interpreters",
            contenders=IMPORTS,
            served=Served(entries=1),
            units=times,
            task={"members": times},
        )
    ]


SCENARIOS: Final[Mapping[str, Scenario]] = {
    "reading": Scenario("Reading one ledger", "entries", _reading),
    "structuring": Scenario("Bytes to objects, without a network", "entries", _structuring),
    "exports": Scenario("Exporting one ledger", "entries", _exports),
    "call": Scenario("One call in a web back end", "calls", _call),
    "connections": Scenario("Many connections at 50 ms", "calls", _connections),
    "pools": Scenario("How many connections to a pool of httpx", "calls", _pools),
    "entries": Scenario("Ever longer ledgers", "entries", _entries),
    "members": Scenario("Ever more members, ten entries each", "entries", _members),
    "windows": Scenario("Members with one window, and with several", "entries", _windows),
    "imports": Scenario("Import", "imports", _imports),
}
