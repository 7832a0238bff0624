"""getCustomerLedgerInfo through the public client, with canned answers where the network would be."""

import base64
import inspect
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import attrs
import httpx
import pytest
import respx

from loyalty_async import (
    Basic,
    CapillaryClient,
    Customer,
    DataScope,
    IncompleteLedgerError,
    InvalidArgument,
    LedgerEntry,
    LedgerEntryType,
    MalformedAnswerError,
    MemberNotFoundError,
    PointCategoryType,
    RawEntry,
    RetryPolicy,
    UserGroup,
    Verdict,
)
from loyalty_async.endpoints.ledger_info import LedgerEndpoint
from tests._support.full_answer import CANARY, full_answer
from tests._support.ledger_json import Number, differences, exact, with_unknown, written
from tests.samples import FIRST_PAGES, as_printed, entries_of, samples, settled

pytestmark = pytest.mark.anyio

HOST = "https://eu.api.example.com"
PATH = "/pointsLedger/getCustomerLedgerInfo"
MEMBER = Customer.by_id(564332013, source="INSTORE")
NOW = datetime(2025, 6, 1, tzinfo=UTC)
SINCE, UNTIL = datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 1, 31, tzinfo=UTC)
NO_ENTRIES = {"errors": [{"status": False, "code": 11003, "message": "no ledger entries"}], "warnings": []}
# Written by 0.1 for `entries(MEMBER)` after the last entry of `one_till`; it stays readable for one major version.
TOKEN_OF_1_0 = (
    "eyJ2IjoxLCJxIjoiYWI5YzRjODk5OGViNjQxMiIsInVudGlsIjoiMjAyNS0wNi0wMVQwMDowMDowMCswMDowMCIsIm"
    "1hcmsiOlsiMjAyNS0wMS0wOFQxMTowNzo1NyswMDowMCIsNjA1OTgxNjAzLDEsMSwyXX0"
)
Answering = Callable[[httpx.Request], httpx.Response]


class Canned:
    """A client whose requests are answered by a function, and counted."""

    def __init__(self, answer: bytes | Answering, **settings: Any) -> None:
        self._router = respx.MockRouter(base_url=HOST, assert_all_called=False)
        side_effect = answer if callable(answer) else lambda _: httpx.Response(200, content=answer)
        self._route = self._router.get(url__regex=rf"{HOST}/v2(\.1)?{PATH}")
        self._route.mock(side_effect=side_effect)
        transport = httpx.MockTransport(self._router.async_handler)
        self.client = CapillaryClient(
            HOST, auth=Basic("till", "password"), transport=transport, clock=lambda: NOW, **settings
        )

    @property
    def requests(self) -> list[httpx.Request]:
        return [call.request for call in self._route.calls]

    @property
    def queries(self) -> list[dict[str, str]]:
        return [dict(request.url.params) for request in self.requests]


@pytest.fixture
async def settled_ledger() -> AsyncIterator[Canned]:
    """A client that reads the sample `one_till`."""
    canned = Canned(settled("one_till"))
    async with canned.client:
        yield canned


def dates_of(body: bytes) -> list[datetime]:
    return [datetime.fromisoformat(entry["ledgerCreatedDate"]).replace(tzinfo=UTC) for entry in entries_of(body)]


def span_around(name: str) -> dict[str, Any]:
    dates = dates_of(as_printed(name))
    return {"since": min(dates), "until": max(dates) + timedelta(microseconds=1)}


def in_order(body: bytes) -> list[int]:
    """Sort the ids of an answer's entries by date, then by themselves."""
    rows = [(entry["ledgerCreatedDate"], entry["eventLogId"]) for entry in entries_of(body)]
    return [event_log_id for _, event_log_id in sorted(rows)]


# ---- Every printed answer --------------------------------------------------------------------------------------------


async def plainly(query: Any) -> list[LedgerEntry]:
    return [entry async for entry in query]


async def ahead(query: Any) -> list[LedgerEntry]:
    async with query.prefetch(ahead=2) as entries:
        return [entry async for entry in entries]


async def collected(query: Any) -> list[LedgerEntry]:
    return list(await query.collect())


each_way = pytest.mark.parametrize("read", [plainly, ahead, collected])


