"""A web service that owns a client, and answers a balance and the latest entries within a deadline.

pip install starlette uvicorn
LOYALTY_BASE_URL=… LOYALTY_KEY=… LOYALTY_SECRET=… uvicorn --app-dir examples service:app
"""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from loyalty_async import CapillaryClient, Customer, LoyaltyError, MemberNotFoundError, OAuth

DEADLINE_S = 3.0


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncGenerator[None]:
    """Open one client for all requests."""
    auth = OAuth(key=os.environ["LOYALTY_KEY"], secret=os.environ["LOYALTY_SECRET"])
    async with CapillaryClient(os.environ["LOYALTY_BASE_URL"], auth=auth) as client:
        app.state.client = client
        yield


async def member(request: Request) -> JSONResponse:
    """Answer `GET /members/{user_id}`."""
    client: CapillaryClient = request.app.state.client
    customer = Customer.by_id(request.path_params["user_id"], source="INSTORE")
    try:
        with anyio.fail_after(DEADLINE_S):
            balance = await client.balances.closing(customer)
            latest = await client.ledger.entries(customer, order="desc", max_items=20).collect()
    except MemberNotFoundError:
        return JSONResponse({"error": "unknown member"}, status_code=404)
    except (LoyaltyError, TimeoutError):
        return JSONResponse({"error": "the ledger does not answer; try again"}, status_code=503)
    return JSONResponse(
        {
            "balances": {f"{b.program_id}/{b.points_category}": str(b.closing_balance) for b in balance.balances},
            "latest": [{"id": e.event_log_id, "at": e.created_at.isoformat()} for e in latest],
        }
    )


app = Starlette(routes=[Route("/members/{user_id:int}", member)], lifespan=lifespan)
