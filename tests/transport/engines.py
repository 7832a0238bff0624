"""The engines under test, each on the event loops that it runs on."""

from __future__ import annotations

import pytest

on_each_engine = pytest.mark.parametrize(
    ("anyio_backend", "engine_name"),
    [("asyncio", "httpx"), ("trio", "httpx"), ("asyncio", "aiohttp")],
    indirect=["anyio_backend"],
    ids=["asyncio", "trio", "aiohttp"],
)
"""Give a test `engine_name`, and run it on asyncio and trio with httpx, and on asyncio with aiohttp."""
