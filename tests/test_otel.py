"""What the extra `otel` records, on the SDK, which keeps it in memory."""

from __future__ import annotations

import gc
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import attrs
import httpx
import pytest
from opentelemetry.semconv._incubating.attributes import url_attributes
from opentelemetry.semconv.attributes import error_attributes, http_attributes, server_attributes
from opentelemetry.semconv.metrics import http_metrics
from opentelemetry.trace import SpanKind, StatusCode

from loyalty_async import Basic, CapillaryClient, Customer, EntryQuery, LoyaltyError, RetryPolicy, Timeouts
from loyalty_async.otel import Telemetry
from loyalty_async.sandbox import Sandbox, create_app, make_ledger
from tests._support.telemetry import Recorder, attributes, seconds
from tests.transport.stages import Reply, Stage, failure

pytestmark = pytest.mark.anyio

HOST, PATH = "eu.api.example.com", "/v2/pointsLedger/getCustomerLedgerBalance"
NOW = datetime(2025, 6, 15, tzinfo=UTC)
MEMBER = Customer.by_mobile("917406401004", source="INSTORE")
OK = Reply(chunks=(b'{"customerDetails": {}, "ledgerBalanceDetails": []}',))
FULL = Reply(status=429, headers={"Retry-After": "30"})
NAME = f"GET {PATH}"


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


def client_of(recorder: Recorder, transport: httpx.AsyncBaseTransport, **options: Any) -> CapillaryClient:
    settings = {"auth": Basic("store.server", "server123"), "clock": lambda: NOW, "verify": False}
    return CapillaryClient(f"https://{HOST}", transport=transport, hooks=[recorder.hook], **{**settings, **options})


async def read(client: CapillaryClient) -> None:
    await client.balances.closing(MEMBER, at=NOW)


def parents(recorder: Recorder) -> set[int | None]:
    return {span.parent and span.parent.span_id for span in recorder.spans()}


async def fail(client: CapillaryClient) -> None:
    with pytest.raises(LoyaltyError):
        await read(client)


# ---- Spans -----------------------------------------------------------------------------------------------------------


async def test_a_request_becomes_a_span_of_its_own_time(recorder: Recorder) -> None:
    began_ns = time.time_ns()
    async with client_of(recorder, Stage(attrs.evolve(OK, wait_s=2.5))) as client:
        await read(client.lane("bulk"))
    (span,) = recorder.spans()
    assert (span.name, span.kind, span.status.status_code) == (NAME, SpanKind.CLIENT, StatusCode.UNSET)
    assert attributes(span) == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "server.address": HOST,
        "server.port": 443,
        "url.template": PATH,
        "loyalty_async.lane": "bulk",
        "loyalty_async.received_bytes": len(OK.chunks[0]),
        "loyalty_async.waited_s": 0.0,
    }
    assert span.start_time is not None
    assert began_ns <= span.start_time <= time.time_ns()
    assert seconds(span) == pytest.approx(2.5)
    assert span.events == ()
    assert span.parent is None


async def test_each_attempt_is_a_span_that_says_the_how_manieth_it_is(recorder: Recorder) -> None:
    async with client_of(recorder, Stage(Reply(status=502), failure(4001, 503), OK)) as client:
        await read(client)
    one, two, three = map(attributes, recorder.spans())
    assert [span.status.status_code for span in recorder.spans()] == [
        StatusCode.ERROR,
        StatusCode.ERROR,
        StatusCode.UNSET,
    ]
    assert [each.get("http.request.resend_count") for each in (one, two, three)] == [None, 1, 2]
    assert (one["error.type"], one["http.response.status_code"]) == ("UnavailableError", 502)
    assert (two["error.type"], two["loyalty_async.codes"]) == ("UnavailableError", (4001,))
    assert "loyalty_async.retry_in_s" in one
    assert three.keys().isdisjoint({"error.type", "loyalty_async.codes", "loyalty_async.retry_in_s"})


async def test_a_refusal_is_an_error_without_words(recorder: Recorder) -> None:
    async with client_of(recorder, Stage(failure(8015, 400, message="no 917406401004"))) as client:
        await fail(client)
    (span,) = recorder.spans()
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, None)
    assert attributes(span)["error.type"] == "MemberNotFoundError"


async def test_a_ledger_without_entries_is_no_error(recorder: Recorder) -> None:
    async with client_of(recorder, Stage(failure(11003, 400))) as client:
        assert await client.ledger.entries(MEMBER, since=NOW - timedelta(days=9)).collect() == []
    (span,) = recorder.spans()
    assert span.status.status_code is StatusCode.UNSET
    assert "error.type" not in attributes(span)
    assert attributes(span)["loyalty_async.codes"] == (11003,)


