"""Entries, one at a time, out of proved parts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence

import attrs

from loyalty_async.errors import ClientStateError, LoyaltyError
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.members import Member
from loyalty_async.models.reports import Report, Verdict
from loyalty_async.planning.accounts import Account
from loyalty_async.planning.jobs import Part
from loyalty_async.planning.rests import open_at
from loyalty_async.planning.resumes import Mark
from loyalty_async.streams.walks import Walk

__all__ = ["Entries", "EntryStream"]


class Entries(list[LedgerEntry]):
    """All entries of a walk, in order, with its report and the point from which to go on."""

    def __init__(self, entries: Iterable[LedgerEntry], report: Report, resume: str) -> None:
        super().__init__(entries)
        self.report = report
        self.resume = resume


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
    _left: int | None = attrs.field(default=None, repr=False)
    _mark: Mark | None = attrs.field(init=False, repr=False)
    _marked: Account | None = attrs.field(init=False, repr=False)
    _at_hand: Account | None = attrs.field(init=False, default=None, repr=False)
    _entries: Sequence[LedgerEntry] = attrs.field(init=False, default=(), repr=False)
    _taken: int = attrs.field(init=False, default=0, repr=False)
    _accounts: list[Account] = attrs.field(init=False, factory=list, repr=False)
    _error: LoyaltyError | None = attrs.field(init=False, default=None, repr=False)
    _busy: bool = attrs.field(init=False, default=False, repr=False)
    _closed: bool = attrs.field(init=False, default=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._mark, self._marked = self._walk.point.mark, self._walk.rest.account

    @property
    def report(self) -> Report:
        """How the walk stands; final once the stream has ended."""
        return self._walk.report(len(self._entries) - self._taken)

    @property
    def resume(self) -> str:
        """The point from which `entries(..., resume=...)` goes on: behind the last entry handed out.

        An opaque text that does not tell whose ledger it is: the cut-off, the date and event of that entry, of a
        whole history where it begins and how many entries there are, and of a span that was split and that it lies in
        how many entries the server said and the walk gave: who goes on with it proves that total, too. It belongs to
        this query: the same `since`, `until`, `order`, filters and data scope, of the same member.
        """
        walk, mark = self._walk, self._mark_behind_taken()
        history = walk.history if mark else None
        account = self._at_hand if self._taken else self._marked
        accounts = open_at(account, mark, descending=walk.descending) if mark else ()
        point = attrs.evolve(walk.point, mark=mark, history=history, accounts=accounts)
        return attrs.evolve(point, pending=walk.pending, short=walk.short).token()

    @property
    def origin(self) -> str:
        """The point at which this stream began, for who keeps nothing of what it gave before it failed."""
        return self._walk.point.token()

    def close(self) -> None:
        """Refuse further use; the report and the resume point stay as they are."""
        self._closed = True

    async def __anext__(self) -> LedgerEntry:
        """Give the next entry.

        Raises:
            LoyaltyError: The walk cannot go on; nothing was skipped.
        """
        if self._closed:
            self._require_open()
        while self._taken == len(self._entries):
            await self._advance()
        taken = self._taken
        self._taken = taken + 1
        return self._entries[taken]

    async def next_part(self) -> Sequence[LedgerEntry]:
        """Give what is left of the part at hand, else the entries of the next one; there may be none in it.

        Raises:
            StopAsyncIteration: The walk is over: complete, or `max_items` were given.
            LoyaltyError: The walk cannot go on; nothing was skipped.
        """
        self._require_open()
        if self._taken == len(self._entries):
            await self._advance()
        left = self._entries[self._taken :]
        self._taken = len(self._entries)
        return left

    def _require_open(self) -> None:
        if self._closed:
            raise self._told(ClientStateError("the stream was closed when its block ended"))

    async def _advance(self) -> None:
        """Get the next part, of which there may be more than is still wanted."""
        if self._error is not None:
            raise self._error
        if self._busy:
            raise self._told(ClientStateError("two tasks iterate over one stream; give each task its own query"))
        if self._left == 0 and not self._walk.through:
            raise StopAsyncIteration
        self._busy = True
        try:
            part = await self._proved_part()
        except StopAsyncIteration:
            self._walk.finish()
            raise
        except ClientStateError as error:
            raise self._told(error) from None  # The caller closed it: what was read is as it was.
        except LoyaltyError as error:
            self._walk.verdict = Verdict.FAILED
            self._error = self._told(error)
            raise
        finally:
            self._busy = False
        if self._taken:
            self._mark, self._marked, self._taken = self._mark_behind_taken(), self._at_hand, 0
        self._at_hand = part.job.account
        for account in part.lineage:
            if account.passed is None:
                account.passed = self._mark.before(account.span) if self._mark else 0
        self._entries = self._walk.hand_out(part, self._left)
        self._left = self._left and self._left - len(self._entries)

    async def _proved_part(self) -> Part:
        """Take the next part, once the totals that the last one closed are sure; a cancelled wait is taken up.

        A part is proved by itself, and handed out whatever is missing elsewhere: who goes on behind it misses nothing.
        """
        while self._accounts:
            if self._accounts[0].doubtful:
                await self._walk.confirm(self._accounts[0])
            self._walk.close(self._accounts.pop(0))
        part = await anext(self._source)
        self._accounts = part.enter()
        while self._accounts and not self._accounts[0].doubtful:
            self._walk.close(self._accounts.pop(0))
        return part

    def _mark_behind_taken(self) -> Mark | None:
        return Mark.behind_last(self._entries[: self._taken], self._mark) if self._taken else self._mark

    def _told(self, error: LoyaltyError) -> LoyaltyError:
        """Tell an error whose ledger it was, and from where to go on."""
        error.member = error.member or self._member
        error.resume = self.resume
        return error
