from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import anyio
import pytest

from loyalty_async.errors import (
    AuthenticationError,
    ClientStateError,
    InvalidArgument,
    LoyaltyError,
    UnavailableError,
)
from loyalty_async.models.credentials import OAuth
from loyalty_async.models.members import Customer
from loyalty_async.models.spans import Span
from loyalty_async.protocol.backoff import RetryPolicy
from loyalty_async.reconcile import Agreement, Limit, MemberVerdict, Reason, Rules, reconcile_members
from loyalty_async.sandbox import LEDGER_BALANCE_PATH, LEDGER_INFO_PATH, Fault, Ledger, Move, Sandbox
from tests.sandbox.clients import capillary

pytestmark = pytest.mark.anyio

NOW = datetime(2025, 11, 1, tzinfo=UTC)
JAN = datetime(2025, 1, 1, tzinfo=UTC)
MONTH = Span(JAN, JAN + timedelta(days=31))
BOTH = "/v2/pointsLedger"
RULES = Rules(probes=0, rounds=2, pause_s=0)
ONCE = {"retry": RetryPolicy(attempts=1)}


def sandbox(members: int, *moves: Move, faults: Any = ()) -> Sandbox:
    ledger = Ledger()
    for number in range(members):
        member = ledger.add_member(user_id=7001 + number)
        ledger.add_entry(member.user_id, created_at=JAN + timedelta(days=3), points="5.00")
    return Sandbox(ledger, moves=moves, faults=faults, now=lambda: NOW)


def wrong(*numbers: int) -> list[Move]:
    """Misstate the balance of some members."""
    return [
        Move(action="misstate", path=BOTH, where={"identifierValue": str(7000 + number)}, points="1.00")
        for number in numbers
    ]


OUTAGE = (*range(4, 13), 19, 20)


def customers(count: int) -> Iterator[Customer]:
    return (Customer.by_id(7001 + number, source="INSTORE") for number in range(count))


async def drain(seen: list[MemberVerdict], client: Any, members: Any, **options: Any) -> None:
    """Take every verdict."""
    async with reconcile_members(client, members, MONTH, **{"rules": RULES, **options}) as verdicts:
        async for verdict in verdicts:  # Not a comprehension: it would lose what came before an error.
            seen += [verdict]


async def test_every_member_gets_one_verdict() -> None:
    served = sandbox(25, *wrong(3, 17))
    async with capillary(served) as client, reconcile_members(client, customers(25), MONTH, rules=RULES) as verdicts:
        found = [verdict async for verdict in verdicts]
    assert sorted(verdict.number for verdict in found) == list(range(1, 26))
    assert {verdict.number for verdict in found if verdict.agreement is Agreement.MISMATCH} == {3, 17}
    assert all(verdict.member.identifier_value == str(7000 + verdict.number) for verdict in found)
    summary = verdicts.summary
    assert (summary.members, summary.agreements[Agreement.MATCH], summary.entries) == (25, 23, 25)
    [totals] = summary.accounts
    assert (totals.members, totals.calculated, totals.reported) == (25, Decimal(125), Decimal(127))
    assert summary.agreement is Agreement.MISMATCH


async def test_members_come_from_a_queue_as_there_is_room() -> None:
    """No more members are taken than are worked on."""
    taken = 0

    async def queue() -> AsyncIterator[Customer]:
        nonlocal taken
        for customer in customers(20):
            taken += 1
            yield customer

    async with (
        capillary(sandbox(20)) as client,
        reconcile_members(client, queue(), MONTH, rules=RULES, concurrency=3) as verdicts,
    ):
        given = 0
        async for _ in verdicts:
            given += 1
            assert taken - given <= 3
    assert (taken, given) == (20, 20)


