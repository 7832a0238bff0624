"""Servers that are wrong on purpose: each is seen through or told by name, after a bounded number of requests.

Nothing that such a server does may end in a walk that calls itself complete and is not.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import product

import attrs
import pytest

from loyalty_async.errors import IncompleteLedgerError
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.reports import Verdict
from loyalty_async.streams.entries import EntryStream
from tests._support.fetching import MEMBER, Fetch, drain, ids, opened, query, rest
from tests._support.ledger_server import (
    ClampsMoreAndMore,
    CountsAndServesNone,
    CountsGhosts,
    CountsUp,
    EndsEarly,
    Exaggerates,
    FiltersByAnotherDate,
    IgnoresOffset,
    LedgerServer,
    MiscountsPages,
    MisnamesPages,
    Order,
    RepeatsAcrossPages,
    ServesAll,
    entries_at,
    newest_first,
    oldest_first,
)
from tests._support.readings import LONG_AGO, terms
from tests._support.scenes import Direction
from tests._support.walks import NOON, SECOND

pytestmark = pytest.mark.anyio

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
NOW = NOON + 40 * DAY
GHOST = NOON + 3 * DAY
MOST_REQUESTS = 500 + 10 * (3 + 1)
"""What a walk's patience allows for in a row; no ledger below has parts between which it begins anew for long."""

SETTLED = "settled"
UNSERVED = "the server counts pages that it does not serve"
COUNTS_MORE = "the server counts N entries more than it served"
ANOTHER_NUMBER = "the server served another number of entries than it counted"
ANOTHER_PAGE = "the server answered with another page than the one asked for"
PAGE_COUNT = "the server's page count does not fit its total"
TWICE = "an entry stands on two pages"
ANOTHER_DATE = "the server filters by another date than ledgerCreatedDate, or its clock is not in server_timezone"
TOO_MANY = "a span too short to be split holds more than N pages"
NONE = "the server counts entries and serves none"


@attrs.frozen
class Broken:
    """A kind of broken server.

    Attributes:
        server: Makes one, of a ledger and an order.
        outcomes: How a walk may end.
        requests: After how many requests at most.
    """

    server: Callable[..., LedgerServer]
    outcomes: set[str]
    requests: int = MOST_REQUESTS


def wrong(kind: type[LedgerServer], **how: object) -> Callable[..., LedgerServer]:
    def make(ledger: list[LedgerEntry], order: Order) -> LedgerServer:
        return kind(ledger=ledger, order=order, **how)  # type: ignore[arg-type]

    return make


SERVERS = {
    "ignores offset and echoes it": Broken(
        wrong(IgnoresOffset, echoes=True), {SETTLED, COUNTS_MORE, ANOTHER_NUMBER}, 200
    ),
    "serves page 0 for ever": Broken(wrong(IgnoresOffset, echoes=False), {SETTLED, COUNTS_MORE, ANOTHER_PAGE}, 200),
    "a total that grows with each call": Broken(wrong(CountsUp), {UNSERVED, ANOTHER_NUMBER}),
    "a ghost that is counted": Broken(wrong(CountsGhosts, ghost=GHOST), {UNSERVED, ANOTHER_NUMBER}, 200),
    "a ghost that only the whole counts": Broken(
        wrong(CountsGhosts, ghost=GHOST, only_beyond=2 * DAY), {UNSERVED, COUNTS_MORE}, 100
    ),
    "entries that stand on two pages": Broken(wrong(RepeatsAcrossPages), {SETTLED, COUNTS_MORE, TWICE}, 200),
    "another date, by days": Broken(wrong(FiltersByAnotherDate, earlier=3 * DAY), {ANOTHER_DATE, COUNTS_MORE}, 50),
    "no look at dates": Broken(wrong(ServesAll), {ANOTHER_DATE}, 50),
    "page numbers from one": Broken(wrong(MisnamesPages), {ANOTHER_PAGE}, 200),
    "one page, it says": Broken(wrong(MiscountsPages, pages=1), {SETTLED, COUNTS_MORE, PAGE_COUNT}, 100),
    "no pages, it says": Broken(wrong(MiscountsPages, pages=0), {SETTLED, COUNTS_MORE, PAGE_COUNT}, 100),
    "a page more than there is": Broken(wrong(MiscountsPages, more=1), {UNSERVED, PAGE_COUNT}, 150),
    "smaller and smaller pages": Broken(wrong(ClampsMoreAndMore, most=10), {SETTLED}),
    "11003 for page 1 for ever": Broken(wrong(EndsEarly), {SETTLED, UNSERVED, ANOTHER_NUMBER}, 150),
    "very many entries, it says": Broken(wrong(Exaggerates), {TOO_MANY, UNSERVED}, 300),
    "a total and no entries": Broken(wrong(CountsAndServesNone), {ANOTHER_NUMBER, NONE}, 100),
}

DIRECTIONS: tuple[Direction, ...] = ("asc", "desc")
SPREAD = [NOON + number * 6 * HOUR for number in range(60)]
BURST = [*SPREAD[:20], *[NOON + 6 * DAY + SECOND / 2] * 25, *SPREAD[30:]]


