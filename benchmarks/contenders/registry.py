"""All contenders, by the names that the tables call them."""

from __future__ import annotations

from typing import Final

from benchmarks.tasks import Contender

__all__ = ["AT_ONCE", "BALANCES", "EVERYBODY", "EVERYTHING", "EXPORTS", "IMPORTS", "POOLS", "READERS", "STRUCTURERS"]

_PROVED: Final = "settings as they come; with the proof that every entry came once"

READERS: Final = (
    Contender(
        "httpx, json()",
        "httpx_loops:sequential",
        settings="one `AsyncClient`, one page after the other, dicts by `response.json()`",
    ),
    Contender(
        "aiohttp, orjson",
        "aiohttp_loops:sequential",
        ("aiohttp", "orjson"),
        settings="one `ClientSession`, one page after the other, dicts by `orjson.loads`",
    ),
    Contender(
        "dlt, iterated",
        "dlt_pipelines:iterated",
        ("dlt",),
        settings="`rest_api_source`, paged by number up to the server's `pageCount`; dicts, one at a time",
    ),
    Contender(
        "httpx, pydantic",
        "pydantic_models:sequential",
        ("pydantic",),
        settings="one page after the other, frozen models by `model_validate_json`",
    ),
    Contender("ours", "library:iterated", settings=f"`async for entry in client.ledger.entries(…)`; {_PROVED}"),
    Contender(
        "ours, aiohttp",
        "library:iterated",
        ("aiohttp", "httpx_aiohttp"),
        options={"engine": "aiohttp"},
        settings='the same with `engine="aiohttp"`',
    ),
)

AT_ONCE: Final = (
    Contender(
        "httpx, json(), gather",
        "httpx_loops:gathered",
        settings="as above, the pages gathered behind a semaphore of eight",
    ),
    Contender(
        "aiohttp, orjson, gather",
        "aiohttp_loops:gathered",
        ("aiohttp", "orjson"),
        settings="as above, the pages gathered behind a semaphore of eight",
    ),
    Contender(
        "ours, prefetch",
        "library:prefetched",
        settings=f"`entries(…).prefetch(ahead=7)`, eight requests in flight; {_PROVED}",
    ),
    Contender(
        "ours, prefetch, aiohttp",
        "library:prefetched",
        ("aiohttp", "httpx_aiohttp"),
        options={"engine": "aiohttp"},
        settings='the same with `engine="aiohttp"`',
    ),
)

EVERYTHING: Final = (
    Contender(
        "ours, all looked at",
        "library:iterated",
        options={"looked_at": True},
        settings="as `ours`, and every object in each entry is looked at, and so built",
    ),
    Contender(
        "ours, all looked at, aiohttp",
        "library:iterated",
        ("aiohttp", "httpx_aiohttp"),
        options={"engine": "aiohttp", "looked_at": True},
        settings="the same over aiohttp",
    ),
    Contender("ours, pages", "library:paged", settings="`entries(…).pages()`: the server's pages, without a proof"),
    Contender("ours, uvloop", "library:iterated", ("uvloop",), backend="uvloop", settings="typed iteration, on uvloop"),
    Contender(
        "ours, aiohttp, uvloop",
        "library:iterated",
        ("aiohttp", "httpx_aiohttp", "uvloop"),
        options={"engine": "aiohttp"},
        backend="uvloop",
        settings="the same over aiohttp",
    ),
    Contender("ours, trio", "library:iterated", ("trio",), backend="trio", settings="typed iteration, on trio"),
)

EXPORTS: Final = (
    *(
        Contender(
            f"dlt to {kind}{name}",
            "dlt_pipelines:loaded",
            ("dlt", *needs),
            options={"file_format": kind, "nesting": nesting},
            settings=f"a pipeline to the filesystem destination in a temporary folder, not compressed; {settings}",
        )
        for kind, needs in (("jsonl", ()), ("parquet", ("pyarrow",)))
        for name, nesting, settings in (
            ("", None, "entry details in a table of their own, as dlt does by itself"),
            (", flat", 0, "entry details kept in their row (`max_table_nesting=0`)"),
        )
    ),
    *(
        Contender(
            f"ours to {kind}{', aiohttp' if engine == 'aiohttp' else ''}",
            "library:exported",
            (*needs, *(("aiohttp", "httpx_aiohttp") if engine == "aiohttp" else ())),
            options={"kind": kind, "engine": engine},
            settings=f"`export_ledgers` over {engine}, {_PROVED}",
        )
        for kind, needs, engines in (
            ("jsonl", (), ("httpx", "aiohttp")),
            ("csv", (), ("httpx",)),
            ("parquet", ("pyarrow",), ("httpx", "aiohttp")),
            ("postgres", ("psycopg",), ("httpx",)),
        )
        for engine in engines
    ),
)

STRUCTURERS: Final = (
    Contender(
        "pydantic, bytes to objects",
        "pydantic_models:structuring",
        ("pydantic",),
        settings="`Page.model_validate_json` of one page of 100 entries, no network",
    ),
    Contender(
        "ours, bytes to objects",
        "library:structuring",
        settings="what the client does with the body of one page of 100 entries, and every object in them looked at",
    ),
)

BALANCES: Final = (
    Contender("httpx, one call", "httpx_loops:balances", settings="`client.get(…)`, `raise_for_status()`, `json()`"),
    Contender(
        "aiohttp, one call",
        "aiohttp_loops:balances",
        ("aiohttp", "orjson"),
        settings="`session.get(…)`, `raise_for_status()`, `orjson.loads`",
    ),
    Contender("ours, one call", "library:balances", settings="`client.balances.closing(member)`"),
    Contender(
        "ours, one call, aiohttp",
        "library:balances",
        ("aiohttp", "httpx_aiohttp"),
        options={"engine": "aiohttp"},
        settings='the same with `engine="aiohttp"`',
    ),
)

POOLS: Final = tuple(
    Contender(
        f"pools of {size}",
        "library:balances_in_pools",
        options={"size": size},
        settings="`client.balances.closing(member)` over httpx, with so many connections to a pool",
    )
    for size in (1, 2, 5, 10, 20)
)

_FRESH: Final = "a fresh interpreter without click and trio, with which httpx would import its command line and more"

_MAKE: Final = (
    "from loyalty_async import CapillaryClient, OAuth; "
    "CapillaryClient('https://example.com', auth=OAuth(key='key', secret='secret'))"
)

IMPORTS: Final = tuple(
    Contender(name, "imports:imported", options={"code": code}, settings=settings)
    for name, code, settings in (
        ("import nothing", "pass", _FRESH),
        ("import httpx", "import httpx", _FRESH),
        ("import loyalty_async", "import loyalty_async", "the same; what it offers is imported when it is looked up"),
        (
            "import CapillaryClient",
            "from loyalty_async import CapillaryClient",
            "`from loyalty_async import CapillaryClient`; fails if anything optional comes with it",
        ),
        ("make httpx's client", "import httpx; httpx.AsyncClient()", "`import httpx; httpx.AsyncClient()`"),
        ("make ours", _MAKE, "`from loyalty_async import …; CapillaryClient(…)`"),
        ("make ours, for events", f"{_MAKE}.events", "the same, and `.events`, with which its models are imported"),
    )
)

EVERYBODY: Final = (*READERS, *AT_ONCE, *EVERYTHING, *STRUCTURERS, *EXPORTS, *BALANCES, *POOLS, *IMPORTS)
