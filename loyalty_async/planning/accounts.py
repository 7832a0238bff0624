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
        span: What was split.
        asked: What the server was asked for when it said how many entries there are; None for everything.
        said: How many it said.
        parent: The account of the span that this one is a piece of.
        last: Whether it is the last piece of the parent.
    """

    span: Span
    asked: Span | None
    said: int
    parent: Account | None = None
    last: bool = False
    _before: int | None = None
    _kept: int = 0
    _after: int = 0

    def enter(self, before: int, kept: int, after: int, *, last: bool) -> list[Account]:
        """Enter a piece, oldest first, and say which accounts it closes with something missing."""
        if self._before is None:
            self._before = before
        self._kept += kept
        self._after = after
        if not last:
            return []
        short = [self] if self.missing else []
        if self.parent is not None:
            short += self.parent.enter(self._before, self._kept, self._after, last=self.last)
        return short

    @property
    def brought(self) -> int:
        """How many entries of what was asked for the pieces brought; everything has no margins."""
        return self._kept + ((self._before or 0) + self._after if self.asked else 0)

    @property
    def missing(self) -> int:
        """How many entries the server counted and the pieces did not bring; more may arrive, which is no loss."""
        return max(self.said - self.brought, 0)
