"""dlt's source for REST APIs, used as its own page on performance advises.

Telemetry is off, so that nothing is sent while the clock runs, and files are not compressed, as this library's are not.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any, Literal

from benchmarks.contenders.loops import HEADERS, question
from benchmarks.ledgers import LEDGER_PATH
from benchmarks.tasks import Task, Work

os.environ.update(
    RUNTIME__DLTHUB_TELEMETRY="false",
    RUNTIME__LOG_LEVEL="ERROR",
    NORMALIZE__DATA_WRITER__DISABLE_COMPRESSION="true",
)

import dlt
from dlt.sources.rest_api import rest_api_source

__all__ = ["iterated", "loaded"]


def _source(task: Task, member: int, nesting: Any) -> Any:
    asked = dict(question(task, member, 0))
    del asked["offset"]
    paginator = {"type": "page_number", "base_page": 0, "page_param": "offset", "total_path": "ledgerDetails.pageCount"}
    endpoint = {"path": LEDGER_PATH, "params": asked, "data_selector": "ledgerEntries"}
    config: Any = {
        "client": {"base_url": task.url, "headers": HEADERS, "paginator": paginator},
        "resources": [{"name": "entries", "endpoint": endpoint}],
    }
    return rest_api_source(config, max_table_nesting=nesting)


@asynccontextmanager
async def iterated(task: Task) -> AsyncIterator[Work]:
    """Iterate the resource."""

    async def work(members: Sequence[int]) -> int:
        return sum(1 for member in members for _ in _source(task, member, None).resources["entries"])

    yield work


@asynccontextmanager
async def loaded(
    task: Task, file_format: Literal["jsonl", "parquet"], nesting: int | None = None
) -> AsyncIterator[Work]:
    """Run a pipeline into files.

    Args:
        task: What to do.
        file_format: Of the files.
        nesting: How deep lists get tables of their own; None for dlt's own choice, 0 to keep them in their row.
    """
    numbers = count()
    with tempfile.TemporaryDirectory() as folder:

        async def work(members: Sequence[int]) -> int:
            return sum(_load(Path(folder, str(next(numbers))), task, member) for member in members)

        def _load(place: Path, task: Task, member: int) -> int:
            pipeline = dlt.pipeline(
                pipeline_name=f"benchmark_{place.name}",
                pipelines_dir=str(place / "pipelines"),
                destination=dlt.destinations.filesystem(str(place / "out")),
                dataset_name="ledgers",
            )
            pipeline.run(_source(task, member, nesting), loader_file_format=file_format)
            trace: Any = pipeline.last_trace
            rows: int = trace.last_normalize_info.row_counts["entries"]
            return rows

        yield work
