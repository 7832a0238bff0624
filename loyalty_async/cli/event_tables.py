"""Events as a table for people: the points that moved, and the lines of bills."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal

from rich.console import Group, RenderableType
from rich.text import Text

from loyalty_async.cli.tables import add_row, new_table, note, signed
from loyalty_async.models.bills import BillDetails, LineItem
from loyalty_async.models.earnings import AlternateCurrencyEarned, EarnedPoints, PointsEarned
from loyalty_async.models.events import LedgerEvent
from loyalty_async.models.happenings import ProgramPoints, TargetCompleted

__all__ = ["event_table"]

_NOTE = note("what stands below an event belongs to it; dates are those of the till's clock")

Row = tuple[str, str, str]
"""What, an amount of money, and points with the sign of the way they went."""


def event_table(events: Iterable[LedgerEvent], unknown: Sequence[int | str] = ()) -> RenderableType:
    """Make a table with a row for each event, and below it what belongs to it; ids without an event come last."""
    table = new_table()
    table.add_column("date", no_wrap=True)
    table.add_column("event", overflow="fold")
    table.add_column("amount", justify="right", no_wrap=True)
    table.add_column("points", justify="right", no_wrap=True)
    for event in events:
        add_row(table, _date(event), f"{event.event_name} {event.event_log_id}", "", "")
        for what, amount, points in _below(event):
            add_row(table, "", f"  {what}", amount, points)
    shown: list[RenderableType] = [table, _NOTE] if table.row_count else []
    return Group(*shown, *_sentences(unknown, nothing=not shown))


def _sentences(unknown: Sequence[int | str], *, nothing: bool) -> Iterator[Text]:
    if unknown:
        yield Text(f"The server knows no event for {', '.join(map(str, unknown))}.")
    elif nothing:
        yield Text("No events.")


def _date(event: LedgerEvent) -> str:
    at = event.event_details.event_time if event.event_details else None
    return f"{at:%Y-%m-%d %H:%M}" if at else ""


def _below(event: LedgerEvent) -> Iterator[Row]:
    """Give the rows of everything that a person looks for in an event of any kind."""
    if event.event_details and event.event_details.display_name:
        yield event.event_details.display_name, "", ""
    if event.event_details and event.event_details.max_conversion_date:
        yield f"promised points convert by {event.event_details.max_conversion_date:%Y-%m-%d}", "", ""
    if event.points_earned:
        yield from _earned(event.points_earned)
    if event.payment_modes:
        yield f"paid by {', '.join(event.payment_modes)}", "", ""
    if event.bill_details:
        yield from _bill(event.bill_details)
    yield from _redeemed(event)
    yield from _transferred(event)
    if event.target_completed_details:
        yield from _target(event.target_completed_details)
    if event.manual_points_adjustment_details:
        yield "adjustment", "", _taken(event.manual_points_adjustment_details.total_points_deducted)
    if event.voucher_redemption_details:
        yield f"voucher of series {event.voucher_redemption_details.voucher_series_id}", "", ""


def _bill(bill: BillDetails) -> Iterator[Row]:
    returned = bill.return_amount is not None
    name = f"bill {bill.bill_number or ''}".rstrip()
    yield (f"{name}, returned", _taken(bill.return_amount), "") if returned else (name, _exact(bill.bill_amount), "")
    yield from _all_earned(bill)
    for line in bill.line_items:
        yield from _line(line)


def _line(line: LineItem) -> Iterator[Row]:
    quantity = f"{line.qty:f} x " if line.qty is not None else ""
    returned = line.return_qty is not None or line.return_amount is not None
    amount = _taken(line.return_amount) if returned else _exact(line.amount)
    yield f"{quantity}{line.item_code or 'item'}{', returned' if returned else ''}", amount, ""
    for what, nothing, points in _all_earned(line):
        yield f"  {what}", nothing, points


def _all_earned(bearer: BillDetails | LineItem) -> Iterator[Row]:
    if bearer.points_earned:
        yield from _earned(bearer.points_earned)
    for currency in bearer.alternate_currency_value_earned:
        yield from _earned(currency)


def _earned(earned: PointsEarned) -> Iterator[Row]:
    currency = earned.alternate_currency_name if isinstance(earned, AlternateCurrencyEarned) else None
    for kind, several in (("", earned.regular), ("promotion", earned.promo), ("promised", earned.promised)):
        for points in several:
            name = ", ".join(filter(None, (currency, points.program_name, points.promotion_name or kind)))
            yield name, "", signed(points.value)
            yield from _returned(name, points)


def _returned(name: str, points: EarnedPoints) -> Iterator[Row]:
    # The documents spell it both ways.
    for taken in filter(None, (points.return_points, points.returned_points)):
        yield f"{name}, taken back", "", _taken(taken)


def _redeemed(event: LedgerEvent) -> Iterator[Row]:
    redemption = event.event_details.redemption_details if event.event_details else None
    yield from _parts("redeemed", event.points_breakup, _taken)
    if redemption and not event.points_breakup:
        yield "redeemed", "", _taken(redemption.points_redeemed)


def _transferred(event: LedgerEvent) -> Iterator[Row]:
    if event.transferred_from:
        yield from _parts("sender", event.transferred_from.points_transfer_details, _taken)
    if event.transferred_to:
        yield from _parts("recipient", event.transferred_to.points_transfer_details, signed)


def _parts(what: str, parts: Iterable[ProgramPoints], write: Callable[[Decimal], str]) -> Iterator[Row]:
    for part in parts:
        yield ", ".join(filter(None, (part.program_name, what))), "", write(part.points)


def _target(target: TargetCompleted) -> Iterator[Row]:
    yield f"target {target.target_name or ''}".rstrip(), "", ""
    if target.points_earned:
        yield from _earned(target.points_earned)


def _exact(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount:f}"


def _taken(points: Decimal | None) -> str:
    """Write what was taken away: the server gives it without a sign."""
    return "" if points is None else signed(points.copy_negate())  # Unlike `-points`, it does not round.
