"""`loyalty-async sandbox`: a stand-in server with made-up members, to try things out on."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from loyalty_async.errors import InvalidArgument

if TYPE_CHECKING:
    from loyalty_async.sandbox import Ledger, Member, Sandbox

__all__ = ["check_population", "sandbox"]

_NEEDED = ("starlette", "uvicorn")
_LARGEST_PORT = 65535
_MOST_YEARS = 50
"""The client reads no dates before 1970."""
_MOST_ENTRIES = 100_000
"""More would take minutes to make up."""


def sandbox(
    *,
    port: Annotated[int, Parameter(help="Where to listen; 0 for a free port.")] = 8080,
    members: Annotated[int, Parameter(help="How many members to make up.")] = 300,
    seed: Annotated[int, Parameter(help="The same seed makes the same members and entries on the same day.")] = 1,
    years: Annotated[float, Parameter(help="How far back their ledgers go.")] = 3.0,
    entries: Annotated[float, Parameter(help="How many entries a member has on average.")] = 60.0,
    end: Annotated[str | None, Parameter(help="ISO date on which the ledgers end (UTC); today unless told.")] = None,
    faults: Annotated[Path | None, Parameter(help="JSON file with a list of faults: what goes wrong.")] = None,
    moves: Annotated[
        Path | None, Parameter(help="JSON file with a list of moves: how ledgers change while they are read.")
    ] = None,
    host: Annotated[str, Parameter(help="A loopback address.")] = "127.0.0.1",
    stdin: Annotated[
        bool,
        Parameter(
            help="Stop, too, when the standard input ends: for programs that start a sandbox.",
            negative="",
            show_default=False,
        ),
    ] = False,
) -> int:
    """Serve a stand-in for Capillary's and Altcraft's servers on this machine, until Ctrl-C or SIGTERM.

    It speaks OAuth and Basic, obeys the documented rules, and tells the truth about every member under `/_sandbox/`,
    to compare with. All its people are made up.

    A fault is, for instance, `{"status": 429, "headers": {"Retry-After": "2"}, "every": 10, "times": null}`, and a move
    `{"action": "insert", "probability": 0.1, "times": null}`; the docstrings of `loyalty_async.sandbox.Fault` and
    `loyalty_async.sandbox.Move` list what they may have.
    """
    check_population(members, years, entries)
    if not 0 <= port <= _LARGEST_PORT:
        raise InvalidArgument(f"--port must lie between 0 and {_LARGEST_PORT}")
    from loyalty_async.sandbox import Fault, Move, Sandbox, make_ledger, run_sandbox

    wrong, moving = _script("--faults", faults, Fault.from_json), _script("--moves", moves, Move.from_json)
    ledger = make_ledger(members, seed, now=_end(end), years=years, entries_per_member=entries)
    served = Sandbox(ledger, faults=wrong, moves=moving, seed=seed)
    if stdin:
        threading.Thread(target=_stop_at_end_of_input, daemon=True).start()
    try:
        run_sandbox(served, host, port, lambda url: _introduce(url, served))
    except OSError as problem:
        raise InvalidArgument(f"--port {port} cannot be listened on: {problem.strerror}") from None
    except ValueError:
        raise InvalidArgument("--host must be a loopback address: the sandbox asks nobody who they are") from None
    return 0


def check_population(members: int, years: float, entries: float = 0.0) -> None:
    """Refuse what cannot be made up, or not be served for want of the extra.

    Raises:
        InvalidArgument: As said.
    """
    if members < 1:
        raise InvalidArgument("--members must be at least 1")
    if not 0 < years <= _MOST_YEARS:
        raise InvalidArgument(f"--years must be above 0 and at most {_MOST_YEARS}")
    if not 0 <= entries <= _MOST_ENTRIES:
        raise InvalidArgument(f"--entries must lie between 0 and {_MOST_ENTRIES}")
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        what = " and ".join(missing)
        raise InvalidArgument(f"the sandbox needs {what}: python -m pip install 'loyalty-async[cli,sandbox]'")


def _script(option: str, path: Path | None, read: Callable[[object], Any]) -> list[Any]:
    """Read a list of faults or moves; there is none without a file."""
    if path is None:
        return []
    try:
        listed = json.loads(path.read_bytes())
        return [read(one) for one in (listed if isinstance(listed, list) else [listed])]
    except OSError as problem:
        raise InvalidArgument(f"{option} cannot be read: {problem.strerror}") from None
    except (ValueError, RecursionError) as problem:
        raise InvalidArgument(f"{option} cannot be understood: {problem}") from None


def _end(day: str | None) -> datetime:
    """Give the moment at which the ledgers end: a whole day's beginning, so that a day's sandboxes are all the same."""
    if day is None:
        return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        return datetime.fromisoformat(day).replace(tzinfo=UTC)
    except ValueError:
        raise InvalidArgument("--end must be an ISO date, such as 2025-12-31") from None


def _stop_at_end_of_input() -> None:
    # Not through `sys.stdin`: its lock would be held while the interpreter goes down.
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _introduce(url: str, served: Sandbox) -> None:
    """Say where it is, how to get in, and what to try. The first word is the URL: programs read it."""
    ledger = served.ledger
    entries = sum(len(ledger.book(member.user_id).entries) for member in ledger.members)
    key, secret = next(iter(served.settings.clients.items()))
    till, password = next(iter(served.settings.tills.items()))
    token = next(iter(served.settings.altcraft_tokens))
    example = _example(ledger)
    print(
        f"{url} is a sandbox: {len(ledger.members):,} members, {entries:,} entries\n\n"
        f"  OAuth     key {key}, secret {secret}\n"
        f"  Basic     till {till}, password {password}\n"
        f"  Altcraft  token {token}\n"
        f"  Member    mobile={example.mobile}\n"
        f"            all of them: {url}/_sandbox/members\n\n"
        "To read that member's ledger, in another terminal:\n\n"
        f"  export LOYALTY_BASE_URL={url}\n"
        f"  export LOYALTY_KEY={key} LOYALTY_SECRET={secret}\n"
        f"  loyalty-async ledger --member mobile={example.mobile} --format table\n\n"
        "Ctrl-C stops it.",
        flush=True,
    )


def _example(ledger: Ledger) -> Member:
    """Choose a member whose ledger is worth a look and fits on a screen or two."""
    return min(ledger.members, key=lambda member: abs(len(ledger.book(member.user_id).entries) - 30))
