"""The bytes of one page, for those who measure what comes after the network."""

import httpx

from benchmarks.contenders.loops import question
from benchmarks.ledgers import LEDGER_PATH, SAMPLE
from benchmarks.tasks import Task

__all__ = ["one_page"]


def one_page(task: Task) -> bytes:
    """Get a page from the server."""
    return httpx.get(task.url + LEDGER_PATH, params=question(task, SAMPLE, 0)).raise_for_status().content
