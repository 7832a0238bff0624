from __future__ import annotations

import sys
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from loyalty_async import InvalidArgument
from loyalty_async.export import Parquet
from loyalty_async.export.sinks.batches import PRECISION, SCALE
from tests.cli.conftest import Served
from tests.export.test_engine import members_of, run, true_of

Sums = dict[tuple[str, str | None], Decimal]


def true_sums(served: Served) -> Sums:
    sums: Sums = defaultdict(Decimal)
    for (_, _, _, details), count in true_of(served, members_of(served, 20)).items():
        for kind, points, currency in details:
            sums[kind, currency] += count * points
    return sums


@pytest.mark.anyio
@pytest.mark.real_time
@pytest.mark.parametrize("details", ["nested", "rows"])
async def test_duckdb_and_pyarrow_read_the_documented_types_and_exact_sums(
    details: str, served: Served, tmp_path: Path
) -> None:
    sink = Parquet(tmp_path, details=details)  # type: ignore[arg-type]
    await run(served, members_of(served, 20), sink)
    files = str(tmp_path / "entries-*.parquet")
    line = "unnest(entry_details) AS found(line)" if details == "nested" else "(SELECT 1)"
    of = "line.{0}" if details == "nested" else "entry_details_{0}"
    names = [of.format(name) for name in ("ledger_entry_type", "alternate_currency_name", "points")]
    with duckdb.connect() as connection:
        sums = connection.execute(
            f"SELECT {names[0]}, {names[1]}, sum({names[2]}) FROM '{files}', {line}"  # noqa: S608 - of this test
            f" WHERE {names[0]} IS NOT NULL GROUP BY ALL"
        ).fetchall()
        types = dict(connection.execute(f"SELECT column_name, column_type FROM (DESCRIBE FROM '{files}')").fetchall())  # noqa: S608
    assert {(kind, currency): total for kind, currency, total in sums} == true_sums(served)
    assert types["created_at"] == "TIMESTAMP WITH TIME ZONE"
    assert types["transaction_details_date"] == "TIMESTAMP"
    assert types["transaction_details_amount"] == f"DECIMAL({PRECISION},{SCALE})"
    assert types["net_alternate_currencies_on_event"] == f"MAP(VARCHAR, DECIMAL({PRECISION},{SCALE}))"
    assert types["event_log_id"] == "BIGINT"
    schema = pq.read_schema(next(tmp_path.glob("*.parquet")))  # noqa: ASYNC240 - of this test
    decimal = pa.decimal128(PRECISION, SCALE)
    assert schema.field("created_at").type == pa.timestamp("us", tz="UTC")
    assert schema.field("transaction_details_date").type == pa.timestamp("us")
    if details == "nested":
        assert schema.field("entry_details").type.value_type.field("points").type == decimal
    else:
        assert schema.field("entry_details_points").type == decimal


def test_without_pyarrow_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    sink = Parquet(tmp_path)
    with pytest.raises(InvalidArgument, match=r"pip install 'loyalty-async\[parquet\]'"):
        sink.open(sink.question(raw=False), raw=False)
