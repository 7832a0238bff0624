"""Where the API lives and how to prove who asks: from options, files and the environment."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import attrs
from cyclopts import Parameter

from loyalty_async.cli.arguments import read_zone
from loyalty_async.client import CapillaryClient
from loyalty_async.errors import InvalidArgument
from loyalty_async.models.credentials import Basic, OAuth

__all__ = ["Connection", "connect", "read_credentials"]

_SEVERAL = "both LOYALTY_KEY and LOYALTY_TILL are set: choose with --key or --till"
_NONE = "no credentials: set LOYALTY_KEY and LOYALTY_SECRET (OAuth), or LOYALTY_TILL and LOYALTY_PASSWORD (Basic)"


@Parameter(name="*", group="Connection")
@attrs.frozen(kw_only=True)
class Connection:
    """What the command line says of the server; what it leaves out comes from the environment.

    A secret is never the value of an option: every user of a machine can see those in its list of processes.
    """

    base_url: Annotated[
        str | None,
        Parameter(help="The host, such as https://eu.api.capillarytech.com. [LOYALTY_BASE_URL]"),
    ] = None
    key: Annotated[
        str | None, Parameter(help="OAuth: the API client's key. [LOYALTY_KEY; its secret: LOYALTY_SECRET]")
    ] = attrs.field(default=None, repr=False)
    till: Annotated[
        str | None, Parameter(help="Basic: the till's name. [LOYALTY_TILL; its password: LOYALTY_PASSWORD]")
    ] = attrs.field(default=None, repr=False)
    secret_file: Annotated[
        str | None,
        Parameter(
            help="File whose first line is the secret or the password; - is the standard input.",
            allow_leading_hyphen=True,
        ),
    ] = None
    server_timezone: Annotated[str, Parameter(help="Zone of the server's clock: its cluster's, not the store's.")] = (
        "UTC"
    )


def connect(connection: Connection) -> CapillaryClient:
    """Make a client, not opened yet.

    Raises:
        InvalidArgument: Something is missing, or cannot work.
    """
    base_url = connection.base_url or os.environ.get("LOYALTY_BASE_URL")
    if not base_url:
        raise InvalidArgument("no base URL: give --base-url or set LOYALTY_BASE_URL")
    return CapillaryClient(
        base_url,
        auth=read_credentials(connection, os.environ),
        server_timezone=read_zone("--server-timezone", connection.server_timezone),
    )


def read_credentials(connection: Connection, environment: Mapping[str, str]) -> OAuth | Basic:
    """Put credentials together; an option goes before the environment.

    Raises:
        InvalidArgument: There are none, too many, or half of them.
    """
    if connection.key and connection.till:
        raise InvalidArgument("give --key (OAuth) or --till (Basic), not both")
    key, till = connection.key, connection.till
    if not (key or till):
        key, till = environment.get("LOYALTY_KEY"), environment.get("LOYALTY_TILL")
        if key and till:
            raise InvalidArgument(_SEVERAL)
    if key:
        return OAuth(key=key, secret=_secret(connection.secret_file, environment, "LOYALTY_SECRET"))
    if till:
        return Basic(till, _secret(connection.secret_file, environment, "LOYALTY_PASSWORD"))
    raise InvalidArgument(_NONE)


def _secret(file: str | None, environment: Mapping[str, str], variable: str) -> str:
    secret = environment.get(variable, "") if file is None else _first_line(file)
    if not secret:
        raise InvalidArgument(f"the secret is empty: set {variable}, or give --secret-file")
    return secret


def _first_line(file: str) -> str:
    try:
        text = sys.stdin.readline() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else "it is not UTF-8"
        raise InvalidArgument(f"the file of --secret-file cannot be read: {reason}") from None
    return text.partition("\n")[0].strip()
