"""Every code of the five documents, to its class: by requests that earn it, and by a server that says it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

import attrs
import pytest

from loyalty_async import (
    AltcraftClient,
    ApiError,
    AuthenticationError,
    CapillaryClient,
    Customer,
    DataScope,
    IntervalTooLongError,
    InvalidIdentifierError,
    LimitTooLargeError,
    MemberNotFoundError,
    NoEntriesError,
    OAuth,
    PendingEventsError,
    PermissionDeniedError,
    Profile,
    RateLimitedError,
    RequestRefusedError,
    RetryPolicy,
    UnavailableError,
    UserGroup,
)
from loyalty_async.sandbox import Fault, Ledger, Sandbox, Settings
from tests.sandbox.clients import NOW, altcraft, capillary

pytestmark = pytest.mark.anyio

ONE = Customer.by_id(7001, source="INSTORE")
EMPTY = Customer.by_id(7002, source="INSTORE")
EVENT = 9
ONCE = RetryPolicy(attempts=1)


@pytest.fixture
def sandbox() -> Sandbox:
    """One member with one entry, and one with none."""
    ledger = Ledger()
    ledger.add_member(user_id=7001)
    ledger.add_member(user_id=7002)
    ledger.add_entry(7001, created_at=NOW, event_log_id=EVENT)
    return Sandbox(ledger, now=lambda: NOW)


Ask = Callable[[CapillaryClient], Awaitable[object]]
AltcraftAsk = Callable[[AltcraftClient], Awaitable[object]]


@attrs.frozen
class Case:
    """A request, what it earns, and what the sandbox is set to."""

    ask: Any
    code: int
    kind: type[ApiError]
    settings: dict[str, Any] = attrs.field(factory=dict)

    def __str__(self) -> str:
        return str(self.code)


def ledger(member: Any = ONE, **arguments: Any) -> Ask:
    return lambda client: client.ledger.entries(member, **arguments).collect()


def balance(member: Any = ONE, **arguments: Any) -> Ask:
    return lambda client: client.balances.closing(member, **arguments)


def explode(member: Any = ONE, **arguments: Any) -> Ask:
    arguments = arguments if "reference_ids" in arguments else {"event_ids": [EVENT], **arguments}
    return lambda client: client.events.explode(member, **arguments).collect()


def schedule(member: Any = ONE, **arguments: Any) -> Ask:
    return lambda client: client.promised_points.schedule(member, **arguments)


def by(name: str, value: str = "x", source: str = "INSTORE") -> Customer:
    return Customer(identifier_name=name, identifier_value=value, source=source)


STRANGE_GROUP = UserGroup.by_id(5, source="INSTORE")

EARNED = [
    # Seed 002.
    Case(ledger(by("id", "seven")), 11012, InvalidIdentifierError),
    Case(ledger(by("name")), 8013, InvalidIdentifierError),
    Case(ledger(), 11029, LimitTooLargeError, {"max_limit": 5}),
    Case(ledger(ledger_entry_type="LOAN"), 11007, RequestRefusedError),
    Case(ledger(point_category_type="Main"), 11008, RequestRefusedError),
    Case(ledger(till_ids=[123]), 11027, RequestRefusedError),
    Case(ledger(till_ids=["abc"]), 11025, RequestRefusedError),
    Case(ledger(store_id=123), 11026, RequestRefusedError),
    Case(ledger(store_code="abc"), 11026, RequestRefusedError),
    Case(ledger(by("id", "1")), 8015, MemberNotFoundError),
    Case(ledger(STRANGE_GROUP), 8015, MemberNotFoundError),
    Case(ledger(by("id", "7001", "NOWHERE")), 8003, InvalidIdentifierError),
    Case(ledger(program_id=1), 11005, RequestRefusedError),
    Case(ledger(alternate_currency_names=["Moons"]), 9005, RequestRefusedError),
    Case(ledger(data_scope=DataScope("OTHER", (1,))), 310144, PermissionDeniedError),
    Case(ledger(data_scope=DataScope("ALL", (200801,))), 310141, PermissionDeniedError),
    # Seed 000.
    Case(balance(EMPTY), 11003, NoEntriesError),
    Case(balance(by("name")), 8013, InvalidIdentifierError),
    Case(balance(by("cardnumber")), 8015, MemberNotFoundError),
    Case(balance(by("id", "7001", "NOWHERE")), 8003, InvalidIdentifierError),
    Case(balance(by("id", "seven")), 11012, InvalidIdentifierError),
    Case(balance(ledger_entry_type="LOAN"), 11007, RequestRefusedError),
    Case(balance(point_category_type="Main"), 11008, RequestRefusedError),
    Case(balance(till_id=123), 11027, RequestRefusedError),
    Case(balance(alternate_currency_names=["Moons"]), 9005, RequestRefusedError),
    # Seed 001.
    Case(explode(by("name")), 8013, InvalidIdentifierError),
    Case(explode(by("id", "seven")), 8015, MemberNotFoundError),
    Case(explode(by("mobile")), 8015, MemberNotFoundError),
    Case(explode(by("mobile", source="NOWHERE")), 8003, InvalidIdentifierError),
    Case(explode(data_scope=DataScope("OTHER", (1,))), 310144, PermissionDeniedError),
    Case(explode(data_scope=DataScope("ALL", (200801,))), 310141, PermissionDeniedError),
    Case(explode(points_earned_breakup=True), 11019, PermissionDeniedError, {"captures_source_values": False}),
    # Seed 003.
    Case(schedule(by("mobile")), 8015, MemberNotFoundError),
    Case(schedule(by("id", "seven")), 8015, MemberNotFoundError),
    Case(schedule(program_id=1), 885, RequestRefusedError),
    Case(schedule(by("groupId", "5"), entity_type="FLEET"), 1632, MemberNotFoundError),
    Case(schedule(entity_type="USERGROUP2"), 1212, RequestRefusedError),
    Case(schedule(since=date(2025, 10, 31)), 1215, RequestRefusedError),
    Case(schedule(until=date(2125, 11, 2)), 1217, RequestRefusedError),
    Case(schedule(by("name")), 8013, InvalidIdentifierError),
    Case(schedule(by("mobile", source="NOWHERE")), 8003, InvalidIdentifierError),
    # All of them.
    Case(balance(), 4000, PermissionDeniedError, {"forbidden": frozenset({"sandbox-key"})}),
    Case(schedule(), 4000, PermissionDeniedError, {"forbidden": frozenset({"sandbox-key"})}),
    Case(explode(), 401, AuthenticationError, {"clients": {}}),
]


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("case", EARNED, ids=str)
async def test_a_request_that_earns_a_code_gets_its_class(sandbox: Sandbox, case: Case, status: int) -> None:
    """Whichever HTTP status comes with it."""
    sandbox.settings = Settings(business_error_status=status, **case.settings)
    async with capillary(sandbox) as client:
        with pytest.raises(ApiError) as raised:
            await case.ask(client)
    assert type(raised.value) is case.kind
    assert raised.value.codes == (case.code,)


@pytest.mark.parametrize("name", ["DelayedAccrual", "NoSuchEvent"])
async def test_a_name_that_is_not_exploded_is_told_with_one_request(sandbox: Sandbox, name: str) -> None:
    """11014 of a name that the caller gave is the caller's mistake, not an unknown reference."""
    async with capillary(sandbox) as client:
        with pytest.raises(RequestRefusedError) as raised:
            await client.events.explode(ONE, event_name=name, reference_ids=["5", "6"]).collect()
    assert raised.value.codes == (11014,)


