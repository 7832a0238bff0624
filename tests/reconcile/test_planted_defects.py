"""Over thousands of random ledgers: every planted defect is found and named, and nothing else is reported."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sized
from datetime import datetime
from decimal import Decimal
from typing import Any

import anyio
import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty_async.models.balances import LedgerBalance
from loyalty_async.models.members import Customer, Member
from loyalty_async.models.spans import Span
from loyalty_async.reconcile.instants import second_of
from loyalty_async.reconcile.matching import Rules
from loyalty_async.reconcile.postings import Account, Posting
from loyalty_async.reconcile.readings import reconcile_member
from loyalty_async.reconcile.sources import Proved
from loyalty_async.reconcile.verdicts import AccountVerdict, Agreement, MemberVerdict, Reason
from loyalty_async.reconcile.workers import reconcile_members
from tests._support.profiles import examples
from tests.reconcile.books import DAY, MEMBER, SECOND, START, Books, effect, entry, line
from tests.reconcile.ledgers import SCALES, Case, cases

LEDGERS = settings(max_examples=examples(500))  # Of each kind of defect: thousands in all.
POPULATIONS = settings(max_examples=examples(150))
RULES = Rules(pause_s=0)
SIGNS = st.sampled_from((1, -1))


def judged(books: Books, span: Span, rules: Rules = RULES) -> MemberVerdict:
    """Reconcile; books answer at once, so that no event loop is needed."""
    with pytest.raises(StopIteration) as ended:
        reconcile_member(books.client, MEMBER, span, rules=rules, entries=books.entries).send(None)
    verdict: MemberVerdict = ended.value.value
    return verdict


def differences(verdict: MemberVerdict) -> dict[Account, Decimal]:
    return {each.account: each.difference for each in verdict.unmatched}


def effects(postings: Iterable[Posting], sign: int = 1) -> dict[Account, Decimal]:
    """Give what entries do to each account, where they do something."""
    kept = list(postings)
    sums = {account: sign * effect(kept, account) for account in SCALES}
    return {account: points for account, points in sums.items() if points}


def within(posting: Posting, verdict: MemberVerdict) -> bool:
    return verdict.span is not None and posting.created_at in verdict.span


def surrounds(account: AccountVerdict, posting: Posting) -> bool:
    """Tell whether a divergence was found, and the entry lies in it, the second of its end included."""
    divergence = account.divergence
    return divergence is not None and divergence.since <= posting.created_at < divergence.until + SECOND


def at_an_end(posting: Posting, verdict: MemberVerdict) -> bool:
    """Tell whether an entry lies in a second of the balances, which looks quiet if the ledger does not show it.

    It may count on both sides or on neither: nobody can tell then.
    """
    assert verdict.span is not None
    return second_of(posting.created_at) in (verdict.span.since, verdict.span.until)


@LEDGERS
@given(case=cases())
def test_a_ledger_without_a_defect_matches(case: Case) -> None:
    """Whatever `endDate` means, and wherever the span is cut."""
    verdict = judged(case.books(case.postings, case.postings), case.span)
    assert (verdict.agreement, verdict.reason, differences(verdict)) == (Agreement.MATCH, None, {})
    assert verdict.rounds == 1
    assert verdict.entries == sum(within(posting, verdict) for posting in case.postings)


@LEDGERS
@given(case=cases())
def test_a_lost_entry_is_found_where_it_was(case: Case) -> None:
    """In the right accounts, with its very amount, at its very second unless others are near; else nothing is said."""
    lost = case.chosen
    verdict = judged(case.books([each for each in case.postings if each is not lost], case.postings), case.span)
    if at_an_end(lost, verdict):
        assert differences(verdict) in ({}, effects([lost]))
        return
    there = within(lost, verdict)
    assert differences(verdict) == (effects([lost]) if there else {})
    assert verdict.agreement is (Agreement.MISMATCH if there else Agreement.MATCH)
    assert all(surrounds(account, lost) for account in verdict.unmatched)
    for divergence in (account.divergence for account in verdict.unmatched if account.divergence):
        near = [each for each in case.postings if divergence.since <= each.created_at < divergence.until + SECOND]
        assert divergence.until - divergence.since == SECOND or len(near) > 1


@LEDGERS
@given(case=cases())
def test_a_doubled_entry_is_named(case: Case) -> None:
    """The second of the two, by its id, also among other entries of the same second."""
    doubled, twin = case.chosen, attrs.evolve(case.chosen, event_log_id=9_999)
    verdict = judged(case.books([*case.postings, twin], case.postings), case.span)
    assert differences(verdict) == (effects([doubled], -1) if within(doubled, verdict) else {})
    for account in verdict.unmatched:
        assert account.agreement is Agreement.MISMATCH
        assert account.divergence is not None
        assert account.divergence.event_log_id == twin.event_log_id
        assert account.divergence.difference == account.difference


@LEDGERS
@given(case=cases(), points=st.integers(30, 900_000), sign=SIGNS)
def test_a_wrong_balance_is_found_at_its_entry(case: Case, points: int, sign: int) -> None:
    """From 0.30 to 9,000 too much or too little from an entry on; an entry alone in its second is named."""
    at = case.chosen
    slip = entry(1, at.created_at, line(at.lines[0].account, sign * Decimal(points).scaleb(-2)))
    verdict = judged(case.books(case.postings, [*case.postings, slip]), case.span)
    assert differences(verdict) == (effects([slip]) if within(slip, verdict) else {})
    for found in verdict.unmatched:
        assert found.agreement is Agreement.MISMATCH
        assert surrounds(found, at)
        assert found.divergence is not None
        assert at.event_log_id in found.divergence.event_log_ids


@LEDGERS
@given(case=cases(), rest=st.integers(1, 5), sign=SIGNS)
def test_what_rounding_can_explain_is_indeterminate(case: Case, rest: int, sign: int) -> None:
    """A balance that was added up before an amount was rounded to its last place: neither a match nor a mismatch."""
    at, account = case.chosen, case.chosen.lines[0].account
    slip = entry(1, at.created_at, line(account, sign * Decimal(rest).scaleb(-SCALES[account] - 1)))
    verdict = judged(case.books(case.postings, [*case.postings, slip]), case.span)
    assert differences(verdict) == (effects([slip]) if within(slip, verdict) else {})
    for found in verdict.unmatched:
        assert (found.agreement, found.reason) == (Agreement.INDETERMINATE, Reason.ROUNDING)


@LEDGERS
@given(case=cases(), shift_s=st.sampled_from((-86_400, -2, 2, 3_600)))
def test_a_moved_cut_off_shows_as_what_it_lets_in_and_out(case: Case, shift_s: int) -> None:
    """The difference is exactly what lies between the cut-offs that were asked for and those that were used."""
    books = case.books(case.postings, case.postings, shift_s)
    verdict = judged(books, case.span, attrs.evolve(RULES, probes=0))
    assert verdict.span is not None
    closing, opening = (counted(books, at) for at in (verdict.span.until, verdict.span.since))
    asked = [each for each in case.postings if within(each, verdict)]
    truth = {
        account: effect(closing, account) - effect(opening, account) - effect(asked, account) for account in SCALES
    }
    assert differences(verdict) == {account: points for account, points in truth.items() if points}


def counted(books: Books, at: datetime) -> list[Posting]:
    return [each for each in books.counted if books.counts(each.created_at, at + books.shift)]


class Late(Books):
    """Books whose ledger shows an entry some readings later than the balances count it."""

    late: Posting
    by: int

    def on_read(self) -> None:
        self.listed = [each for each in self.counted if each is not self.late or self.reads > self.by]


@LEDGERS
@given(case=cases(), by=st.integers(0, 2))
def test_a_late_arrival_is_no_mismatch(case: Case, by: int) -> None:
    """Everything is read again before anything is said; an entry that stays away is a lost one."""
    books = Late(case.postings, case.postings)
    books.late, books.by = case.chosen, by
    verdict = judged(books, case.span, attrs.evolve(RULES, rounds=5))
    lost = effects([case.chosen]) if by > 1 and within(case.chosen, verdict) else {}
    assert differences(verdict) == lost or (by > 1 and at_an_end(case.chosen, verdict))


class Restless(Books):
    """Books of which every reading finds another entry that the balances do not count."""

    def on_read(self) -> None:
        self.listed = [*self.listed, attrs.evolve(self.counted[0], event_log_id=5_000 + self.reads)]


@LEDGERS
@given(case=cases(), rounds=st.integers(2, 5))
def test_a_ledger_that_never_rests_is_indeterminate(case: Case, rounds: int) -> None:
    """Bounded, and not called a mismatch."""
    books = Restless(case.postings, case.postings)
    whole = Span(min(case.span.since, case.postings[0].created_at), case.span.until)
    verdict = judged(books, whole, attrs.evolve(RULES, rounds=rounds))
    assert (verdict.agreement, verdict.reason, books.reads) == (Agreement.INDETERMINATE, Reason.MOVED, rounds)
    assert {each.reason for each in verdict.unmatched} == {Reason.MOVED}


DEFECTS = ("none", "lost", "doubled", "wrong", "rounded")


def spoilt(case: Case, defect: str) -> tuple[Books, dict[Account, Decimal]]:
    """Make books with a defect within the span, and say what it does."""
    at, account = case.chosen, case.chosen.lines[0].account
    match defect:
        case "lost":
            return case.books([each for each in case.postings if each is not at], case.postings), effects([at])
        case "doubled":
            twin = attrs.evolve(at, event_log_id=9_999)
            return case.books([*case.postings, twin], case.postings), effects([at], -1)
        case "wrong" | "rounded":
            points = Decimal("0.0005") if defect == "rounded" else Decimal("33.30")
            slip = entry(1, at.created_at, line(account, points))
            return case.books(case.postings, [*case.postings, slip]), effects([slip])
        case _:
            return case.books(case.postings, case.postings), {}


@POPULATIONS
@given(
    population=st.lists(st.tuples(cases(), st.sampled_from(DEFECTS)), min_size=2, max_size=9), jobs=st.integers(1, 4)
)
def test_each_defect_is_named_at_its_own_member_and_no_other(population: list[tuple[Case, str]], jobs: int) -> None:
    """Members who are read at once are not taken for one another."""
    whole = Span(START - DAY, START + 400 * DAY)
    made = [spoilt(case, defect) for case, defect in population]
    served = Population({member.identifier_value: books for member, (books, _) in zip(crowd(made), made, strict=True)})

    async def run() -> dict[str, MemberVerdict]:
        async with reconcile_members(
            served.client, crowd(made), whole, rules=RULES, entries=served.entries, concurrency=jobs
        ) as verdicts:
            return {verdict.member.identifier_value: verdict async for verdict in verdicts}

    found = anyio.run(run)
    truth = {member.identifier_value: expected for member, (_, expected) in zip(crowd(made), made, strict=True)}
    assert {name: differences(verdict) for name, verdict in found.items()} == truth


def crowd(of: Sized) -> list[Customer]:
    return [Customer.by_id(1 + place, source="INSTORE") for place in range(len(of))]


@attrs.frozen
class Population:
    """Many members' books, each asked about its own."""

    books: Mapping[str, Books]

    @property
    def client(self) -> Any:
        return self

    @property
    def balances(self) -> Any:
        return self

    async def closing(self, member: Member, **asked: Any) -> LedgerBalance:
        await anyio.lowlevel.checkpoint()
        return await self.books[member.identifier_value].closing(member, **asked)

    async def entries(self, member: Member, span: Span) -> Proved:
        await anyio.lowlevel.checkpoint()
        return await self.books[member.identifier_value].entries(member, span)
