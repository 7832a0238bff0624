"""What is left of a walk: where its accounts stand when it is left, and what there is to read when it is taken up.

An account that is open when a walk is left is gone on with: otherwise a total of which the walk had handed out the
first pieces would never be held against all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from loyalty_async.models.spans import Span
from loyalty_async.planning.accounts import Account
from loyalty_async.planning.jobs import Job, Terms
from loyalty_async.planning.resumes import Mark, OpenAccount, ResumePoint
from loyalty_async.planning.windows import asked, windows

__all__ = ["Rest", "open_at"]


def open_at(account: Account | None, mark: Mark, *, descending: bool) -> tuple[OpenAccount, ...]:
    """Say where the accounts stand, the outermost first, whose piece a walk was in when it came to a mark.

    That of everything is not among them: its figures are those of the whole walk.
    """
    lineage = account.lineage if account else []
    return tuple(
        OpenAccount(
            span=one.span,
            said=one.said,
            kept=mark.passed - (one.passed or 0),
            edge=one.after if descending else one.before,
        )
        for one in reversed(lineage)
        if not one.settled and not one.of_everything
    )


@attrs.define(eq=False)
class Rest:
    """What a walk has to read.

    Attributes:
        account: That in whose piece the walk was when it was left; None if there is none.
    """

    _span: Span
    _point: ResumePoint
    _terms: Terms
    _dated: bool
    account: Account | None = attrs.field(init=False, default=None)
    _everything: Account | None = attrs.field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        mark, history, accounts = self._point.mark, self._point.history, self._point.accounts
        if mark is None:
            return
        if history is not None and (accounts or not self._terms.descending):
            whole = Span(history.since, self._span.until)
            self._everything = Account(whole, None, history.said, 0, earlier=mark.passed, sure=False)
        self.account = self._everything
        for one in accounts:
            self.account = self._taken_up(one, mark)

    def _taken_up(self, one: OpenAccount, mark: Mark) -> Account:
        parent = self.account
        if parent is not None:
            parent.pieces += 1
        account = Account(one.span, asked(one.span, self._terms.zone), one.said, 0, parent, one.kept)
        account.passed = mark.passed - one.kept
        account.before, account.after = (0, one.edge) if self._terms.descending else (one.edge, 0)
        return account

    def jobs(self) -> Iterator[Job]:
        """Say what there is to read, in the order of the walk: what is left of open accounts, and what lies behind."""
        left, jobs = self._span, list[Job]()
        for account in self.account.lineage if self.account else []:
            if not account.of_everything:
                piece, left = self._apart(left, account.span)
                jobs += self._pieces([piece], account)
        return iter([*jobs, *self._behind(left)])

    def _apart(self, left: Span, span: Span) -> tuple[Span, Span]:
        """Part what is left of a span from what is left behind it."""
        if self._terms.descending:
            edge = min(span.since, left.until)
            return Span(edge, left.until), Span(left.since, edge)
        edge = max(span.until, left.since)
        return Span(left.since, edge), Span(edge, left.until)

    def _behind(self, left: Span) -> Sequence[Job]:
        whole, mark, descending = self._everything, self._point.mark, self._terms.descending
        if self._dated or (whole is not None and not descending):
            return self._pieces(windows(left, self._terms.window, newest_first=descending), whole)
        if whole is not None:
            whole.pieces += 1
        return [Job(left, whole, dated=False, earlier=mark.passed if mark else 0, later=self._point.until)]

    def _pieces(self, spans: Iterator[Span] | Sequence[Span], account: Account | None) -> Sequence[Job]:
        jobs = [Job(span, account) for span in spans if span.since < span.until]
        if account is not None:
            account.pieces += len(jobs)
        return jobs
