"""What happens in a member's history: one recipe for each event name of the documents."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from itertools import accumulate
from typing import Final, NamedTuple

import attrs

from loyalty_async.sandbox.records import (
    MAIN,
    PROMISED,
    TRIGGER_BASED,
    ZERO,
    Detail,
    Entry,
    Organisation,
    Program,
    Till,
    Transaction,
)

_CATEGORIES: Final = (MAIN, PROMISED, TRIGGER_BASED)
_NET_SCALE: Final = Decimal("0.001")
_AMOUNT_SCALES: Final = (Decimal(1), Decimal("0.1"), Decimal("0.01"), Decimal("0.00001"))
_EARN_RATE: Final = Decimal("0.311")  # points for a unit of currency; three decimals, so that nets and lines can differ
EventDetails = dict[str, str | int | datetime | None]


class Slot(NamedTuple):
    """When something is to happen, and the event log id that it will have."""

    at: datetime
    event_log_id: int


@attrs.define
class _Draft:
    """What a recipe says of an entry; the history does the rest."""

    lines: list[Detail]
    event_details: EventDetails = attrs.field(factory=dict)
    transaction: Transaction | None = None
    exact_net: Decimal | None = None
    customer_id: int | None = None
    at_till: bool = True


class History:
    """One member's history in the making.

    Attributes:
        rng: Where all chance comes from.
        organisation: Where it happens.
        user_id: Whose history.
        balances: What is there to be debited, by program and category; empty before the opening balances.
        last_bill: What a return or a correction refers to.
    """

    def __init__(self, rng: random.Random, organisation: Organisation, user_id: int) -> None:
        self.rng = rng
        self.organisation = organisation
        self.user_id = user_id
        self.balances: dict[tuple[int, str], Decimal] = {}
        self._currencies: set[str] = set()
        self._bills = 0
        self.last_bill: Transaction | None = None

    def happen(self, slot: Slot) -> Entry:
        """Make the entry of the next moment; moments come in rising order."""
        if not self.balances:
            name = "CustomerRegistration" if self.chance(0.9) else "PointsLedgerBulkJob"
        else:
            name = self.rng.choices(_NAMES, cum_weights=_CUMULATED)[0]
        program = self.organisation.programs[self.chance(0.25)]
        draft = _RECIPES[name](self, slot, program)
        if draft is None:
            name, draft = "TransactionAdd", _purchase(self, slot, program)
        return self._entry(name, slot, program, draft)

    def chance(self, share: float) -> bool:
        """Say yes in this share of the cases."""
        return self.rng.random() < share

    def credit(self, points: Decimal, program: Program, category: str = MAIN) -> Detail:
        """Write a credit of points, rounded to the program's scale."""
        line = Detail("CREDIT", points.quantize(_scale(program), ROUND_DOWN), category, program)
        self.balances[program.program_id, category] += line.points
        return line

    def debit(self, part: Decimal, program: Program, category: str = MAIN) -> Detail | None:
        """Write a debit of a part of what is there, or nothing if nothing is there."""
        points = (self.balances[program.program_id, category] * part).quantize(_scale(program), ROUND_DOWN)
        if points <= 0:
            return None
        self.balances[program.program_id, category] -= points
        return Detail("DEBIT", points, category, program)

    def alternate(self, program: Program) -> list[Detail]:
        """Write a credit of an alternate currency, after its opening balance if it is new to the member."""
        name = self.rng.choice(self.organisation.currencies)
        lines = [Detail("CREDIT", Decimal(self.rng.randint(1, 40) * 5).quantize(_NET_SCALE), MAIN, program, name)]
        if name not in self._currencies:
            self._currencies.add(name)
            lines.insert(0, Detail("OPENING_BALANCE", ZERO, MAIN, program, name))
        return lines

    def opening(self, *, with_balance: bool) -> list[Detail]:
        """Write the opening balances, one for each program and category."""
        lines = []
        for program in self.organisation.programs:
            for category in _CATEGORIES:
                points = Decimal(self.rng.randint(0, 90_000) if with_balance else 0)
                line = Detail("OPENING_BALANCE", (points / 100).quantize(_scale(program)), category, program)
                self.balances[program.program_id, category] = line.points
                lines.append(line)
        return lines

    def bill(self, at: datetime, ahead: timedelta) -> Transaction:
        """Write a bill, dated by a till's wall clock."""
        rng = self.rng
        self._bills += 1
        gross = Decimal(rng.randint(100_000, 900_000_000)) / 100_000
        amount = gross.quantize(rng.choice(_AMOUNT_SCALES))
        self.last_bill = Transaction(
            transaction_id=880_000_000 + rng.randrange(3_000_000_000),
            number=f"txn-{self._bills}" if self.chance(0.5) else str(int(at.timestamp())),
            date=(at + ahead).replace(tzinfo=None, microsecond=0) - timedelta(seconds=rng.randrange(3)),
            amount=amount,
            gross_amount=gross if self.chance(0.3) else amount,
        )
        return self.last_bill

    def _entry(self, name: str, slot: Slot, program: Program, draft: _Draft) -> Entry:
        organisation = self.organisation
        till: Till | None = self.rng.choice(organisation.tills) if draft.at_till else None
        net = sum((line.signed for line in draft.lines if line.currency is None), start=ZERO)
        return Entry(
            event_log_id=slot.event_log_id,
            event_name=name,
            customer_id=self.user_id if draft.customer_id is None else draft.customer_id,
            created_at=slot.at,
            details=tuple(draft.lines),
            net_points=net if draft.exact_net is None else draft.exact_net,
            transaction=draft.transaction,
            till=till,
            event_details=draft.event_details,
            source_program=program if self.chance(0.9) else organisation.programs[0],
            source_named=self.chance(0.95),
            org_id=organisation.org_id if self.chance(0.85) else None,
        )


