"""A walk keeps count, bears with what a server refuses, and says how far it can be trusted."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Literal

import anyio
import attrs
import pytest

from loyalty_async.errors import (
    ConnectionFailedError,
    IncompleteLedgerError,
    LimitTooLargeError,
    LoyaltyError,
    RequestRefusedError,
)
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.pages import LedgerPage
from loyalty_async.models.reports import Verdict
from loyalty_async.models.spans import Span
from loyalty_async.planning.jobs import PageRequest
from loyalty_async.protocol.efforts import Effort
from tests._support.fetching import MEMBER, Fetch, after, ids, opened, query, rest
from tests._support.ledger_server import (
    CountsGhosts,
    CountsUp,
    LedgerServer,
    Order,
    entries_at,
    entry,
    newest_first,
    oldest_first,
)
from tests._support.readings import FAR_AHEAD, LONG_AGO, terms
from tests._support.walks import NOON, SECOND

pytestmark = pytest.mark.anyio

DAY = timedelta(days=1)
NOW = NOON + 800 * DAY
UNTIL = NOON + 80 * DAY

both = pytest.mark.parametrize("ahead", [None, 0, 3])


def daily(many: int) -> list[LedgerEntry]:
    return entries_at([NOON + number * DAY for number in range(many)])


def hourly(many: int) -> list[LedgerEntry]:
    return entries_at([NOON + number * timedelta(hours=1) for number in range(many)])


# ---- The report ------------------------------------------------------------------------------------------------------


async def test_a_report_counts() -> None:
    """Two windows: three pages that are split, of which two are split again, and one page."""
    fetch = Fetch(LedgerServer(ledger=[*hourly(25), entry(99, NOON + 100 * DAY)], most=10))
    under = terms(settled_before=LONG_AGO)
    stream = aiter(query(fetch, since=NOON, until=NOON + 120 * DAY, now=NOW, under=under))
    assert len(await rest(stream)) == 26
    report = stream.report
    assert (report.verdict, report.entries, report.page_size) == (Verdict.COMPLETE, 26, 10)
    assert (report.since, report.until) == (NOON, NOON + 120 * DAY)
    assert report.splits == 2
    assert report.parts == 3 + 1
    assert report.pages == report.requests == fetch.calls == 1 + 1 + 3 + 1
    assert (report.said, report.seen, report.clamps) == (26, 26, 6)
    assert report.covered == Span(NOON, NOON + 120 * DAY)
    assert (report.warnings, report.unfamiliar) == ({}, {})


async def test_an_answer_that_there_is_nothing_is_no_page() -> None:
    stream = aiter(query(Fetch(LedgerServer(ledger=[])), since=NOON, until=UNTIL, now=NOW))
    assert await rest(stream) == []
    assert (stream.report.parts, stream.report.pages, stream.report.page_size) == (1, 0, None)


@both
async def test_a_walk_that_was_stopped_is_partial_and_counts_what_was_handed_out(ahead: int | None) -> None:
    question = query(Fetch(LedgerServer(ledger=daily(80))), since=NOON, until=UNTIL, now=NOW)
    async with opened(question, ahead) as stream:
        async for row in stream:
            if row.event_log_id == 5:
                break
    assert (stream.report.verdict, stream.report.entries, stream.report.parts) == (Verdict.PARTIAL, 5, 1)


async def test_a_walk_is_partial_until_its_end_is_met() -> None:
    stream = aiter(query(Fetch(LedgerServer(ledger=daily(1))), since=NOON, until=UNTIL, now=NOW))
    verdicts = [stream.report.verdict]
    for _ in range(2):
        await anext(stream, None)
        verdicts.append(stream.report.verdict)
    assert verdicts == [Verdict.PARTIAL, Verdict.PARTIAL, Verdict.COMPLETE]


@both
async def test_a_walk_that_ends_in_an_error_has_failed(ahead: int | None) -> None:
    """What was handed out before stays counted."""
    error = ConnectionFailedError("no line")
    fetch = Fetch(LedgerServer(ledger=daily(200)), refuses=after(NOON + 80 * DAY, error))
    report, caught = await failing(fetch, ahead)
    assert caught is error
    assert caught.member is MEMBER
    assert report == (Verdict.FAILED, 88)


async def failing(fetch: Fetch, ahead: int | None, until: datetime = NOON + 200 * DAY) -> tuple[object, LoyaltyError]:
    """Read until it fails; give verdict and count, and the error."""
    async with opened(query(fetch, since=NOON, until=until, now=NOW), ahead) as stream:
        with pytest.raises(LoyaltyError) as caught:
            await rest(stream)
    return (stream.report.verdict, stream.report.entries), caught.value


@pytest.mark.parametrize(
    ("code", "verdict"), [(11002, Verdict.PENDING), (9004, Verdict.PENDING), (1, Verdict.COMPLETE)]
)
async def test_a_page_that_warns_of_pending_events_makes_the_verdict_pending(code: int, verdict: Verdict) -> None:
    server = LedgerServer(ledger=daily(200), warnings={1: code, 2: code})
    entries = await query(Fetch(server), since=NOON, until=NOON + 200 * DAY, now=NOW).collect()
    assert len(entries) == 200
    assert (entries.report.verdict, entries.report.warnings) == (verdict, {code: 2})


async def test_a_report_of_a_walk_that_was_stopped_covers_what_was_given_whole() -> None:
    """Two windows of 88 days; the second is proved, and half of it not handed out yet."""
    stream = aiter(query(Fetch(LedgerServer(ledger=daily(150))), since=NOON, until=NOON + 150 * DAY, now=NOW))
    seen = []
    for taken in (1, 88, 100, 150):
        while stream.report.entries < taken:
            await anext(stream)
        seen.append(stream.report.covered)
    first = Span(NOON, NOON + 88 * DAY)
    assert seen == [None, first, first, Span(NOON, NOON + 150 * DAY)]
    # One of the 89 entries of the first request lies in the margin behind its window.
    assert (stream.report.said, stream.report.seen) == (89 + 62, 89 + 62)


async def test_a_report_of_the_newest_covers_them_and_not_what_lies_before() -> None:
    """Five of the first part, which is a window of 88 days: nothing was given whole."""
    question = query(
        Fetch(LedgerServer(ledger=daily(150))),
        since=NOON,
        until=NOON + 150 * DAY,
        now=NOW,
        order="desc",
        max_items=90,
    )
    report = (await question.collect(ahead=0)).report
    assert (report.verdict, report.entries, report.parts, report.requests) == (Verdict.PARTIAL, 90, 2, 2)
    assert report.covered == Span(NOON + 62 * DAY, NOON + 150 * DAY)
    assert (report.since, report.until) == (NOON, NOON + 150 * DAY)
    # As above: 88 of the last window, and 62 and one in the margin of the one before it.
    assert (report.said, report.seen) == (88 + 63, 88 + 63)


async def test_what_arrives_meanwhile_is_seen_and_was_not_said() -> None:
    """An entry of the past is booked behind the first answer, which said 25 of 2 pages and more."""

    def book(ledger: list[LedgerEntry]) -> None:
        ledger.append(entry(99, NOON + 30 * timedelta(minutes=1)))

    server = LedgerServer(ledger=hourly(25), most=10, happens={2: book})
    question = query(Fetch(server), since=NOON, until=UNTIL, now=NOW, under=terms(settled_before=LONG_AGO))
    report = (await question.collect()).report
    assert (report.verdict, report.said, report.seen, report.entries) == (Verdict.COMPLETE, 25, 26, 26)


@both
async def test_a_span_that_moved_is_split_and_its_total_asked_for_again(ahead: int | None) -> None:
    """Of eleven entries one is gone before the second page: it is a page past the end."""

    def delete(ledger: list[LedgerEntry]) -> None:
        ledger.pop()

    fetch = Fetch(LedgerServer(ledger=hourly(11), most=10, happens={2: delete}))
    async with opened(query(fetch, since=NOON, until=UNTIL, now=NOW), ahead) as stream:
        assert len(await rest(stream)) == 10
    assert (stream.report.rereads, stream.report.splits, stream.report.parts) == (0, 1, 2)
    assert stream.report.requests == 2 + 2 + 1
    assert (stream.report.said, stream.report.seen) == (11, 10)


async def test_each_reading_of_a_second_counts_and_is_a_second_later() -> None:
    late = entry(99, NOON)
    happens: dict[int, Callable[[list[LedgerEntry]], None]] = {4: lambda ledger: ledger.append(late)}
    server = LedgerServer(ledger=entries_at([NOON] * 25), most=10, happens=happens)
    fetch = Fetch(server, latency=lambda _: 0.0)
    began = anyio.current_time()
    stream = aiter(query(fetch, since=NOON, until=NOON + SECOND, now=NOW, under=terms(settled_before=LONG_AGO)))
    assert len(await rest(stream)) == 26
    assert stream.report.rereads == 2
    assert anyio.current_time() - began == 2.0


async def test_a_walk_tells_what_its_calls_took() -> None:
    """Those that failed included, and those of other walks not."""

    async def fetch(request: PageRequest, page_size: int, effort: Effort) -> LedgerPage:
        effort.requests += 2
        effort.retries += 1
        effort.waited_s += 0.5
        return server.answer(request, page_size)

    server = LedgerServer(ledger=daily(100))
    question = attrs.evolve(query(Fetch(server), since=NOON, until=NOON + 200 * DAY, now=NOW), fetch=fetch)
    for _ in range(2):
        report = (await question.collect()).report
        assert (report.requests, report.retries, report.waited_s, report.pages) == (6, 3, 1.5, 2)


# ---- Errors 11006 and 11029 ------------------------------------------------------------------------------------------


@both
async def test_a_limit_that_is_refused_makes_it_go_on_with_ten_a_page(ahead: int | None) -> None:
    fetch = Fetch(LedgerServer(ledger=daily(200), refuses_over=10))
    question = query(fetch, since=NOON, until=NOON + 200 * DAY, now=NOW)
    entries = await (rest(aiter(question)) if ahead is None else question.collect(ahead=ahead))
    assert ids(entries) == list(range(1, 201))
    assert fetch.calls <= 9 + 9 + 3 + 1 + (ahead or 0)


@both
async def test_a_limit_may_be_refused_in_the_middle_of_a_span(ahead: int | None) -> None:
    """What was read of the span is read again."""

    def refuse(_: list[LedgerEntry]) -> None:
        server.refuses_over = 10

    server = LedgerServer(ledger=hourly(400), happens={3: refuse})
    question = query(Fetch(server), since=NOON, until=NOON + 80 * DAY, now=NOW)
    entries = await (rest(aiter(question)) if ahead is None else question.collect(ahead=ahead))
    assert ids(entries) == list(range(1, 401))


@both
async def test_ten_a_page_that_are_refused_are_an_error(ahead: int | None) -> None:
    fetch = Fetch(LedgerServer(ledger=daily(20), refuses_over=5))
    _, caught = await failing(fetch, ahead)
    assert isinstance(caught, LimitTooLargeError)
    assert fetch.calls <= 2 * (1 + (ahead or 0))


async def test_fewer_than_ten_that_the_caller_asked_for_are_not_made_more() -> None:
    fetch = Fetch(LedgerServer(ledger=daily(20), refuses_over=4))
    stream = aiter(query(fetch, since=NOON, until=UNTIL, now=NOW, under=terms(page_size=5)))
    with pytest.raises(LimitTooLargeError):
        await rest(stream)
    assert fetch.calls == 1


@both
async def test_other_refusals_are_errors_at_once(ahead: int | None) -> None:
    fetch = Fetch(LedgerServer(ledger=daily(20)), refuses=after(NOON - DAY, RequestRefusedError("11005")))
    _, caught = await failing(fetch, ahead, until=UNTIL)
    assert isinstance(caught, RequestRefusedError)
    assert fetch.calls == 1


@both
@pytest.mark.parametrize("refuses_over", [10, 99, None])
@pytest.mark.parametrize("since", [NOON, None])
async def test_the_newest_first_bear_with_small_pages_too(
    ahead: int | None, refuses_over: int | None, since: datetime | None
) -> None:
    """Refused or clamped, from the beginning and in the middle."""

    def shrink(_: list[LedgerEntry]) -> None:
        server.refuses_over, server.most = refuses_over, 7

    for number in (1, 2, 3):
        server = LedgerServer(ledger=daily(200), happens={number: shrink})
        fetch = Fetch(server)
        question = query(fetch, since=since, until=NOON + 200 * DAY, now=NOW, order="desc")
        async with opened(question, ahead) as stream:
            assert ids(await rest(stream)) == list(range(200, 0, -1))
        assert stream.report.page_size == 7
        assert stream.report.clamps == stream.report.pages - (number - 1)


@both
@pytest.mark.parametrize("since", [NOON, None])
@pytest.mark.parametrize("number", range(4, 9))
async def test_a_limit_may_be_refused_while_a_total_is_confirmed(
    ahead: int | None, since: datetime | None, number: int
) -> None:
    """An entry is deleted when the first page was read, so that the total does not come out."""

    def delete(ledger: list[LedgerEntry]) -> None:
        del ledger[0]

    def refuse(_: list[LedgerEntry]) -> None:
        server.refuses_over = 10

    server = LedgerServer(ledger=daily(200), happens={3: delete, number: refuse})
    under = terms(settled_before=LONG_AGO)
    asked = query(Fetch(server), since=since, until=NOON + 200 * DAY, now=NOW, under=under)
    async with opened(asked, ahead) as stream:
        assert set(range(2, 201)) <= set(ids(await rest(stream)))
    assert stream.report.verdict is Verdict.COMPLETE


# ---- Totals ----------------------------------------------------------------------------------------------------------


def deleting(number: int, at_request: int) -> dict[int, Callable[[list[LedgerEntry]], None]]:
    def delete(ledger: list[LedgerEntry]) -> None:
        ledger[:] = [row for row in ledger if row.event_log_id != number]

    return {at_request: delete}


@both
@pytest.mark.parametrize("number", [1, 13, 25])
async def test_a_shortage_that_went_away_passes(ahead: int | None, number: int) -> None:
    """An entry was deleted after its span was counted: the server, asked again, counts one less."""
    server = LedgerServer(ledger=hourly(25), most=10, happens=deleting(number, 2))
    fetch = Fetch(server)
    question = query(fetch, since=NOON, until=UNTIL, now=NOW, under=terms(settled_before=LONG_AGO))
    entries = await (rest(aiter(question)) if ahead is None else question.collect(ahead=ahead))
    assert ids(entries) == [one for one in range(1, 26) if one != number]
    assert server.requests.count(server.requests[0]) == 2


async def test_a_shortage_passes_if_nothing_is_left() -> None:
    """Error 11003 to the question how many there are."""

    def clear(ledger: list[LedgerEntry]) -> None:
        ledger.clear()

    server = LedgerServer(ledger=hourly(25), most=10, happens={2: clear})
    question = query(Fetch(server), since=NOON, until=UNTIL, now=NOW, under=terms(settled_before=LONG_AGO))
    assert await question.collect() == []


@both
async def test_a_shortage_that_stays_is_an_error(ahead: int | None) -> None:
    """The ghost is counted in more than ten days only: no piece misses it, only the whole does."""
    ghost = NOON + timedelta(hours=3)
    server = CountsGhosts(ledger=hourly(25), most=10, ghost=ghost, only_beyond=10 * DAY)
    _, caught = await failing(Fetch(server), ahead, until=UNTIL)
    assert isinstance(caught, IncompleteLedgerError)
    assert caught.reason == "the server counts 1 entries more than it served"
    assert caught.since is not None
    assert caught.until is not None
    assert caught.since <= ghost < caught.until


@both
async def test_a_total_without_dates_is_held_against_the_windows(ahead: int | None) -> None:
    fetch = Fetch(CountsGhosts(ledger=daily(199), ghost=FAR_AHEAD))
    question = query(fetch, since=None, until=None, now=NOW)
    with pytest.raises(IncompleteLedgerError) as caught:
        await (rest(aiter(question)) if ahead is None else question.collect(ahead=ahead))
    assert caught.value.reason == "the server counts 1 entries more than it served"
    assert str(caught.value).endswith("); if they are dated before that, give `since`")


@both
async def test_only_a_shortage_of_a_whole_history_may_be_older_than_what_was_read(ahead: int | None) -> None:
    server = CountsGhosts(ledger=hourly(25), most=10, ghost=NOON + timedelta(hours=3), only_beyond=10 * DAY)
    _, caught = await failing(Fetch(server), ahead, until=UNTIL)
    assert "since" not in str(caught)


@attrs.define(kw_only=True)
class CountsNoFurther(LedgerServer):
    """Says so many at most, without dates."""

    cap: int

    def total(self, matching: Sequence[LedgerEntry], request: PageRequest) -> int:
        return min(len(matching), self.cap) if request.asked is None else len(matching)


@both
@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize(
    ("many", "served", "fewer"),
    [
        (300, newest_first, None),
        (301, newest_first, 1),
        (301, oldest_first, 1),
        (450, newest_first, 24),
        (450, oldest_first, 150),
    ],
)
async def test_a_total_without_dates_that_is_capped_is_found_out(
    ahead: int | None, order: Literal["asc", "desc"], many: int, served: Order, fewer: int | None
) -> None:
    """As a search engine counts to ten thousand; of what no page shows, a day is read."""
    fetch = Fetch(CountsNoFurther(ledger=hourly(many), order=served, cap=300))
    question = query(fetch, since=None, until=None, now=NOW, order=order)
    async with opened(question, ahead) as stream:
        if fewer is None:
            assert len(await rest(stream)) == 300
            assert stream.report.verdict is Verdict.COMPLETE
            return
        with pytest.raises(IncompleteLedgerError) as caught:
            await rest(stream)
    assert caught.value.reason == f"the server counts {fewer} entries fewer without dates than by date"
    assert str(caught.value).endswith(")")
    assert stream.report.verdict is Verdict.FAILED


@both
async def test_late_arrivals_do_not_disturb_a_total_without_dates(ahead: int | None) -> None:
    """An entry is deleted, so that the total is confirmed, and others have come since."""
    late = [entry(900 + number, NOW + number * SECOND) for number in range(5)]

    def change(ledger: list[LedgerEntry]) -> None:
        ledger[:] = [*ledger[1:], *late]

    server = LedgerServer(ledger=daily(200), happens={3: change})
    question = query(Fetch(server), since=None, until=None, now=NOW)
    entries = await (rest(aiter(question)) if ahead is None else question.collect(ahead=ahead))
    assert ids(entries) == list(range(2, 201))


@both
async def test_an_arrival_between_two_counts_is_not_taken_for_a_loss(ahead: int | None) -> None:
    """Before whichever request it comes; an entry was deleted, so that the total is confirmed."""

    def delete(ledger: list[LedgerEntry]) -> None:
        del ledger[0]

    def book(ledger: list[LedgerEntry]) -> None:
        ledger.append(entry(900, NOW))

    for number in range(4, 15):
        fetch = Fetch(LedgerServer(ledger=daily(200), happens={3: delete, number: book}))
        async with opened(query(fetch, since=None, until=None, now=NOW), ahead) as stream:
            assert ids(await rest(stream)) == list(range(2, 201))
        assert stream.report.verdict is Verdict.COMPLETE


@pytest.mark.parametrize(("ahead", "latencies"), [(None, 19), (9, 5)])
async def test_windows_that_have_passed_are_counted_as_many_at_once_as_the_caller_allows(
    ahead: int | None, latencies: int
) -> None:
    """An exact count of 400 days and the thirty ahead: eight totals, one, everything, one, eight."""
    server = LedgerServer(ledger=daily(400))
    fetch = Fetch(server)
    now = NOON + 400 * DAY
    under = terms(settled_before=LONG_AGO, exact=True)
    async with opened(query(fetch, since=None, until=None, now=now, under=under), ahead) as stream:
        for _ in range(400):
            await anext(stream)
        began, calls = anyio.current_time(), fetch.calls
        assert await anext(stream, None) is None
    assert (fetch.calls - calls, anyio.current_time() - began) == (19, latencies)
    assert stream.report.verdict is Verdict.COMPLETE


@both
async def test_a_ledger_that_never_rests_is_partial_and_the_report_says_why(ahead: int | None) -> None:
    """Something is booked before each request; who goes on with the token, when it rests, has it counted once more."""

    def book(ledger: list[LedgerEntry]) -> None:
        ledger.append(entry(9000 + len(ledger), NOW - DAY))

    server = LedgerServer(ledger=daily(200), order=oldest_first, happens=dict.fromkeys(range(900), book))
    under = terms(settled_before=LONG_AGO, exact=True)
    asked = query(Fetch(server), since=None, until=NOON + 200 * DAY, now=NOW, under=under)
    async with opened(asked, ahead) as stream:
        assert stream.report.doubt is None
        assert ids(await rest(stream)) == list(range(1, 201))
    report = stream.report
    assert (report.verdict, report.doubt) == (Verdict.PARTIAL, "the ledger moved too much to be counted")
    server.happens = {}
    async with opened(attrs.evolve(asked, resume=stream.resume), ahead) as again:
        assert await rest(again) == []
    assert (again.report.verdict, again.report.doubt) == (Verdict.COMPLETE, None)


@both
async def test_a_walk_that_told_of_missing_entries_has_a_doubt(ahead: int | None) -> None:
    ghost = NOON + timedelta(hours=3)
    server = CountsGhosts(ledger=hourly(25), most=10, ghost=ghost, only_beyond=10 * DAY)
    asked = query(Fetch(server), since=NOON, until=UNTIL, now=NOW)
    async with opened(asked, ahead) as stream:
        with pytest.raises(IncompleteLedgerError):
            await rest(stream)
    assert (stream.report.verdict, stream.report.doubt) == (Verdict.FAILED, "an error told that entries are missing")
    async with opened(attrs.evolve(asked, resume=stream.resume), ahead) as again:
        await rest(again)
    assert (again.report.verdict, again.report.doubt) == (Verdict.PARTIAL, "an error told that entries are missing")


# ---- Patience --------------------------------------------------------------------------------------------------------


@both
async def test_a_server_that_never_adds_up_is_given_up(ahead: int | None) -> None:
    fetch = Fetch(CountsUp(ledger=hourly(300), most=10))
    _, caught = await failing(fetch, ahead, until=UNTIL)
    assert isinstance(caught, IncompleteLedgerError)
    assert fetch.calls <= 500 + 10 * (1 + (ahead or 0))


async def test_a_second_of_very_many_pages_is_given_up_before_all_are_asked_for() -> None:
    server = LedgerServer(ledger=entries_at([NOON] * 400), most=1)
    fetch = Fetch(server)
    stream = aiter(query(fetch, since=NOON, until=NOON + SECOND, now=NOW))
    with pytest.raises(IncompleteLedgerError) as caught:
        await rest(stream)
    assert caught.value.reason == "a span too short to be split holds more than 200 pages"
    assert fetch.calls == 1


async def test_a_second_of_many_pages_is_read_twice_before_patience_ends() -> None:
    fetch = Fetch(LedgerServer(ledger=entries_at([NOON] * 200), most=1))
    stream = aiter(query(fetch, since=NOON, until=NOON + SECOND, now=NOW))
    assert len(await rest(stream)) == 200
    assert fetch.calls == 400


async def test_a_second_of_many_pages_that_never_rests_is_given_up() -> None:
    """Each reading of it is 150 pages and more."""
    happens = {
        request: lambda ledger, number=request: ledger.append(entry(1000 + number, NOON))
        for request in range(10, 1000, 100)
    }
    fetch = Fetch(LedgerServer(ledger=entries_at([NOON] * 150), most=1, happens=happens))
    stream = aiter(query(fetch, since=NOON, until=NOON + SECOND, now=NOW))
    with pytest.raises(IncompleteLedgerError, match="pages proved nothing"):
        await rest(stream)
    assert fetch.calls == 500 + 10


async def test_many_spans_at_once_that_prove_nothing_yet_are_no_reason_to_give_up() -> None:
    """Each of 300 windows has given its first page and waits for its second."""
    moments = [NOON + number * DAY + more * SECOND for number in range(300) for more in range(11)]
    fetch = Fetch(LedgerServer(ledger=entries_at(moments), most=10))
    question = query(fetch, since=NOON, until=NOON + 300 * DAY, now=NOW, under=terms(window=DAY))
    assert len(await question.collect(ahead=299)) == 3300
    assert fetch.most == 300


async def test_pages_of_ends_that_were_handed_out_are_no_reason_to_give_up() -> None:
    """Of 900 pages a third may be held: no part is a whole span until the last one."""
    fetch = Fetch(LedgerServer(ledger=hourly(1800), most=2))
    question = query(fetch, since=NOON, until=UNTIL, now=NOW, under=terms(pages_per_part=300))
    assert len(await rest(aiter(question))) == 1800
    assert fetch.calls == 900
