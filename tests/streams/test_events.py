"""Events by id: ten a call, in order, each id once, and no unknown id stops the others."""

from collections.abc import Callable, Sequence
from typing import Any

import anyio
import pytest

from loyalty_async.errors import ApiError, ClientStateError, RequestRefusedError, UnavailableError
from loyalty_async.models.events import ExplodedEvents, LedgerEvent
from loyalty_async.models.members import Customer
from loyalty_async.models.pages import ServerWarning
from loyalty_async.models.reports import Verdict
from loyalty_async.streams.events import EventQuery

pytestmark = pytest.mark.anyio

MEMBER = Customer.by_id("1", source="INSTORE")
Ids = tuple[int | str, ...]


def event(event_log_id: int, unique_id: str = "") -> LedgerEvent:
    return LedgerEvent(event_log_id=event_log_id, event_name="TransactionAdd", unique_id=unique_id)


class Server:
    """Knows every id but some, and answers each call in its own time.

    Attributes:
        unknown: Ids that it does not know.
        says: What it says of a call with such an id: an error with these words, or null in place of the event.
        wait_s: How long a call takes, by its first id.
        calls: The ids of every call.
    """

    def __init__(self, unknown: Sequence[int] = (), says: str | None = "invalid", **options: Any) -> None:
        self.unknown, self.says = set(unknown), says
        self.wait_s: Callable[[int], float] = options.get("wait_s", lambda _: 1.0)
        self.calls: list[Ids] = []

    async def __call__(self, ids: Ids) -> ExplodedEvents:
        self.calls.append(ids)
        await anyio.sleep(self.wait_s(int(ids[0])))
        bad = [event_id for event_id in ids if event_id in self.unknown]
        if bad and self.says is not None:
            error = RequestRefusedError("an event id is invalid (9021)")
            error.codes, error.server_message = (9021,), self.says.format(bad=bad)
            raise error
        return ExplodedEvents(
            events=tuple(None if event_id in self.unknown else event(int(event_id)) for event_id in reversed(ids)),
            warnings=(ServerWarning(code=9018),),
        )

    def query(self, ids: Sequence[int]) -> EventQuery:
        return EventQuery(member=MEMBER, ids=ids, fetch=self, identity=lambda found: found.event_log_id)


async def read(query: EventQuery, ahead: int | None) -> tuple[list[int], Any]:
    if ahead is None:
        stream = aiter(query)
        return [found.event_log_id async for found in stream], stream.report
    events = await query.collect(ahead=ahead)
    return [found.event_log_id for found in events], events.report


every_way = pytest.mark.parametrize("ahead", [None, 0, 3])


@every_way
async def test_events_come_in_the_order_of_their_ids_ten_a_call(ahead: int | None) -> None:
    server = Server(wait_s=lambda first: 100.0 - first)
    ids = list(range(35, 0, -1))
    found, report = await read(server.query(ids), ahead)
    assert found == ids
    assert sorted(map(len, server.calls)) == [5, 10, 10, 10]
    assert (report.verdict, report.asked, report.events, report.calls) == (Verdict.COMPLETE, 35, 35, 4)
    assert report.warnings == {9018: 4}


@every_way
async def test_an_id_that_comes_twice_is_asked_once(ahead: int | None) -> None:
    server = Server()
    found, report = await read(server.query([5, 6, 5, 6, 7]), ahead)
    assert found == [5, 6, 7]
    assert (server.calls, report.asked) == ([(5, 6, 7)], 3)


@every_way
@pytest.mark.parametrize("says", ["invalid", "Invalid event ids: {bad}", None])
@pytest.mark.parametrize("unknown", [[3], [0, 9], [4, 5], list(range(10))])
async def test_unknown_ids_are_reported_and_the_others_come(
    ahead: int | None, says: str | None, unknown: list[int]
) -> None:
    server = Server(unknown, says)
    found, report = await read(server.query(range(20)), ahead)
    assert found == [number for number in range(20) if number not in unknown]
    assert list(report.unknown) == unknown
    assert report.verdict is Verdict.COMPLETE


@pytest.mark.parametrize(("says", "most"), [("invalid", 10), ("Invalid event ids: {bad}", 3)])
async def test_an_unknown_id_costs_few_calls(says: str, most: int) -> None:
    server = Server([3], says)
    await server.query(range(10)).collect()
    assert len(server.calls) <= most


async def test_an_id_that_returns_several_events_gives_them_all() -> None:
    async def fetch(_: Ids) -> ExplodedEvents:
        return ExplodedEvents(events=(event(2), event(1, "first"), event(1, "second")))

    query = EventQuery(member=MEMBER, ids=[1, 2], fetch=fetch, identity=lambda found: found.event_log_id)
    assert [(found.event_log_id, found.unique_id) for found in await query.collect()] == [
        (1, "first"),
        (1, "second"),
        (2, ""),
    ]


async def test_events_that_name_none_of_several_ids_are_asked_for_one_by_one() -> None:
    """Else nobody could say which id has none."""
    calls: list[Ids] = []

    async def fetch(ids: Ids) -> ExplodedEvents:
        calls.append(ids)
        return ExplodedEvents(events=tuple(event(0, str(one)) for one in ids if one != "c"))

    query = EventQuery(member=MEMBER, ids=["b", "c", "a"], fetch=fetch, identity=lambda found: found.event_reference_id)
    events = await query.collect()
    assert [found.unique_id for found in events] == ["b", "a"]
    assert events.report.unknown == ("c",)
    assert calls == [("b", "c", "a"), ("b",), ("c",), ("a",)]


@every_way
async def test_another_error_ends_the_stream_with_the_member_it_was_for(ahead: int | None) -> None:
    async def fetch(_: Ids) -> ExplodedEvents:
        raise UnavailableError("the server failed (500)")

    query = EventQuery(member=MEMBER, ids=[1], fetch=fetch, identity=lambda found: found.event_log_id)
    with pytest.raises(ApiError) as caught:
        await read(query, ahead)
    assert caught.value.member is MEMBER


async def test_break_leaves_nothing_running_and_the_report_says_partial() -> None:
    server = Server()
    async with server.query(range(100)).prefetch(ahead=2) as stream:
        async for _ in stream:
            break
    assert (stream.report.verdict, stream.report.events) == (Verdict.PARTIAL, 1)
    calls = len(server.calls)
    await anyio.sleep(10)
    assert len(server.calls) == calls
    with pytest.raises(ClientStateError, match="closed"):
        await anext(stream)


async def test_two_tasks_on_one_stream_are_refused() -> None:
    stream = aiter(Server().query([1]))
    refused = []

    async def take() -> None:
        try:
            await anext(stream)
        except ClientStateError as error:
            refused.append(error)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(take)
        tasks.start_soon(take)
    assert len(refused) == 1


async def test_nothing_is_sent_without_iteration() -> None:
    server = Server()
    async with server.query([1]).prefetch():
        await anyio.sleep(1)
    assert server.calls == []
