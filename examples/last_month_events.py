"""Print the bills behind last month's entries of a customer.

LOYALTY_BASE_URL=… LOYALTY_KEY=… LOYALTY_SECRET=… python examples/last_month_events.py 917406401004
"""

import os
import sys
from datetime import UTC, datetime, timedelta

import anyio

from loyalty_async import CapillaryClient, Customer, OAuth


async def main(mobile: str, today: datetime) -> None:
    """Read the month's entries, then their events, ten a call."""
    until = today.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    since = (until - timedelta(days=1)).replace(day=1)
    auth = OAuth(key=os.environ["LOYALTY_KEY"], secret=os.environ["LOYALTY_SECRET"])
    member = Customer.by_mobile(mobile, source="INSTORE")
    async with CapillaryClient(os.environ["LOYALTY_BASE_URL"], auth=auth) as client:
        entries = await client.ledger.entries(member, since=since, until=until).collect()
        events = await client.events.explode_entries(member, entries, bill_details=True).collect()
    for event in events:
        print(event.event_log_id, event.event_name)
        for line in event.bill_details.line_items if event.bill_details else ():
            print(f"    {line.qty} x {line.item_code}: {line.amount}")
    report = events.report
    print(f"{report.events} events of {report.asked} entries; {len(report.unknown)} unknown, {report.skipped} skipped")


if __name__ == "__main__":
    anyio.run(main, sys.argv[1], datetime.now(UTC))
