"""A wrong command line, told without the values in it."""

from __future__ import annotations

import re
from typing import Any, Literal, get_args, get_origin

from cyclopts import CycloptsError

from loyalty_async.errors import InvalidArgument

__all__ = ["misuse"]

_OPTION = re.compile(r"--[a-z][a-z-]*", re.ASCII)
"""What may be repeated: a name of ours or a slip of it, and not what was typed behind it."""


def misuse(error: CycloptsError) -> InvalidArgument:
    """Turn what cyclopts found into an error of our tree.

    cyclopts's own text repeats what was typed, so none of it is used.
    """
    command = " ".join(("loyalty-async", *(error.command_chain or ())))
    return InvalidArgument(f"{_problem(error)}; see {command} --help")


def _problem(error: CycloptsError) -> str:
    name = _option(error) or "an argument"
    problems = {
        "UnknownOptionError": f"there is no option {name}" if name.startswith("-") else "there is no such option",
        "MissingArgumentError": f"{name} is missing, or has no value",
        "CoercionError": f"{name} {_wanted(getattr(error, 'target_type', None))}",
        "RepeatArgumentError": f"{name} was given twice",
        "UnknownCommandError": "there is no such command",
        "InvalidCommandError": "there is no such command",
        "UnusedCliTokensError": "there is a word too many",
    }
    # By name: what is an unknown command now was an invalid one in cyclopts 3.
    return problems.get(type(error).__name__, "the command line makes no sense")


def _option(error: CycloptsError) -> str | None:
    token: Any = getattr(error, "token", None)
    typed = getattr(token, "keyword", None) or getattr(token, "value", None)
    for name in (typed, getattr(error.argument, "name", None)):
        if isinstance(name, str) and _OPTION.fullmatch(bare := name.partition("=")[0]):
            return bare
    return None


def _wanted(kind: object) -> str:
    if get_origin(kind) is Literal:
        return f"must be one of {', '.join(map(str, get_args(kind)))}"
    if kind is int:
        return "must be a whole number"
    return "must be a number" if kind is float else "has a value that it cannot have"
