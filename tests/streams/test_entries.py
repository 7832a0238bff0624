"""A stream loses and doubles nothing, whatever cuts its waits short, and ends once."""

import asyncio
import contextlib
import itertools
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Literal

import anyio
import attrs
import pytest

from loyalty_async.errors import ClientStateError, ConnectionFailedError, IncompleteLedgerError, InvalidArgument
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.reports import Verdict
from loyalty_async.models.spans import Span
from loyalty_async.planning.jobs import PageRequest
from loyalty_async.planning.orders import in_order
from loyalty_async.planning.resumes import Mark, ResumePoint
from loyalty_async.streams.entries import EntryStream
from loyalty_async.streams.queries import EntryQuery
from tests._support.fetching import MEMBER, Fetch, after, drain, ids, opened, query, randomly, rest
from tests._support.ledger_server import CountsGhosts, Deletes, LedgerServer, entries_at, entry
from tests._support.readings import FAR_AHEAD, LONG_AGO, terms
from tests._support.virtual_clock import VirtualTimeLoop
from tests._support.walks import MICROSECOND, NOON, SECOND

pytestmark = pytest.mark.anyio

DAY = timedelta(days=1)
NOW = NOON + 800 * DAY
UNTIL = NOON + 200 * DAY
EXPECTED = [number for number in range(1, 61) if number != 2]

on_asyncio = pytest.mark.parametrize("anyio_backend", [("asyncio", {"loop_factory": VirtualTimeLoop})])
both = pytest.mark.parametrize("ahead", [None, 0, 3])


def eventful() -> Fetch:
    """Three minutes: pages to be split, a second of three pages, a deletion and so a total to be confirmed."""
    even = [NOON + number * 2 * SECOND for number in range(30)]
    burst = [NOON + 100 * SECOND] * 25
    late = [NOON + (170 + number) * SECOND for number in range(5)]
    return Fetch(Deletes(ledger=entries_at([*even, *burst, *late]), most=10, number=2))


def question(fetch: Fetch) -> EntryQuery:
    under = terms(settled_before=LONG_AGO, window=60 * SECOND)
    return query(fetch, since=NOON, until=NOON + 180 * SECOND, now=NOW, under=under)


async def calls_of(ahead: int | None) -> int:
    """Count the requests of an undisturbed walk."""
    fetch = eventful()
    async with opened(question(fetch), ahead) as stream:
        assert ids(await rest(stream)) == EXPECTED
    assert stream.report.verdict is Verdict.COMPLETE
    assert any(fetch.server.requests.count(request) == 2 for request in fetch.server.requests)
    return fetch.calls


# ---- Waits that are cut short ----------------------------------------------------------------------------------------


async def test_a_plain_wait_may_be_cancelled_at_every_request() -> None:
    """Hung at each in turn, then taken up again."""
    for number in range(1, await calls_of(None) + 1):
        fetch = eventful()
        fetch.hangs = {number}
        stream = aiter(question(fetch))
        taken: list[LedgerEntry] = []
        with anyio.move_on_after(1000) as scope:
            await drain(stream, taken)
        assert scope.cancelled_caught
        assert fetch.running == 0
        assert (stream.report.verdict, stream.report.entries) == (Verdict.PARTIAL, len(taken))
        await drain(stream, taken)
        assert ids(taken) == EXPECTED
        assert (stream.report.verdict, stream.report.entries) == (Verdict.COMPLETE, len(taken))


@pytest.mark.parametrize("ahead", [0, 3])
async def test_a_prefetching_wait_may_be_cancelled_at_every_request(ahead: int) -> None:
    """What it waited for goes on meanwhile; a total that is being confirmed is asked for again."""
    for number in range(1, await calls_of(ahead) + 1):
        fetch = eventful()
        calls = 0

        def latency(_: PageRequest, number: int = number) -> float:
            nonlocal calls
            calls += 1
            return 500.0 if calls == number else 1.0

        fetch.latency = latency
        taken: list[LedgerEntry] = []
        cancelled = 0
        async with opened(question(fetch), ahead) as stream:
            over = False
            while not over:
                with anyio.move_on_after(100) as scope:
                    await drain(stream, taken)
                    over = True
                cancelled += scope.cancelled_caught
        assert cancelled
        assert ids(taken) == EXPECTED
        assert (fetch.running, stream.report.verdict, stream.report.entries) == (0, Verdict.COMPLETE, len(taken))


async def test_a_total_is_confirmed_though_the_first_wait_for_it_was_cancelled() -> None:
    """The last request of the walk is the one that shows that something is missing."""

    def lying() -> Fetch:
        hourly = [NOON + number * timedelta(hours=1) for number in range(25)]
        return Fetch(CountsGhosts(ledger=entries_at(hourly), most=10, ghost=NOON, only_beyond=10 * DAY))

    def walk(fetch: Fetch) -> EntryStream:
        return aiter(query(fetch, since=NOON, until=NOON + 80 * DAY, now=NOW, under=terms(settled_before=LONG_AGO)))

    undisturbed = lying()
    with pytest.raises(IncompleteLedgerError):
        await rest(walk(undisturbed))
    fetch = lying()
    fetch.hangs = {undisturbed.calls}
    stream = walk(fetch)
    with anyio.move_on_after(1000) as scope:
        await rest(stream)
    assert scope.cancelled_caught
    with pytest.raises(IncompleteLedgerError):
        await rest(stream)
    assert fetch.calls == undisturbed.calls + 1


