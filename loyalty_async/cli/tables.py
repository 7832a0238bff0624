"""Tables for people, and a ledger as one: every amount exact, nothing of it cut off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import tzinfo
from decimal import Decimal

from rich.table import Table
from rich.text import Text

from loyalty_async.models.ledger import EntryDetail, LedgerEntry
from loyalty_async.models.vocabulary import LedgerEntryType, PointsCategory

__all__ = ["account_name", "add_row", "ledger_table", "new_table", "note", "signed", "signed_points"]

_SIGNS: Mapping[str, str] = {
    LedgerEntryType.CREDIT: "+",
    LedgerEntryType.DEBIT: "-",
    LedgerEntryType.OPENING_BALANCE: "=",
}
_SHORT_CATEGORIES: Mapping[str, str] = {PointsCategory.PROMISED: "promised", PointsCategory.TRIGGER_BASED: "triggered"}

_WIDEST_EVENT = 17
"""What is left of 80 columns beside points in the millions."""

Cell = str | Decimal | Text


def new_table(caption: str | None = None) -> Table:
    """Make a table without columns."""
    return Table(box=None, padding=(0, 1, 0, 0), caption=caption, caption_justify="left", header_style="bold")


def note(text: str) -> Text:
    """Make a line below a table; a caption would be as narrow as the table."""
    return Text(text, style="dim italic")


def add_row(table: Table, *cells: Cell) -> None:
    """Add a row; what the server sent neither steers the terminal nor is taken for markup."""
    table.add_row(*map(_drawn, cells))


def signed(points: Decimal | None) -> str:
    """Write points exactly, always with a sign; None is nothing."""
    return "" if points is None else f"{points:+f}"


def account_name(category: str | None, currency: str | None = None) -> str:
    """Name an account: by its currency, else by its category in short."""
    return currency or _SHORT_CATEGORIES.get(category or "", category or "")


def ledger_table(entries: Iterable[LedgerEntry], zone: tzinfo) -> Table:
    """Make a table with a row for each line of each entry; dates are shown in *zone*."""
    table = new_table(f"+ credit  - debit  = opening balance; times in {zone}")
    table.add_column("date", no_wrap=True)
    table.add_column("event", overflow="fold", min_width=_WIDEST_EVENT)
    table.add_column("account", overflow="fold", min_width=8)
    table.add_column("points", justify="right", no_wrap=True)
    table.add_column("net", justify="right", no_wrap=True)
    table.add_column("store", overflow="fold", min_width=8)
    for entry in entries:
        for row in _rows(entry, zone):
            add_row(table, *row)
    return table


def signed_points(detail: EntryDetail) -> str:
    """Write the points of a line exactly, with a sign for the way they went."""
    kind = detail.ledger_entry_type
    return f"{_SIGNS.get(kind, f'{kind} ')}{detail.points:f}"


def _drawn(cell: Cell) -> Text:
    if isinstance(cell, Text):
        return cell
    return Text(f"{cell:f}" if isinstance(cell, Decimal) else _printable(cell))


def _rows(entry: LedgerEntry, zone: tzinfo) -> Iterator[tuple[Cell, ...]]:
    """Give a row for each line of an entry; what they share is in the first."""
    date = f"{entry.created_at.astimezone(zone):%Y-%m-%d %H:%M}"
    event = Text(_folded(_printable(entry.event_name)))
    shared = (signed(entry.net_points_on_event), entry.store or "")
    if not entry.entry_details:
        yield (date, event, "", "", *shared)
    for number, line in enumerate(entry.entry_details):
        account = account_name(line.points_category, line.alternate_currency_name)
        if number == 0:
            yield (date, event, account, signed_points(line), *shared)
        else:
            yield ("", "", account, signed_points(line), "", "")


def _folded(name: str) -> str:
    """Break a long name where a word begins in it: ManualPoints, Adjustment."""
    if len(name) <= _WIDEST_EVENT:
        return name
    at = next((place for place in range(_WIDEST_EVENT, 0, -1) if name[place].isupper()), 0)
    return f"{name[:at]}\n{name[at:]}" if at else name


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)
