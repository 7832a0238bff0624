"""pydantic v2 models with this library's promises: frozen, unknown fields kept, `Decimal`, dates."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from benchmarks.contenders.httpx_loops import opened
from benchmarks.contenders.loops import in_turn, question
from benchmarks.ledgers import LEDGER_PATH
from benchmarks.pages import one_page
from benchmarks.tasks import Task, Work

__all__ = ["Page", "sequential", "structuring"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow", alias_generator=to_camel)


class Owner(_Model):
    """Whose ledger it is."""

    first_name: str | None = None
    last_name: str | None = None
    user_id: int | None = None
    external_id: str | None = None
    entity_type: str | None = None


class EntryMember(_Model):
    """Who in a group made an entry."""

    first_name: str | None = None
    last_name: str | None = None
    role: str | None = None
    user_id: int | str | None = None


class EntryDetail(_Model):
    """Points that went one way."""

    ledger_entry_type: str
    points: Decimal
    points_category: str | None = None
    program_name: str | None = None
    program_id: int | None = None
    alternate_currency_name: str | None = None


class Transaction(_Model):
    """The bill."""

    transaction_id: int | None = None
    transaction_number: str | None = None
    date: datetime | None = None
    amount: Decimal | None = None
    gross_bill_amount: Decimal | None = None
    source: str | None = None


class EventDetails(_Model):
    """What happened."""

    event_display_name: str | None = None
    display_name: str | None = None
    promotion_name: str | None = None
    promotion_description: str | None = None
    promotion_identifier: str | None = None
    promotion_id: int | None = None
    event_date: datetime | None = None
    reason: str | None = None


class Entry(_Model):
    """One line of a ledger."""

    event_log_id: int
    event_name: str
    ledger_created_date: datetime
    customer_id: int | None = None
    customer_details: EntryMember | None = None
    entry_details: tuple[EntryDetail, ...] = ()
    net_points_on_event: Decimal | None = None
    net_alternate_currencies_on_event: Mapping[str, Decimal] | None = None
    transaction_details: Transaction | None = None
    store: str | None = None
    store_code: str | None = None
    till_code: str | None = None
    event_details: EventDetails | None = None
    source_program_id: int | None = None
    source_program_name: str | None = None
    org_id: int | None = None
    concept_id: int | None = None
    concept_name: str | None = None


class Paging(_Model):
    """Where a page lies."""

    page_number: int
    page_size: int
    total_entries: int
    page_count: int


class Page(_Model):
    """One answer."""

    customer_details: Owner | None = None
    ledger_details: Paging
    ledger_entries: tuple[Entry, ...] = ()
    warnings: tuple[Mapping[str, Any], ...] = ()


@asynccontextmanager
async def sequential(task: Task) -> AsyncIterator[Work]:
    """Read with httpx, one page after the other."""
    async with opened(task) as client:

        async def get(member: int, number: int) -> tuple[int, Sequence[Entry]]:
            response = await client.get(LEDGER_PATH, params=question(task, member, number))
            page = Page.model_validate_json(response.raise_for_status().content)
            return page.ledger_details.page_count, page.ledger_entries

        yield in_turn(get)


@asynccontextmanager
async def structuring(task: Task) -> AsyncIterator[Work]:
    """Build objects from the bytes of one page, again and again."""
    body = one_page(task)

    async def work(members: Sequence[int]) -> int:
        return sum(len(Page.model_validate_json(body).ledger_entries) for _ in members)

    yield work