async def test_a_request_without_an_answer_has_no_status(recorder: Recorder) -> None:
    stage = Stage(attrs.evolve(OK, wait_s=60.0), Reply(error=httpx.ConnectError("refused")))
    once = RetryPolicy(attempts=1)
    async with client_of(recorder, stage, timeouts=Timeouts(answer=3.0), retry=once) as client:
        await fail(client)
        await fail(client)
    late, refused = recorder.spans()
    assert [attributes(each)["error.type"] for each in (late, refused)] == [
        "DeadlineExceededError",
        "ConnectionFailedError",
    ]
    assert [seconds(late), seconds(refused)] == pytest.approx([3.0, 0.0])
    assert all("http.response.status_code" not in attributes(span) for span in (late, refused))


async def test_a_request_that_is_cancelled_is_a_span_too(recorder: Recorder) -> None:
    async with client_of(recorder, Stage(attrs.evolve(OK, wait_s=60.0))) as client:
        with anyio.move_on_after(4):
            await read(client)
    (span,) = recorder.spans()
    assert attributes(span)["error.type"] == "cancelled"
    assert seconds(span) == pytest.approx(4.0)
    assert span.status.status_code is StatusCode.ERROR


async def test_a_pause_shows_in_the_answer_that_began_it_and_in_what_waited(recorder: Recorder) -> None:
    async with client_of(recorder, Stage(FULL, OK), retry=RetryPolicy(first_delay_s=1e-9)) as client:
        await read(client)
    refused, served = map(attributes, recorder.spans())
    assert refused["loyalty_async.pause_s"] == pytest.approx(30.0)
    assert served["loyalty_async.waited_s"] == pytest.approx(30.0)
    assert "loyalty_async.pause_s" not in served


async def test_spans_belong_to_the_span_that_their_call_is_made_in(recorder: Recorder) -> None:
    async def work(name: str) -> None:
        with recorder.tracer.start_as_current_span(name) as span:
            mine.add(span.get_span_context().span_id)
            await read(client)

    mine: set[int] = set()
    async with client_of(recorder, Stage(answering=lambda _: OK)) as client, anyio.create_task_group() as tasks:
        for name in ("one", "two"):
            tasks.start_soon(work, name)
    assert parents(recorder) == mine
    assert len(mine) == 2


async def plainly(query: EntryQuery) -> int:
    return len([entry async for entry in query])


async def ahead(query: EntryQuery) -> int:
    async with query.prefetch(ahead=3) as stream:
        return len([entry async for entry in stream])


async def at_once(query: EntryQuery) -> int:
    return len(await query.collect())


@pytest.mark.parametrize("reading", [plainly, ahead, at_once])
async def test_tasks_that_read_a_ledger_keep_the_callers_span(
    recorder: Recorder, reading: Callable[[EntryQuery], Awaitable[int]]
) -> None:
    ledger = make_ledger(1, seed=3, now=NOW, entries_per_member=200, skewed=False)
    sandbox = Sandbox(ledger)
    member = Customer.by_id(ledger.members[0].user_id, source="INSTORE")
    auth = Basic(*next(iter(sandbox.settings.tills.items())))
    async with client_of(recorder, httpx.ASGITransport(create_app(sandbox)), auth=auth) as client:
        query = client.ledger.entries(member, since=NOW - timedelta(days=900), page_size=20)
        with recorder.tracer.start_as_current_span("job") as job:
            assert await reading(query) > 99
    assert len(recorder.spans()) > 9
    assert parents(recorder) == {job.get_span_context().span_id}


async def test_names_are_the_conventions_or_our_own(recorder: Recorder) -> None:
    conventional = {
        value
        for module in (error_attributes, http_attributes, server_attributes, url_attributes)
        for name, value in vars(module).items()
        if name.isupper() and isinstance(value, str)
    }
    async with client_of(recorder, Stage(FULL, failure(8015))) as client:
        recorder.hook.observe(client)
        await fail(client)
        points = recorder.points()
    names = {name for span in recorder.spans() for name in attributes(span)}
    names |= {name for of_metric in points.values() for point in of_metric for name in point.attributes}
    own = {name for name in names if name.startswith("loyalty_async.")}
    assert names - own == {
        "error.type",
        "http.request.method",
        "http.request.resend_count",
        "http.response.status_code",
        "server.address",
        "server.port",
        "url.template",
    }
    assert names - own <= conventional
    assert http_metrics.HTTP_CLIENT_REQUEST_DURATION in points


# ---- Metrics ---------------------------------------------------------------------------------------------------------