async def test_a_ledger_without_entries_is_empty(sandbox: Sandbox) -> None:
    """11003 is no error of a walk."""
    async with capillary(sandbox) as client:
        assert await client.ledger.entries(EMPTY).collect() == []


@pytest.mark.parametrize("max_limit", [10, 50])
async def test_a_server_with_smaller_pages_is_read_with_ten(sandbox: Sandbox, max_limit: int) -> None:
    """11006 and 11029 are no error of a walk either."""
    sandbox.settings = Settings(max_limit=max_limit)
    for number in range(100, 125):
        sandbox.ledger.add_entry(7001, created_at=NOW, event_log_id=number)
    async with capillary(sandbox) as client:
        assert len(await client.ledger.entries(ONE).collect()) == 26


SAID: dict[type[ApiError], list[int]] = {
    ApiError: [11015, 99_999],
    AuthenticationError: [401],
    IntervalTooLongError: [11010],
    InvalidIdentifierError: [8001, 8002, 8003, 8013, 8130, 11012, 11013],
    LimitTooLargeError: [11006, 11029],
    MemberNotFoundError: [1632, 8015, 8016, 8069, 8089],
    NoEntriesError: [11003],
    PendingEventsError: [9004, 11002],
    PermissionDeniedError: [403, 4000, 11019, 310141, 310144],
    RateLimitedError: [429, 517],
    RequestRefusedError: [
        *(400, 404, 405, 415, 885, 1212, 1213, 1214, 1215, 1216, 1217, 9005, 9018, 9021, 9022),
        *(11001, 11004, 11005, 11007, 11008, 11009, 11011, 11014, 11016, 11017, 11018, 11021, 11023, 11024),
        *(11025, 11026, 11027, 11028),
    ],
    UnavailableError: [461, 500, 503, 521, 4001, 9003],
}


