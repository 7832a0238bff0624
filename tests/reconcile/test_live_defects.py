"""Seeded members of the sandbox, through the real client: each kind of defect is found, and nothing else."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import attrs
import pytest

from loyalty_async.models.members import Customer
from loyalty_async.models.spans import Span
from loyalty_async.reconcile import Account, Agreement, MemberVerdict, Reason, Rules, reconcile_members
from loyalty_async.sandbox import Entry, Ledger, Member, Move, Sandbox, make_ledger
from tests.sandbox.clients import capillary

pytestmark = pytest.mark.anyio

NOW = datetime(2025, 11, 1, tzinfo=UTC)
SPAN = Span(NOW - timedelta(days=170), NOW - timedelta(days=20))
MEMBERS = 90


@attrs.frozen
class Planted:
    """A defect: of whom, which, about what entry, and the differences that it makes."""

    member: Member
    kind: str
    entry: Entry
    differences: dict[Account, Decimal]


def plant(ledger: Ledger) -> tuple[list[Planted], list[Move]]:
    """Let every third member have one defect."""
    planted: list[Planted] = []
    moves: list[Move] = []
    rng = random.Random(4)
    for member in ledger.members[::3]:
        inside = [
            entry
            for entry in ledger.entries(member.user_id, since=SPAN.since + timedelta(days=1), until=SPAN.until)
            if any(line.points for line in entry.details)
        ]
        if not inside:
            continue
        entry, kind = rng.choice(inside), ("lose", "double", "misstate", "round")[len(planted) % 4]
        planted.append(Planted(member, kind, entry, _differences(kind, entry)))
        where = {"identifierValue": str(member.user_id)}
        points = {"misstate": "-77.70", "round": "0.0005"}.get(kind)
        action = "misstate" if kind == "round" else kind
        move = Move(
            action=action,  # type: ignore[arg-type]
            path="/v2/pointsLedger",
            where=where,
            event_log_id=entry.event_log_id,
            points=points,
        )
        moves.append(move)
    return planted, moves


def _differences(kind: str, entry: Entry) -> dict[Account, Decimal]:
    sums: dict[Account, Decimal] = {}
    for line in entry.details:
        account = Account(program_id=line.program.program_id, points_category=line.category, currency=line.currency)
        effect = {"lose": line.effect, "double": -line.effect}.get(kind)
        if effect is None:
            return {account: Decimal("-77.70") if kind == "misstate" else Decimal("0.0005")}
        sums[account] = sums.get(account, Decimal(0)) + effect
    return {account: points for account, points in sums.items() if points}


async def test_every_planted_defect_is_found_and_named_and_nothing_else() -> None:
    ledger = make_ledger(MEMBERS, 21, now=NOW, years=1.0, entries_per_member=50)
    planted, moves = plant(ledger)
    served = Sandbox(ledger, moves=moves, now=lambda: NOW)
    members = [Customer.by_id(member.user_id, source="INSTORE") for member in ledger.members]
    async with (
        capillary(served, clock=lambda: NOW) as client,
        reconcile_members(client, members, SPAN, rules=Rules(pause_s=0)) as verdicts,
    ):
        found = {verdict.member.identifier_value: verdict async for verdict in verdicts}
    wrong = {number for number, verdict in found.items() if verdict.agreement is not Agreement.MATCH}
    assert len(found) == MEMBERS
    assert len(planted) > 20
    assert wrong == {str(each.member.user_id) for each in planted if each.differences}
    for each in planted:
        if each.differences:
            check(each, found[str(each.member.user_id)])


def check(planted: Planted, verdict: MemberVerdict) -> None:
    """Require that a verdict names a defect."""
    assert {each.account: each.difference for each in verdict.unmatched} == planted.differences
    for account in verdict.unmatched:
        if planted.kind == "round":
            assert (account.agreement, account.reason) == (Agreement.INDETERMINATE, Reason.ROUNDING)
            continue
        divergence = account.divergence
        opens = planted.kind == "double" and any(line.kind == "OPENING_BALANCE" for line in planted.entry.details)
        assert account.agreement is Agreement.MISMATCH or (opens and account.reason is Reason.OPENING)
        assert divergence is not None
        assert divergence.since <= planted.entry.created_at < divergence.until + timedelta(seconds=1)
        if planted.kind == "misstate":
            assert planted.entry.event_log_id in divergence.event_log_ids
        if planted.kind == "double":
            assert divergence.event_log_id not in {None, planted.entry.event_log_id}