@pytest.mark.parametrize("name", samples())
@pytest.mark.parametrize("dated", [True, False])
@each_way
async def test_a_settled_answer_yields_its_entries_in_order_with_one_request(
    name: str, read: Callable[[Any], Any], *, dated: bool
) -> None:
    canned = Canned(settled(name))
    async with canned.client as client:
        entries = await read(client.ledger.entries(MEMBER, **(span_around(name) if dated else {})))
    assert [entry.event_log_id for entry in entries] == in_order(as_printed(name))
    assert len(canned.requests) == 1


@pytest.mark.parametrize("name", samples())
async def test_every_value_of_a_settled_answer_comes_out_of_the_client(name: str) -> None:
    async with Canned(settled(name)).client as client:
        entries = await client.ledger.entries(MEMBER, **span_around(name)).collect()
    by_id = {entry.event_log_id: entry for entry in entries}
    printed = exact(settled(name))["ledgerEntries"]
    assert differences(printed, [by_id[int(row["eventLogId"])] for row in printed]) == []
    assert entries.report.verdict is Verdict.COMPLETE
    assert entries.report.entries == len(printed)


@pytest.mark.parametrize("name", samples())
@each_way
async def test_raw_entries_are_the_same_ones_with_the_servers_text_beside_them(
    name: str, read: Callable[[Any], Any]
) -> None:
    async with Canned(settled(name)).client as client:
        plain = await client.ledger.entries(MEMBER, **span_around(name)).collect()
        raw = await read(client.ledger.entries(MEMBER, **span_around(name), raw=True))
    for entry, same in zip(raw, plain, strict=True):
        assert isinstance(entry, RawEntry)
        assert entry.raw in settled(name)
        assert int(exact(entry.raw)["eventLogId"]) == entry.event_log_id
        fields = attrs.asdict(entry, recurse=False, filter=attrs.filters.exclude("raw"))
        assert fields == attrs.asdict(same, recurse=False)
        assert "raw" not in repr(entry)


@pytest.mark.parametrize("name", samples())
async def test_the_servers_page_of_a_settled_answer_is_given_as_it_is(name: str) -> None:
    async with Canned(settled(name)).client as client:
        (page,) = [page async for page in client.ledger.entries(MEMBER, **span_around(name)).pages()]
    assert differences(exact(settled(name)), page) == []


async def test_an_entry_outside_the_span_but_within_its_second_is_left_out() -> None:
    body = settled("one_till")
    first, last = sorted(dates_of(body))
    async with Canned(body).client as client:
        entries = await client.ledger.entries(MEMBER, since=first + timedelta(microseconds=1), until=UNTIL).collect()
        none = await client.ledger.entries(MEMBER, since=first + timedelta(seconds=1), until=last).collect()
    assert [entry.created_at for entry in entries] == [last]
    assert none == []


# ---- Answers that do not hold what they count ------------------------------------------------------------------------


def the_same(body: bytes) -> Answering:
    """Answer every request with one page."""
    return lambda _: httpx.Response(200, content=body)


def the_first_only(body: bytes) -> Answering:
    """Answer with the page, and say that there is nothing behind it."""

    def answer(request: httpx.Request) -> httpx.Response:
        first = request.url.params["offset"] == "0"
        return httpx.Response(200, content=body) if first else httpx.Response(200, json=NO_ENTRIES)

    return answer


def the_same_renumbered(body: bytes) -> Answering:
    """Answer with the page under whatever number is asked for."""

    def answer(request: httpx.Request) -> httpx.Response:
        number = request.url.params["offset"].encode()
        return httpx.Response(200, content=body.replace(b'"pageNumber": 0', b'"pageNumber": ' + number))

    return answer


def as_printed_without_dates(body: bytes) -> Answering:
    """Answer honestly with the printed entries between two dates; without dates, with the page and its large total."""

    def answer(request: httpx.Request) -> httpx.Response:
        if "startDate" not in request.url.params:
            return httpx.Response(200, content=body)
        document = exact(body)
        since, until = (request.url.params[name].replace("T", " ") for name in ("startDate", "endDate"))
        rows = [row for row in document["ledgerEntries"] if since <= row["ledgerCreatedDate"][:19] <= until]
        document["ledgerEntries"] = rows
        document["ledgerDetails"] |= {"totalEntries": Number(str(len(rows))), "pageCount": Number("1")}
        return httpx.Response(200, content=written(document)) if rows else httpx.Response(200, json=NO_ENTRIES)

    return answer


