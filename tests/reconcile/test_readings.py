from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import anyio
import pytest

from loyalty_async.errors import InvalidArgument, MemberNotFoundError
from loyalty_async.models.members import Customer, UserGroup
from loyalty_async.models.spans import Span
from loyalty_async.reconcile import Account, Agreement, MemberVerdict, Reason, Rules, reconcile_member
from loyalty_async.sandbox import (
    CARD_PROGRAM,
    DEFAULT_PROGRAM,
    LEDGER_BALANCE_PATH,
    LEDGER_INFO_PATH,
    MAIN,
    PROMISED,
    Detail,
    Fault,
    Ledger,
    Move,
    Sandbox,
    Settings,
)
from tests.reconcile.books import MAIN as POINTS
from tests.reconcile.books import MEMBER, Books, entry, line
from tests.sandbox.clients import capillary

pytestmark = pytest.mark.anyio

NOW = datetime(2025, 11, 1, tzinfo=UTC)
JAN, FEB = datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 2, 1, tzinfo=UTC)
MONTH = Span(JAN, FEB)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
EVERYDAY = Account(program_id=973, points_category="Main")
BOTH = "/v2/pointsLedger"


def ledger(*days_and_points: tuple[float, str]) -> Ledger:
    """One member, with an entry so many days into January."""
    made = Ledger()
    member = made.add_member(user_id=7001)
    for days, points in days_and_points:
        made.add_entry(member.user_id, created_at=JAN + days * DAY, points=points)
    return made


def sandbox(made: Ledger, *moves: Move, **options: Any) -> Sandbox:
    return Sandbox(made, moves=moves, now=lambda: NOW, **options)


async def judge(served: Sandbox, span: Span = MONTH, rules: Rules | None = None) -> MemberVerdict:
    async with capillary(served, clock=lambda: NOW) as client:
        return await reconcile_member(client, Customer.by_id(7001, source="INSTORE"), span, rules=rules)


THREE = ((-40.0, "100.00"), (10.0, "50.00"), (20.0, "-20.50"))


async def test_opening_and_entries_make_the_closing() -> None:
    """Entries before the span are in the opening, not among the movements."""
    verdict = await judge(sandbox(ledger(*THREE)))
    [account] = verdict.accounts
    assert (verdict.agreement, verdict.reason, verdict.entries, verdict.rounds) == (Agreement.MATCH, None, 2, 1)
    assert (account.account, str(account.opening)) == (EVERYDAY, "100.000")
    assert (str(account.calculated), str(account.reported)) == ("129.500", "129.500")
    assert not account.difference
    assert [(each.kind, each.count, str(each.points)) for each in account.movements] == [
        ("CREDIT", 1, "50.00"),
        ("DEBIT", 1, "20.50"),
    ]


async def test_what_matches_takes_one_walk_and_two_balances() -> None:
    served = sandbox(ledger(*THREE))
    await judge(served)
    requests = served.stats.by_path()
    assert requests[LEDGER_BALANCE_PATH] == {"200": 2}
    assert requests[LEDGER_INFO_PATH] == {"200": 1}


async def test_a_member_without_entries_matches() -> None:
    """The server refuses both balances with 11003."""
    verdict = await judge(sandbox(ledger()))
    assert (verdict.agreement, verdict.accounts, verdict.entries) == (Agreement.MATCH, (), 0)


@pytest.mark.parametrize("inclusive", [True, False])
@pytest.mark.parametrize("fractions", [True, False])
@pytest.mark.parametrize("edge", [JAN, FEB])
async def test_entries_at_the_very_ends_do_not_matter(edge: datetime, *, inclusive: bool, fractions: bool) -> None:
    """Whatever `endDate` means: the ends move outwards to seconds in which nothing was booked."""
    made = ledger(*THREE)
    for offset_s in (-1, -0.5, 0, 0.5, 1):
        made.add_entry(7001, created_at=edge + offset_s * SECOND, points="7.00")
    verdict = await judge(sandbox(made, settings=Settings(end_date_inclusive=inclusive, sees_fractions=fractions)))
    assert verdict.agreement is Agreement.MATCH
    assert verdict.span is not None
    assert verdict.span.since == (JAN - 2 * SECOND if edge == JAN else JAN)
    assert verdict.span.until == (FEB + 2 * SECOND if edge == FEB else FEB)


async def test_an_end_in_the_future_is_now() -> None:
    verdict = await judge(sandbox(ledger(*THREE)), Span(JAN, NOW + DAY))
    assert verdict.agreement is Agreement.MATCH
    assert verdict.span is not None
    assert verdict.span.until == NOW - SECOND