@both
@pytest.mark.parametrize("seed", range(5))
async def test_waits_cut_short_at_any_time_lose_nothing(ahead: int | None, seed: int) -> None:
    fetch = eventful()
    fetch.latency = randomly(seed)
    taken: list[LedgerEntry] = []
    patience = 0.0
    async with opened(question(fetch), ahead) as stream:
        over = False
        while not over:
            # A plain wait begins its span anew: it must be given longer and longer.
            patience = 0.05 + (1.1 * patience if ahead is None else 0)
            with anyio.move_on_after(patience):
                try:
                    taken.append(await anext(stream))
                except StopAsyncIteration:
                    over = True
                patience = 0.0
    assert ids(taken) == EXPECTED
    assert stream.report.verdict is Verdict.COMPLETE


@on_asyncio
@both
@pytest.mark.parametrize("turns", range(5))
async def test_native_cancels_at_the_moment_of_each_answer_lose_nothing(ahead: int | None, turns: int) -> None:
    """The consumer's task is cancelled some turns of the loop after each answer."""
    loop = asyncio.get_running_loop()
    fetch = eventful()
    consumer: asyncio.Task[None] | None = None
    seen: set[str] = set()

    def cancel(left: int) -> None:
        if left:
            loop.call_soon(cancel, left - 1)
        elif consumer is not None:
            consumer.cancel()

    def latency(_: PageRequest) -> float:
        # Once for each request that is new, so that it ends.
        known = len(set(map(str, fetch.server.requests)))
        if known > len(seen):
            seen.update(map(str, fetch.server.requests))
            loop.call_later(1.0, cancel, turns)
        return 1.0

    fetch.latency = latency
    taken: list[LedgerEntry] = []
    cancelled = 0
    async with opened(question(fetch), ahead) as stream:
        while True:
            consumer = asyncio.create_task(drain(stream, taken))
            await asyncio.wait([consumer])
            if not consumer.cancelled():
                consumer.result()
                break
            cancelled += 1
    assert cancelled
    assert ids(taken) == EXPECTED


# ---- Two consumers ---------------------------------------------------------------------------------------------------


@both
async def test_two_consumers_at_once_are_refused(ahead: int | None) -> None:
    """The first goes on undisturbed."""
    taken: list[LedgerEntry] = []

    async def consume(stream: EntryStream) -> None:
        taken.extend([row async for row in stream])

    async with opened(question(eventful()), ahead) as stream, anyio.create_task_group() as tasks:
        tasks.start_soon(consume, stream)
        await anyio.sleep(0.5)
        with pytest.raises(ClientStateError, match="two tasks"):
            await anext(stream)
    assert ids(taken) == EXPECTED
    assert stream.report.verdict is Verdict.COMPLETE


@both
async def test_two_consumers_one_after_the_other_share_the_entries(ahead: int | None) -> None:
    taken: list[LedgerEntry] = []

    async def consume(stream: EntryStream, many: int) -> None:
        taken.extend([await anext(stream) for _ in range(many)])

    async with opened(question(eventful()), ahead) as stream:
        for many in (1, 20, 38):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(consume, stream, many)
        assert await anext(stream, None) is None
    assert ids(taken) == EXPECTED


# ---- Ends ------------------------------------------------------------------------------------------------------------


@both
async def test_an_end_stays_an_end(ahead: int | None) -> None:
    fetch = eventful()
    async with opened(question(fetch), ahead) as stream:
        await rest(stream)
        calls = fetch.calls
        assert [await anext(stream, None) for _ in range(3)] == [None] * 3
        assert fetch.calls == calls


@both
async def test_an_error_is_sticky_and_follows_what_is_proved(ahead: int | None) -> None:
    """All entries of the spans before it are handed out first."""
    error = ConnectionFailedError("no line")
    fetch = Fetch(
        LedgerServer(ledger=entries_at([NOON + number * DAY for number in range(200)])),
        latency=lambda request: 1.0 if request.asked and request.asked.since > NOON else 5.0,
        refuses=after(NOON, error),
    )
    taken: list[LedgerEntry] = []
    async with opened(query(fetch, since=NOON, until=UNTIL, now=NOW), ahead) as stream:
        for _ in range(3):
            with pytest.raises(ConnectionFailedError) as caught:
                await drain(stream, taken)
            assert caught.value is error
        calls = fetch.calls
        await anyio.sleep(100)
        assert fetch.calls == calls
    assert ids(taken) == list(range(1, 89))
    assert stream.report.verdict is Verdict.FAILED


async def test_an_error_of_another_tree_is_bare_and_sticky_too() -> None:
    """A mistake of ours must not look like an end."""
    error = ZeroDivisionError()
    fetch = Fetch(LedgerServer(ledger=[]), refuses=lambda _: error)
    stream = aiter(query(fetch, since=NOON, until=UNTIL, now=NOW))
    for _ in range(2):
        with pytest.raises(ZeroDivisionError) as caught:
            await anext(stream)
        assert caught.value is error
    assert fetch.calls == 1
    assert stream.report.verdict is not Verdict.COMPLETE


