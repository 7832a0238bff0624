"""Print the main balance of many customers, read concurrently; ids come from the standard input, one a line.

LOYALTY_BASE_URL=… LOYALTY_KEY=… LOYALTY_SECRET=… python examples/balances.py < user_ids.txt
"""

import os
import sys
from collections.abc import Iterator

import anyio

from loyalty_async import CapillaryClient, Customer, LoyaltyError, OAuth, PointsCategory

WORKERS = 10


async def work(client: CapillaryClient, user_ids: Iterator[str]) -> None:
    """Take ids until there are none; the client's places in flight are shared by all workers."""
    for user_id in user_ids:
        try:
            balance = await client.balances.closing(Customer.by_id(user_id, source="INSTORE"))
        except LoyaltyError as error:
            print(f"{user_id}  {error}", file=sys.stderr)
            continue
        for account in balance.balances:
            if account.points_category == PointsCategory.MAIN and account.alternate_currency is None:
                print(f"{user_id}  {account.program_name:<30} {account.closing_balance:>14}")


async def main() -> None:
    """Start the workers on one stream of ids."""
    auth = OAuth(key=os.environ["LOYALTY_KEY"], secret=os.environ["LOYALTY_SECRET"])
    user_ids = (line.strip() for line in sys.stdin if line.strip())
    async with (
        CapillaryClient(os.environ["LOYALTY_BASE_URL"], auth=auth, max_in_flight=WORKERS) as client,
        anyio.create_task_group() as tasks,
    ):
        for _ in range(WORKERS):
            tasks.start_soon(work, client, user_ids)


if __name__ == "__main__":
    anyio.run(main)