async def test_now_is_the_same_in_every_reading() -> None:
    """A clock that runs on does not make a ledger move: a wrong balance stays wrong, and is found."""
    wrong = Move(action="misstate", path=BOTH, points="12.50", created_at=JAN + 15 * DAY)
    ticks = itertools.count()
    served = Sandbox(ledger(*THREE), moves=[wrong], now=lambda: NOW + DAY)
    async with capillary(served, clock=lambda: NOW + next(ticks) * timedelta(seconds=7)) as client:
        member, span = Customer.by_id(7001, source="INSTORE"), Span(JAN, NOW + 30 * DAY)
        verdict = await reconcile_member(client, member, span, rules=Rules(pause_s=0))
    assert (verdict.agreement, verdict.reason) == (Agreement.MISMATCH, None)
    assert verdict.span is not None
    assert verdict.span.until < NOW + DAY
    [divergence] = [account.divergence for account in verdict.unmatched]
    assert divergence is not None
    assert divergence.since < JAN + 15 * DAY <= divergence.until


async def test_a_span_in_the_future_cannot_be_told() -> None:
    verdict = await judge(sandbox(ledger(*THREE)), Span(NOW + DAY, NOW + 2 * DAY))
    assert (verdict.agreement, verdict.reason) == (Agreement.INDETERMINATE, Reason.INCOMPLETE)


async def test_a_lost_entry_is_found_between_two() -> None:
    made = ledger(*THREE)
    lost = made.add_entry(7001, created_at=JAN + 15 * DAY, points="12.34")
    kept = [each for each in made.entries(7001) if each is not lost]
    verdict = await judge(sandbox(made, Move(action="lose", path=BOTH, event_log_id=lost.event_log_id)))
    [account] = verdict.unmatched
    divergence = account.divergence
    assert divergence is not None
    assert (account.difference, divergence.difference) == (Decimal("12.340"), Decimal("12.340"))
    assert (divergence.event_log_ids, divergence.follows) == ((), kept[1].event_log_id)
    assert divergence.since <= lost.created_at <= divergence.until == divergence.since + timedelta(seconds=1)
    assert verdict.rounds == 2


async def test_a_doubled_entry_is_named() -> None:
    made = ledger(*THREE)
    first = made.entries(7001)[1]
    served = sandbox(made, Move(action="double", path=BOTH, event_log_id=first.event_log_id))
    verdict = await judge(served)
    [account] = verdict.unmatched
    assert account.divergence is not None
    assert account.difference == Decimal("-50.000")
    assert account.divergence.event_log_ids == (first.event_log_id, *served.moves.history[0].event_log_ids)
    assert account.divergence.event_log_id == served.moves.history[0].event_log_ids[0]


async def test_a_wrong_balance_is_found_at_its_entry() -> None:
    made = ledger(*THREE)
    at = made.entries(7001)[2]
    verdict = await judge(
        sandbox(made, Move(action="misstate", path=BOTH, event_log_id=at.event_log_id, points="-3.21"))
    )
    [account] = verdict.unmatched
    assert account.divergence is not None
    assert (account.difference, account.divergence.event_log_id) == (Decimal("-3.210"), at.event_log_id)
    assert [str(step.balance) for step in account.trail] == ["100.000", "150.000", "129.500"]
    assert account.readings[-1].balance == account.reported


async def test_a_rounding_is_indeterminate() -> None:
    """46.69 was 46.688: the balance was added up before it was rounded (seed 002)."""
    made = ledger((5.0, "46.69"))
    at = made.entries(7001)[0]
    verdict = await judge(
        sandbox(made, Move(action="misstate", path=BOTH, event_log_id=at.event_log_id, points="-0.002"))
    )
    [account] = verdict.unmatched
    assert (verdict.agreement, verdict.reason) == (Agreement.INDETERMINATE, Reason.ROUNDING)
    assert (account.difference, account.rounding) == (Decimal("-0.002"), Decimal("0.0055"))


async def test_what_rounding_of_many_could_explain_is_settled_at_the_one_entry() -> None:
    """A hundred entries of two decimals may hide 0.50; one entry may not."""
    made = ledger(*((number / 4, "1.00") for number in range(100)))
    at = made.entries(7001)[60]
    served = sandbox(made, Move(action="misstate", path=BOTH, event_log_id=at.event_log_id, points="0.10"))
    verdict = await judge(served)
    [account] = verdict.unmatched
    assert account.rounding > account.difference > 0
    assert (account.agreement, account.reason) == (Agreement.MISMATCH, None)
    assert account.divergence is not None
    assert account.divergence.event_log_id == at.event_log_id
    assert sum(served.stats.by_path()[LEDGER_BALANCE_PATH].values()) == 4 + len(account.readings) - 2