async def test_durations_fall_into_the_conventions_buckets(recorder: Recorder) -> None:
    async with client_of(recorder, Stage(attrs.evolve(OK, wait_s=0.3), attrs.evolve(OK, wait_s=7.0))) as client:
        await read(client)
        await read(client)
    (point,) = recorder.points()["http.client.request.duration"]
    assert (point.count, point.sum) == (2, pytest.approx(7.3))
    assert point.explicit_bounds == (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
    assert [bound for bound, count in zip(point.explicit_bounds, point.bucket_counts, strict=False) if count] == [
        0.5,
        7.5,
    ]


async def test_requests_are_counted_by_outcome_and_retries_by_cause(recorder: Recorder) -> None:
    stage = Stage(Reply(status=502), Reply(status=502), OK, failure(8015, 400), attrs.evolve(OK, wait_s=9.0))
    async with client_of(recorder, stage) as client:
        await read(client)
        await fail(client)
        with anyio.move_on_after(1):
            await read(client)
    assert recorder.values("http.client.request.duration", "error.type", "http.response.status_code") == {
        ("UnavailableError", 502): 2,
        (None, 200): 1,
        ("MemberNotFoundError", 400): 1,
        ("cancelled", None): 1,
    }
    assert recorder.values("loyalty_async.retries", "url.template", "error.type") == {(PATH, "UnavailableError"): 2}


async def test_the_time_of_pauses_is_counted_by_cause(recorder: Recorder) -> None:
    async with client_of(recorder, Stage(FULL, FULL, OK), retry=RetryPolicy(first_delay_s=1e-9)) as client:
        await read(client)
    paused = recorder.values("loyalty_async.paused", "error.type", "http.response.status_code")
    assert paused == {("RateLimitedError", 429): pytest.approx(60.0)}


async def test_what_is_in_flight_and_waits_is_looked_up_for_each_export(recorder: Recorder) -> None:
    stage = Stage(answering=lambda _: attrs.evolve(OK, wait_s=10.0))
    async with client_of(recorder, stage, max_in_flight=2) as client, anyio.create_task_group() as tasks:
        recorder.hook.observe(client)
        for lane in ("interactive", "bulk", "interactive", "bulk", "bulk"):
            tasks.start_soon(read, client.lane(lane))
            await anyio.sleep(1)
        assert recorder.values("loyalty_async.in_flight", "server.address") == {(HOST,): 2}
        assert recorder.values("loyalty_async.waiting", "loyalty_async.lane") == {("interactive",): 1, ("bulk",): 2}
        await anyio.sleep(60)
        assert recorder.values("loyalty_async.in_flight", "server.address") == {(HOST,): 0}


@pytest.mark.real_time
async def test_exports_come_from_a_thread(recorder: Recorder) -> None:
    def observe() -> dict[Any, Any]:
        return recorder.values("loyalty_async.in_flight")

    def answer(_: httpx.Request) -> Reply:
        sent.set()
        return attrs.evolve(OK, wait_s=60.0)

    sent = anyio.Event()
    async with client_of(recorder, Stage(answering=answer)) as client, anyio.create_task_group() as tasks:
        recorder.hook.observe(client)
        tasks.start_soon(read, client)
        await sent.wait()
        assert await anyio.to_thread.run_sync(observe) == {(): 1}
        tasks.cancel_scope.cancel()


def test_clients_are_observed_for_as_long_as_they_exist(recorder: Recorder) -> None:
    client = client_of(recorder, Stage())
    another = client_of(recorder, Stage())
    for each in (client, another, client):
        recorder.hook.observe(each)
    assert len(recorder.points()["loyalty_async.waiting"]) == 2
    del client, another, each
    gc.collect()
    assert "loyalty_async.waiting" not in recorder.points()


# ---- The extra -------------------------------------------------------------------------------------------------------


def test_without_a_provider_the_process_has_one_or_none() -> None:
    Telemetry()  # What there is without an SDK does nothing.


def run(code: str) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).parents[1]
    return subprocess.run(  # noqa: S603 - the project's own code
        [sys.executable, "-W", "error", "-c", code], cwd=root, capture_output=True, text=True, check=False
    )


def test_nothing_of_opentelemetry_is_imported_unless_asked_for() -> None:
    code = "import loyalty_async, sys; print([name for name in sys.modules if name.startswith('opentelemetry')])"
    assert (run(code).stdout.strip(), run(code).stderr) == ("[]", "")


def test_where_the_extra_is_missing_the_error_names_it() -> None:
    done = run("import sys; sys.modules['opentelemetry'] = None; import loyalty_async.otel")
    assert done.stderr.splitlines()[-1] == (
        "ImportError: loyalty_async.otel needs an extra: pip install 'loyalty-async[otel]'"
    )
