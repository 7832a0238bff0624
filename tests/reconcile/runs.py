"""A small run with every kind of result, written into a folder."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import attrs

from loyalty_async.models.members import Customer
from loyalty_async.models.spans import Span
from loyalty_async.reconcile import (
    MemberVerdict,
    Posting,
    Reason,
    ReportFolder,
    Rules,
    reconcile_member,
)
from loyalty_async.reconcile.readings import untold
from tests.reconcile.books import DAY, MAIN, START, Books, entry, line
from tests.reconcile.ledgers import make_postings

SPAN = Span(datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 7, 1, tzinfo=UTC))
MADE_AT = datetime(2025, 7, 2, 9, 30, tzinfo=UTC)
MEMBERS = 24
NASTY = '<img src=x onerror="alert(1)">&"'
"""What a server may call a program or an event."""


def finished(books: Books, member: Customer, number: int = 1, rules: Rules | None = None) -> MemberVerdict:
    """Reconcile without an event loop: books answer at once."""
    running = reconcile_member(
        books.client,
        member,
        SPAN,
        rules=rules or Rules(pause_s=0),
        entries=books.entries,
        number=number,
    )
    try:
        running.send(None)
    except StopIteration as done:
        verdict: MemberVerdict = done.value
        return verdict
    raise AssertionError("the books made somebody wait")


def verdicts() -> Iterator[MemberVerdict]:
    """Give two dozen verdicts: of every third the balance is wrong, each time otherwise."""
    rng = random.Random(8)
    for number in range(1, MEMBERS + 1):
        member = Customer.by_mobile(f"91740640{number:04}", source="INSTORE")
        if number == MEMBERS:
            yield attrs.evolve(untold(member, Reason.UNREADABLE, (8015,)), number=number)
            continue
        name = NASTY if number == 3 else "TransactionAdd"
        first = entry(900, START - DAY, line(MAIN, "250.00"), name=name)
        postings = [first, *make_postings(rng, 40), entry(990, START + 150 * DAY, line(MAIN, "10.00"))]
        postings = [each for each in postings if each.created_at in SPAN]
        yield finished(_books(number, postings), member, number)


def _books(number: int, postings: list[Posting]) -> Books:
    at = postings[len(postings) // 2]
    books = Books(postings)
    if number % 3:
        return books
    match number // 3 % 4:
        case 0:
            books.listed = [each for each in postings if each is not at]
        case 1:
            books.listed = [*postings, attrs.evolve(at, event_log_id=991)]
        case 2:
            books.counted = [*postings, entry(1, at.created_at, line(at.lines[0].account, "-1234.56"))]
        case _:
            books.counted = [*postings, entry(1, at.created_at + timedelta(0), line(MAIN, Decimal("0.004")))]
    return books


def write_report(folder: Path, *, unmasked: bool = False) -> ReportFolder:
    """Write the report of the run."""
    report = ReportFolder(folder, SPAN, Rules(), unmasked=unmasked)
    for verdict in verdicts():
        report.summary.add(verdict)
        report.add(verdict)
    report.finish(made_at=MADE_AT)
    return report