@pytest.mark.parametrize(("read", "verdict"), [(1, Verdict.PARTIAL), (60, Verdict.COMPLETE)])
async def test_use_after_the_block_is_refused_and_changes_no_verdict(read: int, verdict: Verdict) -> None:
    """What was already proved may still be taken."""
    async with question(eventful()).prefetch(ahead=2) as stream:
        taken = [row for _ in range(read) if (row := await anext(stream, None)) is not None]
    with pytest.raises(ClientStateError):
        await drain(stream, taken)
    with pytest.raises(ClientStateError):
        await stream.next_part()
    assert ids(taken) == EXPECTED[: len(taken)]
    assert stream.report.verdict is verdict


@pytest.mark.parametrize("ahead", [0, 3])
async def test_break_leaves_nothing_running(ahead: int) -> None:
    fetch = eventful()
    async with question(fetch).prefetch(ahead=ahead) as stream:
        async for _ in stream:
            break
    assert fetch.running == 0
    calls = fetch.calls
    await anyio.sleep(100)
    assert fetch.calls == calls


async def test_parts_are_handed_out_whole() -> None:
    stream = aiter(query(Fetch(LedgerServer(ledger=[])), since=NOON, until=UNTIL, now=NOW))
    assert [len(await stream.next_part()) for _ in range(3)] == [0, 0, 0]
    with pytest.raises(StopAsyncIteration):
        await stream.next_part()


def test_a_stream_shows_nothing_of_its_member() -> None:
    stream = aiter(question(eventful()))
    assert MEMBER.identifier_value == "4242424242"
    assert "424242" not in repr(stream)


# ---- Where a walk goes on --------------------------------------------------------------------------------------------

Way = int | str | None
Order = Literal["asc", "desc"]

THREE_MINUTES = NOON + 180 * SECOND
both_orders = pytest.mark.parametrize("order", ["asc", "desc"])
dated_or_not = pytest.mark.parametrize("since", [NOON, None], ids=["dated", "whole history"])


def crowd() -> list[LedgerEntry]:
    """Three minutes: dates with several events, events with several rows, a full second, and entries at all edges."""
    rows = [entry(number, NOON + number * 5 * SECOND) for number in range(12)]
    rows += [entry(number, NOON + 60 * SECOND) for number in (20, 21, 22)]
    rows += [entry(23, NOON + 60 * SECOND, customer) for customer in (1, 2, 3, 4)]
    rows += [entry(30, NOON + 90 * SECOND + SECOND / 2, customer) for customer in (1, 2, 3)]
    rows += [entry(number, NOON + 100 * SECOND) for number in range(40, 52)]
    rows += [entry(5, NOON + 120 * SECOND - MICROSECOND), entry(61, NOON + 120 * SECOND)]
    return [*rows, entry(2, NOON + 150 * SECOND), entry(63, THREE_MINUTES - MICROSECOND)]


def crowded(
    order: Order,
    since: datetime | None,
    *,
    settled: bool = False,
    resume: str | None = None,
    max_items: int | None = None,
    fetch: Fetch | None = None,
) -> EntryQuery:
    """Ask for the crowd in pages of ten; two more entries are later than the walk."""
    later = [entry(900 + number, THREE_MINUTES + number * SECOND) for number in range(2)]
    fetch = fetch or Fetch(LedgerServer(ledger=[*crowd(), *later], most=10))
    under = terms(settled_before=FAR_AHEAD if settled else LONG_AGO, window=60 * SECOND if since else DAY)
    return query(
        fetch,
        since=since,
        until=THREE_MINUTES,
        now=NOW,
        under=under,
        order=order,
        max_items=max_items,
        resume=resume,
    )


def all_of(order: Order) -> list[LedgerEntry]:
    return in_order(crowd(), descending=order == "desc")


async def read_in(way: Way, asked: EntryQuery) -> list[LedgerEntry]:
    if isinstance(way, str):
        return await asked.collect()
    async with opened(asked, way) as stream:
        return await rest(stream)


async def tokens_of(asked: EntryQuery) -> list[str]:
    """Give the resume point before each entry, and that behind the last."""
    stream = aiter(asked)
    tokens = [stream.resume]
    tokens.extend([stream.resume async for _ in stream])
    return tokens


@both_orders
@dated_or_not
@pytest.mark.parametrize("settled", [False, True])
async def test_a_walk_may_be_taken_up_at_every_place(order: Order, since: datetime | None, settled: bool) -> None:
    """Between rows of one event, events of one date, parts, windows; in whichever way."""
    expected = all_of(order)
    tokens = await tokens_of(crowded(order, since, settled=settled))
    assert len(tokens) == len(set(tokens)) == len(expected) + 1
    for taken, token in enumerate(tokens):
        way = (None, 2, "collect")[taken % 3]
        assert await read_in(way, crowded(order, since, settled=settled, resume=token)) == expected[taken:], taken


@both_orders
@dated_or_not
async def test_equal_rows_of_one_event_are_told_apart_by_their_number(order: Order, since: datetime | None) -> None:
    rows = [entry(6, NOON), *[entry(7, NOON)] * 3, entry(8, NOON)]
    asked = query(Fetch(LedgerServer(ledger=rows)), since=since, until=UNTIL, now=NOW, order=order)
    for taken, token in enumerate(await tokens_of(asked)):
        assert len(await attrs.evolve(asked, resume=token).collect()) == 5 - taken


@both_orders
@dated_or_not
async def test_a_walk_that_was_taken_up_is_complete_once_its_end_is_met(order: Order, since: datetime | None) -> None:
    for taken, token in enumerate(await tokens_of(crowded(order, since))):
        entries = await crowded(order, since, resume=token).collect()
        report = entries.report
        assert (report.verdict, report.entries) == (Verdict.COMPLETE, len(crowd()) - taken)


