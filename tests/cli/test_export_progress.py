from __future__ import annotations

from io import StringIO

import attrs
import pytest

from loyalty_async.cli.export_progress import in_words, show_plan, showing_progress
from loyalty_async.export import Plan, Progress


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def progress(read: int, seconds: float) -> Progress:
    return Progress(members=read, read=read, total=100, entries=read * 1000, requests=read * 10, seconds=seconds)


def test_elsewhere_than_on_a_terminal_a_line_comes_every_two_seconds_and_at_the_end() -> None:
    to = StringIO()
    with showing_progress("auto", None, to) as show:
        for read, seconds in ((1, 0.5), (2, 1.9), (3, 2.0), (4, 3.9), (100, 4.1)):
            show(progress(read, seconds))
    assert to.getvalue().splitlines() == [
        "  3 of 100 members  3,000 entries  900 requests/min  0 retries  ETA 0:01:05",
        "  100 of 100 members  100,000 entries  14,634 requests/min  0 retries  ETA 0:00:00",
    ]


def test_a_terminal_shows_a_bar() -> None:
    to = Terminal()
    with showing_progress("auto", 1000, to) as show:
        show(progress(50, 60.0))
    assert "50/100" in to.getvalue()


def test_nothing_is_shown_if_nothing_is_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    with showing_progress("none", 1000) as show:
        show(progress(50, 60.0))
    assert capsys.readouterr() == ("", "")


def test_the_words_tell_the_quota_and_what_went_wrong() -> None:
    some = Progress(read=10, failed=2, throttled=3, retries=5, requests=500, seconds=60.0)
    assert in_words(some, 1000) == (
        "0 entries  500 requests/min (50% of the quota)  5 retries  3 times 429  2 put aside"
    )


@pytest.mark.parametrize(("margin", "told"), [(0.0, "1,000"), (0.4, "1,000, give or take 40%")])
def test_a_plan_tells_how_far_a_sample_may_be_off(margin: float, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    figures = {field.name: 1_000 for field in attrs.fields(Plan)}
    show_plan("auto", Plan(**{**figures, "since": None, "until": "", "margin": margin}), 600)  # type: ignore[arg-type]
    lines = dict(
        line.strip().split(maxsplit=1) for line in capsys.readouterr().out.splitlines() if line.strip() != "to"
    )
    assert (lines["entries"], lines["bytes"], lines["requests"]) == (told, told, "1,000")