@pytest.mark.parametrize("ask", [balance(), schedule()])
@pytest.mark.parametrize(("code", "kind"), [(code, kind) for kind, codes in SAID.items() for code in codes])
async def test_a_code_that_the_server_says_has_its_class(
    sandbox: Sandbox, ask: Ask, code: int, kind: type[ApiError]
) -> None:
    """With the server's words as an attribute, and not in the text."""
    sandbox.faults.add(Fault(path="/v2", code=code, message="of 917406401004", status=200, times=None))
    async with capillary(sandbox, retry=ONCE) as client:
        with pytest.raises(ApiError) as raised:
            await ask(client)
    assert type(raised.value) is kind
    assert raised.value.codes == (code,)
    assert raised.value.server_message == "of 917406401004"
    assert "917406401004" not in str(raised.value)


KNOWN = Profile.by_profile_id("7001")


def account(program_id: int = 973, member: Profile = KNOWN, currency: int | str | None = None) -> AltcraftAsk:
    return lambda client: client.accounts.balance(program_id=program_id, member=member, currency=currency)


TOKENS = frozenset({"sandbox-token"})


ALTCRAFT_EARNED = [
    Case(account(program_id=-1), 400, RequestRefusedError),
    Case(account(), 401, AuthenticationError, {"altcraft_tokens": frozenset()}),
    Case(account(), 402, RateLimitedError, {"altcraft_over_tariff": TOKENS}),
    Case(account(), 403, PermissionDeniedError, {"forbidden": TOKENS}),
    Case(account(member=Profile.by_email("nobody@example.com")), 440, ApiError),
    Case(account(program_id=1), 440, ApiError),
    Case(account(currency="moons"), 440, ApiError),
    Case(account(currency=99), 440, ApiError),
    Case(account(program_id=1), 477, ApiError, {"altcraft_unknown_code": 477}),
]


@pytest.mark.parametrize("status", ["ok", "equal"])
@pytest.mark.parametrize("dialect", ["json", "xml"])
@pytest.mark.parametrize("bearer", [False, True])
@pytest.mark.parametrize("case", ALTCRAFT_EARNED, ids=str)
async def test_an_error_of_altcrafts_has_its_class(
    sandbox: Sandbox, case: Case, bearer: bool, dialect: str, status: Any
) -> None:
    """In either dialect, with HTTP status 200 or one that equals the code."""
    sandbox.settings = Settings(altcraft_error_status=status, **case.settings)
    async with altcraft(sandbox, bearer=bearer, dialect=dialect) as client:
        with pytest.raises(ApiError) as raised:
            await case.ask(client)
    assert type(raised.value) is case.kind
    assert raised.value.codes == (case.code,)
    assert raised.value.status == (200 if status == "ok" else case.code)
    assert raised.value.server_message


async def test_wrong_credentials_are_refused(sandbox: Sandbox) -> None:
    """By either vendor."""
    async with capillary(sandbox, auth=OAuth(key="sandbox-key", secret="wrong")) as client:
        with pytest.raises(AuthenticationError):
            await balance()(client)
    async with altcraft(sandbox, token="wrong") as points:
        with pytest.raises(AuthenticationError):
            await account()(points)
