"""What PostgreSQL refused, in words of our own: its words may quote a row."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from loyalty_async.errors import OutputError

__all__ = ["translated"]

_REASONS: Mapping[str, str] = {
    "0A": "it does not know what was asked of it",
    "22": "it does not take a value",
    "28": "it does not let this user in",
    "3D": "there is no such database",
    "3F": "there is no such schema",
    "42501": "this user may not do that there",
    "42": "the table has other columns than an export writes",
    "53": "it is out of room",
    "57": "it was shut down, or ended this connection",
}
"""Why it refused, by SQLSTATE or its class (https://www.postgresql.org/docs/current/errcodes-appendix.html)."""


@contextlib.contextmanager
def translated(psycopg: Any) -> Iterator[None]:
    """Say what went wrong by its code: PostgreSQL's own words may quote a row."""
    try:
        yield
    except psycopg.Error as problem:
        code = getattr(problem, "sqlstate", None)
        if code is None:
            raise OutputError(f"PostgreSQL is away, or does not let us in ({type(problem).__name__})") from None
        reason = _REASONS.get(code) or _REASONS.get(code[:2]) or "for a reason of its own"
        raise OutputError(f"PostgreSQL refused: {reason} ({code})") from None
