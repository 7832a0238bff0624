"""Many members at once: verdicts as they come, in bounded memory."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable
from contextlib import asynccontextmanager

import attrs
from anyio.abc import TaskGroup

from loyalty_async.client import CapillaryClient
from loyalty_async.models.members import Member
from loyalty_async.models.spans import Span
from loyalty_async.reconcile.crews import Crew, Judge, check_concurrency, open_crew
from loyalty_async.reconcile.matching import Rules
from loyalty_async.reconcile.readings import check_span, reconcile_member, untold
from loyalty_async.reconcile.sources import EntrySource
from loyalty_async.reconcile.summaries import Limit, Summary
from loyalty_async.reconcile.verdicts import MemberVerdict, Reason

__all__ = ["Verdicts", "reconcile_members"]


@asynccontextmanager
async def reconcile_members(
    client: CapillaryClient,
    members: Iterable[Member] | AsyncIterable[Member],
    span: Span,
    *,
    rules: Rules | None = None,
    entries: EntrySource | None = None,
    concurrency: int = 8,
    limit: Limit | None = None,
    skip: Callable[[Member], bool] | None = None,
    summary: Summary | None = None,
) -> AsyncGenerator[Verdicts]:
    """Open a stream of verdicts over members, however many.

    Verdicts come as they are ready, in no order; `verdict.number` is the member's place. A member of whom the server
    says no more than an error gets the verdict `indeterminate`, reason `unreadable`; wrong credentials, missing rights,
    and a server that fails for ten members in a row, or for all there are, end the stream. Then these have no verdict:
    nothing says yet that it is about them.

    Args:
        client: An open client.
        members: Whose accounts, taken one by one as there is room: a list, a generator, or an async one over a queue.
        span: From when to when.
        rules: When balances agree, and how much to ask.
        entries: Where entries come from; the server unless told.
        concurrency: How many members to work on, or to keep the verdicts of, at once. Memory holds so many ledgers.
        limit: When to stop because too much is wrong.
        skip: Asked once for each member whether to pass over it, because an earlier run gave its verdict, for instance;
            the others keep their numbers. `ReportFolder.passes`, if there is a report.
        summary: What the earlier run came to, to be added to; a new one unless given.

    Yields:
        The stream. Nothing is sent until it is iterated; leaving the block cancels what is under way.

    Raises:
        InvalidArgument: An argument; nothing was sent.
    """
    check_span(span)
    check_concurrency(concurrency)

    async def judge(member: Member, number: int) -> MemberVerdict:
        return await reconcile_member(client, member, span, rules=rules, entries=entries, number=number)

    def make(tasks: TaskGroup) -> Verdicts:
        return Verdicts(judge, members, skip, concurrency, tasks, limit=limit, summary=summary)

    async with open_crew(make) as verdicts:
        yield verdicts


class Verdicts(Crew[MemberVerdict]):
    """Verdicts as they are ready; made by `reconcile_members`.

    A wait that is cancelled loses nothing. An error ends the stream, bare, behind the verdicts of the members that were
    under way, and is raised again by every further call. The stream ends, too, when the limit was passed
    (`summary.stopped`).

    Attributes:
        summary: Everything that was handed out, in numbers.
    """

    summary: Summary

    def __init__(
        self,
        judge: Judge[MemberVerdict],
        members: Iterable[Member] | AsyncIterable[Member],
        skip: Callable[[Member], bool] | None,
        concurrency: int,
        tasks: TaskGroup,
        *,
        limit: Limit | None = None,
        summary: Summary | None = None,
    ) -> None:
        super().__init__(judge, members, skip, concurrency, tasks)
        self.summary, self._limit = summary or Summary(), limit or Limit()

    def __repr__(self) -> str:
        return f"<Verdicts {self.summary!r}>"

    @property
    def _stopped(self) -> bool:
        return self.summary.stopped

    def _take_in(self, result: MemberVerdict) -> None:
        self.summary.add(result)
        self.summary.stopped = self.summary.passes(self._limit)

    def _unreadable(self, member: Member, number: int, codes: tuple[int, ...]) -> MemberVerdict:
        return attrs.evolve(untold(member, Reason.UNREADABLE, codes), number=number)
