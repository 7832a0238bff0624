"""PostgreSQL: rows by COPY, and the note of what is done in the same transaction. Needs the extra `postgres`.

psycopg's own asynchronous interface knows asyncio only; the ordinary one, in a thread, serves trio as well.
"""

from __future__ import annotations

import contextlib
import importlib
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import attrs

from loyalty_async.errors import InvalidArgument, OutputError
from loyalty_async.export.cells import cells_of, copied, encoder_of, row_of
from loyalty_async.export.columns import Kind, Table, table_of
from loyalty_async.export.runs import Done, Known, Past, Question, Run
from loyalty_async.export.sinks.csv import Csv
from loyalty_async.export.sinks.refusals import translated
from loyalty_async.export.stores import Encode, Store, Written
from loyalty_async.export.units import Spool, Unit
from loyalty_async.models.members import Member

__all__ = ["COLUMN_TYPES", "Postgres"]

COLUMN_TYPES: Mapping[Kind, str] = {
    Kind.TEXT: "text",
    Kind.INTEGER: "bigint",
    Kind.DECIMAL: "numeric",
    Kind.INSTANT: "timestamptz",
    Kind.CLOCK: "timestamp",
    Kind.OBJECT: "jsonb",
    Kind.AMOUNTS: "jsonb",
    Kind.DETAILS: "jsonb",
    Kind.RAW: "json",
}
_LOCK_PATIENCE_S = 10.0
"""How long a server may take to notice that the process before this one is gone."""
_PATIENCE: Mapping[str, int] = {
    "connect_timeout": 30,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""Seconds, and milliseconds: after about a minute, not hours, a server that a broken network hides counts as away."""
_MOST_UNITS = 10_000
_LONGEST_NAME = 63
"""Bytes; PostgreSQL cuts off the rest, so that the tables beside a long name would become one."""
_MANIFEST = """
CREATE TABLE IF NOT EXISTS {facts} (name text PRIMARY KEY, text text, bytes bytea, number bigint);
CREATE TABLE IF NOT EXISTS {runs} (
    number integer PRIMARY KEY, since timestamptz, asked_until timestamptz, until timestamptz NOT NULL,
    kept_from timestamptz NOT NULL, complete boolean NOT NULL
);
CREATE TABLE IF NOT EXISTS {units} (
    member bytea PRIMARY KEY, run integer NOT NULL, job bigint NOT NULL, rows bigint NOT NULL, recent bytea
);
"""


def _check_table(_sink: Postgres, _field: object, table: str) -> None:
    *schema, name = table.split(".")
    if len(schema) > 1 or not all((*schema, name)):
        raise InvalidArgument("the table must be named as `table` or as `schema.table`")
    if len(f"{name}_export_facts".encode()) > _LONGEST_NAME:
        room = _LONGEST_NAME - len("_export_facts")
        raise InvalidArgument(f"the name of the table must not be longer than {room} bytes, for three more go by it")


@attrs.frozen
class Postgres:
    """A table of PostgreSQL; three more beside it, whose names begin like its own, are the manifest.

    Attributes:
        url: As libpq takes it, such as `postgresql://host/database`; a password is better kept in `~/.pgpass`.
        table: Where rows go, with or without a schema; made if it is not there.
        details: `nested` puts the details of an entry into one column, as JSON; `rows` gives each a row of its own.
        batch: Bytes after which rows are committed; a little more, or as much more as one ledger takes.
        age_s: Seconds after which rows are committed, however few.
    """

    url: str = attrs.field(repr=False)
    table: str = attrs.field(default="loyalty_entries", kw_only=True, validator=_check_table)
    details: Literal["nested", "rows"] = attrs.field(default="nested", kw_only=True)
    batch: int = attrs.field(default=8 * 1024 * 1024, kw_only=True)
    age_s: float = attrs.field(default=60.0, kw_only=True)

    def question(self, *, raw: bool) -> Question:
        """Say how rows are written."""
        table = table_of(self.details, raw=raw)
        return Question({"format": "postgres", "columns": table.described()})

    def open(self, question: Question, *, raw: bool) -> Store:
        """Connect, take the table for this process alone, and look whether it belongs to this question."""
        psycopg = _load_psycopg()
        connection = self._connect(psycopg)
        store = _PostgresStore(psycopg, connection, self, table_of(self.details, raw=raw))
        try:
            store.prepare(question)
        except BaseException:
            connection.close()
            raise
        return store

    def peek(self, question: Question) -> Past:
        """Look what is there."""
        psycopg = _load_psycopg()
        with self._connect(psycopg) as connection, translated(psycopg):
            store = _PostgresStore(psycopg, connection, self, table_of("nested", raw=False))
            return store.past(question)

    def trial(self, folder: Path) -> Csv:
        """Give a sink for a folder of what would be copied."""
        return Csv(folder, details=self.details)

    def _connect(self, psycopg: Any) -> Any:
        with translated(psycopg):
            said = psycopg.conninfo.conninfo_to_dict(self.url)
            return psycopg.connect(**{**_PATIENCE, "application_name": "loyalty-async", **said}, autocommit=True)


def _load_psycopg() -> Any:
    try:
        return importlib.import_module("psycopg")
    except ImportError:
        raise InvalidArgument("PostgreSQL needs psycopg: python -m pip install 'loyalty-async[postgres]'") from None


class _PostgresStore:
    """See `Store`."""

    def __init__(self, psycopg: Any, connection: Any, sink: Postgres, table: Table) -> None:
        self._psycopg, self._connection, self._sink, self._table = psycopg, connection, sink, table
        self._encode_row = row_of(table, cells_of(table, copied, strict=True))
        self._waiting: dict[bytes, Done] = {}
        self._lines = Spool(sink.batch)
        self._waiting_since = 0.0
        self._run: Run | None = None
        self._runs: Sequence[Run] = ()
        self._job = 0
        self._secret = b""
        self.written = Written()

    def prepare(self, question: Question) -> None:
        """Lock, make what is not there yet, and hold the question against the one before."""
        with self._translated():
            self._lock()
            self._require_manifest()
            with self._connection.transaction():
                columns = ", ".join(f'"{one.name}" {COLUMN_TYPES[one.kind]}' for one in self._table.columns)
                for statement in filter(str.strip, _MANIFEST.split(";")):
                    self._execute(statement)
                self._let_go_of_others(question)
                self._execute("CREATE TABLE IF NOT EXISTS {rows} (" + columns + ")")
                self._execute(
                    "INSERT INTO {facts} (name, text) VALUES ('question', %s) ON CONFLICT DO NOTHING", [question.text()]
                )
                self._execute(
                    "INSERT INTO {facts} (name, bytes) VALUES ('secret', %s) ON CONFLICT DO NOTHING",
                    [secrets.token_bytes(32)],
                )
                self._execute("INSERT INTO {facts} (name, number) VALUES ('jobs', 0) ON CONFLICT DO NOTHING")
            self._secret = bytes(self._execute("SELECT bytes FROM {facts} WHERE name = 'secret'").fetchone()[0])
            question.require_same(self._question())

    def _let_go_of_others(self, question: Question) -> None:
        """Drop what a process asked otherwise, and its empty table of other columns, where no run was noted."""
        if self.runs() or self._has_rows():
            return
        other = self._execute("DELETE FROM {facts} WHERE name = 'question' RETURNING text").fetchone()
        if other and "columns" in question.differing(other[0]):
            self._execute("DROP TABLE IF EXISTS {rows}")

    def past(self, question: Question) -> Past:
        """Look what is there, and change nothing."""
        with self._translated():
            runs = self.runs() if self._is_there("facts") else ()
            if not runs:
                return Past()
            question.require_same(self._question())
            done = self._execute("SELECT count(*) FROM {units} WHERE run = %s", [runs[-1].number])
            return Past(runs, done.fetchone()[0])

    def _question(self) -> str:
        return str(self._execute("SELECT text FROM {facts} WHERE name = 'question'").fetchone()[0])

    @property
    def secret(self) -> bytes:
        """The key by which this manifest hashes members."""
        return self._secret

    def runs(self) -> Sequence[Run]:
        """Give the runs so far, in order."""
        with self._translated():
            rows = self._execute(
                "SELECT number, since, asked_until, until, kept_from, complete FROM {runs} ORDER BY number"
            ).fetchall()
        names = [field.name for field in attrs.fields(Run)]
        return [Run(**dict(zip(names, map(_utc, row), strict=True))) for row in rows]

    def begin(self, run: Run) -> int:
        """Work on a run, which is noted with its first rows."""
        with self._translated():
            self._job = self._execute(
                "UPDATE {facts} SET number = number + 1 WHERE name = 'jobs' RETURNING number"
            ).fetchone()[0]
        self._run, self._runs = run, [*self.runs()[: run.number - 1], run]
        return self._job

    def _note_run(self) -> None:
        """Note the run, if it is new: from now on its dates are fixed."""
        self._execute(
            "INSERT INTO {runs} VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING", attrs.astuple(self._begun())
        )

    def known(self, keys: Sequence[bytes]) -> Sequence[Known | None]:
        """Say what is known of members."""
        with self._translated():
            rows = self._execute(
                "SELECT member, run, job, recent FROM {units} WHERE member = ANY(%s)", [list(keys)]
            ).fetchall()
        found = {bytes(member): self._known(run, job, recent or b"") for member, run, job, recent in rows}
        for key in self._waiting:
            found[key] = self._known(self._begun().number, self._job, b"")
        return [found.get(key) for key in keys]

    def _known(self, number: int, job: int, recent: bytes) -> Known:
        run = self._runs[number - 1]
        return Known(run.until, run.kept_from, number, job, bytes(recent))

    def encoder(self, member: Member) -> Encode:
        """Make what encodes the entries of a member."""
        return encoder_of(self._table, member, self._encode_row)

    def spool(self, memory: int) -> Spool:
        """Make the place for a unit's rows."""
        return Spool(memory)

    def write(self, unit: Unit) -> Iterator[None]:
        """Take the rows of a whole unit, in one step: they wait for their commit as they are."""
        if not self._waiting:
            self._waiting_since = time.monotonic()
        with self._whole_or_nothing():
            for lines in unit.spool.blocks():
                self._lines.add(lines)
        self._waiting[unit.key] = unit.done()
        if self._lines.size >= self._sink.batch or len(self._waiting) >= _MOST_UNITS:
            self.commit()
        yield from ()

    def commit(self, *, due: bool = False) -> None:
        """Make durable what was taken."""
        if not self._waiting or (due and time.monotonic() - self._waiting_since < self._sink.age_s):
            return
        units = tuple(self._waiting.values())
        with self._whole_or_nothing(), self._translated(), self._connection.transaction():
            self._copy()
            self._note_run()
            self._note(units)
        so_far = self.written
        self.written = Written(
            units=so_far.units + len(units),
            rows=so_far.rows + sum(unit.rows for unit in units),
            files=0,
            bytes=so_far.bytes + self._lines.size,
        )
        self._forget()

    def _copy(self) -> None:
        columns = ", ".join(f'"{column.name}"' for column in self._table.columns)
        statement = self._composed("COPY {rows} (" + columns + ") FROM STDIN (FORMAT csv)")
        with self._connection.cursor() as cursor, cursor.copy(statement) as copy:
            for lines in self._lines.blocks():
                copy.write(lines)

    def _note(self, units: Sequence[Done]) -> None:
        statement = self._composed(
            "INSERT INTO {units} VALUES (%s, %s, %s, %s, %s) ON CONFLICT (member) DO UPDATE SET "
            "run = excluded.run, job = excluded.job, rows = excluded.rows, recent = excluded.recent"
        )
        number = self._begun().number
        with self._connection.cursor() as cursor:
            cursor.executemany(
                statement,
                [(unit.member, number, self._job, unit.rows, unit.recent or None) for unit in units],
            )

    def complete(self) -> None:
        """Note that the run came through the whole list."""
        self.commit()
        with self._translated(), self._connection.transaction():
            self._note_run()
            self._execute("UPDATE {runs} SET complete = true WHERE number = %s", [self._begun().number])

    def close(self) -> None:
        """Drop what was not committed, and close."""
        self._forget()
        self._connection.close()

    @contextlib.contextmanager
    def _whole_or_nothing(self) -> Iterator[None]:
        """Forget rows and units if something goes wrong: there may be some of the ones without the others."""
        try:
            yield
        except BaseException:
            self._forget()
            raise

    def _forget(self) -> None:
        self._waiting.clear()
        self._lines.close()
        self._lines = Spool(self._sink.batch)

    def _begun(self) -> Run:
        if self._run is None:
            raise OutputError("no run was begun")
        return self._run

    def _lock(self) -> None:
        """Keep other exports out for as long as this connection lives."""
        deadline = time.monotonic() + _LOCK_PATIENCE_S
        *schema, table = self._sink.table.split(".")
        while not self._execute(
            "SELECT pg_try_advisory_lock(hashtextextended(concat(coalesce(%s, current_schema()), '.', %s::text), 0))",
            ["".join(schema) or None, table],
        ).fetchone()[0]:
            if time.monotonic() > deadline:
                raise OutputError("another export is at work on this table")
            time.sleep(0.1)

    def _require_manifest(self) -> None:
        """Leave a table alone that has rows of which no manifest knows."""
        if not self._is_there("facts") and self._has_rows():
            raise OutputError(
                "the table has rows, and no export noted them beside it: put its manifest back, or choose another table"
            )

    def _has_rows(self) -> bool:
        return self._is_there("rows") and bool(self._execute("SELECT EXISTS (SELECT FROM {rows})").fetchone()[0])

    def _is_there(self, name: str) -> bool:
        found = self._execute("SELECT to_regclass(%s)", [self._composed(f"{{{name}}}").as_string(self._connection)])
        return found.fetchone()[0] is not None

    def _execute(self, statement: str, values: Sequence[object] = ()) -> Any:
        return self._connection.execute(self._composed(statement), values)

    def _composed(self, statement: str) -> Any:
        *schema, table = self._sink.table.split(".")
        identifier = self._psycopg.sql.Identifier
        names = {"rows": table, **{name: f"{table}_export_{name}" for name in ("facts", "runs", "units")}}
        return self._psycopg.sql.SQL(statement).format(
            **{name: identifier(*schema, full) for name, full in names.items()}
        )

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        with translated(self._psycopg):
            yield


def _utc(value: Any) -> Any:
    return value.astimezone(UTC) if isinstance(value, datetime) else value
