"""What an export does when the output, or the server, cannot be used any more: it says so, and goes on later."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import attrs
import psycopg
import pytest

from loyalty_async import RateLimit
from loyalty_async.export import Postgres, verify_export
from loyalty_async.sandbox import Fault, Sandbox, make_ledger, serving
from tests._support.redis_servers import running_redis
from tests.cli.conftest import Served
from tests.export.children import Task, finish, start
from tests.export.conftest import BEGINNING, NOON, MakeSink
from tests.export.outputs import small_files, truth, written

pytestmark = [pytest.mark.real_time, pytest.mark.timeout(90)]


def task_for(served: Served, sink: object, **fields: object) -> Task:
    user_ids = [member.user_id for member in served.sandbox.ledger.members]
    return Task(url=served.url, sink=sink, user_ids=user_ids, since=BEGINNING, until=NOON, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "largest_file"),
    [("jsonl", 3_000), ("jsonl", 100_000), ("jsonl.gz", 3_000), ("csv", 100_000), ("parquet", 3_000)],
)
def test_a_full_disk_ends_it_with_an_error_that_says_so_and_it_goes_on_later(
    kind: str, largest_file: int, served: Served, make_sink: MakeSink, tmp_path: Path
) -> None:
    sink = small_files(make_sink(kind), 200_000)
    problem = tmp_path / "problem"
    code = finish(task_for(served, sink, largest_file=largest_file, problem_file=problem))
    assert code == 1
    assert problem.read_text().startswith("OutputError: the ")
    assert any(word in problem.read_text() for word in ("File too large", "SQLITE_FULL", "SQLITE_IOERR"))
    assert finish(task_for(served, sink)) == 0
    assert written(sink) == truth(served.sandbox.ledger)
    assert verify_export(sink.folder).problems == ()  # type: ignore[attr-defined]


def test_a_temporary_file_that_does_not_fit_ends_it_as_well(
    served: Served, make_sink: MakeSink, tmp_path: Path
) -> None:
    sink, problem = make_sink("jsonl"), tmp_path / "problem"
    task = task_for(served, sink, largest_file=8_000, problem_file=problem, options={"memory": 100})
    assert finish(task) == 1
    assert problem.read_text().startswith("OutputError: the ")


@pytest.mark.parametrize("largest_file", [0, 4_096])
def test_rows_that_find_no_room_on_their_way_to_a_database_are_neither_lost_nor_doubled(
    largest_file: int, served: Served, make_sink: MakeSink
) -> None:
    sink = make_sink("postgres")
    assert isinstance(sink, Postgres)
    sink = attrs.evolve(sink, batch=20_000)
    assert finish(task_for(served, sink, largest_file=largest_file)) == 1
    assert finish(task_for(served, sink)) == 0
    assert written(sink) == truth(served.sandbox.ledger)


@pytest.mark.skipif(sys.platform != "linux", reason="only there root can be told to obey permissions")
@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_a_folder_that_must_not_be_written_is_told(
    kind: str, served: Served, make_sink: MakeSink, tmp_path: Path
) -> None:
    sink, problem = make_sink(kind), tmp_path / "problem"
    folder = Path(sink.folder)  # type: ignore[attr-defined]
    folder.mkdir(0o555)
    assert finish(task_for(served, sink, unprivileged=True, problem_file=problem)) == 1
    assert problem.read_text() == "OutputError: the output cannot be written: Permission denied"
    folder.chmod(0o755)
    assert finish(task_for(served, sink)) == 0
    assert written(sink) == truth(served.sandbox.ledger)


@pytest.mark.skipif(sys.platform != "linux", reason="only there root can be told to obey permissions")
def test_a_folder_that_may_not_be_written_any_more_is_told_and_goes_on_later(
    served: Served, make_sink: MakeSink, tmp_path: Path
) -> None:
    served.sandbox.faults.add(Fault(delay_s=0.01, times=None))
    sink, problem = small_files(make_sink("csv"), 5_000), tmp_path / "problem"
    folder = Path(sink.folder)  # type: ignore[attr-defined]
    process = start(task_for(served, sink, unprivileged=True, problem_file=problem))
    wait_for(lambda: len(list(folder.glob("entries-*"))) > 1)
    folder.chmod(0o555)
    process.join(30)
    folder.chmod(0o755)
    assert process.exitcode == 1
    assert problem.read_text() == "OutputError: the output cannot be written: Permission denied"
    assert finish(task_for(served, sink)) == 0
    assert written(sink) == truth(served.sandbox.ledger)
    assert verify_export(folder).problems == ()


def test_a_server_that_goes_away_ends_it_and_it_goes_on_when_the_server_is_back(
    make_sink: MakeSink, tmp_path: Path
) -> None:
    sandbox = Sandbox(make_ledger(12, 7, now=NOON, years=0.7, entries_per_member=25), now=lambda: NOON)
    sandbox.faults.add(Fault(delay_s=0.01, times=None))
    sink, problem = small_files(make_sink("jsonl"), 5_000), tmp_path / "problem"
    with serving(sandbox) as url:
        served = Served(sandbox, url)
        process = start(task_for(served, sink, problem_file=problem))
        wait_for(lambda: len(list(Path(sink.folder).glob("entries-*"))) > 1)  # type: ignore[attr-defined]
    process.join(30)
    assert process.exitcode == 1
    assert problem.read_text().startswith("ConnectionFailedError: ")
    with serving(sandbox) as url:
        assert finish(task_for(Served(sandbox, url), sink)) == 0
    assert written(sink) == truth(sandbox.ledger)


def test_a_database_that_goes_away_ends_it_and_it_goes_on_when_the_database_is_back(
    served: Served, make_sink: MakeSink, database: str, table: str, tmp_path: Path
) -> None:
    served.sandbox.faults.add(Fault(delay_s=0.01, times=None))
    sink, problem = small_files(make_sink("postgres"), 5_000), tmp_path / "problem"
    process = start(task_for(served, sink, problem_file=problem))
    with psycopg.connect(database, autocommit=True) as connection:

        def some_are_there() -> bool:
            try:
                found = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
            except psycopg.errors.UndefinedTable:
                return False
            return bool(found and found[0])

        wait_for(some_are_there)
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_stat_activity USING (pid)"
            " WHERE locktype = 'advisory' AND application_name = 'loyalty-async'"
        )
    process.join(30)
    assert process.exitcode == 1
    assert problem.read_text().startswith("OutputError: PostgreSQL refused: it was shut down")
    assert finish(task_for(served, sink)) == 0
    assert written(sink) == truth(served.sandbox.ledger)


@pytest.mark.parametrize("collect", [False, True], ids=["stops", "collects"])
def test_a_shared_quota_that_goes_away_ends_it_and_it_goes_on_when_the_quota_is_back(
    collect: bool, served: Served, make_sink: MakeSink, tmp_path: Path
) -> None:
    """Nobody is put aside for it: it is no member's fault."""
    served.sandbox.faults.add(Fault(delay_s=0.01, times=None))
    sink, problem, dead = small_files(make_sink("jsonl"), 5_000), tmp_path / "problem", tmp_path / "dead"
    folder = Path(sink.folder)  # type: ignore[attr-defined]
    with running_redis(tmp_path) as redis:
        task = task_for(
            served,
            sink,
            problem_file=problem,
            rate_limit=RateLimit(60_000, per=60.0, store=redis.url),
            options={"dead_letters": dead} if collect else {},
        )
        process = start(task)
        wait_for(lambda: len(list(folder.glob("entries-*"))) > 1)
        redis.kill()
        process.join(40)
        assert process.exitcode == 1
        assert problem.read_text().startswith(
            "StoreUnavailableError: not sent: the store of the shared limit does not "
        )
        assert not dead.exists()
        before = written(sink)
        assert before < truth(served.sandbox.ledger)
        assert (verify_export(folder).problems, verify_export(folder).complete) == ((), False)
        redis.start()
        assert finish(task) == 0
    assert written(sink) == truth(served.sandbox.ledger)
    assert (verify_export(folder).problems, verify_export(folder).complete) == ((), True)


def wait_for(condition: Callable[[], bool], limit_s: float = 30.0) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
