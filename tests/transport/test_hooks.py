from __future__ import annotations

import json
from typing import Any

import anyio
import attrs
import httpx
import pytest

from loyalty_async.errors import InvalidArgument, LoyaltyError, MalformedAnswerError
from loyalty_async.models.hooks import RequestDetails
from loyalty_async.protocol.backoff import RetryPolicy
from loyalty_async.protocol.requests import Call
from loyalty_async.transport.attempts import Attempt
from loyalty_async.transport.exchanges import Timeouts
from loyalty_async.transport.hooks import Hooks
from loyalty_async.transport.session import Session
from tests.transport.stages import CALL, HOST, PHONE, Reply, Stage, as_it_is, document, failure, open_session

pytestmark = pytest.mark.anyio

OK = Reply()
BUSY = Reply(status=503)
FULL = Reply(status=429, headers={"Retry-After": "37"}, wait_s=2.0)


def watched(stage: httpx.AsyncBaseTransport, **options: Any) -> tuple[Session, list[RequestDetails]]:
    session, seen = open_session(stage, **options), list[RequestDetails]()
    session.hooks = Hooks([seen.append])
    return session, seen


async def fail(session: Session) -> None:
    with pytest.raises(LoyaltyError):
        await session.call(CALL, as_it_is)


async def test_a_hook_is_told_of_a_request_before_its_call_returns() -> None:
    session, seen = watched(Stage(attrs.evolve(OK, wait_s=1.5, chunk_wait_s=0.25)))
    await session.in_lane("bulk").call(CALL, as_it_is)
    (details,) = seen
    assert details == RequestDetails(
        server=HOST,
        port=443,
        method="GET",
        endpoint="/v2/ledger",
        lane="bulk",
        attempt=1,
        outcome="ok",
        status=200,
        sent_at_ns=details.sent_at_ns,
        wire_s=2.0,  # Two chunks: the second is the end.
        received_bytes=14,
    )
    assert details.sent_at_ns > 1e18


async def test_details_can_be_written_as_json_and_name_nobody() -> None:
    session, seen = watched(Stage(failure(8015, message=f"no {PHONE}")))
    await fail(session)
    written = json.dumps(attrs.asdict(seen[0]))
    assert '"codes": [8015]' in written
    assert PHONE not in written
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        seen[0].attempt = 2  # type: ignore[misc]


async def test_a_port_of_its_own_is_told() -> None:
    session, seen = watched(Stage(OK), url="http://127.0.0.1:8080/gateway")
    await session.call(CALL, as_it_is)
    assert (seen[0].server, seen[0].port) == ("127.0.0.1", 8080)


async def test_each_attempt_is_told_with_the_wait_that_follows() -> None:
    session, seen = watched(Stage(Reply(error=httpx.ReadError("reset")), failure(4001, 503), OK))
    session._draw = lambda: 0.5
    await session.call(CALL, as_it_is)
    assert [(each.attempt, each.outcome, each.status, each.codes, each.retry_in_s) for each in seen] == [
        (1, "ConnectionFailedError", None, (), 0.25),
        (2, "UnavailableError", 503, (4001,), 0.5),
        (3, "ok", 200, (), None),
    ]


async def test_the_last_attempt_has_no_further_one() -> None:
    session, seen = watched(Stage(BUSY, BUSY), retry=RetryPolicy(attempts=2))
    await fail(session)
    assert [each.retry_in_s is None for each in seen] == [False, True]


async def test_a_result_that_is_not_settled_is_told_to_be_asked_for_again() -> None:
    session, seen = watched(Stage(document(1), document(2)))
    await session.call(CALL, as_it_is, settled=lambda found: found == 2)
    assert [(each.outcome, each.retry_in_s) for each in seen] == [("ok", 0.0), ("ok", None)]


async def test_a_pause_is_told_by_the_answer_that_began_it() -> None:
    session, seen = watched(Stage(FULL, OK))
    await session.call(CALL, as_it_is)
    assert [(each.pause_s, each.retry_in_s, each.waited_s, each.wire_s) for each in seen] == [
        (37.0, 0.0, 0.0, 2.0),
        (0.0, None, 37.0, 0.0),
    ]


async def test_what_answers_put_calls_off_by_adds_up_to_the_pause() -> None:
    refusals = [attrs.evolve(FULL, wait_s=wait_s) for wait_s in (1.0, 4.0, 2.0)]
    session, seen = watched(Stage(*refusals, OK, OK, OK))
    async with anyio.create_task_group() as tasks:
        for _ in refusals:
            tasks.start_soon(session.call, CALL, as_it_is)
    assert [each.pause_s for each in seen] == [37.0, 1.0, 2.0, 0.0, 0.0, 0.0]
    assert anyio.current_time() == pytest.approx(1.0 + 40.0)


