"""Nothing that is logged, shown, raised, told to hooks or sent as telemetry in a run names a person or a secret."""

from __future__ import annotations

import base64
import hashlib
import logging
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import anyio
import pytest

from loyalty_async import Basic, CapillaryClient, Customer, Hook, LoyaltyError, OAuth, RetryPolicy, Timeouts
from loyalty_async.sandbox import TOKEN_PATH, Fault, Ledger, Sandbox, Settings, serving
from tests._support.telemetry import Recorder
from tests.transport.engines import on_each_engine
from tests.transport.servers import saying

pytestmark = [pytest.mark.anyio, pytest.mark.real_time]

NOW = datetime(2025, 6, 15, tzinfo=UTC)
SINCE = NOW - timedelta(days=80)
MOBILE, EMAIL, EXTERNAL, USER_ID = "919876501234", "Canary+Bird@example.com", "EXT-CANARY-77", 987_650_123
NOT_THERE = "910000999888"
KEY, SECRET = "canary-key-55", "canary-secret-66"
TILL, PASSWORD = "canary.till", "canary-passw0rd"
NAMES = ("Wilhelmina", "Featherstonehaugh")

CANARIES = (
    MOBILE,
    EMAIL,
    EMAIL.replace("+", "%2B").replace("@", "%40"),
    "Canary",
    EXTERNAL,
    str(USER_ID),
    NOT_THERE,
    *NAMES,
    KEY,
    SECRET,
    TILL,
    PASSWORD,
    hashlib.md5(PASSWORD.encode()).hexdigest(),  # noqa: S324 - as the vendor wants it
    base64.b64encode(f"{TILL}:".encode()).decode()[:14],
)

FAULTS = {
    "none": None,
    "429": Fault(status=429, headers={"Retry-After": "0"}, times=2, message=f"slow down, {MOBILE}"),
    "429 for ever": Fault(status=429, headers={"Retry-After": "9999"}, times=None),
    "503": Fault(status=503, times=2),
    "401": Fault(code=401, status=401, message=f"bad token of {KEY}", times=1),
    "401 for ever": Fault(code=401, status=401, message=f"bad token of {KEY}", times=None),
    "no token": Fault(path=TOKEN_PATH, code=401, status=401, message=f"{KEY} {SECRET}", times=None),
    "a strange token": Fault(path=TOKEN_PATH, patch={"data": {"accessToken": f"{SECRET}\nX"}}, times=None),
    "cut off": Fault(damage="truncated", times=None),
    "HTML": Fault(body=f"<html>{MOBILE} {NAMES[0]}</html>", times=None),
    "a redirect": Fault(status=302, headers={"Location": f"/login?identifierValue={MOBILE}"}, times=None),
    "unknown member": Fault(code=8015, message=f"Customer {MOBILE} ({EMAIL}) not found", times=None),
    "unknown code": Fault(code=987_654, message=f"{NAMES[0]} {NAMES[1]} is odd", times=None),
    "a wrong value": Fault(damage="wrong_types", times=None),
    "a wrong name": Fault(patch={"customerDetails": {"firstName": {"value": NAMES[0]}}}, times=None),
    "a wrong list": Fault(patch={"ledgerEntries": [{"eventLogId": MOBILE, "eventName": [NAMES[0]]}]}, times=None),
    "a wrong total": Fault(patch={"ledgerDetails": {"totalEntries": 4711}}, times=None),
    "a new field": Fault(patch={"newField": NAMES[0], "ledgerDetails": {"who": MOBILE}}, times=None),
    "a warning": Fault(warning=9018, message=f"about {NAMES[0]}", times=None),
    "a pending warning": Fault(warning=11002, message=f"about {MOBILE}", times=None),
    "too late": Fault(delay_s=0.3, times=None),
}

MEMBERS = {
    "mobile": Customer.by_mobile(MOBILE, source="INSTORE"),
    "email": Customer.by_email(EMAIL, source="INSTORE"),
    "external id": Customer.by_external_id(EXTERNAL, source="INSTORE", account_id="canary-key-55-account"),
    "id": Customer.by_id(USER_ID, source="INSTORE"),
    "nobody": Customer.by_mobile(NOT_THERE, source="INSTORE"),
}


