"""What happens where an assumption is broken that a proof rests on.

The assumptions are rows of docs/assumptions.md, quoted here by what is open in them.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest

from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.reports import Verdict
from loyalty_async.planning.jobs import Terms
from loyalty_async.streams.entries import EntryStream
from tests._support.fetching import Fetch, ids, opened, query, rest
from tests._support.ledger_server import LedgerServer, Order, entries_at, entry, newest_first, oldest_first
from tests._support.readings import LONG_AGO, terms
from tests._support.walks import NOON

pytestmark = pytest.mark.anyio

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
NOW = NOON + 30 * DAY

both = pytest.mark.parametrize("ahead", [None, 3])
settled = terms(settled_before=NOW - HOUR, page_size=5)
atomic = terms(settled_before=LONG_AGO, page_size=5)


def swaps(gone: int, new: LedgerEntry, at_request: int) -> dict[int, Callable[[list[LedgerEntry]], None]]:
    """Let one entry go and another come in the same moment: no total tells."""

    def swap(ledger: list[LedgerEntry]) -> None:
        ledger[:] = [*(row for row in ledger if row.event_log_id != gone), new]

    return {at_request: swap}


async def walked(server: LedgerServer, under: Terms, ahead: int | None) -> tuple[list[int], EntryStream]:
    question = query(Fetch(server), since=NOON - DAY, until=NOON + 20 * DAY, now=NOW, under=under)
    async with opened(question, ahead) as stream:
        return ids(await rest(stream)), stream


# ---- "Whether an entry can enter a stretch of time that has passed" --------------------------------------------------


def rewritten_past() -> LedgerServer:
    """Ten days of last month, of which the newest is deleted and an older one imported between pages 0 and 1."""
    days = entries_at([NOON + number * DAY for number in range(1, 11)])
    imported = entry(900, NOON + HOUR)
    return LedgerServer(ledger=days, order=newest_first, happens=swaps(10, imported, at_request=2))


@both
async def test_a_settled_span_that_is_rewritten_and_keeps_its_totals_loses_an_entry(ahead: int | None) -> None:
    """Row "Whether an entry can enter a stretch of time that has passed".

    Entry 5, first of page 1, has moved up to page 0 when page 1 is asked for. Total, page count, page numbers and ids
    are alike, so that nobody notices: the verdict is `complete`.
    """
    came, stream = await walked(rewritten_past(), settled, ahead)
    assert 5 not in came
    assert came == [900, 1, 2, 3, 4, 6, 7, 8, 9, 10]
    assert stream.report.verdict is Verdict.COMPLETE


@both
async def test_the_atomic_proof_survives_a_settled_span_that_is_rewritten(ahead: int | None) -> None:
    """The same row and the same script: no part rests on two answers."""
    came, stream = await walked(rewritten_past(), atomic, ahead)
    assert set(range(1, 10)) <= set(came)
    assert came == [*([900] if 900 in came else []), *range(1, 10)]
    assert stream.report.verdict is Verdict.COMPLETE


@both
async def test_a_longer_settle_survives_it_too(ahead: int | None) -> None:
    """The same row: its option `settle=` makes the span unsettled."""
    came, _ = await walked(rewritten_past(), terms(settled_before=NOW - 60 * DAY, page_size=5), ahead)
    assert set(range(1, 10)) <= set(came)


@both
@pytest.mark.parametrize("order", [newest_first, oldest_first])
@pytest.mark.parametrize("change", ["insert", "delete"])
async def test_a_settled_span_that_changes_its_totals_is_noticed(ahead: int | None, order: Order, change: str) -> None:
    """The same row: one insertion, or one deletion, between two pages is seen, and the span split."""
    server = rewritten_past()
    server.order = order
    new = entry(900, NOON + 5 * DAY + HOUR)

    def happen(ledger: list[LedgerEntry]) -> None:
        ledger[:] = [*ledger, new] if change == "insert" else [row for row in ledger if row.event_log_id != 5]

    server.happens = {2: happen}
    came, stream = await walked(server, settled, ahead)
    assert came == [1, 2, 3, 4, 5, 900, *range(6, 11)] if change == "insert" else [1, 2, 3, 4, *range(6, 11)]
    assert stream.report.splits >= 1
    assert stream.report.verdict is Verdict.COMPLETE


# ---- "How far the server's clock and ours differ" --------------------------------------------------------------------


@both
async def test_an_entry_dated_before_the_end_that_is_booked_after_it_was_read_does_not_come(ahead: int | None) -> None:
    """Row "How far the server's clock and ours differ": the server's clock is behind ours by more than `settle`.

    What was there throughout comes all the same.
    """
    server = LedgerServer(
        ledger=entries_at([NOW - number * HOUR for number in range(1, 11)]),
        happens={2: lambda ledger: ledger.append(entry(900, NOW - 6 * HOUR - HOUR / 2))},
    )
    question = query(Fetch(server), since=NOW - DAY, until=None, now=NOW, under=terms(page_size=20, window=4 * HOUR))
    async with opened(question, ahead) as stream:
        came = ids(await rest(stream))
    assert [one for one in came if one != 900] == list(range(1, 11))


# ---- The account of a span that was split ----------------------------------------------------------------------------


@both
@pytest.mark.parametrize("order", [newest_first, oldest_first])
async def test_an_account_in_which_a_loss_and_an_arrival_cancel_out_still_brings_what_stayed(
    ahead: int | None, order: Order
) -> None:
    """Row "Whether an entry can enter a stretch of time that has passed", where it may: in an unsettled span.

    The whole said ten; one went and one came, so that the pieces bring ten and nothing is asked again. No entry that
    stayed hangs on that sum: each piece is one answer, which proves itself.
    """
    server = LedgerServer(
        ledger=entries_at([NOON + number * DAY for number in range(1, 11)]),
        order=order,
        happens=swaps(4, entry(900, NOON + 7 * DAY + HOUR), at_request=2),
    )
    came, stream = await walked(server, atomic, ahead)
    assert came == [1, 2, 3, 5, 6, 7, 900, 8, 9, 10]
    assert (stream.report.verdict, stream.report.said, stream.report.seen) == (Verdict.COMPLETE, 10, 10)
    assert server.requests.count(server.requests[0]) == 1


@both
@pytest.mark.parametrize("under", [atomic, terms(settled_before=NOON, page_size=5)])
async def test_a_second_in_which_a_loss_and_an_arrival_cancel_out_is_read_until_two_readings_agree(
    ahead: int | None, under: Terms
) -> None:
    """It cannot be split; in the first reading the swap hides entry 4, which moves from page 1 to page 0."""
    burst = entries_at([NOON + DAY + number * timedelta(milliseconds=50) for number in range(10)])
    server = LedgerServer(ledger=burst)
    question = query(Fetch(server), since=NOON + DAY, until=NOON + DAY + HOUR / 3600, now=NOW, under=under)
    server.happens = swaps(10, entry(900, NOON + DAY + timedelta(milliseconds=1)), at_request=2)
    async with opened(question, ahead) as stream:
        came = ids(await rest(stream))
    assert came == [1, 900, 2, 3, 4, 5, 6, 7, 8, 9]
    assert stream.report.rereads == 2