async def test_an_answer_of_the_wrong_shape_is_told_as_such_and_counted_as_such() -> None:
    def build(_: object) -> None:
        raise MalformedAnswerError("a list was expected @ ledgerDetails")

    session, seen = watched(Stage(OK))
    with pytest.raises(MalformedAnswerError):
        await session.call(CALL, build)
    assert (seen[0].outcome, seen[0].status) == ("MalformedAnswerError", 200)
    assert session.stats().traffic[0].outcome == "MalformedAnswerError"


async def test_a_request_that_took_too_long_is_told_with_its_time() -> None:
    session, seen = watched(
        Stage(attrs.evolve(OK, wait_s=60.0)), timeouts=Timeouts(answer=3.0), retry=RetryPolicy(attempts=1)
    )
    await fail(session)
    assert [(each.outcome, each.status, each.wire_s) for each in seen] == [("DeadlineExceededError", None, 3.0)]


async def test_a_request_that_is_cancelled_is_told() -> None:
    session, seen = watched(Stage(attrs.evolve(OK, wait_s=60.0)))
    with anyio.move_on_after(5):
        await session.call(CALL, as_it_is)
    assert [(each.outcome, each.wire_s, each.retry_in_s) for each in seen] == [("cancelled", 5.0, None)]


async def test_what_was_not_sent_is_not_told() -> None:
    session, seen = watched(Stage(attrs.evolve(OK, wait_s=60.0), Reply(status=429)), max_in_flight=1)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(session.call, CALL, as_it_is)
        await anyio.sleep(1)
        with anyio.move_on_after(1):
            await session.call(CALL, as_it_is)  # It is cancelled in the queue.
        assert seen == []
        tasks.cancel_scope.cancel()
    refusal = Reply(status=429, headers={"Retry-After": "999"})
    session, seen = watched(Stage(refusal))
    await fail(session)
    await fail(session)  # It is turned away by the pause.
    assert [(each.attempt, each.pause_s, each.retry_in_s) for each in seen] == [(1, 999.0, None)]


async def test_a_call_without_credentials_tells_how_long_it_waited_for_a_pause_to_end() -> None:
    stage = Stage(attrs.evolve(FULL, wait_s=0.0), OK, OK)
    session, seen = watched(stage)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(session.call, CALL, as_it_is)
        await anyio.sleep(7)
        await session.call(Call(method="POST", path="/token", authenticated=False), as_it_is)
    assert {each.endpoint: each.waited_s for each in seen if each.outcome == "ok"} == {
        "/token": 30.0,
        "/v2/ledger": 37.0,
    }


async def test_hooks_are_called_in_their_order() -> None:
    session, order = open_session(Stage(OK)), list[str]()
    session.hooks = Hooks([lambda _: order.append("first"), lambda _: order.append("second")])
    await session.call(CALL, as_it_is)
    assert order == ["first", "second"]


async def test_a_hook_that_fails_breaks_no_call_and_is_warned_of() -> None:
    """Once, however often it fails; its text may hold anything and is not shown."""
    numbers = iter(range(100))

    def broken(_: RequestDetails) -> None:
        raise KeyError(f"{PHONE} {next(numbers)}")

    session, seen = watched(Stage(BUSY, OK, OK))
    session.hooks = Hooks([broken, seen.append])
    with pytest.warns(RuntimeWarning, match=r"the hook .*broken fails \(KeyError\)") as warned:
        assert await session.call(CALL, as_it_is) == {"answer": 42}
    assert await session.in_lane("bulk").call(CALL, as_it_is) == {"answer": 42}
    assert (len(warned), len(seen), next(numbers)) == (1, 3, 3)
    assert PHONE not in str(warned[0].message)


async def test_where_warnings_are_errors_a_hook_that_fails_is_not_overlooked() -> None:
    session = open_session(Stage(OK))
    session.hooks = Hooks([lambda details: print(details.no_such_field)])  # noqa: T201
    with pytest.raises(RuntimeWarning) as caught:
        await session.call(CALL, as_it_is)
    assert isinstance(caught.value.__context__, AttributeError)


async def test_an_interrupt_in_a_hook_is_no_failure_of_it() -> None:
    def interrupt(_: RequestDetails) -> None:
        raise KeyboardInterrupt

    session = open_session(Stage(OK))
    session.hooks = Hooks([interrupt])
    with pytest.raises(KeyboardInterrupt):
        await session.call(CALL, as_it_is)
    assert session.gate.places.in_flight == 0


async def test_without_hooks_nothing_is_made_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Attempt, "details", None)
    assert await open_session(Stage(OK)).call(CALL, as_it_is) == {"answer": 42}


class Later:
    async def __call__(self, details: RequestDetails) -> None:
        """Be awaited."""


@pytest.mark.parametrize("hooks", [print, [None], "x", 5, None, [Later()], [Later().__call__], {"a": print}])
def test_what_cannot_be_called_is_refused(hooks: object) -> None:
    with pytest.raises(InvalidArgument, match="hook"):
        Hooks(hooks)


def test_any_sequence_of_functions_will_do() -> None:
    seen: list[RequestDetails] = []
    assert len(Hooks([seen.append, print])) == len(Hooks((seen.append, print))) == 2
    assert not Hooks([])
