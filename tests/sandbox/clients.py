"""The real clients, connected to a sandbox without a socket, and a few ways to name and to count."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx

from loyalty_async import AltcraftClient, CapillaryClient, Customer, OAuth, UserGroup
from loyalty_async.sandbox import Entry, Group, Ledger, Member, Sandbox, create_app, make_ledger

NOW = datetime(2025, 11, 1, tzinfo=UTC)
HOST = "https://sandbox.example"
KEYS = OAuth(key="sandbox-key", secret="sandbox-secret")


def seeded_ledger() -> Ledger:
    """Twelve members with sixty entries each, and three groups; a test that changes it takes a copy."""
    return make_ledger(12, 7, now=NOW, entries_per_member=60, skewed=False)


@asynccontextmanager
async def capillary(sandbox: Sandbox, **options: Any) -> AsyncIterator[CapillaryClient]:
    transport = httpx.ASGITransport(create_app(sandbox))
    async with CapillaryClient(HOST, **{"auth": KEYS, **options}, transport=transport) as client:
        yield client


@asynccontextmanager
async def altcraft(sandbox: Sandbox, **options: Any) -> AsyncIterator[AltcraftClient]:
    transport = httpx.ASGITransport(create_app(sandbox))
    async with AltcraftClient(HOST, **{"token": "sandbox-token", **options}, transport=transport) as client:
        yield client


def customer(member: Member) -> Customer:
    return Customer.by_mobile(member.mobile, source="INSTORE")


def grouped(group: Group) -> UserGroup:
    return UserGroup.by_id(group.group_id, source="INSTORE", entity_type=group.kind)


def expected_events(entries: Iterable[Entry]) -> Counter[int]:
    """Count the events of each id that the API explodes."""
    return Counter(entry.event_log_id for entry in entries if entry.event_name != "DelayedAccrual")
