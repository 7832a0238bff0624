"""The server's side: ledgers by the page, with and without dates, and balances, ready as bytes.

It counts what it answers: a client's own count could leave out what it sent twice.
"""

from __future__ import annotations

import gzip
import json
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl

import attrs

from benchmarks.answering import Answer
from benchmarks.entries import entry

__all__ = ["BALANCE_PATH", "BEGINNING", "COUNTED_PATH", "LEDGER_PATH", "PAGE", "SAMPLE", "Served", "answers"]

BALANCE_PATH: Final = "/v2/pointsLedger/getCustomerLedgerBalance"
LEDGER_PATH: Final = "/v2/pointsLedger/getCustomerLedgerInfo"
COUNTED_PATH: Final = "/counted"
BEGINNING: Final = datetime(2000, 1, 1)  # noqa: DTZ001 - by the server's clock
SAMPLE: Final = 1
"""The member whose ledger is a single page: what contenders get warm with."""
PAGE: Final = 100

_KEPT: Final = 4096
_BODY: Final = (
    b'{"customerDetails":{"firstName":"A","lastName":"B","userId":98,"externalId":"e.98","entityType":"CUSTOMER"},'
    b'"ledgerDetails":{"pageNumber":%d,"pageSize":%d,"totalEntries":%d,"pageCount":%d},"ledgerEntries":[%s],'
    b'"warnings":[]}'
)
_HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n"
_NONE: Final = json.dumps({"errors": [{"status": False, "code": 11003, "message": "none"}], "warnings": []}).encode()
_ACCOUNT: Final = {"programName": "Default", "programId": 973, "pointsCategory": "Main", "closingBalance": "65.688"}
_BALANCE: Final = json.dumps(
    {
        "customerDetails": {"firstName": "A", "lastName": "B", "userId": 98, "entityType": "CUSTOMER"},
        "ledgerDetails": {
            "pageNumber": 0,
            "pageSize": 10,
            "totalEntries": 7,
            "pageCount": 1,
            "ledgerClosingBalance": [_ACCOUNT, {**_ACCOUNT, "pointsCategory": "DelayedAccrualPointCategory"}],
        },
        "warnings": [],
    }
).encode()


@attrs.frozen(kw_only=True)
class Served:
    """What there is to read: every member has a ledger of the same entries.

    Attributes:
        entries: How many entries a ledger has.
        every_s: Seconds from one to the next.
        gzipped: Whether answers are compressed, for clients who take it.
        latency_s: How long an answer takes.
    """

    entries: int
    every_s: int = 9_000
    gzipped: bool = False
    latency_s: float = 0.0


def answers(served: Served) -> Answer:
    """Make what answers; this takes a few seconds for a million entries."""
    return _Ledgers(served).answer


class _Ledgers:
    def __init__(self, served: Served) -> None:
        gap = timedelta(seconds=served.every_s)
        self._rows = [entry(place, BEGINNING + place * gap).encode() for place in range(served.entries)]
        self._gap, self._gzipped = gap, served.gzipped
        self._requests, self._bytes = 0, 0
        self._balance = _whole(_BALANCE)
        self._page = lru_cache(_KEPT)(self._written) if served.gzipped else self._written

    def answer(self, head: bytes) -> bytes:
        """Answer one request."""
        path, _, query = head[4 : head.index(b" ", 4)].decode().partition("?")
        if path == COUNTED_PATH:
            return _whole(json.dumps({"requests": self._requests, "bytes": self._bytes}).encode())
        told = self._balance if path == BALANCE_PATH else self._ledger(query, head)
        self._requests, self._bytes = self._requests + 1, self._bytes + len(told)
        return told

    def _ledger(self, query: str, head: bytes) -> bytes:
        given = dict(parse_qsl(query))
        behind = PAGE if given["identifierValue"] == str(SAMPLE) else len(self._rows)
        first, behind = 0, min(behind, len(self._rows))
        if "startDate" in given:
            first = max(-((BEGINNING - datetime.fromisoformat(given["startDate"])) // self._gap), 0)
        if "endDate" in given:
            behind = min((datetime.fromisoformat(given["endDate"]) - BEGINNING) // self._gap + 1, behind)
        number, size = int(given.get("offset", 0)), min(int(given.get("limit", 10)), PAGE)
        return self._page(first, behind, number, size, self._gzipped and b"gzip" in head)

    def _written(self, first: int, behind: int, number: int, size: int, gzipped: bool) -> bytes:  # noqa: FBT001
        """Write a page of the entries from *first* to before *behind*, the newest first."""
        total, newest = max(behind - first, 0), behind - number * size
        rows = self._rows[max(newest - size, first) : max(newest, first)]
        if not rows:
            return _whole(_NONE)
        body = _BODY % (number, size, total, -(-total // size), b",".join(reversed(rows)))
        return _whole(gzip.compress(body, 6), b"Content-Encoding: gzip\r\n") if gzipped else _whole(body)


def _whole(body: bytes, headers: bytes = b"") -> bytes:
    return _HEAD % (headers, len(body)) + body