@both_orders
@dated_or_not
@pytest.mark.parametrize("many", [1, 7, 38])
async def test_the_next_page_begins_where_the_last_one_ended(order: Order, since: datetime | None, many: int) -> None:
    """So many at a time until there are none: all entries, once."""
    token: str | None = None
    pages: list[list[LedgerEntry]] = []
    while not pages or pages[-1]:
        page = await crowded(order, since, max_items=many, resume=token).collect()
        token = page.resume
        pages.append(list(page))
    assert [row for page in pages for row in page] == all_of(order)
    assert all(len(page) == many for page in pages[:-2])
    assert token == (await crowded(order, since, max_items=many, resume=token).collect()).resume


@both_orders
@dated_or_not
@pytest.mark.parametrize("ahead", [None, 2])
async def test_an_error_in_the_middle_says_from_where_the_rest_comes(
    order: Order, since: datetime | None, ahead: int | None
) -> None:
    """At each request in turn."""
    undisturbed = crowded(order, since)
    calls = await calls_of_question(undisturbed, ahead)
    for number in range(1, calls + 1):
        fetch = Fetch(LedgerServer(ledger=crowd(), most=10))
        fetch.refuses = failing_at(fetch, number)
        taken: list[LedgerEntry] = []
        async with opened(crowded(order, since, fetch=fetch), ahead) as stream:
            with pytest.raises(ConnectionFailedError) as caught:
                await drain(stream, taken)
        assert caught.value.resume == stream.resume
        assert taken + await crowded(order, since, resume=caught.value.resume).collect() == all_of(order)


def failing_at(fetch: Fetch, number: int) -> Callable[[PageRequest], Exception | None]:
    return lambda _: ConnectionFailedError("no line") if fetch.calls >= number else None


async def calls_of_question(asked: EntryQuery, ahead: int | None) -> int:
    async with opened(asked, ahead) as stream:
        await rest(stream)
    return stream.report.requests


@both_orders
@dated_or_not
async def test_a_walk_that_fails_again_and_again_comes_to_its_end(order: Order, since: datetime | None) -> None:
    """Each time from the point that the last error told, a little further."""
    taken: list[LedgerEntry] = []
    token: str | None = None
    failures = 0
    for number in itertools.count(3):
        fetch = Fetch(LedgerServer(ledger=crowd(), most=10))
        fetch.refuses = failing_at(fetch, number)
        stream = aiter(crowded(order, since, resume=token, fetch=fetch))
        try:
            await drain(stream, taken)
        except ConnectionFailedError as error:
            failures, token = failures + 1, error.resume
        else:
            break
    assert failures > 2
    assert taken == all_of(order)


@both_orders
@dated_or_not
async def test_what_collect_dropped_is_read_again(order: Order, since: datetime | None) -> None:
    """Its error points to where it began itself, not to where it had come."""
    token = (await tokens_of(crowded(order, since)))[11]
    for begin, expected in [(None, all_of(order)), (token, all_of(order)[11:])]:
        fetch = Fetch(LedgerServer(ledger=crowd(), most=10))
        fetch.refuses = failing_at(fetch, 9)
        with pytest.raises(ConnectionFailedError) as caught:
            await crowded(order, since, resume=begin, fetch=fetch).collect()
        if begin is not None:
            assert caught.value.resume == begin
        assert await crowded(order, since, resume=caught.value.resume).collect() == expected


@both
async def test_a_stream_that_was_closed_or_is_busy_says_where_it_is_too(ahead: int | None) -> None:
    async with opened(question(eventful()), ahead) as stream, anyio.create_task_group() as tasks:
        begun = [await anext(stream) for _ in range(7)]
        tasks.start_soon(drain, stream, begun)
        await anyio.sleep(0.5)
        with pytest.raises(ClientStateError) as busy:
            await anext(stream)
        assert busy.value.resume == stream.resume
        assert busy.value.member is MEMBER
    assert ids(begun) == EXPECTED
    if ahead is not None:
        with pytest.raises(ClientStateError) as closed:
            await anext(stream)
        assert (closed.value.resume, closed.value.member) == (stream.resume, MEMBER)


async def test_who_still_waits_when_the_block_ends_is_told_where_it_was() -> None:
    taken: list[LedgerEntry] = []
    told: list[ClientStateError] = []

    async def wait(stream: EntryStream) -> None:
        with pytest.raises(ClientStateError) as caught:
            await drain(stream, taken)
        told.append(caught.value)

    async with anyio.create_task_group() as tasks, question(eventful()).prefetch(ahead=2) as stream:
        tasks.start_soon(wait, stream)
        await anyio.sleep(4.5)
    assert 0 < len(taken) < len(EXPECTED)
    assert [(error.resume, error.member) for error in told] == [(stream.resume, MEMBER)]


async def test_an_error_that_is_raised_again_says_where_it_was_first() -> None:
    fetch = Fetch(LedgerServer(ledger=[]), refuses=lambda _: ConnectionFailedError("no line"))
    stream = aiter(query(fetch, since=NOON, until=UNTIL, now=NOW))
    told = []
    for _ in range(2):
        with pytest.raises(ConnectionFailedError) as caught:
            await anext(stream)
        told.append(caught.value.resume)
    assert told == [stream.origin] * 2


