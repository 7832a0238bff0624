"""A ledger as a table for people: every amount exact, nothing of it cut off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import tzinfo
from decimal import Decimal

from rich.table import Table
from rich.text import Text

from loyalty_async.models.ledger import EntryDetail, LedgerEntry
from loyalty_async.models.vocabulary import LedgerEntryType, PointsCategory

__all__ = ["ledger_table", "signed_points"]

_SIGNS: Mapping[str, str] = {
    LedgerEntryType.CREDIT: "+",
    LedgerEntryType.DEBIT: "-",
    LedgerEntryType.OPENING_BALANCE: "=",
}
_SHORT_CATEGORIES: Mapping[str, str] = {PointsCategory.PROMISED: "promised", PointsCategory.TRIGGER_BASED: "triggered"}

_WIDEST_EVENT = 17
"""What is left of 80 columns beside points in the millions."""

Row = tuple[str, str, str, str, str, str]


def ledger_table(entries: Iterable[LedgerEntry], zone: tzinfo) -> Table:
    """Make a table with a row for each line of each entry; dates are shown in *zone*."""
    caption = f"+ credit  - debit  = opening balance; times in {zone}"
    table = Table(box=None, padding=(0, 1, 0, 0), caption=caption, caption_justify="left", header_style="bold")
    table.add_column("date", no_wrap=True)
    table.add_column("event", overflow="fold", min_width=_WIDEST_EVENT)
    table.add_column("account", overflow="fold", min_width=8)
    table.add_column("points", justify="right", no_wrap=True)
    table.add_column("net", justify="right", no_wrap=True)
    table.add_column("store", overflow="fold", min_width=8)
    for entry in entries:
        for row in _rows(entry, zone):
            table.add_row(*map(Text, row))
    return table


def signed_points(detail: EntryDetail) -> str:
    """Write the points of a line exactly, with a sign for the way they went."""
    kind = detail.ledger_entry_type
    return f"{_SIGNS.get(kind, f'{_printable(kind)} ')}{detail.points:f}"


def _rows(entry: LedgerEntry, zone: tzinfo) -> Iterator[Row]:
    """Give a row for each line of an entry; what they share is in the first."""
    date = f"{entry.created_at.astimezone(zone):%Y-%m-%d %H:%M}"
    event = _folded(_printable(entry.event_name))
    shared = (_net(entry.net_points_on_event), _printable(entry.store or ""))
    if not entry.entry_details:
        yield (date, event, "", "", *shared)
    for number, line in enumerate(entry.entry_details):
        begin, end = ((date, event), shared) if number == 0 else (("", ""), ("", ""))
        yield (*begin, _account(line), signed_points(line), *end)


def _account(line: EntryDetail) -> str:
    category = line.points_category or ""
    return _printable(line.alternate_currency_name or _SHORT_CATEGORIES.get(category, category))


def _net(points: Decimal | None) -> str:
    return "" if points is None else f"{points:+f}"


def _folded(name: str) -> str:
    """Break a long name where a word begins in it: ManualPoints, Adjustment."""
    if len(name) <= _WIDEST_EVENT:
        return name
    at = next((place for place in range(_WIDEST_EVENT, 0, -1) if name[place].isupper()), 0)
    return f"{name[:at]}\n{name[at:]}" if at else name


def _printable(text: str) -> str:
    """Keep what the server sent from steering the terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
