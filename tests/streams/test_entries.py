"""A stream loses and doubles nothing, whatever cuts its waits short, and ends once."""

import asyncio
from datetime import timedelta

import anyio
import pytest

from loyalty_async.errors import ClientStateError, ConnectionFailedError, IncompleteLedgerError
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.reports import Verdict
from loyalty_async.planning.jobs import PageRequest
from loyalty_async.streams.entries import EntryStream
from loyalty_async.streams.queries import EntryQuery
from tests._support.fetching import MEMBER, Fetch, after, drain, ids, opened, query, randomly, rest
from tests._support.ledger_server import CountsGhosts, Deletes, LedgerServer, entries_at
from tests._support.readings import LONG_AGO, terms
from tests._support.virtual_clock import VirtualTimeLoop
from tests._support.walks import NOON, SECOND

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
