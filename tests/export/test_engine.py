"""Exports from beginning to end, on both backends."""

from __future__ import annotations

import gc
import itertools
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import anyio.from_thread
import anyio.lowlevel
import pytest

from loyalty_async import (
    AuthenticationError,
    CapillaryClient,
    ClientStateError,
    Customer,
    InvalidArgument,
    LoyaltyError,
    MemberListError,
    MemberNotFoundError,
    OAuth,
    OutputError,
    RetryPolicy,
    Span,
    UnavailableError,
    UnfitValueError,
)
from loyalty_async.export import (
    FileLimits,
    JsonLines,
    Parquet,
    Postgres,
    Progress,
    Sink,
    Stretch,
    Summary,
    export_ledgers,
    open_export,
    verify_export,
)
from loyalty_async.export.engine import Export
from loyalty_async.export.files import FileStore
from loyalty_async.export.openings import in_bulk
from loyalty_async.export.runs import Question
from loyalty_async.export.units import Unit
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.sandbox import LEDGER_INFO_PATH, Fault
from tests.cli.conftest import Served
from tests.export.conftest import BEGINNING, KINDS, NOON, MakeSink
from tests.export.outputs import rows_of, small_files, truth, written

pytestmark = [pytest.mark.anyio, pytest.mark.real_time]

SPAN = Span(BEGINNING, NOON)
PLAIN: dict[str, Any] = {"filters": {"include_alternate_currencies": True}, "settle": timedelta(0)}
STRANGER = Customer.by_mobile("910000999888", source="INSTORE")


@asynccontextmanager
async def client_of(served: Served) -> AsyncIterator[CapillaryClient]:
    auth = OAuth(key="sandbox-key", secret="sandbox-secret")
    retry = RetryPolicy(attempts=2, first_delay_s=0.01, longest_delay_s=0.02)
    async with CapillaryClient(served.url, auth=auth, retry=retry) as client:
        yield client


def members_of(served: Served, count: int = 10) -> list[Customer]:
    return [Customer.by_id(each.user_id, source="INSTORE") for each in served.sandbox.ledger.members[:count]]


def true_of(served: Served, members: Sequence[Customer]) -> Any:
    return truth(served.sandbox.ledger, [int(member.identifier_value) for member in members])


def files_in(folder: Path) -> list[Path]:
    return sorted(folder.glob("entries-*"))


async def run(served: Served, members: Any, sink: Sink, **options: Any) -> Summary:
    async with client_of(served) as client:
        return await export_ledgers(client, members, options.pop("span", SPAN), sink, **PLAIN, **options)


async def test_all_members_are_in_the_files_and_running_again_sends_nothing(served: Served, tmp_path: Path) -> None:
    members, sink = members_of(served), JsonLines(tmp_path)
    summary = await run(served, members, sink)
    assert (summary.complete, summary.read, summary.failed, summary.files) == (True, 10, 0, 1)
    assert written(sink) == true_of(served, members)
    again = await run(served, members, sink)
    assert (again.complete, again.read, again.skipped, again.requests) == (True, 0, 10, 0)


async def test_members_may_come_from_an_asynchronous_iterable(served: Served, tmp_path: Path) -> None:
    members, sink = members_of(served, 5), JsonLines(tmp_path)

    async def listed() -> AsyncIterator[Customer]:
        for member in members:
            await anyio.lowlevel.checkpoint()
            yield member

    assert (await run(served, listed(), sink)).read == 5
    assert written(sink) == true_of(served, members)