def _scale(program: Program) -> Decimal:
    return Decimal(1).scaleb(-program.scale)


def _purchase(history: History, slot: Slot, program: Program) -> _Draft:
    rng = history.rng
    bill = history.bill(slot.at, rng.choice(history.organisation.tills).ahead)
    exact = (bill.amount * _EARN_RATE).quantize(_NET_SCALE)
    lines = [history.credit(exact, program)]
    if history.chance(0.15):
        promised = history.credit(exact / 2, program, PROMISED)
        lines.append(promised)
        exact += promised.points
    if history.chance(0.15):
        lines.extend(history.alternate(program))
    return _Draft(lines, {"eventDate": bill.date}, bill, exact_net=exact)


def _correction(history: History, slot: Slot, program: Program) -> _Draft | None:
    bill = history.last_bill
    if bill is None:
        return None
    if history.chance(0.5):
        return _Draft([history.credit(Decimal(history.rng.randint(1, 90)), program)], {"eventDate": slot.at}, bill)
    return _return(history, slot, program)


def _return(history: History, slot: Slot, program: Program) -> _Draft | None:
    if history.last_bill is None:
        return None
    return _debited(history, program, Decimal("0.25"), {"eventDate": slot.at}, transaction=history.last_bill)


def _debited(
    history: History, program: Program, part: Decimal, details: EventDetails, *, transaction: Transaction | None = None
) -> _Draft | None:
    line = history.debit(part, program)
    return None if line is None else _Draft([line], details, transaction)


def _behaviour(history: History, slot: Slot, program: Program) -> _Draft:
    name = history.rng.choice(("ThankYou", "AppReview", "StoreVisit"))
    details: EventDetails = {"eventDisplayName": name, "displayName": name}
    if history.chance(0.5):
        return _Draft(history.alternate(program), details)
    points = Decimal(history.rng.randint(10, 300))
    return _Draft([history.credit(points, program, TRIGGER_BASED)], {**details, "eventDate": slot.at})


def _target(history: History, slot: Slot, program: Program) -> _Draft:
    number = history.rng.randint(1, 40)
    details: EventDetails = {
        "eventDisplayName": f"Target {number}",
        "promotionName": f"Target {number}",
        "promotionDescription": f"Buy {number} times",
        "promotionIdentifier": f"7c73ef03-5745-4d82-b089-{number:012x}",
        "promotionId": 1_120_000 + number,
        "eventDate": slot.at - timedelta(seconds=30),
    }
    return _Draft([history.credit(Decimal(100), program)], details)


