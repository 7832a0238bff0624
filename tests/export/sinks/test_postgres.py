from __future__ import annotations

import sys
from decimal import Decimal

import psycopg
import pytest

from loyalty_async import InvalidArgument, OutputError, UnfitValueError
from loyalty_async.export import Postgres
from loyalty_async.export.openings import question_of
from loyalty_async.export.runs import Past, Question
from tests.cli.conftest import Served
from tests.export.conftest import MakeSink
from tests.export.outputs import rows_of, written
from tests.export.test_engine import PLAIN, members_of, run, true_of

pytestmark = [pytest.mark.anyio, pytest.mark.real_time]


async def test_rows_and_what_is_done_are_in_the_database_with_the_documented_types(
    served: Served, database: str, table: str
) -> None:
    members, sink = members_of(served, 20), Postgres(database, table=table, batch=10_000)
    assert (await run(served, members, sink)).complete
    assert written(sink) == true_of(served, members)
    assert (await run(served, members, sink)).skipped == 20
    with psycopg.connect(database) as connection:
        types: dict[str, str] = dict(
            connection.execute(
                "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = %s::regclass",
                [table],
            ).fetchall()
        )
        sums = connection.execute(
            f"SELECT sum((line->>'points')::numeric) FROM {table}, jsonb_array_elements(entry_details) line"  # noqa: S608
        ).fetchone()
    assert types["created_at"] == "timestamp with time zone"
    assert types["transaction_details_date"] == "timestamp without time zone"
    assert types["transaction_details_amount"] == "numeric"
    assert types["entry_details"] == "jsonb"
    facts = true_of(served, members)
    assert sums == (sum((line[1] for fact in facts.elements() for line in fact[3]), Decimal(0)),)


async def test_a_row_a_detail_and_raw_have_columns_of_their_own(served: Served, database: str, table: str) -> None:
    members = members_of(served, 3)
    rows = Postgres(database, table=f"{table}_rows", details="rows")
    await run(served, members, rows)
    assert sum(row["entry_details_number"] in (0, None) for row in rows_of(rows)) == true_of(served, members).total()
    raw = Postgres(database, table=f"{table}_raw")
    await run(served, members, raw, raw=True)
    assert all(row["raw"]["eventLogId"] == row["event_log_id"] for row in rows_of(raw))


async def test_another_question_and_another_process_are_refused(
    served: Served, make_sink: MakeSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = make_sink("postgres")
    assert isinstance(sink, Postgres)
    await run(served, members_of(served, 1), sink)
    with pytest.raises(InvalidArgument, match="raw differ"):
        await run(served, [], sink, raw=True)
    monkeypatch.setattr("loyalty_async.export.sinks.postgres._LOCK_PATIENCE_S", 0.2)
    store = sink.open(
        Question({**sink.question(raw=False).parts, "filters": PLAIN["filters"], "raw": False}), raw=False
    )
    with pytest.raises(OutputError, match="another export is at work on this table"):
        await run(served, [], sink)
    store.close()


async def test_a_table_is_the_same_with_and_without_its_schema(
    served: Served, database: str, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loyalty_async.export.sinks.postgres._LOCK_PATIENCE_S", 0.2)
    schema, _, bare = table.partition(".")
    full = Postgres(database, table=table)
    short = Postgres(f"{database}?options=-csearch_path%3D{schema}", table=bare)
    store = full.open(full.question(raw=False), raw=False)
    with pytest.raises(OutputError, match="another export is at work on this table"):
        await run(served, [], short)
    store.close()


async def test_rows_whose_manifest_is_gone_are_not_doubled(served: Served, database: str, table: str) -> None:
    members, sink = members_of(served, 3), Postgres(database, table=table)
    await run(served, members, sink)
    before = written(sink)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"DROP TABLE {table}_export_facts, {table}_export_runs, {table}_export_units")
    with pytest.raises(OutputError, match="the table has rows, and no export noted them"):
        await run(served, members, sink)
    assert written(sink) == before


async def test_somebody_elses_table_is_told_and_left_alone(served: Served, database: str, table: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"CREATE TABLE {table} (colour text)")
        with pytest.raises(OutputError, match=r"refused: the table has other columns than an export writes \(42703\)"):
            await run(served, members_of(served, 3), Postgres(database, table=table))
        assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)  # noqa: S608


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ("nowhere.entries", r"there is no such schema \(3F000\)"),
        ("pg_catalog.entries", r"this user may not .* \(42501\)"),
    ],
)
async def test_why_it_refuses_is_told(table: str, reason: str, served: Served, database: str) -> None:
    with pytest.raises(OutputError, match=f"^PostgreSQL refused: {reason}$"):
        await run(served, [], Postgres(database, table=table))


async def test_a_database_is_looked_at_and_left_as_it_is(served: Served, make_sink: MakeSink) -> None:
    sink = make_sink("postgres")
    assert isinstance(sink, Postgres)
    question = question_of(sink, PLAIN["filters"], raw=False)
    assert sink.peek(question) == Past()
    await run(served, members_of(served, 3), sink)
    assert (len(sink.peek(question).runs), sink.peek(question).done) == (1, 3)
    with pytest.raises(InvalidArgument, match="raw differ"):
        sink.peek(question_of(sink, PLAIN["filters"], raw=True))


async def test_what_postgresql_cannot_hold_is_an_error(
    served: Served, make_sink: MakeSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loyalty_async.export.cells.member_values", lambda _member: ["a\0b", *[None] * 4])
    with pytest.raises(UnfitValueError, match="member_identifier_name holds a NUL"):
        await run(served, members_of(served, 10), make_sink("postgres"))


async def test_a_database_that_is_not_there_is_told_by_its_code_and_without_its_url(served: Served) -> None:
    sink = Postgres("postgresql://somebody:secret@127.0.0.1:9/nothing")
    assert "secret" not in repr(sink)
    with pytest.raises(OutputError, match=r"^PostgreSQL is away, or does not let us in \(\w+\)$"):
        await run(served, [], sink)


async def test_without_psycopg_the_extra_is_named(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(InvalidArgument, match=r"pip install 'loyalty-async\[postgres\]'"):
        await run(served, [], Postgres("postgresql://127.0.0.1/test"))
