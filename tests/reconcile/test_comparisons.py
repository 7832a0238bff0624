from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from loyalty_async.errors import AuthenticationError, IncompleteLedgerError, InvalidArgument
from loyalty_async.models.credentials import OAuth
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.members import Customer, Member
from loyalty_async.models.spans import Span
from loyalty_async.protocol.backoff import RetryPolicy
from loyalty_async.reconcile import Comparisons, Counts, MemberComparison, Reason, compare_members
from loyalty_async.sandbox import LEDGER_INFO_PATH, Fault, Ledger, Sandbox
from tests.sandbox.clients import capillary

pytestmark = pytest.mark.anyio

NOW = datetime(2025, 11, 1, tzinfo=UTC)
JAN = datetime(2025, 1, 1, tzinfo=UTC)
MONTH = Span(JAN, JAN + timedelta(days=31))
COUNT = 12


def sandbox(*faults: Fault, entries: int = 3) -> Sandbox:
    ledger = Ledger()
    for number in range(COUNT):
        member = ledger.add_member(user_id=7001 + number)
        for day in range(1, entries + 1):
            ledger.add_entry(member.user_id, created_at=JAN + timedelta(hours=day), points=f"{day}.00")
    return Sandbox(ledger, faults=faults, now=lambda: NOW)


def customers(*numbers: int) -> list[Member]:
    return [Customer.by_id(7000 + number, source="INSTORE") for number in numbers or range(1, COUNT + 1)]


class Before:
    """The ledgers as they were: what the server has now, but for some members."""

    def __init__(self, client: Any, **others: Any) -> None:
        self._client, self._others = client, others

    async def __call__(self, member: Member) -> Iterable[LedgerEntry] | None:
        other = self._others.get(f"of_{int(member.identifier_value) - 7000}", ())
        if isinstance(other, Exception):
            raise other
        if other is None:
            return None
        entries = await self._client.ledger.entries(member, since=MONTH.since, until=MONTH.until).collect()
        return [entry for place, entry in enumerate(entries) if place not in other]


async def taken(stream: Comparisons) -> AsyncIterator[tuple[MemberComparison, list[Any]]]:
    async for comparison in stream:
        yield comparison, [json.loads(line) for line in comparison.lines()]
        comparison.close()


async def test_every_member_gets_one_comparison() -> None:
    served = sandbox()
    async with capillary(served) as client:
        before = Before(client, of_3=(1,), of_5=None, of_7=IncompleteLedgerError("part of it"))
        async with compare_members(client, customers(), MONTH, before) as stream:
            found = {comparison.number: lines async for comparison, lines in taken(stream)}
    assert sorted(found) == list(range(1, COUNT + 1))
    assert {number for number, lines in found.items() if lines} == {3, 5, 7}
    assert [(line["change"], line["member"]) for line in found[3]] == [("only_right", "id=•••3")]
    assert [found[5][0]["reason"], found[7][0]["reason"]] == ["unexported", "incomplete"]
    assert (stream.summary.members, stream.summary.counts) == (COUNT, Counts(matched=29, only_right=1))
    assert stream.summary.reasons == {Reason.UNEXPORTED: 1, Reason.INCOMPLETE: 1}
    assert not stream.summary.is_clean


async def test_what_was_not_compared_is_not_clean() -> None:
    async with (
        capillary(sandbox()) as client,
        compare_members(client, customers(5), MONTH, Before(client, of_5=None)) as stream,
    ):
        assert [comparison.reason async for comparison in stream] == [Reason.UNEXPORTED]
    assert not stream.summary.is_clean


async def test_a_ledger_that_is_not_booked_yet_lacks_nothing() -> None:
    """What is missing may be what the server has not booked."""
    served = sandbox()
    async with capillary(served, retry=RetryPolicy(attempts=1)) as client:
        before = await client.ledger.entries(customers(2)[0], since=MONTH.since, until=MONTH.until).collect()

        async def earlier(_member: Member) -> Iterable[LedgerEntry]:
            return before

        served.ledger.remove_entry(7002, before[1].event_log_id)
        served.faults.add(Fault(path=LEDGER_INFO_PATH, warning=11002, times=None))
        async with compare_members(client, customers(2), MONTH, earlier) as stream:
            [comparison] = [comparison async for comparison in stream]
    assert (comparison.reason, comparison.counts.total) == (Reason.PENDING, 0)


async def test_a_member_whom_the_server_refuses_ends_nothing() -> None:
    served = sandbox(Fault(path=LEDGER_INFO_PATH, where={"identifierValue": "7004"}, code=8015, times=None))

    async def earlier(_member: Member) -> Iterable[LedgerEntry]:
        return ()

    async with capillary(served) as client, compare_members(client, customers(), MONTH, earlier) as stream:
        found = {comparison.number: comparison async for comparison in stream}
        for comparison in found.values():
            comparison.close()
    assert len(found) == COUNT
    assert (found[4].reason, found[4].codes) == (Reason.UNREADABLE, (8015,))


async def test_wrong_credentials_end_it_bare() -> None:
    async def earlier(_member: Member) -> Iterable[LedgerEntry]:
        return ()

    async with capillary(sandbox(), auth=OAuth(key="wrong", secret="wrong")) as client:
        with pytest.raises(AuthenticationError):
            async with compare_members(client, customers(), MONTH, earlier) as stream:
                await anext(stream)


async def test_many_differences_leave_the_memory_and_are_all_given() -> None:
    served = sandbox(entries=800)

    async def earlier(_member: Member) -> Iterable[LedgerEntry]:
        return ()

    async with capillary(served) as client, compare_members(client, customers(1), MONTH, earlier) as stream:
        [(comparison, lines)] = [each async for each in taken(stream)]
    assert comparison.counts.only_right == 31 * 24 - 1  # An entry an hour, from one o'clock on.
    assert len({line["right"]["event_log_id"] for line in lines}) == comparison.counts.only_right


async def test_what_nobody_took_is_let_go() -> None:
    """An open file would be a warning, and a warning is an error here."""

    async def earlier(_member: Member) -> Iterable[LedgerEntry]:
        return ()

    async with capillary(sandbox()) as client, compare_members(client, customers(), MONTH, earlier) as stream:
        (await anext(stream)).close()


async def test_arguments_that_cannot_be_are_refused_before_anything_is_sent() -> None:
    served = sandbox()
    async with capillary(served) as client:
        for options in ({"concurrency": 0}, {"span": Span(JAN, JAN)}):
            arguments: dict[str, Any] = {"span": MONTH, **options}
            with pytest.raises(InvalidArgument):
                async with compare_members(client, customers(), earlier=Before(client), **arguments):
                    pass
    assert not served.stats.requests