async def test_a_proof_that_fails_says_from_where_to_go_on() -> None:
    """Everything before the span that does not add up was handed out."""
    ledger = entries_at([NOON + number * DAY for number in range(150)])
    server = CountsGhosts(ledger=ledger, ghost=NOON + 100 * DAY)
    stream = aiter(query(Fetch(server), since=NOON, until=UNTIL, now=NOW))
    taken: list[LedgerEntry] = []
    with pytest.raises(IncompleteLedgerError) as caught:
        await drain(stream, taken)
    honest = Fetch(LedgerServer(ledger=ledger))
    again = query(honest, since=NOON, until=UNTIL, now=NOW, resume=caught.value.resume)
    assert taken + await again.collect() == ledger
    assert ids(taken) == list(range(1, 101))


# ---- The cut-off -----------------------------------------------------------------------------------------------------


@both_orders
@dated_or_not
@pytest.mark.parametrize("taken", [0, 1, 3, 5])
async def test_a_walk_that_is_taken_up_ends_where_it_was_to_end(
    order: Order, since: datetime | None, taken: int
) -> None:
    """What was booked since is not of it, not even if it is dated a moment after the walk began."""
    ledger = entries_at([NOW - number * DAY for number in range(1, 6)])
    fetch = Fetch(LedgerServer(ledger=list(ledger)))
    stream = aiter(query(fetch, since=since, until=None, now=NOW, order=order))
    before = [await anext(stream) for _ in range(taken)]
    fetch.server.ledger += [entry(91, NOW), entry(92, NOW + SECOND), entry(93, NOW + DAY)]
    again = query(fetch, since=since, until=None, now=NOW + 9 * DAY, order=order, resume=stream.resume)
    after_all = await again.collect()
    assert before + after_all == (ledger if order == "asc" else ledger[::-1])
    if order == "asc":
        assert after_all.report.until == NOW


def point_at(until: datetime, marked: datetime | None) -> str:
    mark = None if marked is None else Mark(created_at=marked, event_log_id=1, taken=1, same_date=1, total=1)
    return ResumePoint(question="a question", until=until, mark=mark).token()


@both_orders
@pytest.mark.parametrize(
    ("since", "until", "marked"),
    [
        (NOON, NOON - MICROSECOND, None),
        (NOON, UNTIL, NOON - MICROSECOND),
        (NOON, UNTIL, UNTIL),
        (None, UNTIL, UNTIL + DAY),
        (None, UNTIL, datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (None, datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC), None),
    ],
)
async def test_a_point_outside_of_what_is_asked_for_is_refused(
    order: Order, since: datetime | None, until: datetime, marked: datetime | None
) -> None:
    """Before anything is sent."""
    fetch = Fetch(LedgerServer(ledger=[]))
    with pytest.raises(InvalidArgument) as caught:
        query(fetch, since=since, until=UNTIL, now=NOW, order=order, resume=point_at(until, marked))
    assert str(caught.value) == "the resume token was changed: it points outside of the span that is asked for"
    assert fetch.calls == 0


@pytest.mark.parametrize(
    ("until", "marked"), [(NOON, None), (UNTIL, NOON), (UNTIL, UNTIL - MICROSECOND), (NOON + MICROSECOND, NOON)]
)
async def test_a_point_at_the_edge_of_what_is_asked_for_is_none_outside(
    until: datetime, marked: datetime | None
) -> None:
    fetch = Fetch(LedgerServer(ledger=[]))
    asked = query(fetch, since=NOON, until=UNTIL, now=NOW, resume=point_at(until, marked))
    assert (await asked.collect()).report.verdict is Verdict.COMPLETE


async def test_a_stream_keeps_the_cut_off_of_the_walk_that_it_goes_on_with() -> None:
    """Also if it is left again before it gave anything."""
    fetch = Fetch(LedgerServer(ledger=entries_at([NOW - SECOND, NOW + SECOND])))
    first = aiter(query(fetch, since=NOON, until=None, now=NOW)).resume
    second = aiter(query(fetch, since=NOON, until=None, now=NOW + DAY, resume=first)).resume
    assert second == first
    assert ids(await query(fetch, since=NOON, until=None, now=NOW + DAY, resume=second).collect()) == [1]


async def test_what_has_settled_by_then_is_read_as_settled() -> None:
    """Two pages of the last hour: split at first, paged through when the walk is taken up a day later."""
    moments = [NOW - number * 20 * SECOND for number in range(1, 151)]
    first = Fetch(LedgerServer(ledger=entries_at(moments)))
    stream = aiter(query(first, since=NOW - timedelta(hours=1), until=None, now=NOW))
    assert len(await rest(stream)) == 150
    assert first.calls > 2
    later = Fetch(LedgerServer(ledger=entries_at(moments)))
    again = query(later, since=NOW - timedelta(hours=1), until=None, now=NOW + DAY, resume=stream.origin)
    assert len(await again.collect()) == 150
    assert later.calls == 2


# ---- What a rest costs and proves ------------------------------------------------------------------------------------


async def test_a_rest_costs_what_it_holds() -> None:
    """Of 700 days all but the last 20 were handed out: one window, not eight; of a whole history also its total."""
    ledger = entries_at([NOW - number * DAY for number in range(1, 701)])
    for since in (None, NOW - 701 * DAY):
        stream = aiter(query(Fetch(LedgerServer(ledger=ledger)), since=since, until=None, now=NOW))
        for _ in range(680):
            await anext(stream)
        fetch = Fetch(LedgerServer(ledger=ledger))
        left = await query(fetch, since=since, until=None, now=NOW, resume=stream.resume).collect()
        assert len(left) == 20
        dated = [request.asked is not None for request in fetch.server.requests]
        assert dated == ([True] if since else [True, False])


