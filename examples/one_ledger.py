"""Print one customer's ledger of a year, and say whether it is complete.

LOYALTY_BASE_URL=… LOYALTY_KEY=… LOYALTY_SECRET=… python examples/one_ledger.py 917406401004 2025
"""

import os
import sys
from datetime import UTC, datetime

import anyio

from loyalty_async import CapillaryClient, Customer, OAuth


async def main(mobile: str, year: int) -> None:
    """Read the ledger ahead of the printing."""
    auth = OAuth(key=os.environ["LOYALTY_KEY"], secret=os.environ["LOYALTY_SECRET"])
    member = Customer.by_mobile(mobile, source="INSTORE")
    since, until = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    async with CapillaryClient(os.environ["LOYALTY_BASE_URL"], auth=auth) as client:
        async with client.ledger.entries(member, since=since, until=until).prefetch() as entries:
            async for entry in entries:
                print(f"{entry.created_at:%Y-%m-%d %H:%M:%S}  {entry.event_name:<24} {entry.net_points_on_event:>12}")
        print(f"{entries.report.verdict}: {entries.report.entries} entries, {entries.report.pages} pages")


if __name__ == "__main__":
    anyio.run(main, sys.argv[1], int(sys.argv[2]))
