from __future__ import annotations

import re
from io import StringIO

import pytest
from rich.console import Console

from loyalty_async.cli.demo_progress import showing_progress
from loyalty_async.cli.demo_readers import Tally
from loyalty_async.models.stats import Stats


def stats(requests: int) -> Stats:
    return Stats(requests=requests, retries=requests // 100)


def test_elsewhere_than_on_a_terminal_a_line_comes_every_two_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([0.0, 0.5, 1.9, 2.0, 3.9, 4.1])
    monkeypatch.setattr("loyalty_async.cli.demo_progress.time.monotonic", lambda: next(moments))
    file = StringIO()
    with showing_progress(Console(file=file, width=80), 100) as show:
        for members in range(5):
            show(Tally(members=members, entries=members * 1000), stats(members * 100))
    assert file.getvalue().splitlines() == [
        "    2 of 100 members  2,000 entries  200 requests  2 retries  2.0 s",
        "    4 of 100 members  4,000 entries  400 requests  4 retries  4.1 s",
    ]


def test_the_last_member_has_a_line_however_quick_it_was() -> None:
    file = StringIO()
    with showing_progress(Console(file=file, width=80), 2) as show:
        show(Tally(members=2, entries=7), stats(9))
    assert file.getvalue().startswith("  2 of 2 members  7 entries  9 requests  0 retries  ")


def test_on_a_terminal_a_bar_fits_eighty_columns() -> None:
    file = StringIO()
    console = Console(file=file, width=80, force_terminal=True, color_system=None, legacy_windows=False)
    with showing_progress(console, 300) as show:
        show(Tally(members=300, entries=123_456), stats(39_999))
    frames = [frame.strip() for frame in re.split(r"\x1b\[[0-9;?]*[A-Za-z]|[\r\n]", file.getvalue()) if frame.strip()]
    assert frames[-1].endswith("0:00:00")
    assert "300/300 members  123,456 entries  39,999 requests  399 retries" in frames[-1]
    assert max(map(len, frames)) <= 80