async def test_a_moved_cut_off_is_a_mismatch() -> None:
    """The balances are as of an hour later than was asked."""
    made = ledger(*THREE)
    made.add_entry(7001, created_at=FEB + timedelta(minutes=30), points="9.00")
    verdict = await judge(sandbox(made, settings=Settings(balance_shift_s=3_600)))
    [account] = verdict.unmatched
    assert account.difference == Decimal("9.000")


async def test_a_late_arrival_is_read_again_and_matches() -> None:
    """The entry comes between the walk and the closing balance."""
    late = Move(action="backdate", path=LEDGER_BALANCE_PATH, at=2, created_at=JAN + 12 * DAY, points="5.00")
    verdict = await judge(sandbox(ledger(*THREE), late))
    assert (verdict.agreement, verdict.rounds, verdict.entries) == (Agreement.MATCH, 2, 3)


async def test_a_ledger_that_never_rests_is_indeterminate() -> None:
    """Another entry, back-dated, before every closing balance: three rounds, and it says that it cannot tell."""
    restless = Move(
        action="backdate", path=LEDGER_BALANCE_PATH, skip=1, every=2, times=None, created_at=JAN + DAY, points="5.00"
    )
    served = sandbox(ledger(*THREE), restless)
    verdict = await judge(served)
    assert (verdict.agreement, verdict.reason, verdict.rounds) == (Agreement.INDETERMINATE, Reason.MOVED, 3)
    assert served.stats.by_path()[LEDGER_BALANCE_PATH] == {"200": 6}


async def test_pending_events_are_indeterminate_even_if_it_adds_up() -> None:
    pending = Fault(path=LEDGER_BALANCE_PATH, warning=11002, times=None)
    for moves in ((), (Move(action="misstate", path=BOTH, points="5.00"),)):
        verdict = await judge(sandbox(ledger(*THREE), *moves, faults=[pending]))
        assert (verdict.agreement, verdict.reason) == (Agreement.INDETERMINATE, Reason.PENDING)
        assert [each.reason for each in verdict.unmatched] == [Reason.PENDING] * len(moves)


async def test_a_walk_that_cannot_be_proved_is_indeterminate() -> None:
    verdict = await judge(sandbox(ledger(*THREE), settings=Settings(miscount=1)))
    assert (verdict.agreement, verdict.reason, verdict.accounts) == (Agreement.INDETERMINATE, Reason.INCOMPLETE, ())


async def test_a_difference_within_the_tolerance_matches() -> None:
    made = ledger(*THREE)
    move = Move(action="misstate", path=BOTH, points="0.500")
    rules = Rules(tolerance=Decimal("0.5"))
    assert (await judge(sandbox(made.copy(), move), rules=rules)).agreement is Agreement.MATCH
    assert (await judge(sandbox(made.copy(), move))).agreement is Agreement.MISMATCH


async def test_a_promised_points_conversion_moves_points_between_two_accounts() -> None:
    """One entry with a debit and a credit: net nought, and both accounts are right."""
    made = ledger()
    promise = Detail("CREDIT", Decimal("40.00"), PROMISED, DEFAULT_PROGRAM)
    kept = Detail("DEBIT", Decimal("40.00"), PROMISED, DEFAULT_PROGRAM)
    main = Detail("CREDIT", Decimal("40.00"), MAIN, DEFAULT_PROGRAM)
    made.add_entry(7001, created_at=JAN + DAY, details=(promise,))
    made.add_entry(7001, created_at=JAN + 9 * DAY, event_name="DelayedAccrual", details=(kept, main))
    verdict = await judge(sandbox(made))
    assert verdict.agreement is Agreement.MATCH
    assert {each.account.points_category: str(each.calculated) for each in verdict.accounts} == {
        "Main": "40.00",
        "DelayedAccrualPointCategory": "0.00",
    }


async def test_opening_balances_start_accounts() -> None:
    """A bulk job opens each program and category with what was there before."""
    made = ledger()
    lines = [
        Detail("OPENING_BALANCE", Decimal("310.25"), MAIN, DEFAULT_PROGRAM),
        Detail("OPENING_BALANCE", Decimal("7.125"), MAIN, CARD_PROGRAM),
    ]
    made.add_entry(7001, created_at=JAN + DAY, event_name="PointsLedgerBulkJob", details=lines)
    verdict = await judge(sandbox(made))
    assert [str(each.calculated) for each in verdict.accounts] == ["310.25", "7.125"]
    assert verdict.agreement is Agreement.MATCH