@both_orders
async def test_the_rest_of_a_whole_history_of_one_page_costs_one_request(order: Order) -> None:
    """However many years it reaches back, and at whatever entry it was left."""
    ledger = entries_at([NOW - number * 145 * DAY for number in range(1, 26)])
    asked = query(Fetch(LedgerServer(ledger=ledger)), since=None, until=None, now=NOW, order=order)
    for taken, token in enumerate(await tokens_of(asked)):
        left = await attrs.evolve(asked, resume=token).collect()
        assert (len(left), left.report.requests, left.report.verdict) == (25 - taken, 1, Verdict.COMPLETE)


async def test_the_rest_of_a_whole_history_is_held_against_what_was_handed_out() -> None:
    """One that is counted and never served is missed by each walk, newest first, that meets the end."""
    ledger = entries_at([NOON + number * timedelta(hours=1) for number in range(250)])
    for taken in (0, 1, 30, 249):
        honest = aiter(query(Fetch(LedgerServer(ledger=ledger)), since=None, until=None, now=NOW, order="desc"))
        for _ in range(taken):
            await anext(honest)
        lying = Fetch(CountsGhosts(ledger=ledger, ghost=FAR_AHEAD))
        again = query(lying, since=None, until=None, now=NOW, order="desc", resume=honest.resume)
        with pytest.raises(IncompleteLedgerError, match="the server counts 1 entries more than it served"):
            await again.collect()


async def test_the_rest_of_a_whole_history_oldest_first_is_read_by_date_and_held_against_the_total() -> None:
    """So it misses what is counted and never served, too; the total is asked for when all is read."""
    ledger = entries_at([NOON + number * timedelta(hours=1) for number in range(250)])
    for taken in (1, 30, 249, 250):
        stream = aiter(query(Fetch(LedgerServer(ledger=ledger)), since=None, until=None, now=NOW))
        for _ in range(taken):
            await anext(stream)
        lying = Fetch(CountsGhosts(ledger=ledger, ghost=FAR_AHEAD))
        again = aiter(query(lying, since=None, until=None, now=NOW, resume=stream.resume))
        assert ids([await anext(again) for _ in range(250 - taken)]) == list(range(taken + 1, 251))
        assert None not in [request.asked for request in lying.server.requests]
        with pytest.raises(IncompleteLedgerError, match="the server counts 1 entries more than it served"):
            await anext(again)
        last = await query(lying, since=None, until=None, now=NOW, resume=again.resume).collect()
        assert (ids(last), last.report.verdict) == ([], Verdict.PARTIAL)  # It was told.


def imported() -> list[LedgerEntry]:
    """Make a ledger, served by id, of more pages than are all looked at, with an old entry in their midst."""
    rows = entries_at([NOON + number * timedelta(hours=1) for number in range(250)])
    return [*rows[:120], entry(9999, NOON - 400 * DAY), *rows[120:]]


@both
@both_orders
@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("number", [3, 4, 10, 20, 26])
async def test_an_entry_before_the_beginning_is_not_hidden_by_one_that_came(
    number: int, exact: bool, order: Order, ahead: int | None
) -> None:
    """Back-dated into what is still to be read, so that the old total comes out."""

    def book(ledger: list[LedgerEntry]) -> None:
        ledger.append(entry(9998, NOON + 100 * timedelta(hours=1) + SECOND))

    server = LedgerServer(ledger=imported(), order=list, most=10, happens={number: book})
    under = terms(settled_before=LONG_AGO if exact else FAR_AHEAD, descending=order == "desc", exact=exact)
    asked = query(Fetch(server), since=None, until=None, now=NOW, order=order, under=under)
    async with opened(asked, ahead) as stream:
        with pytest.raises(IncompleteLedgerError, match="the server counts 1 entries more than it served"):
            await rest(stream)


async def test_an_exact_walk_finds_an_entry_before_the_beginning_though_others_have_gone() -> None:
    """One was deleted when it had been handed out: all figures come out, and by date one is missing."""

    def delete(ledger: list[LedgerEntry]) -> None:
        ledger.remove(min(ledger, key=lambda row: abs(row.created_at - NOON)))

    for exact in (False, True):
        server = LedgerServer(ledger=imported(), order=list, most=10, happens={20: delete})
        under = terms(settled_before=LONG_AGO if exact else FAR_AHEAD, exact=exact)
        stream = aiter(query(Fetch(server), since=None, until=None, now=NOW, under=under))
        with pytest.raises(IncompleteLedgerError) if exact else nullcontext():
            await rest(stream)
        assert stream.report.verdict is (Verdict.FAILED if exact else Verdict.COMPLETE)


async def test_a_rest_that_begins_anew_forgets_where_the_ledger_began() -> None:
    """Nothing was handed out before, and older entries have come since."""
    ledger = entries_at([NOON + number * timedelta(hours=1) for number in range(250)])
    fetch = Fetch(LedgerServer(ledger=list(ledger)))
    stream = aiter(query(fetch, since=None, until=None, now=NOW))
    token = stream.resume
    await stream.next_part()
    older = entries_at([NOON - number * DAY for number in range(30, 33)])
    fetch.server.ledger += [attrs.evolve(row, event_log_id=9000 + row.event_log_id) for row in older]
    for _ in range(2):
        stream = aiter(query(fetch, since=None, until=None, now=NOW, resume=token))
        entries = await rest(stream)
        assert (len(entries), stream.report.verdict) == (253, Verdict.COMPLETE)


