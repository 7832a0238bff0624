"""The real client against a sandbox that is wrong on purpose: told by name, or seen through, in bounded time."""

import re
from typing import Any

import pytest

from loyalty_async import IncompleteLedgerError, LedgerEntry
from loyalty_async.sandbox import LEDGER_INFO_PATH, Fault, Ledger, Sandbox, Settings
from tests._support.fetching import drain, ids, opened
from tests.sandbox.clients import NOW, capillary, customer, seeded_ledger

pytestmark = pytest.mark.anyio

COMPLETE = "complete"
COUNTS_MORE = "the server counts N entries more than it served"
ANOTHER_NUMBER = "the server served another number of entries than it counted"
ANOTHER_DATE = "the server filters by another date than ledgerCreatedDate, or its clock is not in server_timezone"
ANOTHER_PAGE = "the server answered with another page than the one asked for"
PAGE_COUNT = "the server's page count does not fit its total"
UNSERVED = "the server counts pages that it does not serve"

MOST_REQUESTS = 300
ways = pytest.mark.parametrize(
    ("order", "proof", "ahead"),
    [("asc", "settled", None), ("desc", "settled", 3), ("asc", "atomic", 3), ("desc", "atomic", None)],
)
dated_or_not = pytest.mark.parametrize("dated", [True, False])


@pytest.fixture(scope="module")
def seeded() -> Ledger:
    return seeded_ledger()


async def outcome_of(sandbox: Sandbox, ahead: int | None, *, dated: bool, **options: Any) -> tuple[list[int], str]:
    """Walk over the first member's ledger; give the ids that came, and the verdict or the reason of the error."""
    member = sandbox.ledger.members[0]
    options["since"] = sandbox.ledger.entries(member.user_id)[0].created_at if dated else None
    taken: list[LedgerEntry] = []
    async with capillary(sandbox, clock=lambda: NOW) as client:
        query = client.ledger.entries(customer(member), page_size=10, **options)
        async with opened(query, ahead) as stream:
            try:
                await drain(stream, taken)
            except IncompleteLedgerError as error:
                outcome = re.sub(r"\d+", "N", error.reason)
            else:
                outcome = stream.report.verdict.value
    assert sum(sandbox.stats.by_path()[LEDGER_INFO_PATH].values()) <= MOST_REQUESTS
    return ids(taken), outcome


def all_of(ledger: Ledger, order: str) -> list[int]:
    rows = [entry.event_log_id for entry in ledger.entries(ledger.members[0].user_id)]
    return rows if order == "asc" else rows[::-1]


def always(**what: Any) -> Fault:
    return Fault(times=None, **what)


def paging(**fields: int) -> Fault:
    return always(patch={"ledgerDetails": fields})


BROKEN: dict[str, tuple[Settings, list[Fault], set[str]]] = {
    "ignores offset": (Settings(), [always(query={"offset": "0"})], {COMPLETE, COUNTS_MORE}),
    "counts one too many": (Settings(miscount=1), [], {ANOTHER_NUMBER, UNSERVED}),
    "counts one too few": (Settings(miscount=-1), [], {ANOTHER_NUMBER}),
    "filters by the date of the event": (Settings(filters_by="event"), [], {COMPLETE, ANOTHER_DATE}),
    "page numbers that are wrong": (Settings(), [paging(pageNumber=7)], {ANOTHER_PAGE}),
    "one page, it says": (Settings(), [paging(pageCount=1)], {COMPLETE, COUNTS_MORE}),
    "a page count that lies": (Settings(), [paging(pageCount=3)], {PAGE_COUNT, UNSERVED, COUNTS_MORE}),
    "a total that is far too large": (Settings(), [paging(totalEntries=10**9)], {PAGE_COUNT}),
    "11003 for page 1": (Settings(), [always(code=11003, where={"offset": "1"})], {COMPLETE, UNSERVED}),
}


@dated_or_not
@ways
@pytest.mark.parametrize("name", BROKEN)
async def test_a_broken_sandbox_is_seen_through_or_named(
    seeded: Ledger, name: str, order: str, proof: str, ahead: int | None, *, dated: bool
) -> None:
    """A walk that calls itself complete has brought everything."""
    behaviour, faults, outcomes = BROKEN[name]
    sandbox = Sandbox(seeded.copy(), behaviour, faults=faults, now=lambda: NOW)
    came, outcome = await outcome_of(sandbox, ahead, dated=dated, order=order, proof=proof)
    assert outcome in outcomes
    if outcome == COMPLETE:
        assert came == all_of(sandbox.ledger, order)
    assert len(came) == len(set(came))