async def test_members_of_an_earlier_run_are_passed_over_and_the_rest_keep_their_numbers() -> None:
    served = sandbox(9)
    async with (
        capillary(served) as client,
        reconcile_members(
            client, customers(9), MONTH, rules=RULES, skip=lambda member: int(member.identifier_value) <= 7005
        ) as verdicts,
    ):
        found = {verdict.number: verdict.member.identifier_value async for verdict in verdicts}
    assert found == {6: "7006", 7: "7007", 8: "7008", 9: "7009"}
    assert served.stats.by_path()[LEDGER_BALANCE_PATH] == {"200": 4, "400": 4}


async def test_nothing_is_sent_without_iteration() -> None:
    served = sandbox(3)
    async with capillary(served) as client, reconcile_members(client, customers(3), MONTH):
        await anyio.sleep(1)
    assert not served.stats.requests


async def test_break_leaves_nothing_running() -> None:
    served = sandbox(40)
    async with capillary(served) as client:
        async with reconcile_members(client, customers(40), MONTH, rules=RULES) as verdicts:
            async for _ in verdicts:
                break
        before = dict(served.stats.requests)
        await anyio.sleep(5)
        assert dict(served.stats.requests) == before
        with pytest.raises(ClientStateError):
            await anext(verdicts)


async def test_a_cancelled_wait_loses_no_verdict() -> None:
    slow = [Fault(path=BOTH, delay_s=10.0, times=None)]
    found: list[MemberVerdict] = []
    async with (
        capillary(sandbox(6, faults=slow)) as client,
        reconcile_members(client, customers(6), MONTH, rules=RULES, concurrency=2) as verdicts,
    ):
        while len(found) < 6:
            with anyio.move_on_after(7):
                found.append(await anext(verdicts))
        with pytest.raises(StopAsyncIteration):
            await anext(verdicts)
    assert sorted(verdict.number for verdict in found) == [1, 2, 3, 4, 5, 6]


async def test_it_stops_beyond_so_many_mismatches() -> None:
    served = sandbox(60, *wrong(*range(1, 61)))
    async with (
        capillary(served) as client,
        reconcile_members(
            client, customers(60), MONTH, rules=RULES, concurrency=2, limit=Limit(mismatches=4)
        ) as verdicts,
    ):
        found = [verdict async for verdict in verdicts]
    assert (len(found), verdicts.summary.stopped) == (5, True)


async def test_it_stops_beyond_a_share_of_mismatches() -> None:
    """Counted only once enough members were seen: the first one alone would be a hundred percent."""
    served = sandbox(60, *wrong(1, *range(21, 61)))
    limit = Limit(percent=Decimal(20), after=10)
    async with (
        capillary(served) as client,
        reconcile_members(client, customers(60), MONTH, rules=RULES, concurrency=1, limit=limit) as verdicts,
    ):
        found = [verdict async for verdict in verdicts]
    assert (len(found), verdicts.summary.stopped) == (24, True)  # 4 of 23 are 17 %, 5 of 24 are 21 %.


async def test_a_limit_that_is_not_passed_stops_nothing() -> None:
    limit = Limit(mismatches=2, percent=Decimal(50))
    async with (
        capillary(sandbox(10, *wrong(2, 4))) as client,
        reconcile_members(client, customers(10), MONTH, rules=RULES, limit=limit) as verdicts,
    ):
        assert len([verdict async for verdict in verdicts]) == 10
    assert not verdicts.summary.stopped


async def test_a_member_who_cannot_be_read_does_not_end_the_run() -> None:
    async with (
        capillary(sandbox(3)) as client,
        reconcile_members(client, customers(5), MONTH, rules=RULES) as verdicts,
    ):
        found = {verdict.number: verdict async for verdict in verdicts}
    for number in (4, 5):
        verdict = found[number]
        assert (verdict.agreement, verdict.reason) == (Agreement.INDETERMINATE, Reason.UNREADABLE)
        assert 8015 in verdict.codes
    assert verdicts.summary.reasons == {Reason.UNREADABLE: 2}