@pytest.mark.parametrize("name", FIRST_PAGES)
@pytest.mark.parametrize("server", [the_same, the_first_only, the_same_renumbered])
@pytest.mark.parametrize("dated", [True, False])
@each_way
async def test_an_answer_as_printed_that_counts_more_than_it_holds_is_never_called_complete(
    name: str, server: Callable[[bytes], Answering], read: Callable[[Any], Any], *, dated: bool
) -> None:
    canned = Canned(server(as_printed(name)))
    async with canned.client as client:
        with pytest.raises(IncompleteLedgerError) as raised:
            await read(client.ledger.entries(MEMBER, **(span_around(name) if dated else {})))
    assert raised.value.reason
    assert raised.value.member == MEMBER
    assert len(canned.requests) <= 20


@pytest.mark.parametrize(
    ("name", "total"), [("first_page_of_17", 17), ("first_page_of_19", 19), ("first_page_of_34", 34)]
)
@each_way
async def test_a_total_that_the_windows_do_not_bring_is_missed(
    name: str, total: int, read: Callable[[Any], Any]
) -> None:
    canned = Canned(as_printed_without_dates(as_printed(name)))
    async with canned.client as client:
        with pytest.raises(IncompleteLedgerError, match=f"the server counts {total - 10} entries more than it served"):
            await read(client.ledger.entries(MEMBER))
    assert len(canned.requests) <= 50  # All is counted by date, three times.


async def test_an_entry_dated_outside_what_was_asked_for_proves_another_filter() -> None:
    async with Canned(settled("whole_ledger_of_10")).client as client:
        with pytest.raises(IncompleteLedgerError, match="filters by another date"):
            await client.ledger.entries(MEMBER, since=SINCE, until=UNTIL).collect()


# ---- The request -----------------------------------------------------------------------------------------------------


async def test_a_call_says_who_what_and_when_in_the_documents_words(settled_ledger: Canned) -> None:
    await settled_ledger.client.ledger.entries(MEMBER, since=SINCE, until=UNTIL).collect()
    (request,) = settled_ledger.requests
    assert request.method == "GET"
    assert request.url.path == f"/v2{PATH}"
    assert dict(request.url.params) == {
        "identifierName": "id",
        "identifierValue": "564332013",
        "source": "INSTORE",
        "offset": "0",
        "limit": "100",
        "startDate": "2024-12-31T23:59:59",
        "endDate": "2025-01-31T00:00:01",
    }


async def test_without_dates_no_date_is_sent(settled_ledger: Canned) -> None:
    await settled_ledger.client.ledger.entries(MEMBER).collect()
    (query,) = settled_ledger.queries
    assert query.keys() == {"identifierName", "identifierValue", "source", "offset", "limit"}


async def test_the_characters_of_an_identifier_arrive_as_they_are() -> None:
    canned = Canned(settled("one_till"))
    async with canned.client as client:
        member = Customer.by_email("a+b&c=d@example.com", source="INSTORE")
        await client.ledger.entries(member, since=SINCE, until=UNTIL).collect()
    assert canned.queries[0]["identifierValue"] == "a+b&c=d@example.com"
    assert b"a%2Bb%26c%3Dd" in canned.requests[0].url.raw_path


async def test_dates_are_sent_in_the_servers_zone() -> None:
    canned = Canned(settled("one_till"), server_timezone=ZoneInfo("Asia/Kolkata"))
    async with canned.client as client:
        entries = await client.ledger.entries(MEMBER, since=SINCE, until=UNTIL).collect()
    assert canned.queries[0]["startDate"] == "2025-01-01T05:29:59"
    assert canned.queries[0]["endDate"] == "2025-01-31T05:30:01"
    assert entries[0].created_at == datetime(2025, 1, 8, 5, 37, 45, tzinfo=UTC)


