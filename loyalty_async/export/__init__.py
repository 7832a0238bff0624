"""Bulk export: a million ledgers into files, killed at any moment, finished by running it again.

Start with `export_ledgers`, or with `open_export` to stop it or to look at its progress.
"""

from loyalty_async.export.engine import Export
from loyalty_async.export.files import FileLimits
from loyalty_async.export.members import Listed, read_members
from loyalty_async.export.openings import export_ledgers, open_export
from loyalty_async.export.plans import Plan, plan_export
from loyalty_async.export.progress import Progress, Summary
from loyalty_async.export.runs import Stretch
from loyalty_async.export.sinks.csv import Csv
from loyalty_async.export.sinks.jsonl import JsonLines
from loyalty_async.export.sinks.parquet import Parquet
from loyalty_async.export.sinks.postgres import Postgres
from loyalty_async.export.stores import Sink
from loyalty_async.export.verification import Verification, verify_export

__all__ = [
    "Csv",
    "Export",
    "FileLimits",
    "JsonLines",
    "Listed",
    "Parquet",
    "Plan",
    "Postgres",
    "Progress",
    "Sink",
    "Stretch",
    "Summary",
    "Verification",
    "export_ledgers",
    "open_export",
    "plan_export",
    "read_members",
    "verify_export",
]
