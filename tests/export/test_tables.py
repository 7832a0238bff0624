from pathlib import Path

import pyarrow as pa

from loyalty_async.export.columns import entry_table, raw_table
from loyalty_async.export.sinks.parquet import arrow_type
from loyalty_async.export.tables import column_table, with_table

DOCUMENT = Path(__file__).parents[2] / "docs" / "export.md"


def test_the_document_is_current() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert text == with_table(text), "run: python -m loyalty_async.export.tables docs/export.md"


def test_every_column_of_every_table_is_in_the_document() -> None:
    names = {line.split("|")[2].strip() for line in column_table().splitlines()}
    for table in (entry_table(), entry_table(a_row_a_detail=True), raw_table()):
        missing = {f"`{column.name}`" for column in table.columns} - names
        assert missing <= {"`entry_details_number`"}


def test_the_types_of_the_document_are_those_of_the_files() -> None:
    lines = {line.split("|")[2].strip(): line.split("|")[4].strip() for line in column_table().splitlines()}
    written = {"timestamp[us, UTC]": pa.timestamp("us", tz="UTC"), "timestamp[us]": pa.timestamp("us")}
    for column in entry_table().columns:
        said, found = lines[f"`{column.name}`"], arrow_type(pa, column)
        if said in written:
            assert found == written[said]
        else:
            assert str(found).startswith(said.removesuffix(" of JSON").partition("<")[0])
