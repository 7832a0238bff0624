"""One member, live: balances and entries to the same instants, read again if the ledger moved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import anyio
import attrs

from loyalty_async.client import CapillaryClient
from loyalty_async.errors import IncompleteLedgerError, InvalidArgument, NoEntriesError, PendingEventsError
from loyalty_async.models.members import Member
from loyalty_async.models.spans import Span
from loyalty_async.protocol.codes import PENDING_CODES
from loyalty_async.reconcile.divergences import Search, next_instant, settle
from loyalty_async.reconcile.instants import MARGIN, quiet_after, quiet_before
from loyalty_async.reconcile.matching import Rules, match_accounts, worst
from loyalty_async.reconcile.postings import Posting, Reported, reported_of
from loyalty_async.reconcile.sources import EntrySource, ledger_entries
from loyalty_async.reconcile.totals import check_nets
from loyalty_async.reconcile.verdicts import AccountVerdict, Agreement, MemberVerdict, Reason

__all__ = ["check_span", "reconcile_member"]

_SECOND = timedelta(seconds=1)
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC) + MARGIN


async def reconcile_member(
    client: CapillaryClient,
    member: Member,
    span: Span,
    *,
    rules: Rules | None = None,
    entries: EntrySource | None = None,
    number: int = 1,
) -> MemberVerdict:
    """Reconcile one member: opening balance + entries against closing balance, in every account.

    Balances are asked for at seconds in which no entry falls, so that it does not matter whether the server counts
    entries of the very second; for that the span is widened, by seconds. A member whose accounts all match takes one
    walk and two balances. Otherwise everything is read again until two readings in a row are the same; then the first
    entry that does not fit is looked for with further balances.

    Args:
        client: An open client.
        member: Whose accounts.
        span: From when to when; an end in the future means now.
        rules: When balances agree, and how much to ask.
        entries: Where entries come from; the server unless told.
        number: The place of the member among others, for reports.

    Returns:
        The verdict. What cannot be told is no error: it is `indeterminate`, with a reason.

    Raises:
        InvalidArgument: The span is empty, naive or before 1970; nothing was sent.
        LoyaltyError: A call failed.
    """
    check_span(span)
    rules = rules or Rules()
    source = entries or ledger_entries(client, alternate_currencies=rules.alternate_currencies)
    reader = _Reader(client, member, span, rules, source)
    try:
        verdict = await reader.verdict()
    except IncompleteLedgerError as error:
        verdict = untold(member, Reason.INCOMPLETE, error.codes)
    except PendingEventsError as error:
        verdict = untold(member, Reason.PENDING, error.codes)
    return attrs.evolve(verdict, number=number)


def check_span(span: object) -> None:
    """Require a span that can be reconciled."""
    if not isinstance(span, Span) or span.since.utcoffset() is None or span.until.utcoffset() is None:
        raise InvalidArgument("span must be a Span of two aware instants")
    if span.since < _EARLIEST:
        raise InvalidArgument("span must not begin before 1970-01-01T00:02Z")
    if span.since >= span.until:
        raise InvalidArgument("span must begin before it ends")


def untold(member: Member, reason: Reason, codes: tuple[int, ...] = ()) -> MemberVerdict:
    """Give the verdict of a member of whom nothing can be told."""
    return MemberVerdict(member=member, agreement=Agreement.INDETERMINATE, reason=reason, codes=codes)


@attrs.frozen(kw_only=True)
class _Reading:
    """What was read in one round."""

    span: Span
    postings: tuple[Posting, ...]
    opening: Reported
    closing: Reported
    pending: bool


@attrs.define
class _Reader:
    """Reads one member."""

    _client: CapillaryClient
    _member: Member
    _span: Span
    _rules: Rules
    _source: EntrySource
    _pending: bool = attrs.field(init=False, default=False)

    async def verdict(self) -> MemberVerdict:
        """Read until it can be told, or not."""
        before: _Reading | None = None
        number = 0
        while True:
            number += 1
            if before is not None and self._rules.pause_s:
                await anyio.sleep(self._rules.pause_s)
            reading = await self._read()
            if reading is None:
                return untold(self._member, Reason.UNEXPORTED)
            accounts = self._match(reading)
            if worst(account.agreement for account in accounts) is Agreement.MATCH:
                return self._conclude(reading, accounts, number)
            if reading == before:
                return self._conclude(reading, await self._settle(reading, accounts), number)
            if number >= self._rules.rounds:
                return self._conclude(reading, [_untold(account, Reason.MOVED) for account in accounts], number)
            before = reading

    async def _read(self) -> _Reading | None:
        """Read the entries, choose the instants, and read the balances."""
        self._pending = False
        wide = Span(self._span.since - MARGIN, self._span.until + MARGIN)
        proved = await self._source(self._member, wide)
        if proved is None:
            return None
        span = _quiet(self._span, proved.span, proved.postings)
        if proved.span.until < self._span.until:  # Now is chosen once: the clock's running on is no move of the ledger.
            self._span = Span(self._span.since, span.until)
        opening, closing = await self._balances(span.since), await self._balances(span.until)
        return _Reading(
            span=span,
            postings=tuple(posting for posting in proved.postings if posting.created_at in span),
            opening=opening,
            closing=closing,
            pending=proved.pending or self._pending,
        )

    async def _balances(self, at: datetime) -> Reported:
        try:
            balance = await self._client.balances.closing(
                self._member, at=at, include_alternate_currencies=self._rules.alternate_currencies or None
            )
        except NoEntriesError:  # A ledger without entries until then.
            return {}
        self._pending |= any(warning.code in PENDING_CODES for warning in balance.warnings)
        return reported_of(balance.balances)

    def _match(self, reading: _Reading) -> tuple[AccountVerdict, ...]:
        return match_accounts(
            span=reading.span,
            opening=reading.opening,
            postings=reading.postings,
            closing=reading.closing,
            rules=self._rules,
        )

    async def _settle(self, reading: _Reading, accounts: Sequence[AccountVerdict]) -> list[AccountVerdict]:
        """Look for where accounts go wrong, with balances in between."""
        wrong = [account for account in accounts if account.agreement is not Agreement.MATCH]
        searches = {
            each.account: Search(each.account, reading.span, reading.postings, rounding=self._rules.rounding)
            for each in wrong
        }
        readings = {reading.span.since: reading.opening, reading.span.until: reading.closing}
        for search in searches.values():
            search.learn(readings)
        for _ in range(int(self._rules.probes)):
            instant = next_instant(list(searches.values()))
            if instant is None:
                break
            probe = {instant: await self._balances(instant)}
            for search in searches.values():
                search.learn(probe)
        return [settle(each, searches[each.account]) if each.account in searches else each for each in accounts]

    def _conclude(self, reading: _Reading, accounts: Sequence[AccountVerdict], rounds: int) -> MemberVerdict:
        if reading.pending:
            accounts = [_untold(account, Reason.PENDING) for account in accounts]
        agreement = worst(account.agreement for account in accounts)
        reason = next((account.reason for account in accounts if account.agreement is agreement), None)
        if reading.pending:
            agreement, reason = Agreement.INDETERMINATE, Reason.PENDING
        return MemberVerdict(
            member=self._member,
            span=reading.span,
            agreement=agreement,
            reason=reason,
            accounts=tuple(accounts),
            entries=len(reading.postings),
            nets=check_nets(reading.postings),
            rounds=rounds,
        )


def _quiet(wanted: Span, covered: Span, postings: Sequence[Posting]) -> Span:
    """Move both ends of a span to seconds without an entry: outwards, or inwards where nothing is known beyond."""
    until = min(wanted.until, covered.until)
    since = quiet_before(wanted.since, postings, covered.since) or quiet_after(wanted.since, postings, until)
    end = quiet_after(wanted.until, postings, covered.until) or quiet_before(until - _SECOND, postings, wanted.since)
    if since is None or end is None or since >= end:
        raise IncompleteLedgerError("the span has no two seconds without an entry, or lies in the future")
    return Span(since, end)


def _untold(account: AccountVerdict, reason: Reason) -> AccountVerdict:
    """Take back what was said of an account that does not match."""
    if account.agreement is Agreement.MATCH:
        return account
    return attrs.evolve(account, agreement=Agreement.INDETERMINATE, reason=reason)
