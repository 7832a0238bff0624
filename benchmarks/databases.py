"""The PostgreSQL of this machine, if there is one."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from typing import Final

__all__ = ["DATABASE", "available", "dropped"]

DATABASE: Final = os.environ.get("LOYALTY_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/test")


@cache
def available() -> bool:
    """Tell whether it answers."""
    import psycopg  # noqa: PLC0415 - only those who write into it need it

    try:
        psycopg.connect(DATABASE, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def dropped() -> Iterator[Iterator[str]]:
    """Give names for tables, of which none is left at the end."""
    name, given = f"benchmark_{secrets.token_hex(4)}", list[str]()

    def names() -> Iterator[str]:
        for number in count():
            given.append(f"{name}_{number}")
            yield given[-1]

    yield names()
    if given:
        _drop(given)


def _drop(names: list[str]) -> None:
    import psycopg  # noqa: PLC0415
    from psycopg import sql  # noqa: PLC0415

    with psycopg.connect(DATABASE, autocommit=True) as connection:
        found = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename LIKE ANY (%s)",
            [[f"{name}%" for name in names]],
        ).fetchall()
        for (table,) in found:
            connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(table)))
