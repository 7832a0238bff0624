"""The first road, end to end: one customer's whole ledger, from the stand-in server to what the caller gets."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import anyio
import httpx
import pytest

from loyalty_async import (
    AuthenticationError,
    Basic,
    CapillaryClient,
    Customer,
    IncompleteLedgerError,
    LedgerEntry,
    LoyaltyError,
    MalformedAnswerError,
    MemberNotFoundError,
    OAuth,
    PermissionDeniedError,
    RetryPolicy,
    UnavailableError,
    Verdict,
)
from loyalty_async.sandbox import (
    LEDGER_INFO_PATH,
    TOKEN_PATH,
    Fault,
    Ledger,
    Sandbox,
    Settings,
    create_app,
    make_ledger,
    open_sandbox,
)
from loyalty_async.sandbox import (
    Member as Owner,
)
from loyalty_async.sandbox.truths import member_truth

pytestmark = pytest.mark.anyio

NOW = datetime(2025, 6, 15, 10, 30, 20, 250_000, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=4 * 365)
A_YEAR_AGO = NOW - timedelta(days=400)
GOOD = OAuth(key="sandbox-key", secret="sandbox-secret")
TILL = Basic("sandbox.till", "sandbox")
READINGS = ["plain", "prefetch", "collect"]


def by_id(owner: Owner) -> Customer:
    return Customer.by_id(owner.user_id, source="INSTORE")


READ_AT = NOW + timedelta(days=1)  # The histories go on to within a second of NOW.


def client_of(url: str, **options: Any) -> CapillaryClient:
    # Nothing here is encrypted, and to load the certificates that are trusted takes longer than a test.
    return CapillaryClient(url, **{"auth": GOOD, "clock": lambda: READ_AT, "verify": False, **options})


@asynccontextmanager
async def in_process(sandbox: Sandbox, **options: Any) -> AsyncIterator[CapillaryClient]:
    """Open a client whose requests go straight into the application, in virtual time."""
    transport = httpx.ASGITransport(create_app(sandbox))
    async with client_of("https://sandbox.example", transport=transport, **options) as client:
        yield client


def make_sandbox(ledger: Ledger, *faults: Fault, **settings: Any) -> Sandbox:
    # The tokens of the stand-in live by the clock of the event loop, be it virtual.
    return Sandbox(ledger, Settings(**settings), faults=faults, clock=anyio.current_time)


async def read(client: CapillaryClient, member: Customer, how: str = "collect", **arguments: Any) -> list[LedgerEntry]:
    """Read a ledger one of the three ways, and see that the report says so."""
    query = client.ledger.entries(member, **{"since": LONG_AGO, "include_alternate_currencies": True, **arguments})
    entries: list[LedgerEntry]
    if how == "collect":
        entries = collected = await query.collect()
        report = collected.report
    elif how == "prefetch":
        async with query.prefetch(ahead=3) as stream:
            entries = [entry async for entry in stream]
            report = stream.report
    else:
        plain = aiter(query)
        entries = [entry async for entry in plain]
        report = plain.report
    assert report.verdict is Verdict.COMPLETE
    assert report.entries == len(entries)
    return entries


async def firsts(entries: AsyncIterable[LedgerEntry]) -> AsyncIterator[LedgerEntry]:
    """Take the first entry, and break off."""
    async for entry in entries:
        yield entry
        break


def truth(sandbox: Sandbox, owner: Owner, since: datetime | None = None, until: datetime | None = None) -> Any:
    return member_truth(sandbox.ledger, owner.user_id, sandbox.printer, since=since, until=until)["entries"]


def as_truth(entry: LedgerEntry) -> dict[str, Any]:
    """Write an entry as the stand-in tells the truth about it."""
    bill = entry.transaction_details
    return {
        "eventLogId": entry.event_log_id,
        "createdAt": entry.created_at.astimezone(UTC).isoformat(timespec="microseconds"),
        "eventName": entry.event_name,
        "customerId": entry.customer_id,
        "netPoints": printed(entry.net_points_on_event),
        "netAlternateCurrencies": {name: printed(net) for name, net in entry.net_alternate_currencies_on_event.items()},
        "details": [
            [
                line.ledger_entry_type,
                printed(line.points),
                line.points_category,
                line.program_id,
                line.program_name,
                line.alternate_currency_name,
            ]
            for line in entry.entry_details
        ],
        "transaction": bill
        and {
            "id": bill.transaction_id,
            "number": bill.transaction_number,
            "date": bill.date and bill.date.isoformat(timespec="microseconds"),
            "amount": printed(bill.amount),
            "grossAmount": printed(bill.gross_bill_amount),
            "source": bill.source,
        },
        "store": entry.store,
        "storeCode": entry.store_code,
        "tillCode": entry.till_code,
        "sourceProgramId": entry.source_program_id,
        "sourceProgramName": entry.source_program_name,
        "orgId": entry.org_id,
    }


def printed(points: Decimal | None) -> str:
    assert type(points) is Decimal
    return format(points, "f")


def assert_equal_to_truth(entries: Iterable[LedgerEntry], rows: Iterable[Mapping[str, Any]]) -> None:
    expected = [{name: value for name, value in row.items() if name != "eventDetails"} for row in rows]
    assert [as_truth(entry) for entry in entries] == expected


# ---- Over a real socket ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def long_sandbox() -> Sandbox:
    """One for all tests: it writes each entry as JSON once."""
    return Sandbox(make_ledger(1, seed=7, now=NOW, entries_per_member=10_000, skewed=False))


@pytest.fixture(scope="module")
def long_truth(long_sandbox: Sandbox) -> Any:
    return truth(long_sandbox, long_sandbox.ledger.members[0])


@pytest.mark.real_time
@pytest.mark.parametrize(
    ("anyio_backend", "how"),
    [("asyncio", "plain"), ("trio", "prefetch"), ("asyncio", "collect")],
    indirect=["anyio_backend"],
)
async def test_ten_thousand_entries_come_exactly(long_sandbox: Sandbox, long_truth: Any, how: str) -> None:
    (owner,) = long_sandbox.ledger.members
    async with open_sandbox(long_sandbox) as url, client_of(url) as client:
        entries = await read(client, by_id(owner), how)
    assert len(entries) == 10_000
    assert_equal_to_truth(entries, long_truth)
    assert client.stats().retries == 0


@pytest.mark.real_time
@pytest.mark.parametrize("how", READINGS)
async def test_an_empty_ledger_is_complete(how: str) -> None:
    ledger = Ledger()
    owner = ledger.add_member()
    async with open_sandbox(Sandbox(ledger)) as url, client_of(url, auth=TILL) as client:
        assert await read(client, by_id(owner), how) == []
        assert await read(client, by_id(owner), how, since=None) == []


@pytest.mark.real_time
async def test_the_truth_that_the_server_tells_is_what_arrives() -> None:
    ledger = make_ledger(8, seed=3, now=NOW, entries_per_member=40)
    async with open_sandbox(Sandbox(ledger)) as url, client_of(url) as client, httpx.AsyncClient() as judge:
        found: Counter[int] = Counter()

        async def check(owner: Owner) -> None:
            entries = await read(client, by_id(owner))
            told = await judge.get(f"{url}/_sandbox/members/{owner.user_id}/truth")
            row = json.loads(told.content, parse_float=Decimal)
            assert (row["count"], row["ids"]) == (len(entries), [entry.event_log_id for entry in entries])
            assert_equal_to_truth(entries, row["entries"])
            found[owner.user_id] = len(entries)

        async with anyio.create_task_group() as tasks:
            for owner in ledger.members:
                tasks.start_soon(check, owner)
        stats = (await judge.get(f"{url}/_sandbox/stats")).json()
    assert len(found) == 8
    assert stats["requests"][TOKEN_PATH] == {"200": 1}
    assert sum(sum(statuses.values()) for statuses in stats["requests"].values()) == client.stats().requests


@pytest.mark.real_time
async def test_a_break_leaves_the_client_usable(long_sandbox: Sandbox) -> None:
    (owner,) = long_sandbox.ledger.members
    async with open_sandbox(long_sandbox) as url, client_of(url) as client:
        query = client.ledger.entries(by_id(owner), since=LONG_AGO)
        first, *_ = [entry async for entry in firsts(query)]
        async with query.prefetch(ahead=8) as stream:
            assert [entry async for entry in firsts(stream)] == [first]
            assert stream.report.verdict is Verdict.PARTIAL
        until = first.created_at + timedelta(seconds=1)
        assert (await client.ledger.entries(by_id(owner), since=LONG_AGO, until=until).collect())[0] == first


# ---- Whatever the server is set to -----------------------------------------------------------------------------------

ZONE = ZoneInfo("Asia/Kolkata")
SERVERS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "errors at 200": {"business_error_status": 200},
    "exclusive end": {"end_date_inclusive": False},
    "whole seconds": {"sees_fractions": False},
    "exclusive end, whole seconds": {"end_date_inclusive": False, "sees_fractions": False},
    "oldest first": {"order": "oldest"},
    "any order": {"order": "arbitrary", "order_seed": 4},
    "clamped to 7": {"clamp_limit": 7},
    "ten at most": {"max_limit": 10},
    "short spans": {"max_span_days": 30},
    "another zone": {"timezone": ZONE},
    "no ISO dates": {"iso_twins": False, "timezone": ZONE},
}


@pytest.mark.parametrize("settings", SERVERS.values(), ids=SERVERS)
async def test_every_server_gives_the_same_ledger(settings: dict[str, Any]) -> None:
    ledger = make_ledger(1, seed=11, now=NOW, years=1.0, entries_per_member=200, skewed=False)
    (owner,) = ledger.members
    sandbox = make_sandbox(ledger, **settings)
    async with in_process(sandbox, server_timezone=settings.get("timezone", UTC)) as client:
        entries = await read(client, by_id(owner), since=A_YEAR_AGO)
    assert_equal_to_truth(entries, truth(sandbox, owner))


@pytest.mark.parametrize("settings", [{}, {"order": "arbitrary", "clamp_limit": 20}], ids=str)
@pytest.mark.parametrize("how", READINGS)
async def test_a_burst_in_one_second_is_read_whole(settings: dict[str, Any], how: str) -> None:
    ledger = Ledger()
    owner = ledger.add_member()
    burst = datetime(2025, 2, 3, 4, 5, 6, tzinfo=UTC)
    for number in range(250):
        ledger.add_entry(owner.user_id, created_at=burst + timedelta(milliseconds=number % 3), points=number)
    for days in range(-30, 30):
        ledger.add_entry(owner.user_id, created_at=burst + timedelta(days=days, seconds=1), points="0.125")
    sandbox = make_sandbox(ledger, **settings)
    async with in_process(sandbox) as client:
        entries = await read(client, by_id(owner), how)
    assert len(entries) == 310
    assert_equal_to_truth(entries, truth(sandbox, owner))


@pytest.mark.parametrize("inclusive", [True, False])
async def test_a_span_takes_its_beginning_and_not_its_end(inclusive: bool) -> None:
    ledger = Ledger()
    owner = ledger.add_member()
    edge = datetime(2025, 3, 1, tzinfo=UTC)
    beats = [timedelta(seconds=number / 4) for number in range(-8, 9)]
    for beat in beats:
        ledger.add_entry(owner.user_id, created_at=edge + beat)
        ledger.add_entry(owner.user_id, created_at=edge + timedelta(days=100) + beat)
    sandbox = make_sandbox(ledger, end_date_inclusive=inclusive)
    async with in_process(sandbox) as client:
        for shift in beats:
            since, until = edge + shift, edge + timedelta(days=100) + shift
            entries = await read(client, by_id(owner), since=since, until=until)
            assert_equal_to_truth(entries, truth(sandbox, owner, since, until))


@pytest.mark.parametrize(
    "name_of",
    [
        lambda owner: Customer.by_id(owner.user_id, source="INSTORE"),
        lambda owner: Customer.by_mobile(owner.mobile, source="INSTORE"),
        lambda owner: Customer.by_email(owner.email, source="WEBSITE"),
        lambda owner: Customer.by_external_id(owner.external_id, source="ALL"),
    ],
    ids=["id", "mobile", "email", "external id"],
)
async def test_a_customer_has_many_names(name_of: Any) -> None:
    ledger = make_ledger(3, seed=5, now=NOW, entries_per_member=30, skewed=False)
    owner = ledger.members[1]
    assert "+" in owner.email
    sandbox = make_sandbox(ledger)
    async with in_process(sandbox) as client:
        assert_equal_to_truth(await read(client, name_of(owner)), truth(sandbox, owner))


# ---- Whatever goes wrong on the way ----------------------------------------------------------------------------------

PASSING = {
    "429": Fault(status=429, headers={"Retry-After": "20"}, every=3, times=4),
    "503 on everything": Fault(path="/", status=503, every=2, times=4),
    "504": Fault(status=504, every=2, times=4),
    "461": Fault(status=461, times=2),
    "521": Fault(code=521, every=2, times=3),
    "4001": Fault(code=4001, status=503, times=2),
    "11002": Fault(code=11002, times=2),
    "a pending warning": Fault(warning=11002, times=6),  # It says nothing beside an error, and some spans are empty.
    "HTML at 200": Fault(damage="html", every=2, times=4),
    "cut off": Fault(damage="truncated", every=3, times=4),
    "empty": Fault(damage="empty", times=3),
    "NaN": Fault(damage="nan", times=1),
    "a token refused": Fault(status=401, skip=2, times=1),
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
@pytest.mark.parametrize("how", ["plain", "collect"])
async def test_what_passes_costs_time_and_no_entry(fault: Fault, how: str) -> None:
    ledger = make_ledger(1, seed=2, now=NOW, years=1.0, entries_per_member=200, skewed=False)
    (owner,) = ledger.members
    sandbox = make_sandbox(ledger, fault, business_error_status=200)
    async with in_process(sandbox) as client:
        query = client.ledger.entries(by_id(owner), since=A_YEAR_AGO, include_alternate_currencies=True)
        entries = [entry async for entry in query] if how == "plain" else await query.collect()
    assert_equal_to_truth(entries, truth(sandbox, owner))
    assert client.stats().retries >= 1
    if fault.status == 429:
        assert anyio.current_time() >= 20.0


async def test_a_warning_that_stays_is_in_the_verdict() -> None:
    ledger = make_ledger(1, seed=2, now=NOW, entries_per_member=30, skewed=False)
    sandbox = make_sandbox(ledger, Fault(warning=11002, times=None))
    async with in_process(sandbox, retry=RetryPolicy(attempts=2)) as client:
        query = client.ledger.entries(by_id(ledger.members[0]), since=LONG_AGO, include_alternate_currencies=True)
        entries = await query.collect()
    assert entries.report.verdict is Verdict.PENDING
    assert len(entries) == 30


FINAL: dict[str, tuple[Fault, type[LoyaltyError]]] = {
    "wrong types": (Fault(damage="wrong_types", times=None), MalformedAnswerError),
    "500": (Fault(status=500, times=None), UnavailableError),
    "9003": (Fault(code=9003, times=None), UnavailableError),
    "503 for ever": (Fault(status=503, times=None), UnavailableError),
    "HTML for ever": (Fault(damage="html", times=None), MalformedAnswerError),
    "cut off for ever": (Fault(damage="truncated", times=None), MalformedAnswerError),
    "empty for ever": (Fault(damage="empty", times=None), MalformedAnswerError),
    "NaN for ever": (Fault(damage="nan", times=None), MalformedAnswerError),
}


@pytest.mark.parametrize(("fault", "kind"), FINAL.values(), ids=FINAL)
@pytest.mark.parametrize("how", READINGS)
async def test_what_does_not_pass_is_one_bare_error(fault: Fault, kind: type[LoyaltyError], how: str) -> None:
    ledger = make_ledger(1, seed=2, now=NOW, entries_per_member=60, skewed=False)
    member = by_id(ledger.members[0])
    async with in_process(make_sandbox(ledger, fault, business_error_status=200)) as client:
        with pytest.raises(LoyaltyError) as caught:
            await read(client, member, how)
    assert type(caught.value) is kind
    assert caught.value.member == member
    assert caught.value.request_id is not None


# ---- Who may ask -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "auth",
    [OAuth(key="sandbox-key", secret="wrong"), OAuth(key="wrong", secret="wrong"), Basic("sandbox.till", "wrong")],
    ids=["secret", "key", "password"],
)
@pytest.mark.parametrize("how", READINGS)
async def test_wrong_credentials_are_an_authentication_error(auth: Basic | OAuth, how: str) -> None:
    ledger = make_ledger(1, seed=2, now=NOW)
    sandbox = make_sandbox(ledger)
    async with in_process(sandbox, auth=auth) as client:
        with pytest.raises(AuthenticationError) as caught:
            await read(client, by_id(ledger.members[0]), how)
    assert (caught.value.status, caught.value.codes) == (401, (401,))
    assert sum(sandbox.stats.requests.values()) <= 5  # As many as are sent ahead; none is sent again.
    assert client.stats().retries == 0


@pytest.mark.parametrize(("auth", "caller"), [(GOOD, "sandbox-key"), (TILL, "sandbox.till")], ids=["OAuth", "Basic"])
async def test_credentials_that_may_not_read_are_denied(auth: Basic | OAuth, caller: str) -> None:
    ledger = make_ledger(1, seed=2, now=NOW)
    sandbox = make_sandbox(ledger, forbidden=frozenset({caller}))
    async with in_process(sandbox, auth=auth) as client:
        with pytest.raises(PermissionDeniedError) as caught:
            await read(client, by_id(ledger.members[0]), "plain")
    assert (caught.value.status, caught.value.codes) == (403, (4000,))
    assert sandbox.stats.requests[LEDGER_INFO_PATH, 403] == 1


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("how", READINGS)
async def test_an_unknown_member_is_not_found(status: int, how: str) -> None:
    member = Customer.by_mobile("917406401004", source="INSTORE")
    async with in_process(make_sandbox(Ledger(), business_error_status=status)) as client:
        with pytest.raises(MemberNotFoundError) as caught:
            await read(client, member, how)
    assert (caught.value.status, caught.value.codes) == (status, (8015,))
    assert caught.value.member == member


async def test_tokens_are_renewed_while_a_walk_runs() -> None:
    ledger = make_ledger(1, seed=2, now=NOW, entries_per_member=300, skewed=False)
    (owner,) = ledger.members
    sandbox = make_sandbox(ledger, Fault(delay_s=30.0, times=None), token_ttl_s=100)
    async with in_process(sandbox) as client:
        assert_equal_to_truth(await read(client, by_id(owner), "plain"), truth(sandbox, owner))
    asked = sandbox.stats.requests[LEDGER_INFO_PATH, 200] * 30
    assert sandbox.stats.requests[TOKEN_PATH, 200] >= asked // 100
    assert (LEDGER_INFO_PATH, 401) not in sandbox.stats.requests


@pytest.mark.parametrize("how", READINGS)
async def test_a_server_in_another_time_zone_than_was_said_is_told(how: str) -> None:
    """Its newest hours would be missing without a sign: a request's dates are read by another clock than ours."""
    ledger = Ledger()
    owner = ledger.add_member()
    for hours in (72, 4):
        ledger.add_entry(owner.user_id, created_at=READ_AT - timedelta(hours=hours), points=1)
    sandbox = make_sandbox(ledger, timezone=ZoneInfo("Asia/Kolkata"))
    async with in_process(sandbox) as client:
        with pytest.raises(IncompleteLedgerError, match=r"UTC\+0530, not in the client's server_timezone"):
            await read(client, by_id(owner), how, since=READ_AT - timedelta(days=30))
    async with in_process(sandbox, server_timezone=ZoneInfo("Asia/Kolkata")) as client:
        assert len(await read(client, by_id(owner), how, since=READ_AT - timedelta(days=30))) == 2
