"""The file of differences of a comparison, which goes on where it was cut off, as a report does."""

from __future__ import annotations

import contextlib
from collections import Counter
from pathlib import Path
from typing import Any

import attrs

from loyalty_async.errors import InvalidArgument, MalformedAnswerError
from loyalty_async.models.members import Member
from loyalty_async.models.spans import Span
from loyalty_async.reconcile.comparisons import ComparisonSummary, MemberComparison
from loyalty_async.reconcile.journals import Journal
from loyalty_async.reconcile.ledgers import Counts
from loyalty_async.reconcile.result_lines import ResultLines
from loyalty_async.wire.documents import decode_json, encode_json

__all__ = ["DifferencesFolder"]

_JOURNAL = ".unfinished.sqlite"


@attrs.define(eq=False)
class DifferencesFolder:
    """Writes what differs, and goes on with a comparison that was cut off in the same folder.

    Give `passes` as `skip=` and `summary` as `summary=` to `compare_members`, and each comparison to `add` before the
    next one is taken.

    Attributes:
        folder: Where; made if it is not there. None for nowhere: then nothing is left to go on with.
        span: What was asked for.
        unmasked: Whether members and entries are written in full; then only the owner may read the file.
        source: What the earlier ledgers are from.
        journal: Who is through.
        summary: What the run has come to so far.
    """

    folder: Path | None
    span: Span
    unmasked: bool = False
    source: str = ""
    journal: Journal = attrs.field(init=False, repr=False)
    summary: ComparisonSummary = attrs.field(init=False, factory=ComparisonSummary, repr=False)
    _lines: ResultLines | None = attrs.field(init=False, default=None, repr=False)
    _failed: bool = attrs.field(init=False, default=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Open the folder, and take in what a run that was cut off came to there.

        Raises:
            InvalidArgument: It cannot be written, or that run had other arguments.
            OutputError: Another run is at work there, or the file is not as that run left it.
        """
        try:
            if self.folder is not None:
                self.folder.mkdir(parents=True, exist_ok=True)
            self.journal = Journal(self.folder and self.folder / _JOURNAL, self._question())
            try:
                self._restore()
            except BaseException:
                self.journal.close()
                raise
        except OSError as problem:
            raise _unwritable(problem) from None

    def passes(self, member: Member) -> bool:
        """Tell whether a member is through already, or under way."""
        return self.journal.passes(member)

    def add(self, comparison: MemberComparison) -> None:
        """Write what differs for a member, all of it at once, and note that the member is through.

        Raises:
            InvalidArgument: The folder cannot be written.
            OutputError: The journal cannot be written.
        """
        self.journal.add(comparison.member)
        try:
            with contextlib.closing(comparison):
                if self._lines is not None:
                    for line in comparison.lines(unmasked=self.unmasked):
                        self._lines.write(line)
            if self.journal.is_due:
                self._note(self._lines)
        except OSError as problem:
            self._failed = True
            raise _unwritable(problem) from None

    def finish(self) -> None:
        """Leave the file as it is; there is nothing to go on with.

        Raises:
            InvalidArgument: The folder cannot be written.
        """
        self.close()
        self.journal.finish()

    def close(self) -> None:
        """Close the file; what was written stays, and a later run in this folder goes on with it."""
        if self._lines is not None:
            lines, self._lines = self._lines, None
            try:
                if not self._failed:  # Half of a member's lines may be written; what was noted last counts.
                    self._note(lines)
            except OSError as problem:
                raise _unwritable(problem) from None
            finally:
                with contextlib.suppress(OSError):
                    lines.close()
        self.journal.close()

    def _restore(self) -> None:
        if self.journal.summary is not None:
            self.summary = _read_summary(self.journal.summary)
        if self.folder is not None:
            path = self.folder / "differences.jsonl"
            self._lines = ResultLines(path, kept=self.journal.lines, private=self.unmasked)

    def _note(self, lines: ResultLines | None) -> None:
        self.journal.note(encode_json(attrs.asdict(self.summary)), lines.settle() if lines else 0)

    def _question(self) -> dict[str, str]:
        since, until = self.span.since.isoformat(), self.span.until.isoformat()
        return {"since": since, "until": until, "unmasked": str(self.unmasked), "against": self.source}


def _unwritable(problem: OSError) -> InvalidArgument:
    return InvalidArgument(f"the differences cannot be written: {problem.strerror}")


def _read_summary(record: bytes) -> ComparisonSummary:
    try:
        document: Any = decode_json(record)
        counts, reasons = Counts(**document["counts"]), Counter(document["reasons"])
        return ComparisonSummary(members=document["members"], counts=counts, reasons=reasons)
    except (LookupError, MalformedAnswerError, TypeError) as problem:
        raise InvalidArgument(f"this is no record of a comparison: {type(problem).__name__}") from None
