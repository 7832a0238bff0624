"""What the server said that a span holds, against what the pieces of the span brought."""

from __future__ import annotations

import attrs

from loyalty_async.models.spans import Span

__all__ = ["Account"]


@attrs.define(eq=False)
class Account:
    """The account of a span that was split.

    The server's figure includes the margins of the request. The figures of a piece are `before` (from the margin before
    it), `kept` and `after` (from the margin behind it); the outer margins of the outermost pieces are the whole's.

    Attributes:
        span: What was split; of everything, from where it was found to begin.
        asked: What the server was asked for when it said how many entries there are; None for everything.
        said: How many it said.
        pieces: How many pieces are still to be entered.
        parent: The account of the span that this one is a piece of.
        earlier: How many of its entries another walk handed out, which this one goes on with.
        sure: Whether all that the server counted must lie in the span: all of the ledger was looked at, and it stood
            still.
        passed: How many entries were handed out before it, by this walk and those that it goes on with; None as long as
            none of its pieces was.
        settled: Whether its total came out, or it was told that it did not.
        before: How many entries of the margin before the span came along.
        after: How many of the margin behind it.
    """

    span: Span
    asked: Span | None
    said: int
    pieces: int
    parent: Account | None = None
    earlier: int = 0
    sure: bool = True
    passed: int | None = None
    settled: bool = False
    before: int = 0
    after: int = 0
    _kept: int = 0

    @property
    def lineage(self) -> list[Account]:
        """This account and those that it is a piece of, the whole last."""
        return [self, *(self.parent.lineage if self.parent else ())]

    @property
    def root(self) -> Account:
        """The account of the whole that this one is, in the end, a piece of."""
        return self.lineage[-1]

    def replace(self, pieces: int) -> None:
        """Let so many pieces take the place of one."""
        self.pieces += pieces - 1

    def enter(self, piece: Span, before: int, kept: int, after: int) -> list[Account]:
        """Enter a piece, in any order, and say which accounts that closes, the innermost first."""
        for account in self.lineage:
            account._kept += kept  # noqa: SLF001 - one of its own kind
            if piece.since == account.span.since:
                account.before = before
            if piece.until == account.span.until:
                account.after = after
        return self._close_piece()

    def _close_piece(self) -> list[Account]:
        self.pieces -= 1
        if self.pieces:
            return []
        return [self, *(self.parent._close_piece() if self.parent else ())]  # noqa: SLF001 - as above

    @property
    def of_everything(self) -> bool:
        """Whether the server said it without dates."""
        return self.asked is None

    @property
    def margins(self) -> int:
        """How many entries of the margins of what was asked for the pieces brought; everything has none."""
        return 0 if self.of_everything else self.before + self.after

    @property
    def brought(self) -> int:
        """How many entries of what was asked for the pieces brought."""
        return self.earlier + self._kept + self.margins

    @property
    def missing(self) -> int:
        """How many entries the server counted and the pieces did not bring; more may arrive, which is no loss."""
        return max(self.said - self.brought, 0)

    @property
    def doubtful(self) -> bool:
        """Whether to ask once more: for what is missing, or for what everything cannot have counted."""
        return not self.sure or self.missing > 0 or (self.of_everything and self.said < self.brought)
