"""The command line, `loyalty-async`; needs the extra `cli`.

Each command has a file of its own, and imports what only it needs when it runs, so that `--help` is quick.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from loyalty_async.cli.outcomes import EXIT_CODES, Outcome, describe, outcome_of
from loyalty_async.cli.outputs import complain, drop_output
from loyalty_async.errors import LoyaltyError

if TYPE_CHECKING:
    from cyclopts import App

__all__ = ["main"]

_NEEDED = ("cyclopts", "rich")
_HELP = f"""Read loyalty ledgers: completely, exactly, in order.

Start with `loyalty-async demo`: it needs no server and no account.

{EXIT_CODES}
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and leave with its exit code.

    Args:
        arguments: What follows the program's name; taken from the process unless given.

    Raises:
        SystemExit: Always.
    """
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        complain(f"the command line needs {' and '.join(missing)}: python -m pip install 'loyalty-async[cli]'")
        sys.exit(Outcome.MISUSED)
    sys.exit(_run(sys.argv[1:] if arguments is None else arguments))


def _run(arguments: Sequence[str]) -> int:
    try:
        command = _parsed(arguments)
        outcome = int(command() or Outcome.FINE)
        sys.stdout.flush()
    except LoyaltyError as error:
        complain(describe(error))
        return outcome_of(error)
    except BrokenPipeError:
        drop_output()
        return Outcome.CUT_OFF
    except KeyboardInterrupt:
        complain("interrupted")
        return Outcome.INTERRUPTED
    return outcome


def _parsed(arguments: Sequence[str]) -> Callable[[], int | None]:
    """Read the command line; what cannot be understood becomes `InvalidArgument`, without the values that were typed.

    cyclopts would print them: a phone number, or a secret given to an option that there is not.
    """
    from cyclopts import CycloptsError

    from loyalty_async.cli.usage import misuse

    try:
        command, bound, *_ = _app().parse_args(arguments, print_error=False, exit_on_error=False)
    except CycloptsError as error:
        raise misuse(error) from None
    return lambda: command(*bound.args, **bound.kwargs)


def _app() -> App:
    from cyclopts import App

    from loyalty_async.cli.account_balance import account_balance
    from loyalty_async.cli.balance import balance
    from loyalty_async.cli.demo import demo
    from loyalty_async.cli.explode import explode
    from loyalty_async.cli.export import export_commands
    from loyalty_async.cli.ledger import ledger
    from loyalty_async.cli.promised import promised
    from loyalty_async.cli.reconcile import reconcile
    from loyalty_async.cli.sandbox import sandbox

    app = App(name="loyalty-async", help=_HELP, help_format="markdown", version=_version)
    for command in (demo, ledger, balance, explode, promised, account_balance, reconcile, sandbox):
        app.command(command)
    app.command(export_commands())
    return app


def _version() -> str:
    # The number lives in the package's root, which nothing inside imports; whoever imports this has loaded it.
    return f"loyalty-async {sys.modules['loyalty_async'].__version__}"
