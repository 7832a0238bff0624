"""A ledger of any length that takes no memory: each entry is made up when its page is asked for."""

from datetime import UTC, datetime, timedelta

import httpx

from benchmarks.entries import entry

__all__ = ["EndlessLedger"]

_BEGINNING = datetime(2012, 1, 1, tzinfo=UTC)


class EndlessLedger(httpx.AsyncBaseTransport):
    """Answers as the ledger endpoint does, newest first, for one member with *length* entries, one a *gap*.

    Attributes:
        since: The date of the first entry.
        until: A moment behind the last.
        requests: How many were answered.
    """

    def __init__(self, length: int, gap: timedelta = timedelta(minutes=5)) -> None:
        self.since, self.until = _BEGINNING, _BEGINNING + length * gap
        self.requests = 0
        self._length, self._gap = length, gap

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one page of what lies between two dates, both included."""
        self.requests += 1
        query = request.url.params
        first = max(-((_BEGINNING - _instant(query["startDate"])) // self._gap), 0)
        behind = min((_instant(query["endDate"]) - _BEGINNING) // self._gap + 1, self._length)
        total, size, number = max(behind - first, 0), int(query["limit"]), int(query["offset"])
        newest = behind - number * size
        rows = [
            entry(place, _BEGINNING + place * self._gap)
            for place in range(newest - 1, max(newest - size, first) - 1, -1)
        ]
        if not rows:
            return httpx.Response(200, json={"errors": [{"status": False, "code": 11003, "message": "none"}]})
        body = '{"ledgerDetails":{"pageNumber":%d,"pageSize":%d,"totalEntries":%d,"pageCount":%d},"ledgerEntries":[%s]}'
        return httpx.Response(200, text=body % (number, size, total, -(-total // size), ",".join(rows)))


def _instant(clock: str) -> datetime:
    return datetime.fromisoformat(clock).replace(tzinfo=UTC)