class Everything(logging.Handler):
    """Keeps every record of every logger as it would be printed, traceback and arguments included."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.said: list[str] = []
        self.loggers: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        self.loggers.add(record.name)
        self.said.append(f"{self.format(record)} {record.args!r} {record.__dict__!r}")


@pytest.fixture
def log() -> Iterator[Everything]:
    """Set every logger that there is to DEBUG, and listen to all of them."""
    handler, root = Everything(), logging.getLogger()
    known = [logger for logger in logging.Logger.manager.loggerDict.values() if isinstance(logger, logging.Logger)]
    before = [(logger, logger.level) for logger in (root, *known)]
    for logger, _ in before:
        logger.setLevel(logging.DEBUG)
    root.addHandler(handler)
    yield handler
    root.removeHandler(handler)
    for logger, level in before:
        logger.setLevel(level)


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Sandbox, str]]:
    """One server for all tests: to start and stop it takes longer than a test."""
    ledger = Ledger()
    first, last = NAMES
    owner = ledger.add_member(
        user_id=USER_ID, mobile=MOBILE, email=EMAIL, external_id=EXTERNAL, first_name=first, last_name=last
    )
    for days in range(70):
        ledger.add_entry(
            owner.user_id, created_at=SINCE + timedelta(days=days, hours=1), event_details={"reason": f"for {first}"}
        )
    sandbox = Sandbox(ledger, Settings(tills={TILL: PASSWORD}, clients={KEY: SECRET}))
    with serving(sandbox) as url:
        yield sandbox, url


@pytest.fixture
def sandbox(server: tuple[Sandbox, str]) -> Sandbox:
    server[0].reset()
    return server[0]


@pytest.fixture
def url(server: tuple[Sandbox, str]) -> str:
    return server[1]


def client_of(url: str, **options: Any) -> CapillaryClient:
    # Nothing here is encrypted, and to load the certificates that are trusted takes longer than a test.
    return CapillaryClient(url, verify=False, clock=lambda: NOW, **options)


class Witness:
    """Collects whatever a user could print, and whatever hooks are told and telemetry sends."""

    def __init__(self) -> None:
        self.saw: list[str] = []
        self.recorder = Recorder()
        self.hooks: list[Hook] = [self.see, self.recorder.hook]

    def see(self, *things: object) -> None:
        for thing in things:
            self.saw += {repr(thing), str(thing)}

    def hear(self, error: BaseException) -> None:
        """Take an error and everything that it is chained to, printed the way that a log would print it."""
        self.see(error, error.args)
        self.saw += traceback.format_exception(error)

    def testimony(self) -> list[str]:
        """Give all of it."""
        return [*self.saw, *self.recorder.written()]


async def look_at_everything(client: CapillaryClient, member: Customer, witness: Witness) -> None:
    """Read a ledger in every way and look at each object on the way."""
    query = client.ledger.entries(member, since=SINCE, page_size=25)
    witness.see(client, client.ledger, member, query, client.stats())

    async def plainly() -> None:
        stream = aiter(query)
        try:
            async for entry in stream:
                witness.see(entry, *entry.entry_details, entry.event_details, entry.transaction_details)
        finally:
            witness.see(stream, stream.report)

    async def ahead() -> None:
        async with query.prefetch(ahead=3) as stream:
            witness.see(stream, stream.report)
            witness.see(*[entry async for entry in stream][:3], stream)

    async def at_once() -> None:
        entries = await query.collect()
        witness.see(entries, entries.report)

    async def by_page() -> None:
        async for page in query.pages():
            witness.see(page, page.owner, page.paging, *page.warnings)

    for reading in (plainly, ahead, at_once, by_page):
        try:
            await reading()
        except LoyaltyError as error:
            witness.hear(error)


def assert_no_canary(texts: list[str], *more: str) -> None:
    whole = "\n".join(texts)
    for canary in (*CANARIES, *more):
        at = whole.find(canary)
        assert at < 0, f"{canary} in …{whole[max(0, at - 300) : at + 100]}…"


@on_each_engine
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_a_whole_run_names_nobody(
    engine_name: Literal["httpx", "aiohttp"], fault: Fault | None, sandbox: Sandbox, url: str, log: Everything
) -> None:
    witness, auth = Witness(), OAuth(key=KEY, secret=SECRET)
    if fault is not None:
        sandbox.faults.add(fault)
    retry = RetryPolicy(attempts=2, first_delay_s=0.001)
    timeouts = Timeouts(read=0.03) if fault and fault.delay_s else None
    hooks = witness.hooks
    async with client_of(url, auth=auth, retry=retry, timeouts=timeouts, engine=engine_name, hooks=hooks) as client:
        witness.recorder.hook.observe(client)
        await look_at_everything(client, MEMBERS["mobile"], witness)
        await look_at_everything(client, MEMBERS["nobody"], witness)
    witness.see(client, auth)
    tokens = list(sandbox.tokens._live)
    assert tokens or (fault and fault.path == TOKEN_PATH)
    assert engine_name == "aiohttp" or {"httpcore.http11", "httpcore.connection"} <= log.loggers
    assert len(witness.saw) > 30
    assert len(witness.recorder.spans()) == sum(traffic.requests for traffic in client.stats().traffic)
    assert_no_canary(log.said, *tokens)
    assert_no_canary(witness.testimony(), *tokens)


@pytest.mark.parametrize("member", MEMBERS.values(), ids=MEMBERS)
@pytest.mark.usefixtures("sandbox")
async def test_no_identifier_shows_however_it_is_written(member: Customer, url: str, log: Everything) -> None:
    witness, auth = Witness(), Basic(TILL, PASSWORD)
    async with client_of(url, auth=auth, hooks=witness.hooks) as client:
        await look_at_everything(client, member, witness)
    witness.see(client, auth)
    assert_no_canary(log.said)
    assert_no_canary(witness.testimony())


async def test_a_server_that_is_not_there_learns_of_nobody(log: Everything) -> None:
    witness = Witness()
    with saying(b"") as gone:
        pass
    retry = RetryPolicy(attempts=2, first_delay_s=0.001)
    auth = OAuth(key=KEY, secret=SECRET)
    async with client_of(gone.url, auth=auth, retry=retry, hooks=witness.hooks) as client:
        await look_at_everything(client, MEMBERS["mobile"], witness)
    assert any("ConnectError" in text for text in witness.saw)
    assert_no_canary(log.said)
    assert_no_canary(witness.testimony())


async def test_a_run_that_is_cancelled_names_nobody(sandbox: Sandbox, url: str, log: Everything) -> None:
    witness = Witness()
    sandbox.faults.add(Fault(delay_s=0.5, times=None))
    async with client_of(url, auth=Basic(TILL, PASSWORD), hooks=witness.hooks) as client:
        try:
            with anyio.fail_after(0.1):
                await client.ledger.entries(MEMBERS["mobile"], since=SINCE).collect()
        except TimeoutError as error:
            witness.hear(error)
    assert witness.saw
    assert_no_canary(log.said)
    assert_no_canary(witness.testimony())


async def test_what_is_kept_from_texts_is_there_as_attributes(sandbox: Sandbox, url: str) -> None:
    message = f"Customer {MOBILE} not found"
    sandbox.faults.add(Fault(code=8015, message=message, times=None))
    async with client_of(url, auth=Basic(TILL, PASSWORD)) as client:
        with pytest.raises(LoyaltyError) as caught:
            await client.ledger.entries(MEMBERS["mobile"], since=SINCE).collect()
    error: Any = caught.value
    assert (error.server_message, error.member) == (message, MEMBERS["mobile"])
    assert error.member.identifier_value == MOBILE


async def test_a_canary_is_found_where_there_is_one(log: Everything) -> None:
    """The net itself: a leak in a log, a repr, a chained cause or a span would be caught."""
    logging.getLogger("some.library").debug("asked for %s", MOBILE)
    with pytest.raises(AssertionError, match=MOBILE):
        assert_no_canary(log.said)
    error, witness = LoyaltyError("clean"), Witness()
    error.__cause__ = KeyError(SECRET)
    witness.hear(error)
    with pytest.raises(AssertionError, match=SECRET):
        assert_no_canary(witness.testimony())
    witness = Witness()
    witness.recorder.tracer.start_span(EMAIL).end()
    with pytest.raises(AssertionError, match="Canary"):
        assert_no_canary(witness.testimony())
