"""The results of a run that writes no report: the same numbers, the worst differences, and nobody counted twice."""

from __future__ import annotations

import attrs

from loyalty_async.models.members import Member
from loyalty_async.models.spans import Span
from loyalty_async.reconcile.journals import Journal
from loyalty_async.reconcile.masks import named
from loyalty_async.reconcile.matching import Rules
from loyalty_async.reconcile.rankings import Findings
from loyalty_async.reconcile.summaries import Summary
from loyalty_async.reconcile.verdicts import MemberVerdict

__all__ = ["UnwrittenReport"]

_WORST = 100
"""Differences that are kept: more than a screenful."""


@attrs.define(eq=False)
class UnwrittenReport:
    """What a run comes to that leaves no files; used as a `ReportFolder` is, but for `finish`.

    Attributes:
        span: What was asked for.
        rules: When balances agreed.
        unmasked: Whether identifiers are shown in full.
        journal: Who is through, in a file without a name.
        summary: What the run has come to, in numbers.
        findings: The worst that does not match.
    """

    span: Span
    rules: Rules
    unmasked: bool = False
    journal: Journal = attrs.field(init=False, factory=lambda: Journal(None, {}), repr=False)
    summary: Summary = attrs.field(init=False, factory=Summary, repr=False)
    findings: Findings = attrs.field(init=False, factory=lambda: Findings(most=_WORST), repr=False)

    def passes(self, member: Member) -> bool:
        """Tell whether a member is through already, or under way."""
        return self.journal.passes(member)

    def add(self, verdict: MemberVerdict) -> None:
        """Take in a member."""
        self.findings.add(verdict, named(verdict.member, unmasked=self.unmasked))
        self.journal.add(verdict.member)
        if self.journal.is_due:
            self.journal.note(b"", 0)

    def close(self) -> None:
        """Forget who is through."""
        self.journal.close()
