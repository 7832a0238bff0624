"""Bulk export: a million ledgers into files, killed at any moment, finished by running it again.

Start with `export_ledgers`, or with `open_export` to stop it or to look at its progress.
"""

from loyalty_async.export.engine import Export
from loyalty_async.export.files import FileLimits
from loyalty_async.export.members import Listed, read_members
from loyalty_async.export.openings import export_ledgers, open_export
from loyalty_async.export.progress import Progress, Summary
from loyalty_async.export.runs import Stretch
from loyalty_async.export.sinks.csv import Csv
from loyalty_async.export.sinks.jsonl import JsonLines
from loyalty_async.export.sinks.parquet import Parquet
from loyalty_async.export.sinks.postgres import Postgres
from loyalty_async.export.stores import Sink

__all__ = [
    "Csv",
    "Export",
    "FileLimits",
    "JsonLines",
    "Listed",
    "Parquet",
    "Postgres",
    "Progress",
    "Sink",
    "Stretch",
    "Summary",
    "export_ledgers",
    "open_export",
    "read_members",
]
