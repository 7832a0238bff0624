r"""The answers that the documentation of getCustomerLedgerInfo prints, as fixtures.

Each `*.json` beside this file is one answer of that page, character by character, with a newline behind it; the answers
of the other documents are in `documents/`. They were made with

    end = 0
    for name in names:  # below, in the order in which the document prints them
        begin = document.index("\n{\n", end) + 1
        _, end = json.JSONDecoder().raw_decode(document, begin)
        Path(f"tests/samples/{name}.json").write_text(document[begin:end] + "\n")

with names = user_group, target_completed, first_page_of_34, alternate_currency_opening_balances, one_till,
first_page_of_19, first_page_of_17, whole_ledger_of_10. Three of them are the first page of a longer ledger and say so:
a client that reads only them must not call the ledger complete.
"""

import json
import re
from pathlib import Path
from typing import Any

FIRST_PAGES = ("first_page_of_17", "first_page_of_19", "first_page_of_34")
"""The answers that announce more entries than they hold."""

_FOLDER = Path(__file__).parent


def samples() -> list[str]:
    """Return the names of all samples."""
    return sorted(path.stem for path in _FOLDER.glob("*.json"))


def as_printed(name: str) -> bytes:
    """Return an answer exactly as the document prints it."""
    return (_FOLDER / f"{name}.json").read_bytes()


def entries_of(body: bytes) -> list[dict[str, Any]]:
    """Return the entries of an answer as the standard library reads them; its numbers are not exact."""
    found: list[dict[str, Any]] = json.loads(body)["ledgerEntries"]
    return found


def settled(name: str) -> bytes:
    """Return an answer whose paging figures are those of the entries that it holds.

    The figures are replaced in the text, so that every other number keeps the digits that were printed.
    """
    body = as_printed(name)
    count = len(entries_of(body))
    return _with_figure(_with_figure(body, "totalEntries", count), "pageCount", 1)


def _with_figure(body: bytes, name: str, figure: int) -> bytes:
    changed, times = re.subn(rb'("%s": )\d+' % name.encode(), rb"\g<1>%d" % figure, body)
    if times != 1:
        raise AssertionError(f"{name} stands {times} times in the sample")
    return changed


def document(name: str) -> bytes:
    """Return a file of `documents/`: what the other documents print."""
    return (_FOLDER / "documents" / name).read_bytes()
