"""Hypothesis strategies: a ledger that is to be moved, a question about it, and the manners in which it is asked."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import product, starmap
from typing import Literal, TypeVar

import attrs
from hypothesis import strategies as st

from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.planning.jobs import Terms
from tests._support.ledger_server import (
    LedgerServer,
    Order,
    entry,
    exactly,
    newest_first,
    newest_id_first,
    oldest_first,
    rounded,
    shuffled,
    truncated,
)
from tests._support.moving import Change, Kind
from tests._support.readings import LONG_AGO, terms
from tests._support.walks import MICROSECOND, NOON, SECOND

Proof = Literal["settled", "atomic"]
Direction = Literal["asc", "desc"]

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
_HAIRS = [MICROSECOND, SECOND / 2, SECOND, 7 * SECOND]
NUDGES = [timedelta(0), *_HAIRS, *(-hair for hair in _HAIRS)]
KINDS: tuple[Kind, ...] = ("arrive", "backdate", "delete", "merge", "replace")
T = TypeVar("T")


def one_of(options: Sequence[T]) -> st.SearchStrategy[T]:
    """Draw one of very many, which is cheaper than drawing each of its properties; it shrinks towards the first."""
    return st.integers(0, len(options) - 1).map(lambda place: options[place])


changes = one_of([*starmap(Change, product(KINDS, range(20), NUDGES, [1, 3, 8]))])
serving = [newest_first, newest_id_first, oldest_first, shuffled(1), shuffled(2)]


@attrs.frozen(kw_only=True)
class Manner:
    """How a walk is gone; each time that it is taken up it may be another.

    Attributes:
        page_size: How many entries it asks for in a page.
        pages_per_part: How many pages it walks by offset.
        proof: What it trusts.
        ahead: How far it reads ahead; None for plain iteration.
        max_items: How many entries it gives at most.
    """

    page_size: int = 100
    pages_per_part: int = 10
    proof: Proof = "settled"
    ahead: int | None = None
    max_items: int | None = None


_proofs: tuple[Proof, ...] = ("settled", "atomic")
manners = one_of(
    [
        Manner(page_size=size, pages_per_part=pages, proof=proof, ahead=ahead, max_items=most)
        for most, ahead, proof, pages, size in product(
            [None, None, 1, 4], [None, 0, 1, 3], _proofs, [3, 2, 1, 5], [7, 5, 3, 2, 1]
        )
    ]
)


@attrs.define(kw_only=True)
class Scene:
    """A question, and the ledger that it is about.

    Attributes:
        ledger: What the ledger holds at first.
        since: Where the span begins.
        until: Where it ends.
        order: Which way it is walked.
        window: The longest span to ask for.
        settle: How long a span may still change.
        serves: In which order the server serves.
        sees: How it sees a fraction of a second.
        inclusive: Whether its `endDate` is.
        longest: How far apart dates may be.
    """

    ledger: list[LedgerEntry]
    since: datetime | None
    until: datetime | None
    order: Direction
    window: timedelta
    settle: timedelta
    serves: Order
    sees: Callable[[datetime], datetime]
    inclusive: bool
    longest: timedelta

    def server(self) -> LedgerServer:
        """Make the server that has the ledger."""
        return LedgerServer(
            ledger=list(self.ledger),
            order=self.serves,
            sees=self.sees,
            inclusive=self.inclusive,
            longest=self.longest,
        )

    def terms(self, manner: Manner, now: datetime) -> Terms:
        """Say under which terms it is walked."""
        return terms(
            settled_before=LONG_AGO if manner.proof == "atomic" else now - self.settle,
            page_size=manner.page_size,
            pages_per_part=manner.pages_per_part,
            window=self.window,
            descending=self.order == "desc",
            enough=manner.max_items,
            exact=manner.proof == "atomic",
        )


_DIRECTIONS: tuple[Direction, ...] = ("asc", "desc")
_LENGTHS = [20 * SECOND, 600 * SECOND, 20 * HOUR, 30 * DAY, 200 * DAY]
_SETTLES = [timedelta(0), 3 * SECOND, 60 * SECOND, HOUR, DAY]
_spans = one_of([*product(_LENGTHS, [1, 2, 3], [True, True, False], _DIRECTIONS, NUDGES)])
_servers = one_of([*product(serving, [exactly, truncated, rounded], [True, False], [1, 1, 2])])
_ends = one_of([*product([None, -0.5, 0, 1e-5, 1 / 3], _SETTLES)])
_places = one_of([*product(range(13), [1, 1, 1, 2, 5, 8], [False, True], NUDGES)])


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    """Draw a ledger of some entries before NOON, which is now, and a question about it."""
    length, windows, dated, order, nudge = draw(_spans)
    serves, sees, inclusive, refused = draw(_servers)
    back, settle = draw(_ends)
    window = max(length / windows, SECOND if dated else 7 * HOUR)
    return Scene(
        ledger=_ledger(NOON - length, length, draw(st.lists(_places, max_size=7))),
        since=NOON - length + nudge if dated else None,
        until=None if back is None else NOON - length * back,
        order=order,
        window=window,
        settle=settle,
        serves=serves,
        sees=sees,
        inclusive=inclusive,
        longest=min(90 * DAY, max(window / refused, 10 * SECOND)) + 2 * SECOND,
    )


def _ledger(
    beginning: datetime, length: timedelta, places: Sequence[tuple[int, int, bool, timedelta]]
) -> list[LedgerEntry]:
    """Make entries with ids in any order, some in bursts of one second, some rows of one event."""
    rows: list[LedgerEntry] = []
    for twelfths, many, together, nudge in places:
        moment = min(beginning + length * twelfths / 12 + nudge, NOON - MICROSECOND)
        for number in range(many):
            event = len(rows) - number if together else 400 - len(rows)
            rows.append(entry(event, moment - (timedelta(0) if together else number * MICROSECOND), len(rows)))
    return rows
