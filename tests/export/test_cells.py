from __future__ import annotations

import csv
import io
import re
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_async.export.cells import cells_of, copied, quoted, shown
from loyalty_async.export.columns import Kind, entry_table

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def parsed(cell: str) -> str:
    """Read a cell, between two others, as any program that knows CSV."""
    ((first, text, last),) = csv.reader(io.StringIO(f"a,{cell},b\n", newline=""))
    assert (first, last) == ("a", "b")
    return text


@given(TEXTS)
def test_a_quoted_text_is_read_back_as_it_was(text: str) -> None:
    assert parsed(quoted(text)) == text
    assert parsed(copied(text)) == text


@pytest.mark.parametrize("first", DANGEROUS)
def test_a_text_that_begins_like_a_formula_is_not_run(first: str) -> None:
    assert parsed(shown(f"{first}HYPERLINK(1)")) == f"'{first}HYPERLINK(1)"


@given(
    st.one_of(TEXTS, st.builds("{}{}{}".format, st.sampled_from(["", "'", "''"]), st.sampled_from(DANGEROUS), TEXTS))
)
def test_no_text_begins_like_a_formula_and_each_can_be_had_back(text: str) -> None:
    cell = parsed(shown(text))
    assert not cell.startswith(DANGEROUS)
    marked = re.match(r"''*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]", cell)
    assert (cell[1:] if marked else cell) == text


def test_nothing_and_an_empty_text_stay_apart() -> None:
    assert quoted("") == '""'


def test_postgresql_holds_no_nul() -> None:
    with pytest.raises(ValueError, match="NUL"):
        copied("a\0b")


@pytest.mark.parametrize("written", ["0001-01-01T00:00:00+05:30", "9999-12-31T23:59:59-05:30"])
def test_an_instant_that_utc_cannot_show_does_not_fit(written: str) -> None:
    table = entry_table()
    cells = cells_of(table, shown, strict=False)
    (instant,) = [cell for column, cell in zip(table.columns, cells, strict=True) if column.kind is Kind.INSTANT]
    with pytest.raises(ValueError, match="year 1"):
        instant(datetime.fromisoformat(written))
