"""Plants defects in copies of the package, one at a time, to see whether the suite finds them.

Each is one line of the package, as it is and as it must not be, and a test that must fail then. They are read from this
list.

1. A request asks for no second more behind its span.
   planning/windows.py
   tests/planning/test_parts.py::test_any_span_is_read_once_and_in_order
   - _next_second(span.until) + _margin(span.until, zone),
   + _next_second(span.until),
2. The oldest window of a walk that goes backwards begins before the span.
   planning/windows.py
   tests/planning/test_windows.py::test_windows_may_come_newest_first_and_then_the_oldest_is_the_shorter_one
   - yield Span(max(until - longest, since), until)
   + yield Span(until - longest, until)
3. A span counts as settled though it has only begun in time.
   planning/jobs.py
   tests/planning/test_jobs.py::test_a_span_is_walked_by_offset_if_it_is_settled_and_no_further_than_needed
   - if span.until > self.settled_before:
   + if span.since > self.settled_before:
4. A part keeps the entry at its end, which the next part has too.
   planning/proofs.py
   tests/planning/test_parts.py::test_any_span_is_read_once_and_in_order
   - kept = in_order(entry for entry in entries if since <= entry.created_at < until)
   + kept = in_order(entry for entry in entries if since <= entry.created_at <= until)
5. Any page passes for the first.
   planning/proofs.py
   tests/planning/test_proofs.py::test_one_answer_is_not_whole_if_a_figure_is_off
   - return paging.page_number == 0 and paging.page_count <= 1 and paging.total_entries == len(page.entries)
   + return paging.page_count <= 1 and paging.total_entries == len(page.entries)
6. An entry may stand on two pages.
   planning/proofs.py
   tests/planning/test_parts.py::test_a_server_that_ignores_the_page_number_is_read_by_pages_of_its_own
   - if len(set().union(*distinct)) < sum(map(len, distinct)):
   + if len(set().union(*distinct)) < len(distinct):
7. Fewer entries may be served than were counted.
   planning/proofs.py
   tests/planning/test_parts.py::test_a_long_settled_ledger_takes_hardly_more_requests_than_it_has_pages
   - if sum(len(page.entries) for page in pages) != _counted(first, numbers):
   + if sum(len(page.entries) for page in pages) > _counted(first, numbers):
8. One reading of a second that is not settled is enough.
   planning/parts.py
   tests/planning/test_parts.py::test_two_full_hours_around_a_set_back_are_read_without_being_cut_there
   - if not doubt and (proved or part.entries == earlier):
   + if not doubt:
9. The last piece of a span that was split is dropped.
   planning/density.py
   tests/planning/test_density.py::test_pieces_are_shorter_neighbours_that_cover_the_span_and_meet_at_whole_seconds
   - return [Span(since, until) for since, until in zip([span.since, *edges], [*edges, span.until], strict=True)]
   + return [Span(since, until) for since, until in zip([span.since, *edges[:-1]], edges, strict=True)]
10. What lies in the margin behind a span that was split is not held against what was said.
   planning/accounts.py
   tests/planning/test_accounts.py::test_the_outer_margins_of_the_outermost_pieces_count
   - account.after = after
   + account.after = 0
11. An account with a piece that turned out to be several is never closed.
   planning/accounts.py
   tests/planning/test_parts.py::test_halves_of_a_span_that_was_split_belong_to_its_account
   - self.pieces += pieces - 1
   + self.pieces += pieces
12. What an earlier walk handed out is missed by the one that goes on with it.
   planning/histories.py
   tests/planning/test_histories.py::test_the_rest_is_a_piece_of_the_account_of_everything
   - return job.account or Account(job.span, None, first.paging.total_entries - search.late, 1, earlier=job.earlier)
   + return job.account or Account(job.span, None, first.paging.total_entries - search.late, 1)
13. Fewer of the newest pass for enough.
   planning/histories.py
   tests/planning/test_histories.py::test_enough_must_be_shown
   - newest = at_second(shown[-1]) if len(shown) == terms.enough else None
   + newest = at_second(shown[-1]) if shown else None
14. The date of the last entry is not read again, though it may have others.
   planning/resumes.py
   tests/planning/test_resumes.py::test_the_rest_of_a_span_has_the_marks_own_date
   - return Span(max(span.since, self.created_at), span.until)
   + return Span(max(span.since, self.created_at + _MICROSECOND), span.until)
15. The last entry is handed out once more.
   planning/resumes.py
   tests/streams/test_entries.py::test_a_walk_may_be_taken_up_at_every_place
   - if entry.created_at != self.created_at or (ahead < 0 if descending else ahead > 0):
   + if entry.created_at != self.created_at or (ahead <= 0 if descending else ahead >= 0):
16. A mark forgets how many rows of its event an earlier mark had counted.
   planning/resumes.py
   tests/planning/test_resumes.py::test_a_mark_counts_what_was_handed_out_of_its_event_its_date_and_in_all
   - taken=taken + (before.taken if before and before.event_log_id == last.event_log_id else 0),
   + taken=taken,
17. A walk that is taken up ends now, not where it was to end.
   streams/queries.py
   tests/streams/test_entries.py::test_a_walk_that_is_taken_up_ends_where_it_was_to_end
   - return ResumePoint.read(self.resume, self._question)
   + return attrs.evolve(ResumePoint.read(self.resume, self._question), until=now.astimezone(UTC))
18. A span that was split is read oldest first by a walk that goes backwards.
   streams/walks.py
   tests/streams/test_walks.py::test_the_newest_first_bear_with_small_pages_too
   - return Further(outcome.jobs[::-1] if self.descending else outcome.jobs, outcome.part)
   + return Further(outcome.jobs, outcome.part)
19. What came during the walk looks as if it were missing.
   planning/confirmations.py
   tests/planning/test_confirmations.py::test_a_ledger_that_never_rests_cannot_be_counted
   - fewer, more = sorted((earlier, later))
   + fewer, more = earlier, earlier
20. A total that the pieces do not bring is not asked for again.
   streams/entries.py
   tests/streams/test_walks.py::test_a_span_that_moved_is_split_and_its_total_asked_for_again
   - if self._accounts[0].doubtful:
   + if self._accounts[0].missing < 0:
21. The rest of a whole history is not held against its total.
   streams/entries.py
   tests/streams/test_entries.py::test_a_rest_costs_what_it_holds
   - history = walk.history if mark else None
   + history = None
22. What lies in the margins of two windows is counted twice.
   planning/confirmations.py
   tests/planning/test_confirmations.py::test_an_exact_count_is_taken_though_the_total_came_out
   - return {span: sign * _total(page) for (span, sign), page in zip(signs.items(), pages, strict=True)}
   + return {span: max(sign, 0) * _total(page) for (span, sign), page in zip(signs.items(), pages, strict=True)}
23. A ledger that moved while its beginning was looked for passes for one that stood still.
   planning/histories.py
   tests/planning/test_histories.py::test_a_last_page_that_is_not_the_last_any_more_is_asked_for_again
   - return len(self.figures) == 1
   + return True
24. A beginning that was guessed passes for one that was seen.
   planning/histories.py
   tests/streams/test_entries.py::test_an_entry_before_the_beginning_is_not_hidden_by_one_that_came
   - seen = search.steady and search.rows == first.paging.total_entries and not terms.exact
   + seen = search.steady
25. The rest of a whole history is sure of a beginning that was found long ago.
   planning/rests.py
   tests/planning/test_rests.py::test_they_are_pieces_of_everything_where_that_is_read
   - self._everything = Account(whole, None, history.said, 0, earlier=mark.passed, sure=False)
   + self._everything = Account(whole, None, history.said, 0, earlier=mark.passed)
26. An entry in the margin before the beginning counts as handed out.
   planning/confirmations.py
   tests/planning/test_confirmations.py::test_what_is_dated_just_before_the_beginning_is_missing_too
   - spans = [Span(span.since, first.until), *others]  # What lies in the margin before it was not handed out.
   + spans = [first, *others]
27. An end is cut off whatever the server then says of the rest.
   planning/ends.py
   tests/planning/test_ends.py::test_an_entry_of_the_end_that_stands_on_another_page_is_not_lost
   - if rest is None or rest.pages[0].paging.total_entries != end.left:
   + if rest is None:
28. An end is cut off in the midst of its last second.
   planning/ends.py
   tests/planning/test_ends.py::test_as_many_pages_are_asked_for_as_there_are
   - edge = at_second(max(wanted_first)) + _SECOND
   + edge = at_second(max(wanted_first))
29. The rest is asked for with the second in which it was cut.
   planning/ends.py
   tests/planning/test_ends.py::test_as_many_pages_are_asked_for_as_there_are
   - return older, newer, Span(edge + _SECOND, begun.asked.until)
   + return older, newer, Span(edge - _SECOND, begun.asked.until)
30. Pages pass for those of one reading whatever they say.
   planning/ends.py
   tests/planning/test_ends.py::test_where_the_order_misled_once_it_is_not_relied_on_again
   - if why_not(pages, numbers=[*here[:1], *numbers, *here[1:]]):
   + if why_not(pages[:1], numbers=[*here[:1], *numbers, *here[1:]][:1]):
31. An end that was cut off is not one of the pieces of the whole.
   planning/ends.py
   tests/planning/test_ends.py::test_as_many_pages_are_asked_for_as_there_are
   - job.account.replace(2)
   + job.account.replace(1)
32. A second that is left over passes for read because its pages were here.
   planning/parts.py
   tests/planning/test_ends.py::test_a_second_that_is_left_is_read_until_two_readings_agree
   - job = attrs.evolve(job, pages=())
   + job = attrs.evolve(job)
33. What waits behind a result takes its place.
   streams/read_ahead.py
   tests/streams/test_read_ahead.py::test_results_come_in_order_whatever_splits_and_however_long_it_takes
   - if further.result is None:
   + if further.jobs:
34. What goes from one window and comes into another cancels out of an exact count.
   planning/confirmations.py
   tests/planning/test_confirmations.py::test_no_exact_count_comes_out_because_one_entry_goes_from_a_window_and_one_comes_into_another
   - if everything == sum(earlier.values()) and earlier == later:
   + if everything == sum(earlier.values()) == sum(later.values()):
35. What arrived in the margin of a span looks as if it were missing.
   planning/confirmations.py
   tests/planning/test_confirmations.py::test_what_arrived_in_the_margins_of_a_span_since_is_not_missing
   - arrived = max(_outside(page, account.span) - account.margins, 0)
   + arrived = 0
36. A total of which the first pieces were handed out is forgotten when the walk is left.
   streams/entries.py
   tests/streams/test_entries.py::test_a_total_that_was_begun_is_proved_by_the_walk_that_goes_on
   - accounts = open_at(account, mark, descending=walk.descending) if mark else ()
   + accounts = ()
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import attrs

ROOT = Path(__file__).parents[2]

_ENTRY = re.compile(
    r"^\d+\. (?P<name>.+)\n +(?P<file>\S+)\n +(?P<test>\S+)\n +- (?P<line>.+)\n +\+ (?P<planted>.+)$", re.MULTILINE
)


@attrs.frozen
class Defect:
    """One line of the package that is wrong.

    Attributes:
        name: What is wrong.
        file: Where, in the package.
        test: The test that must find it.
        line: The line as it is, without its indentation.
        planted: The line as it must not be.
    """

    name: str
    file: str
    test: str
    line: str
    planted: str

    def plant(self, root: Path) -> None:
        """Change the line in a copy of the project.

        Raises:
            LookupError: The line is not there any more, or more than once: the list above is to be brought up to date.
        """
        path = root / "loyalty_async" / self.file
        lines = path.read_text().splitlines()
        places = [place for place, line in enumerate(lines) if line.strip() == self.line]
        if len(places) != 1:
            raise LookupError(f"{self.file} has {len(places)} lines that read {self.line!r}, for {self.name!r}")
        (place,) = places
        lines[place] = lines[place].replace(self.line, self.planted)
        path.write_text("\n".join(lines) + "\n")
        for compiled in path.parent.glob(f"__pycache__/{path.stem}.*"):
            compiled.unlink()


@attrs.frozen
class Outcome:
    """How a run of the suite ended.

    Attributes:
        code: What pytest returned: 0 if all passed, 1 if tests failed, others if it could not run.
        output: What it printed.
    """

    code: int
    output: str

    @property
    def failed(self) -> Sequence[str]:
        """The tests that failed."""
        return re.findall(r"^FAILED (\S+::.+)$", self.output, re.MULTILINE)


def defects() -> list[Defect]:
    """Read the list above."""
    return [Defect(**entry.groupdict()) for entry in _ENTRY.finditer(__doc__ or "")]


def copied(folder: Path) -> Path:
    """Copy what the suite needs, compiled modules included: to compile them takes longer than most tests."""
    for name in ("loyalty_async", "tests"):
        shutil.copytree(ROOT / name, folder / name)
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    return folder


_QUICK = "not trio and not cancel and not cut_short and not beside"
"""One backend, and without what tests cancellation and pace for seconds: it has no part in proofs."""


def run(root: Path, tests: Sequence[str]) -> Outcome:
    """Run the quick ones of some tests against the package beside them, until the first fails; always alike."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "--no-header", "-k", _QUICK, "-p", "no:cacheprovider"]
    command.append("--hypothesis-profile=planted")
    environment = {**os.environ, "LOYALTY_EXAMPLES": "0", "PYTEST_ADDOPTS": ""}
    done = subprocess.run(  # noqa: S603 - the project's own tests
        [*command, *tests], cwd=root, env=environment, capture_output=True, text=True, check=False, timeout=280
    )
    return Outcome(done.returncode, done.stdout + done.stderr)


def run_with(defect: Defect, folder: Path) -> Outcome:
    """Plant a defect in a copy of the project, and run the tests that must find it."""
    root = copied(folder)
    defect.plant(root)
    return run(root, [defect.test])
