"""A folder of results: all mismatches as JSON lines, totals as CSV, and one page to read.

`mismatches.jsonl` has a line for each member that does not match, written as soon as it is known; `summary.csv` a row
for each account, `movements.csv` one for each account, type and event name; `report.html` opens from disk.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any

import attrs

from loyalty_async.errors import ClientStateError, InvalidArgument
from loyalty_async.models.members import Member
from loyalty_async.models.spans import Span
from loyalty_async.models.vocabulary import LedgerEntryType
from loyalty_async.reconcile.figures import plain
from loyalty_async.reconcile.journals import Journal
from loyalty_async.reconcile.masks import named
from loyalty_async.reconcile.matching import Rules
from loyalty_async.reconcile.pages import Page, render
from loyalty_async.reconcile.postings import Account
from loyalty_async.reconcile.rankings import Findings
from loyalty_async.reconcile.records import read_summary, write_summary
from loyalty_async.reconcile.result_lines import ResultLines, create
from loyalty_async.reconcile.summaries import AccountTotals, Summary
from loyalty_async.reconcile.verdicts import AccountVerdict, Agreement, MemberVerdict
from loyalty_async.wire.documents import encode_json

__all__ = ["ReportFolder"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""
_JOURNAL = ".unfinished.sqlite"
_TOTALS = ("report.html", "summary.csv", "movements.csv")
_ACCOUNT_COLUMNS = ("program_id", "program_name", "points_category", "currency")


@attrs.define(eq=False)
class ReportFolder:
    """Writes the results of one run, and goes on with one that was cut off in the same folder.

    Give `passes` as `skip=` and `summary` as `summary=` to `reconcile_members`, and each verdict to `add` before the
    next one is taken.

    Attributes:
        folder: Where; made if it is not there. Files of an earlier run that was finished go.
        span: What was asked for.
        rules: When balances agreed.
        unmasked: Whether identifiers are written in full; then only the owner may read the files.
        source: Where the entries are from, if not from the server.
        journal: What the run has come to so far; gone when it is finished.
        summary: The same in numbers.
        findings: What does not match, as far as the page shows it.
    """

    folder: Path
    span: Span
    rules: Rules
    unmasked: bool = False
    source: str = ""
    journal: Journal = attrs.field(init=False, repr=False)
    summary: Summary = attrs.field(init=False, factory=Summary, repr=False)
    findings: Findings = attrs.field(init=False, factory=Findings, repr=False)
    _lines: ResultLines | None = attrs.field(init=False, default=None, repr=False)

    def __attrs_post_init__(self) -> None:
        """Open the folder, and take in what a run that was cut off came to there.

        Raises:
            InvalidArgument: It cannot be written, or that run had other arguments.
            OutputError: Another run is at work there, or a file is not as that run left it.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.journal = Journal(self.folder / _JOURNAL, self._question())
            try:
                self._restore()
                self._lines = ResultLines(
                    self.folder / "mismatches.jsonl", kept=self.journal.lines, private=self.unmasked
                )
                for name in _TOTALS:
                    (self.folder / name).unlink(missing_ok=True)
            except BaseException:
                self.journal.close()
                raise
        except OSError as problem:
            raise _unwritable(problem) from None

    def passes(self, member: Member) -> bool:
        """Tell whether a member is through already, or under way."""
        return self.journal.passes(member)

    def add(self, verdict: MemberVerdict) -> None:
        """Write the line of a member that does not match, and note that he is through.

        Raises:
            InvalidArgument: The folder cannot be written.
            ClientStateError: `summary` does not hold this verdict, or more than this one.
            OutputError: The journal cannot be written.
        """
        shown = named(verdict.member, unmasked=self.unmasked)
        self.journal.add(verdict.member, self.findings.add(verdict, shown))
        if self.summary.members != self.journal.through:
            raise ClientStateError("give report.summary to reconcile_members, and every verdict to report.add")
        try:
            if verdict.agreement is not Agreement.MATCH and self._lines is not None:
                self._lines.write(encode_json(_member_document(verdict, shown)) + b"\n")
            if self.journal.is_due:
                self._note()
        except OSError as problem:
            raise _unwritable(problem) from None

    def finish(self, *, made_at: datetime) -> None:
        """Write the totals and the page.

        Args:
            made_at: When the run was made.

        Raises:
            InvalidArgument: The folder cannot be written.
        """
        page = Page(
            summary=self.summary,
            findings=self.findings,
            span=self.span,
            rules=self.rules,
            made_at=made_at,
            unmasked=self.unmasked,
            source=self.source,
        )
        accounts = self.summary.accounts
        try:
            self._note()
            self._write("summary.csv", [_csv(map(_total_row, accounts))])
            self._write("movements.csv", [_csv(row for totals in accounts for row in _movement_rows(totals))])
            self._write("report.html", render(page))
            self._close_lines()
            self.journal.finish()
        except OSError as problem:
            raise _unwritable(problem) from None

    def close(self) -> None:
        """Close the files; what was written stays, and a later run in this folder goes on with it."""
        if self._lines is not None:
            try:
                self._note()
            finally:
                self._close_lines()
                self.journal.close()

    def _restore(self) -> None:
        record = self.journal.summary
        if record is not None:
            self.summary = read_summary(record)
            self.findings.restore(self.journal.records())

    def _note(self) -> None:
        """Make what there is last: first the lines, then that they count."""
        if self._lines is not None:
            self.journal.note(write_summary(self.summary), self._lines.settle())

    def _close_lines(self) -> None:
        if self._lines is not None:
            self._lines.close()
            self._lines = None

    def _question(self) -> dict[str, str]:
        ends = {"since": self.span.since.isoformat(), "until": self.span.until.isoformat()}
        rules = {name: str(value) for name, value in attrs.asdict(self.rules).items()}
        return {**ends, **rules, "unmasked": str(self.unmasked), "entries": self.source}

    def _write(self, name: str, parts: Iterable[str]) -> None:
        with create(self.folder / name, private=self.unmasked) as file:
            file.writelines(part.encode() for part in parts)


