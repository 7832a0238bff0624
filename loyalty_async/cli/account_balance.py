"""`loyalty-async account-balance`: what is in an Altcraft points account."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from loyalty_async.cli.arguments import read_account_currency, read_profile
from loyalty_async.cli.connections import AltcraftConnection, ask, connect_altcraft
from loyalty_async.cli.displays import Output, show
from loyalty_async.cli.outcomes import Outcome
from loyalty_async.cli.settings import load_settings
from loyalty_async.models.accounts import AccountBalance

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["account_balance"]


def account_balance(
    *,
    program_id: Annotated[int, Parameter(help="The loyalty program.")],
    by: Annotated[str, Parameter(help="Whose: email=…, phone=+1…, profile_id=… or custom:FIELD=….")],
    currency: Annotated[
        str | None, Parameter(help="External id of a points currency, or iid=… for an internal one.")
    ] = None,
    output_format: Annotated[Output, Parameter(name="--format", help="How to write it.")] = "table",
    connection: AltcraftConnection | None = None,
) -> int:
    """Read the balance of a points account at Altcraft, in one call.

    For example: `loyalty-async account-balance --program-id 123 --by email=user@example.com --currency starts`

    The token comes from `ALTCRAFT_TOKEN`, `--secret-file` or `--config`. `--currency eid=iid=7` is for an external id
    that looks like an internal one.
    """
    connection = connection or AltcraftConnection()
    client = connect_altcraft(connection, load_settings(connection.config, os.environ))
    profile, account_currency = read_profile(by), read_account_currency(currency)
    account = ask(
        client,
        lambda opened: opened.accounts.balance(program_id=program_id, member=profile, currency=account_currency),
    )
    show(output_format, account, lambda: _draw(account))
    return Outcome.FINE


def _draw(account: AccountBalance) -> RenderableType:
    from loyalty_async.cli.balance_tables import account_table

    return account_table(account)
