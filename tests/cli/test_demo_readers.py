from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, cast

import anyio
import attrs
import pytest

from loyalty_async.cli.demo_readers import Tally, read_members
from loyalty_async.client import CapillaryClient
from loyalty_async.errors import UnavailableError
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.members import Customer
from loyalty_async.models.reports import Report, Verdict
from loyalty_async.models.spans import Span
from loyalty_async.streams.entries import Entries

pytestmark = pytest.mark.anyio

SPAN = Span(datetime(2024, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC))


@attrs.define
class Desk:
    """Stands in for a client's ledger: each member has one entry and takes a second; *broken* ones raise."""

    broken: dict[int, Exception] = attrs.field(factory=dict)
    verdict: Verdict = Verdict.COMPLETE
    busy: int = 0
    busiest: int = 0

    @property
    def ledger(self) -> Desk:
        return self

    def entries(self, member: Customer, **_: Any) -> Query:
        return Query(self, int(member.identifier_value))


@attrs.define
class Query:
    desk: Desk
    member: int

    async def collect(self) -> Entries:
        desk = self.desk
        desk.busy += 1
        desk.busiest = max(desk.busiest, desk.busy)
        try:
            await anyio.sleep(1)
        finally:
            desk.busy -= 1
        if self.member in desk.broken:
            raise desk.broken[self.member]
        entry = LedgerEntry(event_log_id=self.member, event_name="TransactionAdd", created_at=SPAN.since)
        return Entries([entry], Report(verdict=desk.verdict, since=SPAN.since, until=SPAN.until), "")


async def read(desk: Desk, user_ids: Any, lines: list[bytes], concurrency: int = 3) -> Tally:
    client = cast(CapillaryClient, desk)
    return await read_members(client, user_ids, SPAN, lines.append, concurrency=concurrency, on_progress=lambda _: None)


async def test_every_member_is_read_once_and_a_bounded_number_at_a_time() -> None:
    desk, lines = Desk(), list[bytes]()
    began = anyio.current_time()
    tally = await read(desk, range(1, 11), lines)
    assert (tally.members, tally.entries, tally.unproved) == (10, 10, 0)
    assert desk.busiest == 3
    assert anyio.current_time() - began == pytest.approx(4)
    assert sorted(b"".join(lines).count(b'"user_id":%d,' % number) for number in range(1, 11)) == [1] * 10


async def test_members_are_taken_from_the_iterator_when_there_is_room() -> None:
    taken: list[int] = []

    def endless() -> Iterator[int]:
        for number in range(1, 1_000_000):
            taken.append(number)
            yield number

    with anyio.move_on_after(1.5):
        await read(Desk(), endless(), [])
    assert len(taken) == 6


async def test_the_first_error_comes_bare_and_ends_the_rest() -> None:
    error = UnavailableError("down")
    desk = Desk(broken={2: error})
    with pytest.raises(UnavailableError) as raised:
        await read(desk, range(1, 100), [])
    assert raised.value is error
    assert desk.busy == 0


async def test_what_the_client_does_not_call_complete_is_counted() -> None:
    tally = await read(Desk(verdict=Verdict.PENDING), range(4), [])
    assert tally.unproved == 4
