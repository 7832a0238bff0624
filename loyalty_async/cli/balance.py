"""`loyalty-async balance`: what a member or a group has, or had."""

from __future__ import annotations

import os
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Annotated

import attrs
from cyclopts import Parameter

from loyalty_async.cli.arguments import read_moment, read_zone
from loyalty_async.cli.connections import Connection, ask, connect
from loyalty_async.cli.displays import Output, show
from loyalty_async.cli.filters import BalanceFilters
from loyalty_async.cli.members import Whose
from loyalty_async.cli.outcomes import conclude
from loyalty_async.cli.settings import load_settings
from loyalty_async.client import CapillaryClient
from loyalty_async.errors import NoEntriesError
from loyalty_async.models.balances import LedgerBalance
from loyalty_async.models.members import Member

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["balance"]


def balance(
    *,
    whose: Whose | None = None,
    at: Annotated[str | None, Parameter(help="As of when; now unless told.")] = None,
    timezone: Annotated[str, Parameter(help="Zone of a moment without an offset, and of the table.")] = "UTC",
    output_format: Annotated[Output, Parameter(name="--format", help="How to write it.")] = "table",
    filters: BalanceFilters | None = None,
    connection: Connection | None = None,
) -> int:
    """Read the closing balances of a member or a group, in one call.

    For example: `loyalty-async balance --member mobile=917406401004 --at 2025-02-01 --with-currencies`

    `--at` is an ISO date (its midnight) or datetime. With a filter, the server gives the balances as of the last entry
    that the filter leaves. A ledger without entries has no balances; that is no error.
    """
    whose, filters, connection = whose or Whose(), filters or BalanceFilters(), connection or Connection()
    filters.check()
    settings = load_settings(connection.config, os.environ)
    member, client = whose.read(settings), connect(connection, settings)
    zone = read_zone("--timezone", timezone)
    moment = read_moment("--at", at, zone)
    found = _read(client, member, moment, filters)
    show(output_format, found, lambda: _draw(found, moment, zone, is_filtered=filters.are_there))
    return conclude(found.warnings)


def _read(client: CapillaryClient, member: Member, at: datetime | None, filters: BalanceFilters) -> LedgerBalance:
    try:
        return ask(client, lambda opened: opened.balances.closing(member, at=at, **attrs.asdict(filters)))
    except NoEntriesError:
        return LedgerBalance()


def _draw(found: LedgerBalance, at: datetime | None, zone: tzinfo, *, is_filtered: bool) -> RenderableType:
    from loyalty_async.cli.balance_tables import balance_table

    moment = "now" if at is None else f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S} {zone}"
    filtered = "the last entry that the filters leave until " if is_filtered else ""
    return balance_table(found.balances, f"as of {filtered}{moment}")
