"""Entries, one at a time, out of proved parts."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence

import attrs

from loyalty_async.errors import ClientStateError, LoyaltyError
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.members import Member
from loyalty_async.models.reports import Report, Verdict
from loyalty_async.planning.accounts import Account
from loyalty_async.planning.jobs import Part
from loyalty_async.streams.walks import Walk

__all__ = ["Entries", "EntryStream"]


class Entries(list[LedgerEntry]):
    """All entries of a walk, in order, with its report."""

    def __init__(self, entries: Iterable[LedgerEntry], report: Report) -> None:
        super().__init__(entries)
        self.report = report


@attrs.define(eq=False)
class EntryStream(AsyncIterator[LedgerEntry]):
    """Entries by `(created_at, event_log_id)`; suspends only between parts.

    Every entry handed out is proved: the part that it comes from is complete. `break` and cancellation lose nothing of
    the stream and leave nothing running; a wait that was cancelled may be taken up again by iterating further. One task
    at a time may iterate. An error ends the stream and is raised again by every further call.
    """

    _walk: Walk = attrs.field(repr=False)
    _member: Member = attrs.field(repr=False)
    _source: AsyncIterator[Part] = attrs.field(repr=False)
    _unread: deque[LedgerEntry] = attrs.field(init=False, factory=deque, repr=False)
    _part: Part | None = attrs.field(init=False, default=None, repr=False)
    _short: list[Account] = attrs.field(init=False, factory=list, repr=False)
    _error: LoyaltyError | None = attrs.field(init=False, default=None, repr=False)
    _busy: bool = attrs.field(init=False, default=False, repr=False)
    _closed: bool = attrs.field(init=False, default=False, repr=False)

    @property
    def report(self) -> Report:
        """How the walk stands; final once the stream has ended."""
        return self._walk.report(len(self._unread))

    def close(self) -> None:
        """Refuse further use; the report stays as it is."""
        self._closed = True

    async def __anext__(self) -> LedgerEntry:
        """Give the next entry.

        Raises:
            LoyaltyError: The walk cannot go on; nothing was skipped.
        """
        if self._closed:
            raise ClientStateError("the stream was closed when its block ended")
        while not self._unread:
            self._unread.extend(await self.next_part())
        return self._unread.popleft()

    async def next_part(self) -> Sequence[LedgerEntry]:
        """Give the entries of the next part at once; there may be none in it.

        Raises:
            StopAsyncIteration: The walk is over, and complete.
            LoyaltyError: The walk cannot go on; nothing was skipped.
        """
        if self._error is not None:
            raise self._error
        if self._busy:
            raise ClientStateError("two tasks iterate over one stream; give each task its own query")
        self._busy = True
        try:
            part = await self._proved_part()
        except StopAsyncIteration:
            self._walk.finish()
            raise
        except ClientStateError:
            raise  # The caller closed it: what was read is as it was.
        except LoyaltyError as error:
            self._walk.verdict = Verdict.FAILED
            error.member = error.member or self._member
            self._error = error
            raise
        finally:
            self._busy = False
        return self._walk.hand_out(part)

    async def _proved_part(self) -> Part:
        """Take the next part, and make sure of the totals that it closes; a cancelled wait takes up where it was."""
        if self._part is None:
            self._part = await anext(self._source)
            self._short = self._part.enter()
        while self._short:
            await self._walk.confirm(self._short[0])
            self._short.pop(0)
        part, self._part = self._part, None
        return part
