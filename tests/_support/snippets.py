"""Runs the examples that users are shown: README.md and the docstrings of the package.

The root `conftest.py` hands them to Sybil with what is here: `run_python` evaluates one block, `furnish` gives a
document its names; its fixture `snippet_surroundings` is the world that every block runs in.
"""

import ast
import asyncio
import inspect
from datetime import UTC, datetime
from typing import Any

import attrs
from sybil import Example

from loyalty_async.sandbox import Sandbox, make_ledger


def run_python(example: Example) -> None:
    """Evaluate one block, and before it those before it that this process has not evaluated yet.

    Where tests run on all cores another process may have had those; but the blocks of one document share their names.
    """
    done: set[int] = example.namespace.setdefault("__done__", set())
    for each in example.document.examples():
        if each.start < example.start and each.start not in done and each.region.evaluator is run_python:
            done.add(each.start)
            _run(each)
    done.add(example.start)
    _run(example)


def _run(example: Example) -> None:
    """Evaluate one block; `await`, `async with` and `async for` may stand at its top level, as in a notebook.

    Each block that awaits has an event loop of its own, so that an open client cannot be handed from block to block: a
    reader may copy any block that opens one.
    """
    # The newlines keep the line numbers of the document in tracebacks.
    source = "\n" * (example.line + example.parsed.line_offset) + str(example.parsed)
    code = compile(source, example.path, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    if code.co_flags & inspect.CO_COROUTINE:
        # `eval` of code that awaits gives its coroutine instead of running it.
        asyncio.run(eval(code, example.namespace))  # noqa: S307 (the project's own documents)
    else:
        exec(code, example.namespace)  # noqa: S102 (as above)


def furnish(namespace: dict[str, Any]) -> None:
    """Give a document the names that its blocks use without defining them.

    This is the place for them: names that a reader has in their own program (`member`, `since`, `until`, …) and that
    would only blur the example.
    """


def snippet_sandbox() -> Sandbox:
    """Make the organisation that the documents speak of: a customer with a mobile number, and three by user id."""
    ledger = make_ledger(5, seed=7, now=datetime(2026, 1, 1, tzinfo=UTC), entries_per_member=80, skewed=False)
    for number, member in enumerate(ledger.members[:4]):
        mobile = "917406401004" if number == 0 else f"91740640200{number}"
        known = ledger.entries(member.user_id)
        twin = attrs.evolve(
            member, user_id=564000000 + number, mobile=mobile, email=f"{mobile}@example.com", external_id=mobile
        )
        ledger.load(twin, known)
    return Sandbox(ledger)