def _unwritable(problem: OSError) -> InvalidArgument:
    return InvalidArgument(f"the report cannot be written: {problem.strerror}")


def _member_document(verdict: MemberVerdict, member: str) -> Mapping[str, Any]:
    span = verdict.span
    return {
        "number": verdict.number,
        "member": member,
        "agreement": verdict.agreement,
        "reason": verdict.reason,
        "since": span.since if span else None,
        "until": span.until if span else None,
        "entries": verdict.entries,
        "rounds": verdict.rounds,
        "codes": verdict.codes,
        "accounts": [_account_document(account) for account in verdict.unmatched],
    }


def _account_document(verdict: AccountVerdict) -> Mapping[str, Any]:
    figures = {
        name: None if (value := getattr(verdict, name)) is None else plain(value)
        for name in ("opening", "calculated", "reported", "difference", "rounding")
    }
    return {
        **attrs.asdict(verdict.account),
        "agreement": verdict.agreement,
        "reason": verdict.reason,
        **figures,
        "movements": [attrs.asdict(each) | {"points": plain(each.points)} for each in verdict.movements],
        "divergence": verdict.divergence,
    }


def _account_columns(account: Account) -> dict[str, object]:
    return {name: _harmless(getattr(account, name)) for name in _ACCOUNT_COLUMNS}


def _total_row(totals: AccountTotals) -> dict[str, object]:
    return {
        **_account_columns(totals.account),
        "members": totals.members,
        **{agreement.value: totals.agreements[agreement] for agreement in Agreement},
        "opening": plain(totals.opening),
        **{f"{kind.lower()}_points": plain(totals.moved(kind)) for kind in LedgerEntryType},
        "calculated": plain(totals.calculated),
        "reported": plain(totals.reported),
        "difference": plain(totals.difference),
    }


def _movement_rows(totals: AccountTotals) -> Iterable[dict[str, object]]:
    for (kind, name), movement in sorted(totals.movements.items()):
        yield {
            **_account_columns(totals.account),
            "ledger_entry_type": _harmless(kind),
            "event_name": _harmless(name),
            "lines": movement.count,
            "points": plain(movement.points),
        }


def _harmless(value: object) -> object:
    """Keep a spreadsheet from computing what the server sent."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _csv(rows: Iterable[Mapping[str, object]]) -> str:
    listed = list(rows)
    text = StringIO()
    writer = csv.DictWriter(text, fieldnames=list(listed[0]) if listed else [*_ACCOUNT_COLUMNS], lineterminator="\n")
    writer.writeheader()
    writer.writerows(listed)
    return text.getvalue()