@pytest.mark.parametrize(
    ("filters", "sent"),
    [
        ({"till_id": 12345}, {"tillId": "12345"}),
        ({"till_ids": [12345, 67890]}, {"tillIds": "12345,67890"}),
        ({"store_id": 7}, {"storeId": "7"}),
        ({"store_code": "doc 123"}, {"storeCode": "doc 123"}),
        ({"program_id": 973}, {"programId": "973"}),
        ({"ledger_entry_type": LedgerEntryType.OPENING_BALANCE}, {"ledgerEntryType": "OPENING_BALANCE"}),
        ({"ledger_entry_type": "SIDEWAYS"}, {"ledgerEntryType": "SIDEWAYS"}),
        ({"point_category_type": PointCategoryType.TRIGGER_BASED}, {"pointCategoryType": "TRIGGER_BASED"}),
        (
            {"include_till_concept_events": True, "program_id": 1},
            {"includeTillConceptEvents": "true", "programId": "1"},
        ),
        ({"include_till_concept_events": False}, {"includeTillConceptEvents": "false"}),
        ({"include_alternate_currencies": True}, {"includeAlternateCurrencies": "true"}),
        ({"alternate_currency_names": ["Stars", "Tier-points"]}, {"alternateCurrencyNames": "Stars,Tier-points"}),
        ({"alternate_currency_names": "Stars"}, {"alternateCurrencyNames": "Stars"}),
        (
            {"alternate_currency_names": ["Stars"], "include_alternate_currencies": False},
            {"alternateCurrencyNames": "Stars", "includeAlternateCurrencies": "false"},
        ),
        (
            {"include_alternate_currencies": True, "exclude_point_categories": True},
            {"includeAlternateCurrencies": "true", "excludePointCategories": "true"},
        ),
        (
            {
                "include_alternate_currencies": True,
                "point_category_type": "REGULAR",
                "exclude_point_categories": False,
            },
            {
                "includeAlternateCurrencies": "true",
                "pointCategoryType": "REGULAR",
                "excludePointCategories": "false",
            },
        ),
        ({"include_concept_details": True}, {"includeConceptDetails": "true"}),
        ({"page_size": 5}, {"limit": "5"}),
    ],
)
async def test_a_filter_is_sent_under_its_documented_name_with_every_request(
    settled_ledger: Canned, filters: dict[str, Any], sent: dict[str, str]
) -> None:
    query = settled_ledger.client.ledger.entries(MEMBER, since=SINCE, until=UNTIL, **filters)
    await query.collect()
    without = {"identifierName", "identifierValue", "source", "offset", "limit", "startDate", "endDate"}
    for written_query in settled_ledger.queries:
        assert written_query.keys() == without | sent.keys()
        assert {name: written_query[name] for name in sent} == sent


async def test_a_group_is_asked_for_by_its_kind(settled_ledger: Canned) -> None:
    group = UserGroup.by_id(381335652, source="INSTORE")
    await settled_ledger.client.ledger.entries(group, since=SINCE, until=UNTIL).collect()
    (query,) = settled_ledger.queries
    assert (query["type"], query["identifierName"], query["identifierValue"]) == ("USERGROUP2", "id", "381335652")


async def test_an_account_is_sent_with_its_member(settled_ledger: Canned) -> None:
    member = Customer.by_id(1, source="WEB_ENGAGE", account_id=42)
    await settled_ledger.client.ledger.entries(member, since=SINCE, until=UNTIL).collect()
    assert settled_ledger.queries[0]["accountId"] == "42"


async def test_a_data_scope_turns_the_call_into_its_connected_form(settled_ledger: Canned) -> None:
    scope = DataScope("OTHER", (100737,))
    await settled_ledger.client.ledger.entries(MEMBER, since=SINCE, until=UNTIL, data_scope=scope).collect()
    (request,) = settled_ledger.requests
    assert request.url.path == f"/v2.1{PATH}"
    assert (request.headers["DATA-SCOPE"], request.headers["DATA-SCOPE-ORG"]) == ("OTHER", "100737")


async def test_nothing_is_sent_before_a_query_is_iterated_and_each_iteration_starts_afresh(
    settled_ledger: Canned,
) -> None:
    query = settled_ledger.client.ledger.entries(MEMBER, since=SINCE, until=UNTIL)
    assert settled_ledger.requests == []
    assert await plainly(query) == await plainly(query)
    assert len(settled_ledger.requests) == 2


@pytest.mark.parametrize(
    "arguments",
    [
        {"order": "desc"},
        {"max_items": 1},
        {"proof": "atomic"},
        {"settle": timedelta(0)},
        {"pages_per_part": 1},
        {"order": "desc", "max_items": 20, "proof": "atomic"},
    ],
)
async def test_how_a_walk_goes_is_not_the_servers_business(settled_ledger: Canned, arguments: dict[str, Any]) -> None:
    await settled_ledger.client.ledger.entries(MEMBER, since=SINCE, until=UNTIL).collect()
    await settled_ledger.client.ledger.entries(MEMBER, since=SINCE, until=UNTIL, **arguments).collect()
    plain, other = settled_ledger.queries
    assert other == plain