@both
@pytest.mark.parametrize("taken", [1, 9, 30, 244])
async def test_an_entry_before_the_beginning_is_missed_by_the_rest_too(taken: int, ahead: int | None) -> None:
    """Of a whole history, oldest first, that nobody knew to begin so early; by the rest of the rest as well."""
    asked = query(Fetch(LedgerServer(ledger=imported(), order=list, most=10)), since=None, until=None, now=NOW)
    stream = aiter(asked)
    for _ in range(taken):
        await anext(stream)
    again = attrs.evolve(asked, resume=stream.resume)
    more = await attrs.evolve(again, max_items=5).collect()
    for token in (stream.resume, more.resume):
        async with opened(attrs.evolve(asked, resume=token), ahead) as stream:
            with pytest.raises(
                IncompleteLedgerError, match="the server counts 1 entries more than it served"
            ) as caught:
                await rest(stream)
        assert caught.value.since == NOON - DAY
        assert str(caught.value).endswith("if they are dated before that, give `since`")


@both
async def test_what_was_handed_out_is_counted_again_before_the_rest_is_doubted(ahead: int | None) -> None:
    """Entries came and went since on both sides of the mark, so that no old figure fits."""
    ledger = entries_at([NOON + number * timedelta(hours=1) for number in range(250)])
    fetch = Fetch(LedgerServer(ledger=list(ledger)))
    stream = aiter(query(fetch, since=None, until=None, now=NOW))
    taken = [await anext(stream) for _ in range(100)]
    came = entry(9999, NOON + 200 * timedelta(hours=1) + SECOND)
    for gone, arrived in ((range(3), [came]), (range(200, 204), [entry(9998, NOON + SECOND)])):
        fetch.server.ledger = [row for number, row in enumerate(ledger) if number not in gone] + arrived
        async with opened(query(fetch, since=None, until=None, now=NOW, resume=stream.resume), ahead) as again:
            left = await rest(again)
        kept = [row for number, row in enumerate(ledger) if number not in gone and number >= 100]
        assert left == in_order([*kept, *(row for row in arrived if row is came)])
        assert again.report.verdict is Verdict.COMPLETE
    assert len(taken) == 100


@both
@both_orders
@pytest.mark.parametrize("arrival", ["behind the mark", "just before the cut-off"])
async def test_an_entry_that_came_since_does_not_make_the_rest_of_a_whole_history_fail(
    order: Order, arrival: str, ahead: int | None
) -> None:
    """What is dated where the walk has been does not come any more; what is dated where it is still to go does."""
    ledger = entries_at([NOW - number * DAY for number in range(1, 251)])
    fetch = Fetch(LedgerServer(ledger=list(ledger)))
    stream = aiter(query(fetch, since=None, until=None, now=NOW, order=order))
    taken = [await anext(stream) for _ in range(200)]
    passed = taken[100].created_at + SECOND
    late = entry(9999, passed if arrival == "behind the mark" else NOW - SECOND)
    fetch.server.ledger.append(late)
    again = query(fetch, since=None, until=None, now=NOW + DAY, order=order, resume=stream.resume)
    async with opened(again, ahead) as stream:
        left = await rest(stream)
    expected = ledger if order == "asc" else ledger[::-1]
    comes = order == "asc" and arrival == "just before the cut-off"
    assert taken + left == [*expected, *([late] if comes else [])]
    assert stream.report.verdict is Verdict.COMPLETE


# ---- What a rest inherits --------------------------------------------------------------------------------------------


async def flawed(lying: Fetch, order: Order = "asc", *, since: datetime | None = NOON) -> str:
    """Read until it is said that entries are missing, and give the point from which to go on."""
    stream = aiter(query(lying, since=since, until=UNTIL, now=NOW, order=order))
    with pytest.raises(IncompleteLedgerError, match="the server counts"):
        await rest(stream)
    assert stream.report.verdict is Verdict.FAILED
    return stream.resume


@both
@both_orders
@dated_or_not
async def test_what_goes_on_behind_a_shortage_is_never_complete(
    order: Order, since: datetime | None, ahead: int | None
) -> None:
    """Not even of an honest server, and not the third walk either: what was missing lies before it."""
    ledger = entries_at([NOON + number * timedelta(hours=1) for number in range(2499)])
    if since is None:
        lying = CountsGhosts(ledger=ledger, ghost=FAR_AHEAD)
    else:
        lying = CountsGhosts(ledger=ledger, ghost=NOON + 50 * DAY, only_beyond=60 * DAY)
    token = await flawed(Fetch(lying), order, since=since)
    for _ in range(2):
        honest = Fetch(LedgerServer(ledger=ledger))
        again = query(honest, since=since, until=UNTIL, now=NOW, order=order, resume=token)
        async with opened(again, ahead) as stream:
            await rest(stream)
        assert stream.report.verdict is Verdict.PARTIAL
        token = stream.resume