@attrs.frozen(kw_only=True)
class Way:
    """How a broken server is asked."""

    moments: list[datetime]
    serves: Order
    order: Direction
    dated: bool
    atomic: bool
    ahead: int | None


WAYS = [
    Way(moments=moments, serves=serves, order=order, dated=dated, atomic=atomic, ahead=ahead)
    for moments, serves, order, dated, atomic, ahead in product(
        [SPREAD, BURST], [newest_first, oldest_first], DIRECTIONS, [True, False], [True, False], [None, 3]
    )
]


async def outcome_of(fetch: Fetch, way: Way) -> str:
    """Walk, and say how it ended; what came before is right and in order."""
    since, until = NOON + 2 * DAY, NOON + 10 * DAY
    under = terms(settled_before=LONG_AGO if way.atomic else NOW - HOUR, page_size=10)
    expected = [row for row in entries_at(way.moments) if not way.dated or since <= row.created_at < until]
    expected = expected if way.order == "asc" else expected[::-1]
    came: list[LedgerEntry] = []
    question = query(
        fetch,
        now=NOW,
        under=under,
        order=way.order,
        since=since if way.dated else None,
        until=until if way.dated else None,
    )
    async with opened(question, way.ahead) as stream:
        error = await failed(stream, came)
    if way.dated:
        assert ids(came) == ids(expected)[: len(came)]
    else:  # Where a history begins such a server may hide; then its total tells.
        assert ids(came) == [one for one in ids(expected) if one in ids(came)]
    if error is None:
        assert (stream.report.verdict, len(came)) == (Verdict.COMPLETE, len(expected))
        return SETTLED
    assert (stream.report.verdict, error.member, error.resume) == (Verdict.FAILED, MEMBER, stream.resume)
    return re.sub(r"\d+", "N", error.reason)


async def failed(stream: EntryStream, came: list[LedgerEntry]) -> IncompleteLedgerError | None:
    """Note what comes; give the error that ends it, if one does."""
    try:
        await drain(stream, came)
    except IncompleteLedgerError as error:
        return error
    return None


@pytest.mark.parametrize("name", SERVERS)
async def test_a_broken_server_is_seen_through_or_named(name: str) -> None:
    """Whichever way it is asked; and of all outcomes that are allowed each comes about."""
    broken, outcomes = SERVERS[name], set()
    for way in WAYS:
        fetch = Fetch(broken.server(entries_at(way.moments), way.serves))
        outcome = await outcome_of(fetch, way)
        assert outcome in broken.outcomes, way
        assert fetch.calls <= broken.requests, way
        outcomes.add(outcome)
    assert outcomes == broken.outcomes


@pytest.mark.parametrize("name", ["ignores offset and echoes it", "serves page 0 for ever"])
@pytest.mark.parametrize("ahead", [None, 3])
async def test_a_server_that_serves_only_first_pages_is_read_all_the_same(name: str, ahead: int | None) -> None:
    """Where no second holds more than a page: each span is cut until one page is all of it."""
    for serves, atomic in product([newest_first, oldest_first], [False, True]):
        way = Way(moments=SPREAD, serves=serves, order="asc", dated=True, atomic=atomic, ahead=ahead)
        assert await outcome_of(Fetch(SERVERS[name].server(entries_at(SPREAD), serves)), way) == SETTLED


@pytest.mark.parametrize("ahead", [None, 3])
async def test_what_came_before_a_broken_second_is_proved(ahead: int | None) -> None:
    """All that is older than the second of three pages comes, in order; the error names it, or its neighbour."""
    fetch = Fetch(IgnoresOffset(ledger=entries_at(BURST), echoes=True))
    under = terms(settled_before=LONG_AGO, page_size=10)
    came: list[LedgerEntry] = []
    async with opened(query(fetch, since=NOON, until=NOON + 20 * DAY, now=NOW, under=under), ahead) as stream:
        error = await failed(stream, came)
    assert ids(came) == list(range(1, 21))
    assert error is not None
    assert error.reason == ANOTHER_NUMBER
    assert error.since is not None
    assert error.until is not None
    assert error.since - SECOND <= NOON + 6 * DAY + SECOND / 2 < error.until + SECOND
    assert error.until - error.since <= 5 * SECOND


async def test_a_walk_goes_on_once_a_broken_server_is_mended() -> None:
    """By the error's resume point: the rest comes exactly once."""
    fetch = Fetch(IgnoresOffset(ledger=entries_at(BURST), echoes=True))
    under = terms(settled_before=LONG_AGO, page_size=10)
    stream = aiter(query(fetch, since=NOON, until=NOON + 20 * DAY, now=NOW, under=under))
    came: list[LedgerEntry] = []
    error = await failed(stream, came)
    assert error is not None
    mended = Fetch(LedgerServer(ledger=entries_at(BURST)))
    further = query(mended, since=NOON, until=NOON + 20 * DAY, now=NOW, under=under, resume=error.resume)
    came += await rest(aiter(further))
    assert ids(came) == list(range(1, len(BURST) + 1))
