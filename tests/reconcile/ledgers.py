"""Random ledgers, dense and sparse, for property tests.

They are made from a seed: hypothesis shrinks the length, and can try thousands in seconds.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal

import attrs
from hypothesis import strategies as st

from loyalty_async.models.spans import Span
from loyalty_async.reconcile.postings import Line, Posting
from tests.reconcile.books import CARD, DAY, MAIN, PROMISED, SECOND, STARS, START, Books, entry

SCALES = {MAIN: 2, PROMISED: 2, CARD: 3, STARS: 3}
_GAPS_S = (0, 0, 1, 1, 2, 3, 40, 3_600, 86_400, 1_000_000)
_NAMES = ("TransactionAdd", "PointsRedemption", "PointsExpiry", "DelayedAccrual", "BulkAllocatePoints")
_MOST = 25


@attrs.frozen(kw_only=True)
class Case:
    """A ledger, one of its entries, where it is cut, and how the server reads its clock."""

    postings: list[Posting]
    chosen: Posting
    span: Span
    inclusive: bool
    fractions: bool

    def books(self, listed: Iterable[Posting], counted: Iterable[Posting], shift_s: int = 0) -> Books:
        """Make the books of a server that lists one thing and counts another."""
        return Books(
            list(listed),
            list(counted),
            inclusive=self.inclusive,
            fractions=self.fractions,
            shift=timedelta(seconds=shift_s),
        )


def make_case(seed: int, length: int) -> Case:
    """Make a case; the span is about all entries, or cut close to some."""
    rng = random.Random(seed)
    postings = make_postings(rng, length)
    span = Span(START - DAY, START + 400 * DAY)
    if rng.random() < 0.5:
        moments = [posting.created_at.replace(microsecond=0) for posting in postings]
        first, last = sorted(rng.choice(moments) + rng.randint(-3, 3) * SECOND for _ in range(2))
        span = Span(first, max(last, first + 10 * SECOND))
    return Case(
        postings=postings,
        chosen=rng.choice(postings),
        span=span,
        inclusive=rng.random() < 0.5,
        fractions=rng.random() < 0.5,
    )


def make_postings(rng: random.Random, length: int) -> list[Posting]:
    """Make entries of one or two lines, sorted, many in the same or in neighbouring seconds."""
    at, found = START, []
    for number in range(length):
        at += timedelta(seconds=rng.choice(_GAPS_S))
        accounts = rng.sample(list(SCALES), rng.choice((1, 1, 2)))
        lines = [
            Line(
                account, rng.choice(("CREDIT", "DEBIT")), Decimal(rng.randint(1_000, 500_000)).scaleb(-SCALES[account])
            )
            for account in accounts
        ]
        moment = at.replace(microsecond=rng.choice((0, 0, 500_000)))
        found.append(entry(1_000 + number, moment, *lines, name=rng.choice(_NAMES)))
    return sorted(found, key=lambda each: (each.created_at, each.event_log_id))


def cases() -> st.SearchStrategy[Case]:
    """Draw a case with at least one entry."""
    return st.builds(make_case, st.integers(0, 2**32), st.integers(1, _MOST))