@each_way
@pytest.mark.parametrize("name", samples())
async def test_the_newest_come_first_if_asked_for(name: str, read: Callable[[Any], Any]) -> None:
    canned = Canned(settled(name))
    async with canned.client as client:
        everything = await read(client.ledger.entries(MEMBER, order="desc"))
        latest = await read(client.ledger.entries(MEMBER, order="desc", max_items=2))
        oldest = await read(client.ledger.entries(MEMBER, max_items=2))
    assert [entry.event_log_id for entry in everything] == in_order(as_printed(name))[::-1]
    assert (latest, oldest) == (everything[:2], everything[::-1][:2])
    assert len(canned.requests) == 3


@pytest.mark.parametrize("max_items", [None, 20])
@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_a_plan_knows_what_is_wanted_first_and_how_much(
    settled_ledger: Canned, order: Any, max_items: int | None
) -> None:
    terms = settled_ledger.client.ledger.entries(MEMBER, order=order, max_items=max_items, page_size=7)._terms(NOW)
    assert (terms.descending, terms.enough, terms.page_size) == (order == "desc", max_items, 7)


async def test_a_span_has_settled_an_hour_after_its_end_or_when_the_caller_says_so(settled_ledger: Canned) -> None:
    ledger = settled_ledger.client.ledger
    cases: list[tuple[dict[str, Any], datetime]] = [
        ({}, NOW - timedelta(hours=1)),
        ({"settle": timedelta(days=2)}, NOW - timedelta(days=2)),
        ({"proof": "atomic"}, datetime(1970, 1, 1, tzinfo=UTC)),
        ({"proof": "atomic", "settle": timedelta(0)}, datetime(1970, 1, 1, tzinfo=UTC)),
    ]
    for arguments, settled_before in cases:
        assert ledger.entries(MEMBER, **arguments)._terms(NOW).settled_before == settled_before


# ---- Resume tokens ---------------------------------------------------------------------------------------------------


def told(token: str) -> str:
    """Say what is in a token."""
    return base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()


MEMBERS = [
    Customer.by_mobile(CANARY, source="INSTORE"),
    Customer.by_email(f"{CANARY}@example.com", source="INSTORE", account_id=CANARY),
    Customer.by_id(CANARY, source="WEB_ENGAGE"),
    Customer.by_external_id(f"ext-{CANARY}", source="INSTORE"),
    UserGroup.by_id(CANARY, source="INSTORE"),
]


@pytest.mark.parametrize("member", MEMBERS)
async def test_a_token_holds_nothing_of_a_member_not_even_hashed(member: Any) -> None:
    """Every member has the same tokens where the events are the same."""
    async with Canned(full_answer()).client as client:
        entries = await client.ledger.entries(member).collect()
        plain = await client.ledger.entries(MEMBER).collect()
    assert entries[0].customer_id == int(f"{CANARY}1")
    assert json.loads(told(entries.resume))["mark"][1:] == [101, 1, 1, 1]
    assert CANARY not in told(entries.resume) + entries.resume
    assert entries.resume == plain.resume


@pytest.mark.parametrize("member", MEMBERS)
async def test_a_report_as_json_holds_nothing_of_a_member(member: Any) -> None:
    document = with_unknown(exact(full_answer()), "tomorrow", CANARY)
    async with Canned(written(document)).client as client:
        report = (await client.ledger.entries(member).collect()).report
    assert report.unfamiliar
    assert CANARY not in json.dumps(report.as_json())


async def test_a_token_that_was_written_down_goes_on() -> None:
    """Behind the last entry: nothing is left, and the cut-off is that of then."""
    async with Canned(as_printed_without_dates(settled("one_till"))).client as client:
        everything = await client.ledger.entries(MEMBER).collect()
        rest = await client.ledger.entries(MEMBER, resume=TOKEN_OF_1_0).collect()
    assert everything.resume == rest.resume == TOKEN_OF_1_0
    assert rest == []
    assert rest.report.until == NOW


