"""Print the balance of an Altcraft points account.

ALTCRAFT_BASE_URL=… ALTCRAFT_TOKEN=… python examples/altcraft_balance.py 123 user@example.com
"""

import os
import sys

import anyio

from loyalty_async import AltcraftClient, Profile


async def main(program_id: int, email: str) -> None:
    """Ask in JSON; `dialect="xml"` gives the same result."""
    async with AltcraftClient(os.environ["ALTCRAFT_BASE_URL"], token=os.environ["ALTCRAFT_TOKEN"]) as client:
        balance = await client.accounts.balance(program_id=program_id, member=Profile.by_email(email))
    print(f"{balance.total_balance} points, {balance.active_balance} of them active")


if __name__ == "__main__":
    anyio.run(main, int(sys.argv[1]), sys.argv[2])
