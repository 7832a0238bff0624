"""How the demo shows how far it is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from loyalty_async.cli.demo_readers import Tally
from loyalty_async.models.stats import Stats

__all__ = ["showing_progress"]

Show = Callable[[Tally, Stats], object]

_PAUSE_S = 2.0
"""Between two lines."""


@contextlib.contextmanager
def showing_progress(console: Console, total: int) -> Iterator[Show]:
    """Show how many of *total* members are read while the block runs.

    Yields:
        What to call after each member.
    """
    if console.is_terminal:
        with _bar(console, total) as show:
            yield show
    else:
        yield _lines(console, total, time.monotonic)


@contextlib.contextmanager
def _bar(console: Console, total: int) -> Iterator[Show]:
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("members  {task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=total)

        def show(tally: Tally, stats: Stats) -> None:
            progress.update(task, completed=tally.members, description=_counts(tally, stats))

        yield show


def _lines(console: Console, total: int, clock: Callable[[], float]) -> Show:
    """Make what prints a line, at most every two seconds, and one at the end."""
    began = printed_at = clock()

    def show(tally: Tally, stats: Stats) -> None:
        nonlocal printed_at
        now = clock()
        if now - printed_at >= _PAUSE_S or tally.members == total:
            printed_at = now
            members = f"{tally.members:>{len(str(total))}} of {total} members"
            console.print(f"  {members}  {_counts(tally, stats)}  {now - began:.1f} s", highlight=False)

    return show


def _counts(tally: Tally, stats: Stats) -> str:
    return f"{tally.entries:,} entries  {stats.requests:,} requests  {stats.retries:,} retries"