@pytest.mark.parametrize(
    "changed",
    [
        {"since": SINCE + timedelta(seconds=1)},
        {"since": None},
        {"until": UNTIL + timedelta(seconds=1)},
        {"until": None},
        {"order": "desc"},
        {"till_id": 12345},
        {"till_ids": [1, 2]},
        {"store_id": 12345},
        {"store_code": "12345"},
        {"program_id": 1},
        {"ledger_entry_type": "CREDIT"},
        {"point_category_type": "REGULAR"},
        {"include_till_concept_events": False},
        {"include_alternate_currencies": True},
        {"include_alternate_currencies": False},
        {"alternate_currency_names": ["Stars"]},
        {"exclude_point_categories": False},
        {"include_concept_details": True},
        {"data_scope": DataScope("SELF")},
        {"data_scope": DataScope("OTHER", (1,))},
    ],
)
async def test_a_token_of_another_query_is_refused(settled_ledger: Canned, changed: dict[str, Any]) -> None:
    """In either direction."""
    ledger = settled_ledger.client.ledger
    plain: dict[str, Any] = {"since": SINCE, "until": UNTIL}
    for one, other in [(plain, plain | changed), (plain | changed, plain)]:
        token = aiter(ledger.entries(MEMBER, **one)).resume
        with pytest.raises(InvalidArgument, match=r"of another query; ask with the same since, until, order, filters"):
            ledger.entries(MEMBER, **other, resume=token)
    assert settled_ledger.requests == []


def test_every_argument_of_a_question_is_either_in_its_token_or_may_change() -> None:
    """A new one must be put here, in one list or the other."""
    parameters = inspect.signature(LedgerEndpoint.entries).parameters
    may_change = {"self", "member", "max_items", "resume", "page_size", "pages_per_part", "proof", "raw", "settle"}
    refused = {"since", "until", "order", "till_id", "till_ids", "store_id", "store_code", "program_id"}
    refused |= {"ledger_entry_type", "point_category_type", "include_till_concept_events", "data_scope"}
    refused |= {"include_alternate_currencies", "alternate_currency_names", "exclude_point_categories"}
    refused |= {"include_concept_details"}
    assert may_change | refused == set(parameters)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"page_size": 7, "pages_per_part": 2, "max_items": 1, "proof": "atomic", "settle": timedelta(0)}),
        ({"since": SINCE}, {"since": SINCE.astimezone(ZoneInfo("Asia/Kolkata"))}),
        ({"until": UNTIL}, {"until": UNTIL.astimezone(timezone(timedelta(hours=-9)))}),
        ({"till_ids": [1, 2]}, {"till_ids": ("1", 2)}),
        ({"alternate_currency_names": "Stars"}, {"alternate_currency_names": ("Stars",)}),
        ({"ledger_entry_type": LedgerEntryType.CREDIT}, {"ledger_entry_type": "CREDIT"}),
        ({"data_scope": DataScope("ALL", [1, 2])}, {"data_scope": DataScope("ALL", (1, 2))}),
    ],
)
async def test_what_asks_the_same_has_the_same_tokens(
    settled_ledger: Canned, one: dict[str, Any], other: dict[str, Any]
) -> None:
    """A caller may go on with other pages and another proof, and write the same question in another way."""
    token = aiter(settled_ledger.client.ledger.entries(MEMBER, **one)).resume
    query = settled_ledger.client.ledger.entries(MEMBER, resume=token, **other)
    assert aiter(query).resume == token


_PRINTS_A_TOKEN = """
from datetime import UTC, datetime
from loyalty_async import Basic, CapillaryClient, Customer, DataScope
now = datetime(2025, 6, 1, tzinfo=UTC)
client = CapillaryClient("https://eu.api.example.com", auth=Basic("till", "password"), clock=lambda: now)
member = Customer.by_id(7, source="INSTORE")
print(aiter(client.ledger.entries(
    member, till_ids=[1, 2], program_id=3, point_category_type="REGULAR", include_alternate_currencies=True,
    data_scope=DataScope("ALL", (1, 2)), order="desc",
)).resume)
"""


def test_tokens_are_the_same_in_every_process() -> None:
    """Whatever the seed of its hashes."""
    tokens = set()
    for seed in ("0", "1", "random"):
        surroundings = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", _PRINTS_A_TOKEN]
        tokens.add(subprocess.check_output(command, env=surroundings, timeout=30))  # noqa: S603
    assert len(tokens) == 1


