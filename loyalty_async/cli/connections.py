"""Where the APIs live and how to prove who asks: options, then the environment, then the configuration file."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import anyio
import attrs
from cyclopts import Group, Parameter

from loyalty_async.cli.arguments import read_zone
from loyalty_async.cli.settings import USUAL_FILE, VARIABLES, Setting, Settings
from loyalty_async.client import AltcraftClient, CapillaryClient
from loyalty_async.errors import InvalidArgument
from loyalty_async.models.credentials import Basic, OAuth
from loyalty_async.models.rate_limits import RateLimit

__all__ = ["AltcraftConnection", "Connection", "ask", "connect", "connect_altcraft", "read_credentials"]

Client = TypeVar("Client", CapillaryClient, AltcraftClient)
Reply = TypeVar("Reply")

_NONE = (
    "no credentials: set LOYALTY_KEY and LOYALTY_SECRET (OAuth), or LOYALTY_TILL and LOYALTY_PASSWORD (Basic), "
    "or write them into the configuration file"
)


@attrs.frozen(kw_only=True)
class _Sources:
    """Files that say what the command line does not.

    A secret is never the value of an option: every user of a machine can see those in its list of processes.
    """

    secret_file: Annotated[
        str | None,
        Parameter(
            help="File whose first line is the secret, password or token; - is the standard input.",
            allow_leading_hyphen=True,
        ),
    ] = None
    config: Annotated[
        str | None,
        Parameter(help=f"TOML file of settings; else ./{USUAL_FILE}, if it is there. [LOYALTY_CONFIG]"),
    ] = None


@Parameter(name="*", group=Group("Connection", sort_key=3))
@attrs.frozen(kw_only=True)
class Connection(_Sources):
    """What the command line says of Capillary; the rest comes from the environment or a file."""

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
    server_timezone: Annotated[
        str | None,
        Parameter(help="Zone of the server's clock: its cluster's, not the store's. [LOYALTY_SERVER_TIMEZONE]"),
    ] = None


@Parameter(name="*", group=Group("Connection", sort_key=3))
@attrs.frozen(kw_only=True)
class AltcraftConnection(_Sources):
    """What the command line says of Altcraft; the token comes from the environment or a file."""

    base_url: Annotated[
        str | None,
        Parameter(help="The platform's host. [ALTCRAFT_BASE_URL; its token: ALTCRAFT_TOKEN]"),
    ] = None
    dialect: Annotated[Literal["json", "xml"], Parameter(help="What to speak; the results are the same.")] = "json"
    bearer: Annotated[
        bool, Parameter(help="Send the token in a Bearer header instead of the body.", negative="", show_default=False)
    ] = False


def connect(connection: Connection, settings: Settings, rate_limit: RateLimit | None = None) -> CapillaryClient:
    """Make a client of Capillary, not opened yet.

    Args:
        connection: The options.
        settings: What the environment and the configuration file say.
        rate_limit: The quota to keep.

    Raises:
        InvalidArgument: Something is missing, or cannot work.
    """
    zone = settings.find("server_timezone", connection.server_timezone) or Setting("UTC", "--server-timezone")
    return CapillaryClient(
        _base_url("base_url", connection.base_url, settings),
        auth=read_credentials(connection, settings),
        rate_limit=rate_limit,
        server_timezone=read_zone(zone.place, zone.value),
    )


def connect_altcraft(connection: AltcraftConnection, settings: Settings) -> AltcraftClient:
    """Make a client of Altcraft, not opened yet.

    Raises:
        InvalidArgument: Something is missing, or cannot work.
    """
    return AltcraftClient(
        _base_url("altcraft.base_url", connection.base_url, settings),
        token=_secret("altcraft.token", connection.secret_file, settings),
        bearer=connection.bearer,
        dialect=connection.dialect,
    )


def ask(client: Client, question: Callable[[Client], Awaitable[Reply]]) -> Reply:
    """Open a client, ask one question, and close the client."""

    async def asking() -> Reply:
        async with client:
            return await question(client)

    return anyio.run(asking)


def read_credentials(connection: Connection, settings: Settings) -> OAuth | Basic:
    """Put credentials together; the key or the till of an option goes before the environment's, then the file's.

    Raises:
        InvalidArgument: There are none, too many, or half of them.
    """
    if connection.key and connection.till:
        raise InvalidArgument("give --key (OAuth) or --till (Basic), not both")
    key, till = connection.key, connection.till
    for find in (settings.of_environment, settings.of_file):
        if not (key or till):
            key, till = _one_of(find("key"), find("till"))
    if key:
        return OAuth(key=key, secret=_secret("secret", connection.secret_file, settings))
    if till:
        return Basic(till, _secret("password", connection.secret_file, settings))
    raise InvalidArgument(_NONE)


def _one_of(key: Setting | None, till: Setting | None) -> tuple[str | None, str | None]:
    if key and till:
        raise InvalidArgument(f"both {key.place} and {till.place} are set: choose with --key or --till")
    return key.value if key else None, till.value if till else None


def _base_url(key: str, option: str | None, settings: Settings) -> str:
    setting = settings.find(key, option or None)
    if setting is None:
        raise InvalidArgument(
            f"no base URL: give --base-url, set {VARIABLES[key]}, or write {key} into the configuration file"
        )
    return setting.value


def _secret(key: str, file: str | None, settings: Settings) -> str:
    if file is not None:
        secret = _first_line(file)
    else:
        setting = settings.find(key)
        secret = setting.value if setting else ""
    if not secret:
        raise InvalidArgument(
            f"the secret is empty: set {VARIABLES[key]}, give --secret-file, or write {key} into the configuration file"
        )
    return secret


def _first_line(file: str) -> str:
    try:
        text = sys.stdin.readline() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else "it is not UTF-8"
        raise InvalidArgument(f"the file of --secret-file cannot be read: {reason}") from None
    return text.partition("\n")[0].strip()
