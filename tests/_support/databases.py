"""A real PostgreSQL, and a table in it for one test."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator

import psycopg
import pytest

__all__ = ["database", "table"]

DATABASE = os.environ.get("LOYALTY_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/test")


@pytest.fixture(scope="session")
def database() -> str:
    """A real PostgreSQL; CI must have one."""
    try:
        psycopg.connect(DATABASE, connect_timeout=3).close()
    except psycopg.OperationalError:
        message = "no PostgreSQL at 127.0.0.1:5432: start one, or set LOYALTY_TEST_POSTGRES"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return DATABASE


@pytest.fixture
def table(database: str) -> Iterator[str]:
    """A table in a schema of its own, gone after the test."""
    schema = f"export_{secrets.token_hex(6)}"
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
        yield f"{schema}.entries"
        connection.execute(f"DROP SCHEMA {schema} CASCADE")
