"""How an export shows how far it is: a bar on a terminal, a line now and then elsewhere, or JSON for machines."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Literal, TextIO

import attrs

from loyalty_async.export import Plan, Progress

__all__ = ["ProgressKind", "counts", "in_words", "show_plan", "showing_progress"]

ProgressKind = Literal["auto", "lines", "json", "none"]
Show = Callable[[Progress], object]

_PAUSE_S = 2.0
"""Between two lines."""


@contextlib.contextmanager
def showing_progress(kind: ProgressKind, quota: float | None, to: TextIO | None = None) -> Iterator[Show]:
    """Show progress while the block runs.

    Args:
        kind: How; `auto` is a bar on a terminal and lines elsewhere.
        quota: Requests a minute, to tell how much of it is used; None leaves that out.
        to: Where bars and lines go; the standard error unless given.

    Yields:
        What to call with each progress.
    """
    if kind == "none":
        yield lambda _progress: None
    elif kind == "json":
        yield lambda progress: counts("progress", progress)
    elif kind == "auto" and (to or sys.stderr).isatty():
        with _bar(quota, to or sys.stderr) as show:
            yield show
    else:
        yield _lines(quota, to or sys.stderr)


def counts(event: str, progress: Progress) -> None:
    """Print figures as a line of JSON."""
    figures = {**attrs.asdict(progress), "requests_a_minute": progress.requests_a_minute}
    figures["seconds_left"] = progress.seconds_left
    print(json.dumps({"event": event, **figures}), flush=True)


@contextlib.contextmanager
def _bar(quota: float | None, to: TextIO) -> Iterator[Show]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar
    from rich.table import Column

    whole = Column(no_wrap=True, min_width=12)  # What else there is gives way on a narrow terminal.
    columns = (BarColumn(12), MofNCompleteColumn(table_column=whole), TextColumn("{task.description}"))
    with Bar(*columns, console=Console(file=to)) as bar:
        task = bar.add_task("", total=None)

        def show(progress: Progress) -> None:
            done = progress.read + progress.skipped + progress.failed
            bar.update(task, total=progress.total, completed=done, description=in_words(progress, quota))

        yield show


def _lines(quota: float | None, to: TextIO) -> Show:
    """Make what prints a line, at most every two seconds, and one at the end."""
    printed_at = 0.0

    def show(progress: Progress) -> None:
        nonlocal printed_at
        done = progress.read + progress.skipped + progress.failed
        if progress.seconds - printed_at >= _PAUSE_S or done == progress.total:
            printed_at = progress.seconds
            of = "" if progress.total is None else f" of {progress.total:,}"
            print(f"  {done:,}{of} members  {in_words(progress, quota)}", file=to, flush=True)

    return show


def in_words(progress: Progress, quota: float | None) -> str:
    """Put the figures of a progress, but for the members, in a line."""
    rate = f"{progress.requests_a_minute:,.0f} requests/min"
    if quota:
        rate += f" ({progress.requests_a_minute / quota:.0%} of the quota)"
    words = [f"{progress.entries:,} entries", rate, f"{progress.retries:,} retries"]
    if progress.throttled is not None:
        words.append(f"{progress.throttled:,} times 429")
    if progress.failed:
        words.append(f"{progress.failed:,} put aside")
    if progress.seconds_left is not None:
        words.append(f"ETA {timedelta(seconds=round(progress.seconds_left))}")
    return "  ".join(words)


def show_plan(kind: ProgressKind, plan: Plan, quota: int) -> None:
    """Print a plan."""
    if kind == "json":
        print(json.dumps({"event": "plan", **attrs.asdict(plan)}), flush=True)
        return
    windows = "" if plan.windows is None else f"{plan.windows:,}"
    give_or_take = f", give or take {plan.margin:.0%}" if plan.margin else ""
    for name, value in (
        ("members", f"{plan.members:,}, of which {plan.done:,} are done" if plan.done else f"{plan.members:,}"),
        ("lines that cannot be used", f"{plan.unusable:,}"),
        ("from", plan.since or "the beginning of each ledger"),
        ("to", plan.until),
        ("windows", windows or "unknown"),
        ("requests", f"{plan.requests:,}"),
        ("entries", f"{plan.entries:,}{give_or_take}"),
        ("minutes", f"{plan.minutes:,.1f} at {quota:,.0f} requests a minute"),
        ("bytes", f"{plan.bytes:,}{give_or_take}"),
        ("sample", f"{plan.sampled:,} members, of which {plan.failed:,} could not be read"),
    ):
        print(f"  {name:26} {value}")
