"""Where an export goes, and in what form."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import attrs
from cyclopts import Group, Parameter

from loyalty_async.cli.export_pace import MOST
from loyalty_async.errors import InvalidArgument
from loyalty_async.export import Csv, FileLimits, JsonLines, Parquet, Postgres, Sink

__all__ = ["Output"]

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_DATABASES = ("postgresql://", "postgres://")


@Parameter(name="*", group=Group("Output", sort_key=1))
@attrs.frozen(kw_only=True)
class Output:
    """Where an export goes, and in what form."""

    to: Annotated[str, Parameter(help="Folder, or postgresql://host/database; keep its password in ~/.pgpass.")]
    output_format: Annotated[
        Literal["jsonl", "csv", "parquet", "postgres"] | None,
        Parameter(name="--format", help="jsonl unless told, postgres for a database."),
    ] = None
    compress: Annotated[bool, Parameter(help="gzip, for jsonl and csv.", negative="")] = False
    details: Annotated[
        Literal["nested", "rows"], Parameter(help="Details of an entry in one column, or each in a row of its own.")
    ] = "nested"
    raw: Annotated[bool, Parameter(help="Leave each entry's JSON as the server wrote it.", negative="")] = False
    table: Annotated[
        str | None, Parameter(help="Table of the database, with or without a schema; loyalty_entries unless told.")
    ] = None
    file_size: Annotated[float, Parameter(help="MB after which a file ends.")] = 128.0
    commit_every: Annotated[float, Parameter(help="Seconds after which a file ends, however short.")] = 300.0

    def sink(self) -> Sink:
        """Make the sink.

        Raises:
            InvalidArgument: Options that do not go together.
        """
        if not (0 < self.file_size < MOST and 0 < self.commit_every < MOST):
            raise InvalidArgument("--file-size and --commit-every must be above 0, and finite")
        if self.compress and not self._is_text():
            raise InvalidArgument("--compress is for jsonl and csv; parquet is compressed as it is")
        if self.to.startswith(_DATABASES) or self.output_format == "postgres":
            return self._database()
        if _URL.match(self.to):
            raise InvalidArgument("--to must be a folder of this machine, or postgresql://host/database")
        if self.table is not None:
            raise InvalidArgument("--table is for --to postgresql://…")
        limits = FileLimits(size=max(int(self.file_size * 1024 * 1024), 1), age_s=self.commit_every)
        if self.output_format == "parquet":
            return Parquet(self.to, details=self.details, limits=limits)
        if self.output_format == "csv":
            return Csv(self.to, details=self.details, compressed=self.compress, limits=limits)
        if self.details == "rows":
            raise InvalidArgument("--details rows is not for jsonl, where an entry is one line")
        return JsonLines(Path(self.to), compressed=self.compress, limits=limits)

    def _is_text(self) -> bool:
        return self.output_format in ("jsonl", "csv") or (
            self.output_format is None and not self.to.startswith(_DATABASES)
        )

    def _database(self) -> Sink:
        if self.output_format not in (None, "postgres") or not self.to.startswith(_DATABASES):
            raise InvalidArgument("--format postgres and --to postgresql://… go together")
        if _password(self.to):
            # Every user of a machine can see the options in its list of processes.
            raise InvalidArgument("--to must hold no password: keep it in ~/.pgpass or PGPASSWORD")
        return Postgres(self.to, table=self.table or "loyalty_entries", details=self.details, age_s=self.commit_every)


def _password(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        raise InvalidArgument("--to is no URL that makes sense") from None
    return parts.password is not None or "password=" in parts.query