async def test_an_opening_balance_that_may_restate_is_indeterminate() -> None:
    """The server reported 500 before the ledger began, and the ledger begins with an opening balance of 500."""
    opened = entry(5, JAN + DAY, line(POINTS, "500.00"), name="PointsLedgerBulkJob")
    [booked] = opened.lines
    restated = entry(5, JAN + DAY, type(booked)(POINTS, "OPENING_BALANCE", booked.points), name="PointsLedgerBulkJob")
    books = Books([restated], [entry(1, JAN - DAY, line(POINTS, "500.00"))])
    verdict = await reconcile_member(books.client, MEMBER, MONTH, entries=books.entries, rules=Rules(probes=0))
    [account] = verdict.unmatched
    assert (account.difference, account.agreement, account.reason) == (
        Decimal("-500.00"),
        Agreement.INDETERMINATE,
        Reason.OPENING,
    )


async def test_a_merge_is_a_debit_here_and_a_credit_there() -> None:
    """Two ledgers are left behind, and both add up (facts, ledger semantics)."""
    made = ledger((3.0, "80.00"))
    survivor = made.add_member(user_id=7002)
    made.add_entry(7001, created_at=JAN + 9 * DAY, points="-80.00", event_name="PointsTransfer")
    made.add_entry(survivor.user_id, created_at=JAN + 9 * DAY, points="80.00", event_name="PointsTransfer")
    served = sandbox(made)
    async with capillary(served, clock=lambda: NOW) as client:
        for user_id, left in ((7001, "0.000"), (7002, "80.000")):
            verdict = await reconcile_member(client, Customer.by_id(user_id, source="INSTORE"), MONTH)
            assert (verdict.agreement, str(verdict.accounts[0].reported)) == (Agreement.MATCH, left)


async def test_an_expiry_that_names_the_program_counts_for_the_member() -> None:
    """`customerId` is the program's id there (facts D2); the ledger that it is in is what counts."""
    made = ledger((3.0, "80.00"))
    made.add_entry(7001, created_at=JAN + 9 * DAY, points="-30.00", event_name="PointsExpiry", customer_id=973)
    verdict = await judge(sandbox(made))
    assert (verdict.agreement, str(verdict.accounts[0].calculated)) == (Agreement.MATCH, "50.00")


async def test_alternate_currencies_have_accounts_of_their_own() -> None:
    made = ledger(*THREE)
    made.add_entry(7001, created_at=JAN + 4 * DAY, points="15", currency="Stars")
    verdict = await judge(sandbox(made.copy()))
    assert [each.account.currency for each in verdict.accounts] == [None, "Stars"]
    assert verdict.agreement is Agreement.MATCH
    without = await judge(sandbox(made), rules=Rules(alternate_currencies=False))
    assert [each.account.currency for each in without.accounts] == [None]
    assert without.agreement is Agreement.MATCH


async def test_a_group_is_reconciled_like_a_member() -> None:
    made = ledger(*THREE)
    group = made.add_group([7001], group_id=5)
    made.add_entry(group.owner_id, created_at=JAN + DAY, points="11.00")
    async with capillary(sandbox(made), clock=lambda: NOW) as client:
        verdict = await reconcile_member(client, UserGroup.by_id(5, source="INSTORE"), MONTH)
    assert (verdict.agreement, verdict.entries) == (Agreement.MATCH, 1)


async def test_an_unknown_member_is_an_error() -> None:
    async with capillary(sandbox(ledger())) as client:
        with pytest.raises(MemberNotFoundError):
            await reconcile_member(client, Customer.by_id(1, source="INSTORE"), MONTH)


@pytest.mark.parametrize(
    "span",
    [
        Span(FEB, JAN),
        Span(JAN, JAN),
        Span(JAN.replace(tzinfo=None), FEB),
        Span(datetime(1970, 1, 1, tzinfo=UTC), FEB),
        (JAN, FEB),
    ],
)
async def test_a_span_that_cannot_be_is_refused(span: Any) -> None:
    served = sandbox(ledger())
    with pytest.raises(InvalidArgument, match="span"):
        await judge(served, span)
    assert not served.stats.requests


async def test_cancelling_leaves_nothing_behind() -> None:
    served = sandbox(ledger(*THREE), faults=[Fault(path=BOTH, delay_s=60.0, times=None)])
    with anyio.move_on_after(5) as scope:
        await judge(served)
    assert scope.cancelled_caught


async def test_a_verdict_does_not_show_whose_it_is() -> None:
    verdict = await judge(sandbox(ledger(*THREE)))
    assert "7001" not in repr(verdict)
