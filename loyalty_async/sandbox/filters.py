"""Which of a member's entries, and which of their lines, a request asks for."""

from __future__ import annotations

from datetime import tzinfo
from typing import Literal
from zlib import crc32

import attrs

from loyalty_async.sandbox.books import Book, microseconds
from loyalty_async.sandbox.records import Detail, Entry
from loyalty_async.sandbox.times import in_zone

Order = Literal["newest", "oldest", "arbitrary", "created", "created_desc"]
Row = tuple[Entry, int]


@attrs.frozen(kw_only=True)
class Selection:
    """The filters of one request, ready to apply.

    Attributes:
        since_us: First microsecond wanted; None for no bound.
        until_us: First microsecond not wanted any more; None for no bound.
        kind: CREDIT, DEBIT or OPENING_BALANCE.
        category: The points category's own name.
        program_id: The program of a line.
        concept_debits: With a program: also debits, of any program, at tills of that program's concept.
        till_ids: Where entries were made.
        points: Whether lines of points are wanted.
        currencies: The alternate currencies wanted; None for all.
        org_ids: The organisations wanted; None for all.
        event_zone: Compare the dates of what happened, naive ones read in this zone; None: of the entries' creation.
        order: How to sort; the first three by eventLogId.
        order_seed: Chooses among the arbitrary orders.
    """

    since_us: int | None = None
    until_us: int | None = None
    kind: str | None = None
    category: str | None = None
    program_id: int | None = None
    concept_debits: bool = False
    till_ids: frozenset[int] | None = None
    points: bool = True
    currencies: frozenset[str] | None = frozenset()
    org_ids: frozenset[int | None] | None = None
    event_zone: tzinfo | None = None
    order: Order = "newest"
    order_seed: int = 0


def select(book: Book, selection: Selection) -> list[Row]:
    """Give the entries asked for, sorted, each with the bits of its lines to show; kept until the book changes."""
    rows: list[Row] | None = book.views.get(selection)
    if rows is None:
        entries = _dated(book, selection)
        rows = [(entry, mask) for entry in entries if (mask := _mask(entry, selection)) is not None]
        book.remember(selection, _sorted(rows, selection))
    return rows


def _dated(book: Book, selection: Selection) -> list[Entry]:
    """Give the entries in the selection's span, by the date that counts."""
    since_us, until_us, zone = selection.since_us, selection.until_us, selection.event_zone
    if zone is None:
        return book.between(since_us, until_us)
    dated = [(_event_microsecond(entry, zone), entry) for entry in book.entries]
    return [
        entry
        for at_us, entry in dated
        if (since_us is None or since_us <= at_us) and (until_us is None or at_us < until_us)
    ]


def _event_microsecond(entry: Entry, zone: tzinfo) -> int:
    """Place what an entry tells of in time: a bill, another event, or its own creation if it dates neither."""
    date = entry.transaction.date if entry.transaction else entry.happened_at
    return microseconds(in_zone(date, zone))


def _sorted(rows: list[Row], selection: Selection) -> list[Row]:
    match selection.order:
        case "newest" | "oldest":
            rows.sort(key=lambda row: row[0].event_log_id, reverse=selection.order == "newest")
        case "arbitrary":
            rows.sort(key=lambda row: crc32(b"%d:%d" % (selection.order_seed, row[0].event_log_id)))
        case "created_desc":
            rows.reverse()
        case "created":
            pass
    return rows


def _mask(entry: Entry, selection: Selection) -> int | None:
    """Say which lines to show, as bits; None to leave the entry out."""
    tills = selection.till_ids
    if tills is not None and (entry.till is None or entry.till.till_id not in tills):
        return None
    if selection.org_ids is not None and entry.org_id not in selection.org_ids:
        return None
    if not entry.details:
        return 0 if _takes_all_points(selection) else None
    mask = 0
    for bit, line in enumerate(entry.details):
        if _wants(line, entry, selection):
            mask |= 1 << bit
    return mask or None


def _takes_all_points(selection: Selection) -> bool:
    narrowed = selection.kind or selection.category or selection.program_id
    return selection.points and narrowed is None


def _wants(line: Detail, entry: Entry, selection: Selection) -> bool:
    return (
        wants_account(selection, line.category, line.currency)
        and selection.kind in {None, line.kind}
        and _in_program(line, entry, selection)
    )


def wants_account(selection: Selection, category: str, currency: str | None) -> bool:
    """Whether points of a category, or of an alternate currency in it, are asked for."""
    if selection.category not in {None, category}:
        return False
    if currency is None:
        return selection.points
    return selection.currencies is None or currency in selection.currencies


def _in_program(line: Detail, entry: Entry, selection: Selection) -> bool:
    if selection.program_id in {None, line.program.program_id}:
        return True
    at_concept = entry.till is not None and entry.till.program_id == selection.program_id
    return selection.concept_debits and line.kind == "DEBIT" and at_concept