async def test_the_list_is_read_as_it_is_needed(served: Served, tmp_path: Path) -> None:
    taken, ahead = 0, []

    def endless() -> Iterator[Customer]:
        """Nobody whom the server knows, so that each takes a request."""
        nonlocal taken
        for taken in itertools.count(1):
            yield Customer.by_id(10**9 + taken, source="INSTORE")

    def watch(progress: Progress) -> None:
        ahead.append(taken - progress.failed)
        if progress.failed > 200:
            scope.cancel()

    with anyio.fail_after(60), anyio.CancelScope() as scope:
        dead = tmp_path / "dead"
        async with client_of(served) as client:
            await export_ledgers(
                client, endless(), SPAN, JsonLines(tmp_path), dead_letters=dead, on_progress=watch, **PLAIN
            )
    assert max(ahead) <= 50 + 16 + 50  # Those taken at once, those under way, and those that wait behind them.


async def test_one_slow_ledger_does_not_hold_back_the_others(served: Served, tmp_path: Path) -> None:
    members = members_of(served)
    served.sandbox.faults.add(Fault(delay_s=20.0, path=LEDGER_INFO_PATH, skip=3, times=1))
    others_came = anyio.Event()

    def watch(progress: Progress) -> None:
        if progress.read == len(members) - 1:
            others_came.set()

    async with (
        client_of(served) as client,
        open_export(client, members, SPAN, JsonLines(tmp_path), workers=2, on_progress=watch, **PLAIN) as job,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(job.run)
        with anyio.fail_after(30):
            await others_came.wait()
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize("kind", KINDS)
async def test_large_ledgers_let_others_at_the_output_and_stay_whole(
    kind: str, served: Served, make_sink: MakeSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loyalty_async.export.units._BLOCK", 3_000)
    turns: list[bytes] = []
    fill = FileStore._fill

    def watched(store: FileStore, unit: Unit) -> Iterator[None]:
        for _ in fill(store, unit):
            turns.append(unit.key)
            time.sleep(0.01)  # In this time others come, and wait for their turn.
            yield
        turns.append(unit.key)

    monkeypatch.setattr(FileStore, "_fill", watched)
    members, sink = members_of(served, 40), small_files(make_sink(kind), 20_000)
    assert (await run(served, members, sink)).complete
    assert written(sink) == true_of(served, members)
    if kind != "postgres":
        others = [turns[turns.index(key) : len(turns) - turns[::-1].index(key)] for key in set(turns)]
        assert any(set(between) != {between[0]} for between in others)


async def others_wait(export: Export, wanted: int) -> None:
    with anyio.fail_after(20):
        while len(export._batch.units) < wanted:  # noqa: ASYNC110 - there is nothing else to wait for
            await anyio.sleep(0.001)


def watched_steps(monkeypatch: pytest.MonkeyPatch, before: Callable[[int], object] = lambda _: None) -> list[int]:
    """Give how many small units each step writes; during the first three more come, and *before* each is called."""
    steps: list[int] = []
    write = Export._write

    def watched(export: Export, batch: Any) -> None:
        steps.append(len(batch.units))
        if len(steps) == 1:
            anyio.from_thread.run(others_wait, export, 3)
        before(len(steps))
        write(export, batch)

    monkeypatch.setattr(Export, "_write", watched)
    return steps


async def test_small_units_that_wait_for_the_output_are_written_in_one_step(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = watched_steps(monkeypatch)
    members, sink = members_of(served, 20), JsonLines(tmp_path)
    summary = await run(served, members, sink, workers=4)
    assert (summary.complete, summary.read) == (True, 20)
    assert steps[:2] == [1, 3]
    assert sum(steps) == 20
    assert written(sink) == true_of(served, members)


@pytest.mark.parametrize("error", [OutputError("no space left"), ValueError("no space left")], ids=repr)
async def test_where_the_output_fails_no_unit_that_waited_for_it_counts_as_read(
    error: Exception, served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take, taken = FileStore.write, itertools.count(1)

    def failing(store: FileStore, unit: Unit) -> Iterator[None]:
        if next(taken) == 3:  # The second of those that waited for the first.
            raise error
        return take(store, unit)

    monkeypatch.setattr(FileStore, "write", failing)
    watched_steps(monkeypatch)
    async with client_of(served) as client:
        opened = open_export(client, members_of(served, 20), SPAN, JsonLines(tmp_path), **PLAIN, workers=4)
        with pytest.raises(type(error), match="no space left"):
            async with opened as export:
                await export.run()
        assert export.progress.read < 3  # The first one, and perhaps one more that came after the failure.


async def test_a_cancellation_does_not_take_the_rows_from_a_step_that_is_under_way(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cancel_the_second(number: int) -> None:
        if number == 2:
            anyio.from_thread.run_sync(scope.cancel)
            time.sleep(0.05)  # In this time the others are told.

    steps = watched_steps(monkeypatch, cancel_the_second)
    members, sink = members_of(served, 20), JsonLines(tmp_path)
    with anyio.CancelScope() as scope:
        await run(served, members, sink, workers=4)
    assert scope.cancelled_caught
    assert steps[:2] == [1, 3]
    assert (await run(served, members, sink)).skipped >= 4
    assert written(sink) == true_of(served, members)


async def test_others_have_their_turn_between_the_blocks_of_a_part(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loyalty_async.export.engine._MANY", 1)
    turns, seen, encoder = itertools.count(), list[int](), FileStore.encoder
    member = served.sandbox.ledger.add_member()
    for minutes in range(9):
        served.sandbox.ledger.add_entry(member.user_id, created_at=NOON - timedelta(days=3, minutes=minutes))

    def watched(store: FileStore, member: Customer) -> Any:
        def encode(entries: Sequence[LedgerEntry]) -> tuple[bytes, int]:
            seen.append(next(turns))
            return encoder(store, member)(entries)

        return encode

    monkeypatch.setattr(FileStore, "encoder", watched)

    async def take_turns() -> None:
        while True:
            next(turns)
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(take_turns)
        await run(served, [Customer.by_id(member.user_id, source="INSTORE")], JsonLines(tmp_path))
        tasks.cancel_scope.cancel()
    assert len(seen) == 9
    assert seen[-1] - seen[0] >= 15  # A turn for each; trio may let either be the first.


async def test_a_ledger_larger_than_its_memory_goes_through_a_file(served: Served, tmp_path: Path) -> None:
    members, sink = members_of(served), JsonLines(tmp_path)
    assert (await run(served, members, sink, memory=1)).complete
    assert written(sink) == true_of(served, members)


async def test_an_error_of_a_member_ends_the_export_bare_and_names_the_line(served: Served, tmp_path: Path) -> None:
    members = [*members_of(served, 3), STRANGER, *members_of(served, 6)[3:]]
    with pytest.raises(MemberNotFoundError, match="line 4 of the members: ") as caught:
        await run(served, members, JsonLines(tmp_path))
    assert STRANGER.identifier_value not in str(caught.value)
    assert caught.value.member == STRANGER
    sink = JsonLines(tmp_path)
    good = members_of(served, 6)
    assert (await run(served, good, sink)).complete
    assert written(sink) == true_of(served, good)


async def test_errors_of_members_are_put_aside_and_nothing_else_is_lost(served: Served, tmp_path: Path) -> None:
    members, sink, dead = members_of(served, 4), JsonLines(tmp_path / "out"), tmp_path / "dead.jsonl"
    listed = [members[0], STRANGER, "nobody", members[1], members[0], *members[2:]]
    summary = await run(served, listed, sink, dead_letters=dead)
    assert (summary.complete, summary.read, summary.failed) == (True, 4, 3)
    assert written(sink) == true_of(served, members)
    letters = {letter["line"]: letter for letter in map(json.loads, dead.read_text().splitlines())}
    assert {line: letter["error"] for line, letter in letters.items()} == {
        2: "MemberNotFoundError",
        3: "MemberListError",
        5: "MemberListError",
    }
    assert letters[2]["codes"] == [8015]
    assert letters[2]["identifier_value"] == STRANGER.identifier_value
    assert letters[2]["resume"]
    again = await run(served, members, sink, dead_letters=dead)
    assert (again.failed, again.skipped, dead.exists()) == (0, 4, False)


async def test_a_member_listed_twice_is_an_error(served: Served, tmp_path: Path) -> None:
    members = members_of(served, 3)
    with pytest.raises(MemberListError, match="line 4 of the members names a member that an earlier line has named"):
        await run(served, [*members, members[1]], JsonLines(tmp_path))


async def test_a_server_that_is_away_does_not_fill_the_file_of_members_put_aside(
    served: Served, tmp_path: Path
) -> None:
    served.sandbox.faults.add(Fault(path=LEDGER_INFO_PATH, status=503, times=None))
    dead = tmp_path / "dead.jsonl"
    with pytest.raises(UnavailableError):
        await run(served, members_of(served, 100), JsonLines(tmp_path / "out"), dead_letters=dead)
    assert len(dead.read_text().splitlines()) < 10


async def test_a_ledger_that_is_not_fully_booked_is_not_taken_for_complete(served: Served, tmp_path: Path) -> None:
    served.sandbox.faults.add(Fault(path=LEDGER_INFO_PATH, warning=11002, times=None))
    with pytest.raises(LoyaltyError, match="line 1 of the members: the server has not booked"):
        await run(served, members_of(served, 1), JsonLines(tmp_path))


async def test_stopping_lets_what_is_under_way_finish_and_running_again_goes_on(served: Served, tmp_path: Path) -> None:
    served.sandbox.faults.add(Fault(delay_s=0.005, times=None))
    members, sink = members_of(served, 40), JsonLines(tmp_path)
    async with client_of(served) as client, open_export(client, members, SPAN, sink, workers=3, **PLAIN) as job:
        async with anyio.create_task_group() as tasks:

            async def stop() -> None:
                while job.progress.read < 5:  # noqa: ASYNC110 - an export tells nobody of single members
                    await anyio.sleep(0.001)
                job.stop()
                job.stop()

            tasks.start_soon(stop)
            summary = await job.run()
        with pytest.raises(ClientStateError):
            await job.run()
    assert not summary.complete
    assert 5 <= summary.units < 40
    assert (await run(served, members, sink)).skipped == summary.units
    assert written(sink) == true_of(served, members)


async def test_a_member_who_was_taken_up_but_not_read_leaves_the_export_incomplete(
    served: Served, tmp_path: Path
) -> None:
    member, sink = members_of(served, 1), JsonLines(tmp_path)

    async def listed() -> AsyncIterator[Customer]:
        await anyio.lowlevel.checkpoint()
        yield member[0]
        job.stop()  # The list ends in the same moment, before anybody has begun to read.

    async with client_of(served) as client, open_export(client, listed(), SPAN, sink, **PLAIN) as job:
        summary = await job.run()
    assert (summary.complete, summary.read) == (False, 0)
    assert (await run(served, member, sink)).complete
    assert written(sink) == true_of(served, member)


async def test_the_grace_time_has_an_end(served: Served, tmp_path: Path) -> None:
    served.sandbox.faults.add(Fault(delay_s=25.0, path=LEDGER_INFO_PATH, skip=10, times=None))
    sink = JsonLines(tmp_path)
    async with (
        client_of(served) as client,
        open_export(client, members_of(served, 60), SPAN, sink, grace_s=0.05, **PLAIN) as job,
        anyio.create_task_group() as tasks,
    ):

        async def stop() -> None:
            await anyio.sleep(0.3)
            job.stop()

        tasks.start_soon(stop)
        with anyio.fail_after(20):
            summary = await job.run()
    assert not summary.complete


async def test_a_cancelled_export_keeps_what_was_read(served: Served, tmp_path: Path) -> None:
    served.sandbox.faults.add(Fault(delay_s=0.004, times=None))
    members, sink = members_of(served, 100), JsonLines(tmp_path)
    with anyio.move_on_after(0.6):
        await run(served, members, sink)
    gc.collect()  # An unclosed file would be told here.
    assert written(sink) <= true_of(served, members)
    served.sandbox.faults.clear()
    assert (await run(served, members, sink)).complete
    assert written(sink) == true_of(served, members)
    assert verify_export(tmp_path).problems == ()


async def test_files_have_the_stated_size_and_each_member_is_in_one(served: Served, tmp_path: Path) -> None:
    members, sink = members_of(served, 60), JsonLines(tmp_path, limits=FileLimits(size=20_000))
    assert (await run(served, members, sink)).files > 5
    sizes = [path.stat().st_size for path in files_in(tmp_path)]
    assert all(size >= 20_000 for size in sizes[:-1])
    homes: dict[str, set[str]] = {}
    for path in files_in(tmp_path):
        for line in path.read_text().splitlines():
            homes.setdefault(json.loads(line)["member"]["identifier_value"], set()).add(path.name)
    assert {len(names) for names in homes.values()} == {1}


async def test_a_file_ends_after_some_time_however_short(served: Served, tmp_path: Path) -> None:
    served.sandbox.faults.add(Fault(delay_s=0.02, times=None))
    sink = JsonLines(tmp_path, limits=FileLimits(age_s=0.1))
    assert (await run(served, members_of(served, 25), sink, workers=1)).files > 1


async def test_a_value_that_does_not_fit_is_an_error_and_names_the_column_only(served: Served, tmp_path: Path) -> None:
    member = served.sandbox.ledger.add_member()
    served.sandbox.ledger.add_entry(member.user_id, created_at=NOON - timedelta(days=3), points="0.12345678901")
    customer = Customer.by_id(member.user_id, source="INSTORE")
    with pytest.raises(UnfitValueError, match="has more than 10 digits behind the point") as caught:
        await run(served, [customer], Parquet(tmp_path / "parquet"))
    assert "0.123" not in str(caught.value)
    assert (await run(served, [customer], JsonLines(tmp_path / "jsonl"))).complete


async def test_raw_is_the_servers_own_json(served: Served, tmp_path: Path) -> None:
    members, sink = members_of(served, 5), JsonLines(tmp_path)
    assert (await run(served, members, sink, raw=True)).complete
    rows = list(rows_of(sink))
    assert len(rows) == true_of(served, members).total()
    lines = [line for path in files_in(tmp_path) for line in path.read_bytes().splitlines()]
    assert all(b'"raw":{"eventLogId":' in line for line in lines)
    assert all(row["raw"]["eventLogId"] == row["event_log_id"] for row in rows)


async def test_two_exports_into_one_folder_are_refused(served: Served, tmp_path: Path) -> None:
    async with client_of(served) as client, open_export(client, [], SPAN, JsonLines(tmp_path), **PLAIN):
        with pytest.raises(OutputError, match="another export"):
            await export_ledgers(client, [], SPAN, JsonLines(tmp_path), **PLAIN)


async def test_an_export_that_is_asked_otherwise_is_refused(served: Served, tmp_path: Path) -> None:
    await run(served, members_of(served, 1), JsonLines(tmp_path))
    with pytest.raises(InvalidArgument, match="filters differ"):
        async with client_of(served) as client:
            await export_ledgers(client, [], SPAN, JsonLines(tmp_path), settle=timedelta(0))
    with pytest.raises(InvalidArgument, match="columns, format, raw differ"):
        await run(served, [], Parquet(tmp_path), raw=True)
    with pytest.raises(InvalidArgument, match="until differ"):
        await run(served, [], JsonLines(tmp_path), span=Stretch(BEGINNING))


@pytest.mark.parametrize("kind", ["jsonl", "postgres"])
async def test_a_process_that_wrote_nothing_fixes_no_cut_off(kind: str, served: Served, make_sink: MakeSink) -> None:
    sink, members = make_sink(kind), members_of(served, 3)
    wrong = OAuth(key="sandbox-key", secret="wrong")
    async with CapillaryClient(served.url, auth=wrong) as client:
        with pytest.raises(AuthenticationError):
            await export_ledgers(client, members, Span(BEGINNING, NOON - timedelta(days=30)), sink, **PLAIN)
    assert (await run(served, members, sink)).until == NOON.isoformat()
    assert written(sink) == true_of(served, members)


async def test_a_process_that_wrote_nothing_leaves_a_table_to_any_question(
    served: Served, database: str, table: str
) -> None:
    asked = Postgres(database, table=table, details="rows")
    async with client_of(served) as client, open_export(client, [], SPAN, asked, raw=False):
        pass
    sink, members = Postgres(database, table=table), members_of(served, 3)
    assert sink.peek(Question({})).runs == ()
    assert (await run(served, members, sink)).run == 1
    assert written(sink) == true_of(served, members)
    with pytest.raises(InvalidArgument, match="columns differ"):
        await run(served, [], asked)
    assert written(sink) == true_of(served, members)


async def test_a_process_that_wrote_nothing_leaves_a_folder_to_any_question(served: Served, tmp_path: Path) -> None:
    async with client_of(served) as client, open_export(client, [], SPAN, JsonLines(tmp_path), raw=True):
        pass
    assert Parquet(tmp_path).peek(Question({})).runs == ()
    members = members_of(served, 3)
    assert (await run(served, members, Parquet(tmp_path))).run == 1
    assert written(Parquet(tmp_path)) == true_of(served, members)
    with pytest.raises(InvalidArgument, match="columns, format, raw differ"):
        await run(served, [], JsonLines(tmp_path), raw=True)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"workers": 0}, "workers must be"),
        ({"memory": True}, "memory must be"),
        ({"lookback": -timedelta(1)}, "lookback must be"),
        ({"filters": {"since": None}}, "decides by itself on since"),
        ({"filters": {"colour": 1}}, "filters has a name"),
        ({"filters": {"till_id": 1, "store_id": 2}}, "till_id"),
        ({"span": Stretch(datetime(2025, 1, 1))}, "aware"),  # noqa: DTZ001 - that is the point
    ],
)
async def test_what_cannot_work_is_refused_before_anything_is_made(
    options: dict[str, Any], said: str, served: Served, tmp_path: Path
) -> None:
    arguments: dict[str, Any] = {"span": SPAN, **options}
    async with client_of(served) as client:
        with pytest.raises(InvalidArgument, match=said):
            await export_ledgers(client, [], arguments.pop("span"), JsonLines(tmp_path / "out"), **arguments)
    assert not (tmp_path / "out").exists()


async def test_progress_counts_up_to_the_summary(served: Served, tmp_path: Path) -> None:
    seen: list[Progress] = []
    summary = await run(served, members_of(served, 9), JsonLines(tmp_path), total=9, on_progress=seen.append)
    last = seen[-1]
    assert (last.members, last.read, last.total, last.seconds_left) == (9, 9, 9, 0.0)
    assert last.requests == summary.requests > 9
    assert last.rows == summary.rows == summary.entries
    assert summary.until == NOON.isoformat()


async def test_an_error_of_the_callers_display_ends_the_export_bare(served: Served, tmp_path: Path) -> None:
    def fail(_progress: Progress) -> None:
        raise ZeroDivisionError

    served.sandbox.faults.add(Fault(delay_s=0.05, times=None))
    with pytest.raises(ZeroDivisionError):
        await run(served, members_of(served, 100), JsonLines(tmp_path), on_progress=fail)


async def test_the_bulk_lane_is_taken_where_there_is_one() -> None:
    class Lanes:
        def lane(self, name: str) -> str:
            return f"lane {name}"

    assert in_bulk(Lanes()) == "lane bulk"  # type: ignore[arg-type, comparison-overlap]
    assert in_bulk(plain := object()) is plain  # type: ignore[arg-type]
