"""What a walk counts on its way."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import attrs

from loyalty_async.models.pages import LedgerPage
from loyalty_async.models.reports import Report, Verdict
from loyalty_async.models.spans import Span
from loyalty_async.planning.accounts import Account
from loyalty_async.planning.drift import unfamiliar
from loyalty_async.planning.jobs import Part
from loyalty_async.protocol.efforts import Effort

__all__ = ["Tally"]

_MOST_NAMES = 100
"""How many unfamiliar names are told apart: a report stays small, whatever a server sends."""
_OTHERS = "…"


@attrs.define(eq=False)
class Tally:
    """The figures of one walk."""

    effort: Effort = attrs.field(factory=Effort)
    splits: int = 0
    rereads: int = 0
    warnings: Counter[int] = attrs.field(factory=Counter)
    _unfamiliar: Counter[str] = attrs.field(factory=Counter)
    _pages: int = 0
    _clamps: int = 0
    _page_size: int | None = None
    _entries: int = 0
    _parts: int = 0
    _said: int = 0
    _seen: int = 0
    _covered: Span | None = None
    _reached: Span | None = None

    def count_page(self, page: LedgerPage, asked_for: int) -> None:
        """Count an answer to a request for so many entries."""
        self._pages += 1
        self._page_size = page.paging.page_size
        self._clamps += page.paging.page_size < asked_for
        self.warnings.update(warning.code for warning in page.warnings if warning.code is not None)
        for name, count in unfamiliar(page).items():
            known = name in self._unfamiliar or len(self._unfamiliar) < _MOST_NAMES
            self._unfamiliar[name if known else _OTHERS] += count

    def enter(self, part: Part, handed_out: int, *, whole: bool) -> None:
        """Count a part of which so many entries are handed out; *whole* if that is all of them."""
        self._parts += 1
        self._entries += handed_out
        self._covered = self._reached
        self._reached = _hull(self._reached, part.job.span) if whole else self._reached
        if part.job.account is None:
            self._said += part.brought
            self._seen += part.brought

    def reaches(self, span: Span) -> bool:
        """Tell whether the parts that were handed out whole are all of a span."""
        reached = self._reached
        return reached is not None and reached.since <= span.since and span.until <= reached.until

    def close(self, account: Account) -> None:
        """Count what was said of a span that was split, and what its pieces brought."""
        if account.parent is None:
            self._said += account.said - account.earlier
            self._seen += account.brought - account.earlier

    def report(self, verdict: Verdict, since: datetime | None, until: datetime, unread: int) -> Report:
        """Say how the walk stands, when *unread* entries of the last part are not handed out yet."""
        return Report(
            verdict=verdict,
            since=since,
            until=until,
            covered=self._covered if unread else self._reached,
            entries=self._entries - unread,
            said=self._said,
            seen=self._seen,
            parts=self._parts,
            splits=self.splits,
            rereads=self.rereads,
            pages=self._pages,
            clamps=self._clamps,
            page_size=self._page_size,
            requests=self.effort.requests,
            retries=self.effort.retries,
            waited_s=self.effort.waited_s,
            warnings=dict(self.warnings),
            unfamiliar=dict(self._unfamiliar),
        )


def _hull(reached: Span | None, span: Span) -> Span:
    return span if reached is None else Span(min(reached.since, span.since), max(reached.until, span.until))
