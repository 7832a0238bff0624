"""Many members' ledgers as they were written earlier against the server's now."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable, Iterator
from contextlib import ExitStack, asynccontextmanager
from tempfile import SpooledTemporaryFile
from typing import IO

import attrs
from anyio.abc import TaskGroup

from loyalty_async.client import CapillaryClient
from loyalty_async.errors import IncompleteLedgerError, PendingEventsError
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.members import Member
from loyalty_async.models.reports import Verdict
from loyalty_async.models.spans import Span
from loyalty_async.reconcile.crews import Crew, Judge, check_concurrency, open_crew
from loyalty_async.reconcile.ledgers import Counts, Difference, compare_ledgers
from loyalty_async.reconcile.masks import named
from loyalty_async.reconcile.readings import check_span
from loyalty_async.reconcile.verdicts import Reason
from loyalty_async.wire.documents import encode_json

__all__ = ["ComparisonSummary", "Comparisons", "Earlier", "MemberComparison", "compare_members"]

_HELD = 256 * 1024
"""Bytes of one member's differences that are held in memory; more go to a file without a name."""

Earlier = Callable[[Member], Awaitable[Iterable[LedgerEntry] | None]]
"""Gives the entries of a member as they were written, sorted; None if there is no such member."""


@attrs.frozen(kw_only=True, eq=False)
class MemberComparison:
    """One member: what is the same in both ledgers, and what is not; to be closed by who takes it.

    Attributes:
        member: Whose; personal data, kept out of the `repr`.
        number: The place of the member among those given, the first is 1.
        counts: How many entries are the same, and how many are not.
        reason: Why the two could not be compared; None if they were.
        codes: The server's codes, if it refused.
    """

    member: Member = attrs.field(repr=False)
    number: int
    counts: Counts = attrs.field(factory=Counts)
    reason: Reason | None = None
    codes: tuple[int, ...] = ()
    _lines: IO[bytes] | None = attrs.field(default=None, repr=False)

    def lines(self, *, unmasked: bool = False) -> Iterator[bytes]:
        """Give what differs as JSON lines, or the one that says why nothing can be told."""
        whose = {"number": self.number, "member": named(self.member, unmasked=unmasked)}
        if self.reason is not None:
            yield encode_json({**whose, "change": None, "reason": self.reason, "codes": self.codes}) + b"\n"
        elif self._lines is not None:
            self._lines.seek(0)
            start = encode_json(whose).rstrip(b"}")
            yield from (start + b"," + line[1:] for line in self._lines)

    def close(self) -> None:
        """Forget what differs; the counts stay."""
        if self._lines is not None:
            self._lines.close()


@attrs.define
class ComparisonSummary:
    """All members so far.

    Attributes:
        members: How many.
        counts: Their entries.
        reasons: How many could not be compared, by reason.
    """

    members: int = 0
    counts: Counts = attrs.field(factory=Counts)
    reasons: Counter[str] = attrs.field(factory=Counter)

    @property
    def is_clean(self) -> bool:
        """Whether everybody was compared, and nothing differs."""
        return self.counts.is_clean and not self.reasons

    def add(self, comparison: MemberComparison) -> None:
        """Take in one member."""
        self.members += 1
        self.counts.add(comparison.counts)
        if comparison.reason is not None:
            self.reasons[comparison.reason] += 1