# ---- Refused before anything is sent ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"till_id": 1, "till_ids": [1]}, "till_id and till_ids"),
        ({"till_id": 1, "store_id": 1}, "till_id and store_id"),
        ({"till_ids": [1], "store_code": "a"}, "till_ids and store_code"),
        ({"store_id": 1, "store_code": "a"}, "store_id and store_code"),
        ({"till_id": 1, "till_ids": [1], "store_id": 1, "store_code": "a"}, "give only one"),
        ({"include_till_concept_events": True}, "program_id"),
        ({"include_alternate_currencies": True, "alternate_currency_names": ["Stars"]}, "not both"),
        ({"exclude_point_categories": True}, "include_alternate_currencies"),
        ({"exclude_point_categories": True, "include_alternate_currencies": False}, "include_alternate_currencies"),
        ({"exclude_point_categories": True, "alternate_currency_names": ["a"]}, "include_alternate_currencies"),
        ({"till_ids": []}, "till_ids"),
        ({"till_ids": ["1,2"]}, "till_ids"),
        ({"alternate_currency_names": []}, "alternate_currency_names"),
        ({"alternate_currency_names": ["Stars", " "]}, "alternate_currency_names"),
        ({"alternate_currency_names": ["Stars,Coins"]}, "alternate_currency_names"),
        ({"since": datetime(2025, 1, 1)}, "since must be an aware datetime"),  # noqa: DTZ001
        ({"until": datetime(2025, 1, 1)}, "until must be an aware datetime"),  # noqa: DTZ001
        ({"since": "2025-01-01"}, "since must be an aware datetime"),
        ({"since": SINCE.date()}, "since must be an aware datetime"),
        ({"until": 1735689600}, "until must be an aware datetime"),
        ({"since": SINCE, "until": SINCE}, "since must lie before until"),
        ({"since": UNTIL, "until": SINCE}, "since must lie before until"),
        ({"since": datetime(1, 1, 1, tzinfo=UTC)}, "since must lie between"),
        ({"until": datetime.max.replace(tzinfo=UTC)}, "until must lie between"),
        ({"page_size": 0}, "page_size"),
        ({"page_size": -1}, "page_size"),
        ({"page_size": 101}, "page_size"),
        ({"page_size": True}, "page_size"),
        ({"page_size": 10.0}, "page_size"),
        ({"page_size": "10"}, "page_size"),
        ({"page_size": None}, "page_size"),
        ({"pages_per_part": 0}, "pages_per_part"),
        ({"pages_per_part": True}, "pages_per_part"),
        ({"settle": timedelta(seconds=-1)}, "settle"),
        ({"settle": 3600}, "settle"),
        ({"order": "newest"}, "order must be one of asc, desc"),
        ({"order": "DESC"}, "order must be one of asc, desc"),
        ({"order": None}, "order must be one of asc, desc"),
        ({"max_items": 0}, "max_items must be an integer of at least 1"),
        ({"max_items": -1}, "max_items"),
        ({"max_items": True}, "max_items"),
        ({"max_items": 20.0}, "max_items"),
        ({"max_items": "20"}, "max_items"),
        ({"proof": "none"}, "proof must be one of settled, atomic"),
        ({"proof": None}, "proof must be one of settled, atomic"),
        ({"proof": True}, "proof"),
        ({"resume": ""}, "resume is not a resume token"),
        ({"resume": "next"}, "resume is not a resume token"),
        ({"resume": 7}, "resume is not a resume token"),
        ({"resume": b"e30"}, "resume is not a resume token"),
        ({"resume": "eyJ2IjoyfQ"}, "of another version"),
        ({"resume": TOKEN_OF_1_0, "since": SINCE}, "of another query"),
    ],
)
async def test_what_cannot_be_asked_is_refused_at_once(
    settled_ledger: Canned, arguments: dict[str, Any], named: str
) -> None:
    with pytest.raises(InvalidArgument, match=named):
        settled_ledger.client.ledger.entries(MEMBER, **arguments)
    assert settled_ledger.requests == []


@pytest.mark.parametrize("member", [None, "917406401004", 564332013, {"id": 1}])
async def test_only_a_member_has_a_ledger(settled_ledger: Canned, member: Any) -> None:
    with pytest.raises(InvalidArgument, match="member must be") as raised:
        settled_ledger.client.ledger.entries(member)
    assert "917406401004" not in str(raised.value)
    assert settled_ledger.requests == []


async def test_the_page_sizes_that_the_server_takes_are_not_refused(settled_ledger: Canned) -> None:
    for page_size in (1, 100):
        settled_ledger.client.ledger.entries(MEMBER, page_size=page_size)


# ---- Other answers ---------------------------------------------------------------------------------------------------


async def test_no_entries_for_the_parameters_is_an_empty_ledger() -> None:
    canned = Canned(lambda _: httpx.Response(200, json=NO_ENTRIES))
    async with canned.client as client:
        entries = await client.ledger.entries(MEMBER, since=SINCE, until=UNTIL).collect()
    assert entries == []
    assert entries.report.verdict is Verdict.COMPLETE
    assert len(canned.requests) == 1


