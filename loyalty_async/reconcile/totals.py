"""Sums over postings: what moved, what runs, and what rounding can make of it.

**The bound for rounding.** The API prints amounts with one to three decimals, and rounds: 46.688 became 46.69
(getCustomerLedgerInfo, first sample). The reported balance may have been added up before that. A number that was
rounded to the nearest with *d* decimals is at most half a unit of its last place, 0.5 x 10^-d, from what it was; one
that was cut off or rounded up, less than a whole unit. So for one account the reported and the calculated closing
differ, at most, by that share of a unit for each amount that takes part: the opening, the closing and every line
between. Rounding to the nearest is taken for granted unless told: the sample excludes cutting off, and it is usual.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Literal

from loyalty_async.models.vocabulary import LedgerEntryType
from loyalty_async.reconcile.postings import Account, Line, Posting, exact_sum, minus
from loyalty_async.reconcile.verdicts import Movement, NetCheck, Step

__all__ = ["Moved", "Rounding", "by_account", "check_nets", "movements", "restated", "rounding_bound", "running"]

Moved = tuple[Posting, Line]
"""A line, and the entry that it is of."""

Rounding = Literal["nearest", "any", "none"]
"""How printed amounts were rounded: to the nearest, in any way, or not at all."""

_SHARES: Mapping[Rounding, Decimal] = {"nearest": Decimal("0.5"), "any": Decimal(1), "none": Decimal(0)}


def rounding_bound(amounts: Iterable[Decimal], rounding: Rounding = "nearest") -> Decimal:
    """Say by how much a sum of printed amounts can be off because each was rounded.

    For 46.69 to the nearest it is 0.005, for 20.000 it is 0.0005.
    """
    return exact_sum(_share_of_unit(amount, _SHARES[rounding]) for amount in amounts)


def by_account(postings: Iterable[Posting]) -> dict[Account, list[Moved]]:
    """Group the lines of all entries by account, each group in the order of the entries."""
    groups: dict[Account, list[Moved]] = {}
    for posting in postings:
        for line in posting.lines:
            groups.setdefault(line.account, []).append((posting, line))
    return groups


def movements(moved: Iterable[Moved]) -> tuple[Movement, ...]:
    """Count and add up the lines of one account by kind and event name."""
    found: dict[tuple[str, str], list[Decimal]] = {}
    for posting, line in moved:
        found.setdefault((line.kind, posting.event_name), []).append(line.points)
    return tuple(
        Movement(kind=kind, event_name=name, count=len(points), points=exact_sum(points))
        for (kind, name), points in sorted(found.items())
    )


def running(opening: Decimal, opened_at: datetime, moved: Iterable[Moved]) -> tuple[Step, ...]:
    """Give the running balance of one account, with a step for each entry."""
    steps, balance = [Step(at=opened_at, balance=opening)], opening
    for posting, lines in groupby(moved, key=itemgetter(0)):
        balance = exact_sum((balance, *(line.effect for _, line in lines)))
        steps.append(
            Step(
                at=posting.created_at,
                balance=balance,
                event_log_id=posting.event_log_id,
                event_name=posting.event_name,
            )
        )
    return tuple(steps)


def restated(opening: Decimal, moved: Iterable[Moved]) -> Decimal:
    """Say what the balance would be less if opening balances restated what was there instead of adding to it.

    An opening balance starts an account, so nothing should be there when it comes; if something is, the documents do
    not say which of the two it means.
    """
    held, excess = [opening], Decimal(0)
    for _, line in moved:
        if line.kind == LedgerEntryType.OPENING_BALANCE:
            excess, held = exact_sum((excess, *held)), []
        held.append(line.effect)
    return excess


def check_nets(postings: Sequence[Posting]) -> NetCheck:
    """Hold each entry's net against its details, with and without alternate currencies: both are in use."""
    differences = [_net_difference(posting, posting.net) for posting in postings if posting.net is not None]
    differing = [difference for difference in differences if difference]
    return NetCheck(compared=len(differences), differing=len(differing), largest=max(differing, default=Decimal(0)))


def _share_of_unit(amount: Decimal, share: Decimal) -> Decimal:
    exponent = amount.as_tuple().exponent
    return share.scaleb(exponent) if isinstance(exponent, int) else Decimal(0)


def _net_difference(posting: Posting, net: Decimal) -> Decimal:
    moved = [line for line in posting.lines if line.kind != LedgerEntryType.OPENING_BALANCE]
    apart = exact_sum(line.effect for line in moved if line.account.currency is None)
    added = exact_sum(line.effect for line in moved)
    return min(minus(net, apart).copy_abs(), minus(net, added).copy_abs())
