"""A folder of results: all mismatches as JSON lines, totals as CSV, and one page to read.

`mismatches.jsonl` has a line for each member that does not match, written as soon as it is known; `summary.csv` a row
for each account, `movements.csv` one for each account, type and event name; `report.html` opens from disk.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import IO, Any

import attrs

from loyalty_async.errors import InvalidArgument
from loyalty_async.models.spans import Span
from loyalty_async.models.vocabulary import LedgerEntryType
from loyalty_async.reconcile.figures import plain
from loyalty_async.reconcile.findings import Findings
from loyalty_async.reconcile.journals import Journal
from loyalty_async.reconcile.masks import named
from loyalty_async.reconcile.matching import Rules
from loyalty_async.reconcile.pages import Page, render
from loyalty_async.reconcile.postings import Account
from loyalty_async.reconcile.summaries import AccountTotals, Summary
from loyalty_async.reconcile.verdicts import AccountVerdict, Agreement, MemberVerdict
from loyalty_async.wire.documents import encode_json

__all__ = ["ReportFolder"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""
_JOURNAL = ".unfinished.jsonl"
_ACCOUNT_COLUMNS = ("program_id", "program_name", "points_category", "currency")


@attrs.define
class ReportFolder:
    """Writes the results of one run.

    Attributes:
        folder: Where; made if it is not there. Files of an earlier run go.
        span: What was asked for.
        rules: When balances agreed.
        unmasked: Whether identifiers are written in full; then only the owner may read the files.
        journal: What the run has come to so far; gone when it is finished.
    """

    folder: Path
    span: Span
    rules: Rules
    unmasked: bool = False
    journal: Journal = attrs.field(init=False, repr=False)
    _lines: IO[bytes] | None = attrs.field(init=False, default=None, repr=False)

    def __attrs_post_init__(self) -> None:
        """Open the folder.

        Raises:
            InvalidArgument: It cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for name in ("report.html", "summary.csv", "movements.csv"):
                (self.folder / name).unlink(missing_ok=True)
            self._lines = self._open("mismatches.jsonl")
        except OSError as problem:
            raise _unwritable(problem) from None
        self.journal = Journal(self.folder / _JOURNAL, self._question())

    def earlier(self, summary: Summary, findings: Findings) -> int:
        """Take in what a run that was cut off came to in this folder; call it first.

        Args:
            summary: Gets its numbers.
            findings: Gets what did not match.

        Returns:
            How many members that are; `journal.done` are their places.

        Raises:
            InvalidArgument: That run had other arguments, or the folder cannot be written.
        """
        try:
            for verdict, shown in self.journal.earlier():
                summary.add(verdict)
                findings.add(verdict, shown)
                self._write_line(verdict, shown)
        except OSError as problem:
            raise _unwritable(problem) from None
        return len(self.journal.done)

    def add(self, verdict: MemberVerdict) -> None:
        """Note a member, and write the line of one that does not match.

        Raises:
            InvalidArgument: The folder cannot be written.
        """
        shown = named(verdict.member, unmasked=self.unmasked)
        try:
            self._write_line(verdict, shown)
            self.journal.add(verdict, shown)
        except OSError as problem:
            raise _unwritable(problem) from None

    def _write_line(self, verdict: MemberVerdict, shown: str) -> None:
        if verdict.agreement is not Agreement.MATCH and self._lines is not None:
            self._lines.write(encode_json(_member_document(verdict, shown)) + b"\n")
            self._lines.flush()

    def _question(self) -> dict[str, str]:
        ends = {"since": self.span.since.isoformat(), "until": self.span.until.isoformat()}
        rules = {name: str(value) for name, value in attrs.asdict(self.rules).items()}
        return {**ends, **rules, "unmasked": str(self.unmasked)}

    def finish(self, summary: Summary, findings: Findings, *, made_at: datetime) -> None:
        """Write the totals and the page.

        Args:
            summary: Everything in numbers.
            findings: What the page is to show of what does not match.
            made_at: When the run was made.

        Raises:
            InvalidArgument: The folder cannot be written.
        """
        page = Page(
            summary=summary,
            findings=findings,
            span=self.span,
            rules=self.rules,
            made_at=made_at,
            unmasked=self.unmasked,
        )
        self.close()
        try:
            self._write("summary.csv", _csv(map(_total_row, summary.accounts)))
            self._write("movements.csv", _csv(row for totals in summary.accounts for row in _movement_rows(totals)))
            self._write("report.html", render(page))
            self.journal.finish()
        except OSError as problem:
            raise _unwritable(problem) from None

    def close(self) -> None:
        """Close the files; what was written stays, and a later run in this folder goes on with it."""
        self.journal.close()
        if self._lines is not None:
            self._lines.close()
            self._lines = None

    def _open(self, name: str) -> IO[bytes]:
        path = self.folder / name
        path.unlink(missing_ok=True)  # So that the new file has the rights that it should have.
        mode = 0o600 if self.unmasked else 0o666
        return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb")

    def _write(self, name: str, text: str) -> None:
        with self._open(name) as file:
            file.write(text.encode())


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