async def test_one_member_for_whom_the_server_fails_does_not_end_the_run() -> None:
    bad = Fault(path=BOTH, where={"identifierValue": "7002"}, status=500, times=None)
    async with (
        capillary(sandbox(4, faults=[bad]), **ONCE) as client,
        reconcile_members(client, customers(4), MONTH, rules=RULES) as verdicts,
    ):
        found = {verdict.number: verdict.reason async for verdict in verdicts}
    assert found == {1: None, 2: Reason.UNREADABLE, 3: None, 4: None}


async def test_a_server_that_fails_for_everybody_ends_the_run_bare() -> None:
    """After ten members in a row, of whom none has a verdict: a run that goes on asks about them again."""
    down = Fault(path=BOTH, status=503, times=None)
    seen: list[MemberVerdict] = []
    served = sandbox(40, faults=[down])
    async with capillary(served, **ONCE) as client:
        with pytest.raises(UnavailableError):
            await drain(seen, client, customers(40), concurrency=1)
    assert seen == []
    assert served.stats.by_path()[LEDGER_INFO_PATH] == {"503": 10}


@pytest.mark.parametrize("count", [1, 9])
async def test_a_server_that_fails_for_all_there_are_ends_the_run(count: int) -> None:
    down = Fault(path=BOTH, status=503, times=None)
    async with (
        capillary(sandbox(count, faults=[down]), **ONCE) as client,
        reconcile_members(client, customers(count), MONTH, rules=RULES) as verdicts,
    ):
        for _ in range(2):
            with pytest.raises(UnavailableError):
                await anext(verdicts)


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_an_outage_that_ends_is_told_of_its_members(concurrency: int) -> None:
    """Nine in the middle, and two at the end; more than are worked on at once."""
    bad = [Fault(path=BOTH, where={"identifierValue": str(7000 + n)}, status=503, times=None) for n in OUTAGE]
    async with (
        capillary(sandbox(20, faults=bad), **ONCE) as client,
        reconcile_members(client, customers(20), MONTH, rules=RULES, concurrency=concurrency) as verdicts,
    ):
        found = {verdict.number: verdict.reason async for verdict in verdicts}
    assert found == {n: Reason.UNREADABLE if n in OUTAGE else None for n in range(1, 21)}


async def test_wrong_credentials_end_the_run_at_once_and_again() -> None:
    async with (
        capillary(sandbox(9), auth=OAuth(key="x", secret="y")) as client,
        reconcile_members(client, customers(9), MONTH, rules=RULES) as verdicts,
    ):
        for _ in range(2):
            with pytest.raises(AuthenticationError):
                await anext(verdicts)


async def test_what_the_members_raise_arrives_bare() -> None:
    def members() -> Iterator[Customer]:
        yield from customers(1)
        raise InvalidArgument("line 2 is no member")

    seen: list[MemberVerdict] = []
    async with capillary(sandbox(1)) as client:
        with pytest.raises(InvalidArgument, match="line 2"):
            await drain(seen, client, members())
    assert len(seen) == 1


async def test_the_bodys_own_error_is_bare() -> None:
    async def fail(client: Any) -> None:
        async with reconcile_members(client, customers(5), MONTH) as verdicts:
            await anext(verdicts)
            raise KeyError

    async with capillary(sandbox(5)) as client:
        with pytest.raises(KeyError):
            await fail(client)


@pytest.mark.parametrize("concurrency", [0, -1, True, 2.0])
async def test_a_concurrency_that_cannot_be_is_refused(concurrency: Any) -> None:
    async with capillary(sandbox(1)) as client:
        with pytest.raises(InvalidArgument, match="concurrency"):
            async with reconcile_members(client, customers(1), MONTH, concurrency=concurrency):
                pass


async def test_nothing_of_a_member_is_in_reprs_and_errors() -> None:
    down = Fault(path=BOTH, status=503, times=None)
    seen: list[MemberVerdict] = []
    async with capillary(sandbox(40, faults=[down]), **ONCE) as client:
        with pytest.raises(LoyaltyError) as raised:
            await drain(seen, client, customers(40))
        assert "700" not in f"{seen}{raised.value}"