@pytest.mark.parametrize("status", [200, 400, 500])
async def test_a_refusal_is_an_error_whose_text_keeps_the_servers_words_to_itself(status: int) -> None:
    document = {"errors": [{"status": False, "code": 8015, "message": f"no customer {CANARY}"}], "warnings": []}
    member = Customer.by_mobile(CANARY, source="INSTORE")
    async with Canned(lambda _: httpx.Response(status, json=document)).client as client:
        with pytest.raises(MemberNotFoundError) as raised:
            await client.ledger.entries(member, since=SINCE, until=UNTIL).collect()
    error = raised.value
    assert (error.codes, error.status, error.member) == ((8015,), status, member)
    assert error.server_message == f"no customer {CANARY}"
    assert CANARY not in f"{error}{error!r}"


async def test_a_value_of_another_kind_is_an_error_that_names_its_place() -> None:
    body = settled("one_till").replace(b'"points": "10000.00"', b'"points": "NaN"', 1)
    canned = Canned(body, retry=RetryPolicy(attempts=3))
    async with canned.client as client:
        with pytest.raises(MalformedAnswerError, match="a decimal number was expected") as raised:
            await client.ledger.entries(MEMBER, since=SINCE, until=UNTIL).collect()
    assert raised.value.path == "ledgerEntries[0].entryDetails[0].points"
    assert len(canned.requests) == 1


async def test_a_cut_off_answer_is_asked_for_again() -> None:
    bodies = [settled("one_till")[:-20], settled("one_till")]
    canned = Canned(lambda _: httpx.Response(200, content=bodies.pop(0)))
    async with canned.client as client:
        entries = await client.ledger.entries(MEMBER, since=SINCE, until=UNTIL).collect()
    assert len(entries) == 2
    assert len(canned.requests) == 2


async def test_a_field_of_tomorrow_is_kept_and_told_in_the_report() -> None:
    body = written(with_unknown(exact(settled("one_till")), "tomorrow", Number("1.50")))
    async with Canned(body).client as client:
        entries = await client.ledger.entries(MEMBER, since=SINCE, until=UNTIL).collect()
    assert [str(entry.extra["tomorrow"]) for entry in entries] == ["1.50", "1.50"]
    assert entries.report.unfamiliar["tomorrow"] == 2
    assert entries.report.unfamiliar["page.paging.tomorrow"] == 1


async def test_a_warning_is_counted_in_the_report() -> None:
    document = exact(settled("one_till"))
    document["warnings"] = [{"code": Number("9018"), "message": "no such currency", "status": False}]
    async with Canned(written(document)).client as client:
        entries = await client.ledger.entries(MEMBER, since=SINCE, until=UNTIL).collect()
    assert entries.report.warnings == {9018: 1}
    assert entries.report.verdict is Verdict.COMPLETE


async def test_a_warning_of_pending_events_is_asked_about_again_and_then_told_by_the_verdict() -> None:
    document = exact(settled("one_till"))
    document["warnings"] = [{"code": Number("11002"), "message": "pending", "status": False}]
    canned = Canned(written(document), retry=RetryPolicy(attempts=3))
    async with canned.client as client:
        entries = await client.ledger.entries(MEMBER, since=SINCE, until=UNTIL).collect()
    assert len(entries) == 2
    assert entries.report.verdict is Verdict.PENDING
    assert len(canned.requests) == 3


@pytest.mark.parametrize(
    ("name", "date"),
    [
        ("one_till", "1969-12-31 23:59:59.0"),
        ("one_till", "0001-01-01 00:00:00.0"),
        ("first_page_of_19", "1969-12-31 23:59:59.0"),
        ("first_page_of_19", "0001-01-01 00:00:00.0"),
    ],
)
async def test_an_entry_dated_before_any_calendar_is_told(name: str, date: str) -> None:
    """Java's zero date; without dates, windows are planned from the oldest entry."""
    newest = max(entry["ledgerCreatedDate"] for entry in entries_of(as_printed(name)))
    canned = Canned(
        as_printed(name).replace(f'"ledgerCreatedDate": "{newest}"'.encode(), f'"ledgerCreatedDate": "{date}"'.encode())
    )
    async with canned.client as client:
        with pytest.raises((IncompleteLedgerError, MalformedAnswerError)):
            await client.ledger.entries(MEMBER).collect()
    assert len(canned.requests) <= 20
