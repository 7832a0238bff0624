"""Reconcile last month for members that come in from a queue, and print what does not match.

The queue is the standard input here, a user id on each line; put your broker's async iterator in its place.

LOYALTY_BASE_URL=… LOYALTY_KEY=… LOYALTY_SECRET=… python examples/reconcile_worker.py < user_ids.txt
"""

import os
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import anyio

from loyalty_async import CapillaryClient, Customer, OAuth, Span
from loyalty_async.reconcile import Limit, explain, reconcile_members


async def members() -> AsyncIterator[Customer]:
    """Take members from the queue, one by one, as there is room for them."""
    async for line in anyio.wrap_file(sys.stdin):
        if line.strip():
            yield Customer.by_id(line.strip(), source="INSTORE")


def last_month(today: datetime) -> Span:
    """Give the whole month before today's, in UTC."""
    until = today.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return Span((until - timedelta(days=1)).replace(day=1), until)


async def main() -> None:
    """Stop early if more than one member in fifty is wrong: then it is not about members."""
    auth = OAuth(key=os.environ["LOYALTY_KEY"], secret=os.environ["LOYALTY_SECRET"])
    limit = Limit(percent=Decimal(2), after=500)
    async with (
        CapillaryClient(os.environ["LOYALTY_BASE_URL"], auth=auth) as client,
        reconcile_members(client, members(), last_month(datetime.now(UTC)), concurrency=10, limit=limit) as verdicts,
    ):
        async for verdict in verdicts:  # The place in the queue says which member it is, without naming anybody.
            if verdict.unmatched or verdict.reason:
                print(f"member {verdict.number}: {verdict.agreement} {verdict.reason or ''}".rstrip())
            for account in verdict.unmatched:
                print(f"  {account.account.program_id} {account.account.points_category}: {explain(account)}")
    summary = verdicts.summary
    print(f"{summary.members} members, {summary.entries} entries, stopped early: {summary.stopped}")


if __name__ == "__main__":
    anyio.run(main)