@asynccontextmanager
async def compare_members(
    client: CapillaryClient,
    members: Iterable[Member] | AsyncIterable[Member],
    span: Span,
    earlier: Earlier,
    *,
    alternate_currencies: bool = True,
    unmasked: bool = False,
    concurrency: int = 8,
    skip: Callable[[Member], bool] | None = None,
    summary: ComparisonSummary | None = None,
) -> AsyncGenerator[Comparisons]:
    """Open a stream of comparisons over members, however many; as `reconcile_members`, which see for errors.

    A member who is not among the earlier ledgers, or of whom the server says no more than an error, has a comparison
    with a `reason`.

    Args:
        client: An open client.
        members: Whose ledgers, taken one by one as there is room.
        span: From when to when.
        earlier: Gives the ledgers as they were written: `ExportedLedgers.ledger`.
        alternate_currencies: Whether the earlier ledgers have them.
        unmasked: Whether differences hold who it was, and what else the server sent.
        concurrency: How many members to work on at once. Memory holds so many ledgers.
        skip: Asked once for each member whether to pass over it.
        summary: What an earlier run came to, to be added to.

    Yields:
        The stream. Nothing is sent until it is iterated; leaving the block cancels what is under way.

    Raises:
        InvalidArgument: An argument; nothing was sent.
    """
    check_span(span)
    check_concurrency(concurrency)

    comparer = _Comparer(
        client=client, span=span, earlier=earlier, alternate_currencies=alternate_currencies, unmasked=unmasked
    )

    def make(tasks: TaskGroup) -> Comparisons:
        return Comparisons(comparer.compare, members, skip, concurrency, tasks, summary=summary)

    async with open_crew(make) as comparisons:
        yield comparisons


class Comparisons(Crew[MemberComparison]):
    """Comparisons as they are ready, in no order; made by `compare_members`.

    A wait that is cancelled loses nothing. An error ends the stream, bare, behind the members that were under way.

    Attributes:
        summary: Everything that was handed out, in numbers.
    """

    summary: ComparisonSummary

    def __init__(
        self,
        judge: Judge[MemberComparison],
        members: Iterable[Member] | AsyncIterable[Member],
        skip: Callable[[Member], bool] | None,
        concurrency: int,
        tasks: TaskGroup,
        *,
        summary: ComparisonSummary | None = None,
    ) -> None:
        super().__init__(judge, members, skip, concurrency, tasks)
        self.summary = summary or ComparisonSummary()

    def _let_go(self, result: MemberComparison) -> None:
        result.close()

    def _take_in(self, result: MemberComparison) -> None:
        self.summary.add(result)

    def _unreadable(self, member: Member, number: int, codes: tuple[int, ...]) -> MemberComparison:
        return MemberComparison(member=member, number=number, reason=Reason.UNREADABLE, codes=codes)


@attrs.frozen(kw_only=True)
class _Comparer:
    """Compares one member; half a comparison is none."""

    client: CapillaryClient
    span: Span
    earlier: Earlier
    alternate_currencies: bool
    unmasked: bool

    async def compare(self, member: Member, number: int) -> MemberComparison:
        try:
            before = await self.earlier(member)
            if before is None:
                return MemberComparison(member=member, number=number, reason=Reason.UNEXPORTED)
            return await self._against_now(member, number, before)
        except IncompleteLedgerError as error:
            return MemberComparison(member=member, number=number, reason=Reason.INCOMPLETE, codes=error.codes)
        except PendingEventsError as error:
            return MemberComparison(member=member, number=number, reason=Reason.PENDING, codes=error.codes)

    async def _against_now(self, member: Member, number: int, before: Iterable[LedgerEntry]) -> MemberComparison:
        now = self.client.ledger.entries(
            member,
            since=self.span.since,
            until=self.span.until,
            include_alternate_currencies=self.alternate_currencies or None,
        )
        with ExitStack() as unless_done:
            lines = unless_done.enter_context(SpooledTemporaryFile(max_size=_HELD))
            async with now.prefetch() as entries:
                comparison = compare_ledgers(before, entries)
                async for difference in comparison:
                    lines.write(_line(difference, unmasked=self.unmasked))
                pending = entries.report.verdict is Verdict.PENDING
            if pending and not comparison.counts.is_clean:
                return MemberComparison(member=member, number=number, reason=Reason.PENDING)
            unless_done.pop_all()
        return MemberComparison(member=member, number=number, counts=comparison.counts, lines=lines)


def _line(difference: Difference, *, unmasked: bool) -> bytes:
    shown = difference if unmasked else difference.without_persons()
    return encode_json(attrs.asdict(shown, recurse=False)) + b"\n"
