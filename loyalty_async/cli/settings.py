"""Settings: an option goes before the environment, and the environment before one TOML file."""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from loyalty_async.cli.outputs import complain
from loyalty_async.errors import InvalidArgument

__all__ = ["USUAL_FILE", "VARIABLES", "Setting", "Settings", "load_settings"]

USUAL_FILE = "loyalty-async.toml"
VARIABLES: Mapping[str, str] = {
    "base_url": "LOYALTY_BASE_URL",
    "key": "LOYALTY_KEY",
    "secret": "LOYALTY_SECRET",
    "till": "LOYALTY_TILL",
    "password": "LOYALTY_PASSWORD",
    "server_timezone": "LOYALTY_SERVER_TIMEZONE",
    "source": "LOYALTY_SOURCE",
    "quota_store": "LOYALTY_QUOTA_STORE",
    "altcraft.base_url": "ALTCRAFT_BASE_URL",
    "altcraft.token": "ALTCRAFT_TOKEN",
}
"""The keys that the file may hold, each with the variable of the environment that goes before it."""

_SECRETS = frozenset({"secret", "password", "altcraft.token"})
_TABLES = frozenset({key.partition(".")[0] for key in VARIABLES if "." in key})
_HARMLESS = re.compile(r"[\w.-]{1,40}", re.ASCII)
"""A key that may be repeated on a terminal."""
_PLACE = re.compile(r"\((at [^()]*)\)$")
"""What tomllib says of a mistake and is no part of the file."""


@attrs.frozen
class Setting:
    """A value, and what people call the place where it stands."""

    value: str = attrs.field(repr=False)
    place: str


@attrs.frozen
class Settings:
    """What the environment and the configuration file say, by the keys of `VARIABLES`."""

    environment: Mapping[str, str] = attrs.field(repr=False)
    file: Mapping[str, str] = attrs.field(factory=dict, repr=False)

    def find(self, key: str, option: str | None = None) -> Setting | None:
        """Find a setting.

        Args:
            key: One of `VARIABLES`.
            option: What the command line says; its option has the name of the key.
        """
        if option is not None:
            return Setting(option, f"--{key.rpartition('.')[2].replace('_', '-')}")
        return self.of_environment(key) or self.of_file(key)

    def of_environment(self, key: str) -> Setting | None:
        """Find a setting in the environment; an empty variable is none."""
        value = self.environment.get(VARIABLES[key])
        return Setting(value, VARIABLES[key]) if value else None

    def of_file(self, key: str) -> Setting | None:
        """Find a setting in the file."""
        value = self.file.get(key)
        return Setting(value, f"{key} in the configuration file") if value else None


def load_settings(file: str | None, environment: Mapping[str, str]) -> Settings:
    """Read the configuration file: *file*, else the one of `LOYALTY_CONFIG`, else `USUAL_FILE` if it is there.

    Raises:
        InvalidArgument: The file cannot be read, or holds what it should not. The text may name a key, never a value.
    """
    named = file if file is not None else environment.get("LOYALTY_CONFIG") or None
    content, status = _read(USUAL_FILE if named is None else named)
    if status is None:
        if named is None:
            return Settings(environment)
        raise InvalidArgument("the configuration file is not there")
    if named is None:
        _check_owner(status)
    values = read_values(content)
    _warn_of_readers(status, values)
    return Settings(environment, values)


def read_values(content: bytes) -> Mapping[str, str]:
    """Read a configuration file's content, by the keys of `VARIABLES`.

    Raises:
        InvalidArgument: It is no TOML, or has an unknown key or a value that is no text.
    """
    try:
        document = tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise InvalidArgument("the configuration file is not UTF-8") from None
    except (ValueError, RecursionError) as problem:
        place = _PLACE.search(str(problem))
        raise InvalidArgument(f"the configuration file is not TOML{f' ({place[1]})' if place else ''}") from None
    return dict(_checked(key, value) for key, value in _flat(document))


def _flat(document: Mapping[str, Any], table: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in document.items():
        if table or name not in _TABLES:
            yield f"{table}{name}", value
        elif isinstance(value, dict):
            yield from _flat(value, f"{name}.")
        else:
            raise InvalidArgument(f"{name} in the configuration file must be a table: [{name}]")


def _checked(key: str, value: object) -> tuple[str, str]:
    if key not in VARIABLES:
        shown = key if _HARMLESS.fullmatch(key) else "with odd characters"
        raise InvalidArgument(f"unknown key in the configuration file: {shown}; known are {', '.join(VARIABLES)}")
    if not isinstance(value, str) or not value.strip():
        raise InvalidArgument(f"{key} in the configuration file must be a text that is not empty")
    return key, value


def _read(path: str) -> tuple[bytes, os.stat_result | None]:
    """Read a file and who may do what with it; None if it is not there."""
    try:
        with Path(path).expanduser().open("rb") as file:
            return file.read(), os.fstat(file.fileno())
    except FileNotFoundError:
        return b"", None
    except (OSError, ValueError, RuntimeError) as problem:  # ValueError: a null byte; RuntimeError: nobody's home.
        reason = problem.strerror if isinstance(problem, OSError) else "its path makes no sense"
        raise InvalidArgument(f"the configuration file cannot be read: {reason}") from None


def _check_owner(status: os.stat_result) -> None:
    """Refuse a file that nobody named and somebody else put there: it says where secrets are sent."""
    if os.name == "posix" and status.st_uid not in {os.geteuid(), 0}:
        raise InvalidArgument(f"./{USUAL_FILE} belongs to another user: to use it, give --config {USUAL_FILE}")


def _warn_of_readers(status: os.stat_result, values: Mapping[str, str]) -> None:
    others = stat.S_IRGRP | stat.S_IROTH
    if os.name == "posix" and status.st_mode & others and not _SECRETS.isdisjoint(values):
        complain("warning: the configuration file holds secrets, and others may read it: chmod 600 keeps them out")