@both
@both_orders
@dated_or_not
@pytest.mark.parametrize("ghost", [5, 29, 52])
async def test_a_total_that_was_begun_is_proved_by_the_walk_that_goes_on(
    order: Order, since: datetime | None, ghost: int, ahead: int | None
) -> None:
    """At whatever place it was left, and left again: none is complete if an entry that was counted was never served."""
    ledger = entries_at([NOON + number * DAY for number in range(58)])
    hidden = NOON + ghost * DAY + SECOND
    under = terms(settled_before=LONG_AGO, descending=order == "desc")

    def asked(token: str | None = None) -> EntryQuery:
        server = CountsGhosts(ledger=ledger, most=10, ghost=hidden, only_beyond=20 * DAY)
        return query(Fetch(server), since=since, until=UNTIL, now=NOW, order=order, under=under, resume=token)

    tokens, error = await tokens_until_error(aiter(asked()))
    assert error is not None
    assert len(tokens) > 9
    for token in tokens[::7] + tokens[-1:]:
        again = aiter(asked(token))
        with contextlib.suppress(IncompleteLedgerError):
            for _ in range(9):
                await anext(again, None)
        if again.report.verdict is Verdict.FAILED:
            continue
        async with opened(asked(again.resume), ahead) as last:
            with pytest.raises(IncompleteLedgerError, match="the server counts 1 entries more than it served"):
                await rest(last)


@both
@both_orders
@dated_or_not
async def test_a_total_that_was_told_of_is_not_asked_for_again(
    order: Order, since: datetime | None, ahead: int | None
) -> None:
    """Who goes on behind the error comes to the end; who goes on before it is told of it once more."""
    ledger = entries_at([NOON + number * DAY for number in range(58)])
    server = CountsGhosts(ledger=ledger, most=10, ghost=NOON + 29 * DAY + SECOND, only_beyond=20 * DAY)
    under = terms(settled_before=LONG_AGO, descending=order == "desc")
    asked = query(Fetch(server), since=since, until=UNTIL, now=NOW, order=order, under=under)
    tokens, error = await tokens_until_error(aiter(asked))
    told: list[IncompleteLedgerError] = []
    while error is not None:
        told.append(error)
        async with opened(attrs.evolve(asked, resume=tokens[-1]), ahead) as again:
            with pytest.raises(IncompleteLedgerError):
                await rest(again)
        async with opened(attrs.evolve(asked, resume=error.resume), ahead) as again:
            tokens, error = await tokens_until_error(again)
    assert again.report.verdict is Verdict.PARTIAL
    spans = [(one.since, one.until) for one in told]
    assert len(spans) == len(set(spans)) > 0


async def tokens_until_error(stream: EntryStream) -> tuple[list[str], IncompleteLedgerError | None]:
    """Give the resume points of a stream that comes to its end, or to an error."""
    tokens = [stream.resume]
    try:
        async for _ in stream:
            tokens.append(stream.resume)  # noqa: PERF401 - they are wanted though it ends in an error
    except IncompleteLedgerError as error:
        return tokens, error
    return tokens, None


@both
@both_orders
@dated_or_not
@pytest.mark.parametrize("code", [11002, 9004])
async def test_a_warning_that_not_everything_is_booked_holds_for_the_rest(
    order: Order, since: datetime | None, code: int, ahead: int | None
) -> None:
    """Though the rest itself comes without one; for the rest of the rest, too."""
    ledger = entries_at([NOON + number * DAY for number in range(150)])
    warned = Fetch(LedgerServer(ledger=ledger, warnings={1: code}))
    first = aiter(query(warned, since=since, until=UNTIL, now=NOW, order=order))
    taken = [await anext(first) for _ in range(20)]
    token = first.resume
    for many in (30, None):
        silent = Fetch(LedgerServer(ledger=ledger))
        again = query(silent, since=since, until=UNTIL, now=NOW, order=order, max_items=many, resume=token)
        async with opened(again, ahead) as stream:
            taken += await rest(stream)
        assert (stream.report.verdict, stream.report.warnings) == (Verdict.PARTIAL if many else Verdict.PENDING, {})
        token = stream.resume
    assert taken == (ledger if order == "asc" else ledger[::-1])


async def test_a_stream_without_flaws_gives_none_on() -> None:
    fetch = Fetch(LedgerServer(ledger=entries_at([NOON]), warnings={1: 1}))
    stream = aiter(query(fetch, since=NOON, until=UNTIL, now=NOW))
    await rest(stream)
    point = ResumePoint.read(stream.resume, "a question")
    assert (point.pending, point.short) == (False, False)


@pytest.mark.parametrize("since", [NOON, None])
async def test_a_rest_reports_where_it_was_taken_up(since: datetime | None) -> None:
    ledger = entries_at([NOON + number * DAY for number in range(10)])
    stream = aiter(query(Fetch(LedgerServer(ledger=ledger)), since=since, until=NOON + 10 * DAY, now=NOW))
    for _ in range(4):
        await anext(stream)
    fetch = Fetch(LedgerServer(ledger=ledger))
    left = await query(fetch, since=since, until=NOON + 10 * DAY, now=NOW, resume=stream.resume).collect()
    report = left.report
    assert (report.since, report.until, report.entries) == (NOON + 3 * DAY, NOON + 10 * DAY, 6)
    assert report.covered == Span(NOON + 3 * DAY, NOON + 10 * DAY)
    # The mark's own entry is read once more; of a whole history that is one page, all of it.
    assert (report.said, report.seen) == ((7, 7) if since else (10, 10))
