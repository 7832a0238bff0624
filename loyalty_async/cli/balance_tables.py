"""Balances, promises and accounts as tables for people: every amount exact, nothing of it cut off."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from loyalty_async.cli.tables import account_name, add_row, new_table, note
from loyalty_async.models.accounts import AccountBalance
from loyalty_async.models.balances import ClosingBalance
from loyalty_async.models.promised_points import PromisedPoints, PromisedPointsSchedule, PromisedPointsType

__all__ = ["account_table", "balance_table", "schedule_table"]

_REASONS: Mapping[str, str] = {
    PromisedPointsType.BILL_PROMOTIONS: "promotions on bills",
    PromisedPointsType.BILL_REGULAR: "bills",
    PromisedPointsType.CUSTOMER_PROMOTIONS: "promotions for the member",
    PromisedPointsType.LINE_ITEM_PROMOTIONS: "promotions on lines of bills",
    PromisedPointsType.LINE_ITEM_REGULAR: "lines of bills",
}


def balance_table(balances: Sequence[ClosingBalance], moment: str) -> RenderableType:
    """Make a table with a row for each account; *moment* says of when it is."""
    if not balances:
        return Text(f"No balances, {moment}.")
    table = new_table()
    table.add_column("program", overflow="fold")
    table.add_column("account", overflow="fold")
    table.add_column("balance", justify="right", no_wrap=True)
    for account in balances:
        name = account_name(account.points_category, account.alternate_currency)
        add_row(table, _program(account.program_name, account.program_id), name, account.closing_balance)
    return Group(table, note(moment))


def schedule_table(schedule: PromisedPointsSchedule) -> RenderableType:
    """Make a table of what is promised for a day, and of what waits for an event."""
    if not (schedule.scheduled or schedule.trigger_based):
        return Text("No points are promised.")
    table = new_table()
    table.add_column("redeemable from", no_wrap=True)
    table.add_column("program", overflow="fold")
    table.add_column("promised for", overflow="fold")
    table.add_column("points", justify="right", no_wrap=True)
    for promise in _in_order(schedule):
        day = promise.redeemable_from.isoformat() if promise.redeemable_from else "an event"
        reason = promise.points_type or ""
        add_row(table, day, str(promise.program_id or ""), _REASONS.get(reason, reason), promise.points)
    return table


def account_table(account: AccountBalance) -> RenderableType:
    """Make a table of what an account holds."""
    table = new_table()
    table.add_column("account")
    table.add_column("points", justify="right", no_wrap=True)
    add_row(table, "active", account.active_balance)
    add_row(table, "total", account.total_balance)
    return table


def _in_order(schedule: PromisedPointsSchedule) -> Iterable[PromisedPoints]:
    yield from sorted(schedule.scheduled, key=lambda promise: str(promise.redeemable_from))
    yield from schedule.trigger_based


def _program(name: str | None, program_id: int | None) -> str:
    return " ".join(filter(None, (name, None if program_id is None else f"({program_id})")))