def _redemption(history: History, slot: Slot, program: Program) -> _Draft | None:
    part = Decimal(history.rng.randint(1, 10)) / 10
    return _debited(history, program, part, {"eventDate": slot.at})


def _voucher(history: History, _slot: Slot, program: Program) -> _Draft | None:
    return _debited(history, program, Decimal("0.1"), {})


def _adjustment(history: History, slot: Slot, program: Program) -> _Draft | None:
    return _debited(history, program, Decimal("0.05"), {"eventDate": slot.at})


def _expiry(history: History, slot: Slot, program: Program) -> _Draft | None:
    line = history.debit(Decimal("0.5"), program)
    details: EventDetails = {"eventDate": slot.at + timedelta(seconds=1)}
    # The documents' PointsExpiry entries name the program where others name the customer, and no till.
    return None if line is None else _Draft([line], details, customer_id=program.program_id, at_till=False)


def _conversion(history: History, _slot: Slot, program: Program) -> _Draft | None:
    line = history.debit(Decimal(1), program, PROMISED)
    return None if line is None else _Draft([line, history.credit(line.points, program)], {})


def _transfer(history: History, slot: Slot, program: Program) -> _Draft | None:
    if history.chance(0.5):
        return _gift(history, slot, program)
    return _debited(history, program, Decimal("0.2"), {"eventDate": slot.at})


def _goodwill(history: History, slot: Slot, program: Program) -> _Draft:
    draft = _gift(history, slot, program)
    draft.event_details = {"reason": "POINTS_ISSUE"}
    return draft


def _gift(history: History, slot: Slot, program: Program) -> _Draft:
    return _Draft([history.credit(Decimal(history.rng.randint(1, 500)), program)], {"eventDate": slot.at})


def _bulk(history: History, slot: Slot, program: Program) -> _Draft:
    draft = _gift(history, slot, program)
    draft.event_details, draft.customer_id = {}, program.program_id
    return draft


def _registration(history: History, slot: Slot, _program: Program) -> _Draft:
    return _Draft(history.opening(with_balance=False), {"eventDate": slot.at})


def _migration(history: History, _slot: Slot, _program: Program) -> _Draft:
    return _Draft(history.opening(with_balance=True), at_till=False)


Recipe = Callable[[History, Slot, Program], _Draft | None]
_RECIPES: Final[Mapping[str, Recipe]] = {
    "CustomerRegistration": _registration,
    "PointsLedgerBulkJob": _migration,
    "TransactionAdd": _purchase,
    "TransactionUpdate": _correction,
    "ReturnBill": _return,
    "GenericEvent": _behaviour,
    "TargetCompleted": _target,
    "PointsRedemption": _redemption,
    "PointsRedemptionReversal": _gift,
    "VoucherRedemption": _voucher,
    "DelayedAccrual": _conversion,
    "PointsTransfer": _transfer,
    "CustomerUpdate": _gift,
    "PointsExpiry": _expiry,
    "AllocateGoodwillPoints": _goodwill,
    "BulkAllocatePoints": _bulk,
    "ManualPointsAdjustment": _adjustment,
    "UserGroup2Create": _gift,
}
_WEIGHTS: Final = {
    "TransactionAdd": 34,
    "TransactionUpdate": 3,
    "ReturnBill": 4,
    "GenericEvent": 9,
    "TargetCompleted": 6,
    "PointsRedemption": 12,
    "PointsRedemptionReversal": 2,
    "VoucherRedemption": 3,
    "DelayedAccrual": 5,
    "PointsTransfer": 3,
    "CustomerUpdate": 2,
    "PointsExpiry": 4,
    "AllocateGoodwillPoints": 4,
    "BulkAllocatePoints": 4,
    "ManualPointsAdjustment": 3,
    "UserGroup2Create": 2,
}
EVENT_NAMES: Final = tuple(_RECIPES)
_NAMES: Final = tuple(_WEIGHTS)
_CUMULATED: Final = tuple(accumulate(_WEIGHTS.values()))
