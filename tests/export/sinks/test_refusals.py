from __future__ import annotations

import psycopg
import pytest

from loyalty_async import OutputError
from loyalty_async.export.sinks.refusals import translated


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (psycopg.errors.DiskFull("a row"), "PostgreSQL refused: it is out of room (53100)"),
        (psycopg.errors.InsufficientPrivilege("a row"), "PostgreSQL refused: this user may not do that there (42501)"),
        (psycopg.errors.DeadlockDetected("a row"), "PostgreSQL refused: for a reason of its own (40P01)"),
        (psycopg.OperationalError("a row"), "PostgreSQL is away, or does not let us in (OperationalError)"),
    ],
)
def test_a_refusal_is_told_by_its_code_and_quotes_nothing(problem: psycopg.Error, said: str) -> None:
    with pytest.raises(OutputError) as caught, translated(psycopg):
        raise problem
    assert str(caught.value) == said
    assert caught.value.__suppress_context__
